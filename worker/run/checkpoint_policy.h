// When a checkpoint is worth what it costs. A value; time is an argument.
//
// After a checkpoint that took C to write, the best time until the next one is sqrt(2 C M), where M
// is the mean time between interruptions (Young 1974); M is taken as a day. Never more often than
// once a minute: SD cards wear. Never when what is left takes less time than writing.
#pragma once

#include <cmath>

#include "protocol/base/time.h"

namespace picube {

class CheckpointPolicy {
 public:
  static constexpr Duration kLeastInterval = 1min;
  static constexpr Duration kBetweenInterruptions = 24h;

  explicit CheckpointPolicy(Instant started, Duration least = kLeastInterval)
      : started_(started), last_(started), least_(least) {}

  // `done_fraction` of the unit, 0 to 1, counted from `resumed_at` where this run began.
  [[nodiscard]] bool Wants(Instant now, double done_fraction, double resumed_at) const {
    const double since = Seconds(now - last_);
    const double cost = Seconds(cost_);
    const double best = std::sqrt(2.0 * cost * Seconds(kBetweenInterruptions));
    if (since < Seconds(least_) || since < best) return false;
    const double done_here = done_fraction - resumed_at;
    if (done_here <= 0) return false;  // nothing to save
    const double left = Seconds(now - started_) * (1.0 - done_fraction) / done_here;
    return left > cost;
  }
  // A checkpoint was written (or could not be) from `begun` to `now`.
  void Written(Instant begun, Instant now) {
    cost_ = now - begun;
    last_ = now;
  }

 private:
  Instant started_;
  Instant last_;
  Duration least_;
  Duration cost_{};
};

}  // namespace picube
