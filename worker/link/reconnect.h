// When to try the server again, and where. A value; time is an argument, randomness is its own
// generator.
//
// - The first attempt of a process is made at once.
// - After a connection is lost the first try comes at a random time within `spread`: all workers of
//   a server lose it in the same moment.
// - After an attempt that failed: 1 s, doubled each time up to 60 s, of which the later half is
//   random.
// - After some failures in a row the next endpoint has its turn.
// - A refusal is believed when it lasts: a server that is being restarted may refuse for a moment.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/base/rng.h"
#include "protocol/base/time.h"

namespace picube {

struct ReconnectOptions {
  Duration spread = limits::kReconnectSpread;
  bool patient = true;  // false: the first refusal is believed (a person waits)
};

class Reconnect {
 public:
  static constexpr int kTriesAnEndpoint = 3;
  static constexpr int kRefusalsBelieved = 3;
  static constexpr Duration kRefusedFor = 1min;
  static constexpr Duration kAttempt = 15s;  // a handshake takes at most 10 s

  Reconnect(const ReconnectOptions& options, Rng rng) : options_(options), rng_(rng) {}

  // An attempt begins now, whatever was planned.
  void Begin(Instant now) {
    at_.reset();
    attempt_until_ = now + kAttempt;
  }
  void Connected() {
    at_.reset();
    attempt_until_.reset();
    pause_ = limits::kReconnectLeast;
    failures_ = 0;
    refusals_ = 0;
  }
  // A connection that stood is gone.
  void Lost(Instant now) {
    attempt_until_.reset();
    at_ = now + Random(options_.spread);
  }
  // An attempt came to nothing. Told twice of one attempt it counts once.
  void Failed(Instant now) {
    if (!std::exchange(attempt_until_, std::nullopt)) return;
    at_ = now + pause_ / 2 + Random(pause_ / 2);
    pause_ = std::min(pause_ * 2, Duration(limits::kReconnectMost));
    if (++failures_ % kTriesAnEndpoint == 0) ++endpoint_;
  }
  // The door refused the key. True: it means it.
  [[nodiscard]] bool Refused(Instant now) {
    if (refusals_++ == 0) refused_since_ = now;
    Failed(now);
    if (!options_.patient) return true;
    return refusals_ >= kRefusalsBelieved && now - refused_since_ >= kRefusedFor;
  }
  // True once when it is time for an attempt; it has begun then.
  [[nodiscard]] bool Due(Instant now) {
    if (attempt_until_ && now >= *attempt_until_) Failed(now);
    if (!at_ || now < *at_) return false;
    Begin(now);
    return true;
  }
  // When to ask Due at the latest.
  [[nodiscard]] std::optional<Instant> NextDeadline() const { return at_ ? at_ : attempt_until_; }
  // Which of so many endpoints; stays after a success.
  [[nodiscard]] std::size_t Endpoint(std::size_t count) const { return endpoint_ % count; }
  void StayAt(std::size_t endpoint) { endpoint_ = endpoint; }

 private:
  [[nodiscard]] Duration Random(Duration below) {
    return Duration(
        static_cast<std::int64_t>(rng_.Below(static_cast<std::uint64_t>(below.count()))));
  }

  ReconnectOptions options_;
  Rng rng_;
  std::optional<Instant> at_;             // of the next attempt
  std::optional<Instant> attempt_until_;  // then it has failed
  Duration pause_ = limits::kReconnectLeast;
  int failures_ = 0;  // in a row
  int refusals_ = 0;  // in a row
  Instant refused_since_;
  std::size_t endpoint_ = 0;
};

}  // namespace picube
