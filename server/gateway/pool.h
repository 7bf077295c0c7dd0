// A few threads for work that must not hold up the server's loop: split, merge, hash, read blobs.
//
// A job runs on a pool thread and returns a completion; the loop runs the completions on its own
// thread (`TakeCompletions`), so nothing is shared but values. Jobs of one `lane` run one after
// another in order; different lanes run side by side.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace picube {

class Pool {
 public:
  using Completion = std::move_only_function<void()>;
  using Job = std::move_only_function<Completion(std::stop_token)>;

  // `wake` is called from pool threads after a completion has been queued.
  Pool(unsigned threads, std::function<void()> wake);
  // Asks running jobs to stop, drops waiting ones, joins.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void Post(std::uint64_t lane, Job job);
  [[nodiscard]] std::vector<Completion> TakeCompletions();
  // Jobs waiting or running in the lane.
  [[nodiscard]] std::size_t Depth(std::uint64_t lane) const;

 private:
  struct Lane {
    std::deque<Job> waiting;
    bool running = false;
  };
  void Work(std::stop_token stop);

  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::map<std::uint64_t, Lane> lanes_;  // lanes with something to do
  std::deque<std::uint64_t> runnable_;   // lanes not running, with a job waiting
  std::vector<Completion> completions_;
  std::function<void()> wake_;
  std::vector<std::jthread> threads_;  // last: stopped first
};

}  // namespace picube
