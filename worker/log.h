// The worker's log on standard error. Bounded: whoever makes the worker say things (a peer, a loop)
// gets at most a burst of lines, then a few a minute, and a count of those left out. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "protocol/base/time.h"
#include "worker/core/agent_io.h"

namespace picube {

// How many lines may be written: a bucket of tokens. A value.
class LogGate {
 public:
  static constexpr std::int64_t kBurst = 60;
  static constexpr Duration kRefill = 1s;  // a line more

  // False: leave this line out.
  [[nodiscard]] bool Allows(Instant now) {
    const std::int64_t refilled = (now - since_) / kRefill;
    if (refilled > 0) {
      tokens_ = tokens_ + refilled > kBurst ? kBurst : tokens_ + refilled;
      since_ = since_ + kRefill * refilled;
    }
    if (tokens_ == 0) {
      ++left_out_;
      return false;
    }
    --tokens_;
    return true;
  }
  // Lines left out since the last call.
  [[nodiscard]] std::uint64_t TakeLeftOut() { return std::exchange(left_out_, 0); }

 private:
  std::int64_t tokens_ = kBurst;
  Instant since_{};
  std::uint64_t left_out_ = 0;
};

class WorkerLog {
 public:
  // trace, debug, info, warning, error, off; anything else is info.
  explicit WorkerLog(const std::string& level);
  ~WorkerLog();
  WorkerLog(const WorkerLog&) = delete;
  WorkerLog& operator=(const WorkerLog&) = delete;

  void Say(agent::Log::Level level, const std::string& text, Instant now);
  void Info(const std::string& text, Instant now) { Say(agent::Log::Level::kInfo, text, now); }
  void Warn(const std::string& text, Instant now) { Say(agent::Log::Level::kWarning, text, now); }
  // Never left out; for the last words.
  void Error(const std::string& text);
  void Flush();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
