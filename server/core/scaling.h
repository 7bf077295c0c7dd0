// How many hosts should be awake: as many as bring the queue down within a target, like a
// horizontal autoscaler. More at once when the queue deepens, fewer only after two calm minutes, so
// that nobody flaps. Pure. One thread.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/time.h"

namespace picube {

struct ScalingOptions {
  std::uint32_t min_hosts = 1;  // awake always
  std::uint32_t max_hosts = 0;  // awake at most; 0 = all
  Duration target{0};           // the queue should be done within it; 0 = nobody rests
  [[nodiscard]] bool On() const { return target > Duration{0}; }
};

class Scaler {
 public:
  static constexpr Duration kCalm = 2min;

  explicit Scaler(const ScalingOptions& options) : options_(options) {}

  // `queued_seconds`: of one host, for all that is not done; of `hosts` that there are. The hosts
  // that should be awake.
  [[nodiscard]] std::uint32_t Step(Instant now, double queued_seconds, std::uint32_t hosts);

 private:
  ScalingOptions options_;
  std::optional<std::uint32_t> awake_;
  std::optional<Instant> calm_since_;  // fewer have been wanted since then
  std::uint32_t most_wanted_ = 0;      // since then
};

}  // namespace picube
