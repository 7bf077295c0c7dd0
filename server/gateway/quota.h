// How much one principal may send: a token bucket for messages, one for bytes, and a count of
// malformed messages. Pure: time is an argument. One thread only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "protocol/base/ids.h"
#include "protocol/base/limits.h"
#include "protocol/base/time.h"

namespace picube {

class Quota {
 public:
  struct Rates {  // a second; a burst may have as much
    std::uint64_t messages = limits::kMessagesPerSecond;
    std::uint64_t bytes = limits::kBytesPerSecond;
  };
  explicit Quota(const Rates& rates) : rates_(rates) {}

  enum class Verdict : std::uint8_t { kPass, kTooFast, kTooMuch, kRefused };

  // Counts one message of `bytes` bytes of `key`. kTooFast: too many messages, kTooMuch: too many
  // bytes. kRefused for an hour after too many malformed ones.
  [[nodiscard]] Verdict Message(const TransportKey& key, std::size_t bytes, Instant now) {
    Principal& p = principals_[key];
    if (now < p.refused_until) return Verdict::kRefused;
    const bool fresh = p.last.us == 0;
    const double span = Seconds(now - p.last);
    Earn(p.messages, rates_.messages, fresh, span);
    Earn(p.bytes, rates_.bytes, fresh, span);
    p.last = now;
    if (p.messages < 1) return Verdict::kTooFast;
    if (p.bytes < static_cast<double>(bytes)) return Verdict::kTooMuch;
    p.messages -= 1;
    p.bytes -= static_cast<double>(bytes);
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
    double messages = 0;  // tokens
    double bytes = 0;
    Instant window_start;
    std::uint32_t malformed = 0;
    Instant refused_until;
  };
  static void Earn(double& tokens, std::uint64_t rate, bool fresh, double span) {
    const auto most = static_cast<double>(rate);
    tokens = fresh ? most : std::min(most, tokens + span * most);
  }
  Rates rates_;
  std::unordered_map<TransportKey, Principal> principals_;
};

}  // namespace picube
