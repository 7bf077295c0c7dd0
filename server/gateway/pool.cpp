#include "server/gateway/pool.h"

#include <utility>

namespace picube {

Pool::Pool(unsigned threads, std::function<void()> wake) : wake_(std::move(wake)) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { Work(std::move(stop)); });
  }
}

Pool::~Pool() {
  for (std::jthread& thread : threads_) thread.request_stop();
  work_.notify_all();
  threads_.clear();
}

void Pool::Post(std::uint64_t lane, Job job) {
  {
    const std::lock_guard lock(mutex_);
    Lane& queue = lanes_[lane];
    queue.waiting.push_back(std::move(job));
    if (!queue.running && queue.waiting.size() == 1) runnable_.push_back(lane);
  }
  work_.notify_one();
}

std::vector<Pool::Completion> Pool::TakeCompletions() {
  const std::lock_guard lock(mutex_);
  return std::exchange(completions_, {});
}

std::size_t Pool::Depth(std::uint64_t lane) const {
  const std::lock_guard lock(mutex_);
  const auto found = lanes_.find(lane);
  if (found == lanes_.end()) return 0;
  return found->second.waiting.size() + (found->second.running ? 1 : 0);
}

void Pool::Work(std::stop_token stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    (void)work_.wait(lock, stop, [this] { return !runnable_.empty(); });
    if (stop.stop_requested()) return;  // what waits is dropped
    const std::uint64_t lane = runnable_.front();
    runnable_.pop_front();
    Lane& queue = lanes_[lane];
    Job job = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    queue.running = true;
    lock.unlock();
    Completion completion = job(stop);
    lock.lock();
    completions_.push_back(std::move(completion));
    queue.running = false;
    if (queue.waiting.empty()) {
      lanes_.erase(lane);
    } else {
      runnable_.push_back(lane);
      work_.notify_one();
    }
    lock.unlock();
    wake_();
  }
}

}  // namespace picube
