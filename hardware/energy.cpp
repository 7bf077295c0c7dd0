#include "hardware/energy.h"

#include <algorithm>
#include <cmath>

namespace picube {
namespace {

// A machine that slept, or a clock that jumped, took nothing that we know of.
constexpr double kMostSeconds = 60;
// The last watts say little of a time far from when they were taken.
constexpr double kMostAhead = 5;

}  // namespace

int ErrorPercent(EnergySource source) {
  switch (source) {
    case EnergySource::kIna:
    case EnergySource::kMeter: return 2;
    case EnergySource::kPmic: return 10;
    case EnergySource::kModel: return 20;
    case EnergySource::kNone: break;
  }
  return 100;
}

Power ModelledPower(const BoardModel& board, double busy_cores, double mhz) {
  const double clock = std::clamp(mhz, board.least_mhz, board.most_mhz);
  const double each = board.core_watts * board.Heat(clock) / board.cores;
  const double busy = std::clamp(busy_cores, 0.0, 1.0 * board.cores);
  return {.watts = board.board_idle_watts + busy * each,
          .idle_watts = board.board_idle_watts,
          .source = EnergySource::kModel};
}

void EnergyMeter::Pass(Instant now, const std::optional<Power>& power, double own_part) {
  const double seconds = at_ ? std::clamp(Seconds(now - *at_), 0.0, kMostSeconds) : 0;
  at_ = now;
  const bool known = power && std::isfinite(power->watts) && power->watts >= 0;
  if (!known) {
    source_ = EnergySource::kNone;
    per_second_ = {};
    return;
  }
  source_ = power->source;
  per_second_.full = power->watts / overhead_.charger_efficiency + overhead_.shared_watts;
  per_second_.marginal = std::max(0.0, power->watts - power->idle_watts) *
                         std::clamp(own_part, 0.0, 1.0) / overhead_.charger_efficiency;
  sum_.full += per_second_.full * seconds;
  sum_.marginal += per_second_.marginal * seconds;
}

EnergyMeter::Joules EnergyMeter::At(Instant now) const {
  const double ahead = at_ ? std::clamp(Seconds(now - *at_), 0.0, kMostAhead) : 0;
  return {sum_.full + per_second_.full * ahead, sum_.marginal + per_second_.marginal * ahead};
}

}  // namespace picube
