// How much one principal may send: a token bucket for messages, and a count of malformed ones.
// Pure: time is an argument. One thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "protocol/base/ids.h"
#include "protocol/base/limits.h"
#include "protocol/base/time.h"

namespace picube {

class Quota {
 public:
  explicit Quota(std::uint32_t messages_per_second) : rate_(messages_per_second) {}

  enum class Verdict : std::uint8_t { kPass, kTooFast, kRefused };

  // Counts one message of `key`. kRefused for an hour after too many malformed ones.
  [[nodiscard]] Verdict Message(const TransportKey& key, Instant now) {
    Principal& p = principals_[key];
    if (now < p.refused_until) return Verdict::kRefused;
    const double earned = Seconds(now - p.last) * rate_;
    p.tokens = p.last.us == 0 ? rate_ : std::min<double>(rate_, p.tokens + earned);
    p.last = now;
    if (p.tokens < 1) return Verdict::kTooFast;
    p.tokens -= 1;
    return Verdict::kPass;
  }

  // A message of `key` could not be understood. True if the principal is refused from now on.
  bool Malformed(const TransportKey& key, Instant now) {
    Principal& p = principals_[key];
    if (now - p.window_start > 1min) {
      p.window_start = now;
      p.malformed = 0;
    }
    if (++p.malformed < limits::kMalformedPerMinute) return false;
    p.refused_until = now + limits::kRefusalSpan;
    p.malformed = 0;
    return true;
  }

  // Forgets principals that have been quiet for an hour: memory is bounded by who is admitted.
  void Sweep(Instant now) {
    std::erase_if(principals_, [&](const auto& entry) {
      return now - entry.second.last > 1h && now >= entry.second.refused_until;
    });
  }
  [[nodiscard]] std::size_t Size() const { return principals_.size(); }

 private:
  struct Principal {
    Instant last;
    double tokens = 0;
    Instant window_start;
    std::uint32_t malformed = 0;
    Instant refused_until;
  };
  double rate_;
  std::unordered_map<TransportKey, Principal> principals_;
};

}  // namespace picube
