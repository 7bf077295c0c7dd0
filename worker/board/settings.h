// The part `board` of worker.yaml: how its heat is governed, and what its energy costs besides.
//
//   board: cool
//   board: {mode: quiet, set_point: 65, ambient: 28, charger_efficiency: 0.85, shared_watts: 1.2}
//   board: {mode: cool, meter: /run/meter/watts, meter_hosts: 5}
//
// Any thread.
#pragma once

#include <optional>
#include <string>

#include "hardware/energy.h"
#include "hardware/governor.h"
#include "worker/display/settings.h"

namespace picube {

struct BoardSettings {
  std::optional<GovernorMode> mode;  // nothing = auto: cool where somebody caps the clock, else max
  std::optional<double> set_point;   // °C; nothing = 79, 65 in `quiet`
  double ambient = 25;               // °C, of the room
  EnergyOverhead overhead;
  // A file in which somebody keeps the watts that a meter shows for so many hosts together, of
  // which this is one; empty = none.
  std::string meter;
  double meter_hosts = 1;

  [[nodiscard]] double SetPoint(GovernorMode in_mode) const;
};

// kUser, by `wrong`; `out` may have been filled in part then.
[[nodiscard]] Status ReadBoard(const YAML::Node& node, const WrongAt& wrong, BoardSettings& out);

}  // namespace picube
