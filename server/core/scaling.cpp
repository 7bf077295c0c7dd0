#include "server/core/scaling.h"

#include <algorithm>
#include <cmath>

namespace picube {

std::uint32_t Scaler::Step(Instant now, double queued_seconds, std::uint32_t hosts) {
  const std::uint32_t most = options_.max_hosts == 0 ? hosts : std::min(hosts, options_.max_hosts);
  if (!options_.On()) return most;
  const std::uint32_t least = std::min(options_.min_hosts, most);
  const double exact = std::ceil(std::max(0.0, queued_seconds) / Seconds(options_.target));
  const auto wanted = static_cast<std::uint32_t>(
      std::clamp(exact, static_cast<double>(least), static_cast<double>(most)));
  if (!awake_) awake_ = most;
  if (wanted >= *awake_) {
    awake_ = wanted;
    calm_since_.reset();
    return wanted;
  }
  if (!calm_since_) {
    calm_since_ = now;
    most_wanted_ = 0;
  }
  most_wanted_ = std::max(most_wanted_, wanted);
  if (now - *calm_since_ >= kCalm) {
    awake_ = most_wanted_;
    calm_since_.reset();
  }
  awake_ = std::min(*awake_, most);
  return *awake_;
}

}  // namespace picube
