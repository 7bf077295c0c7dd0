// What computing costs in joules. Watts are measured, or worked out from how busy the board is:
//
//   P = idle + busy cores * core watts * f / f_max * (V / V_max)^2
//
// (published watts of the boards, see board_model.h). Two figures of everything: `marginal` is what
// a board took more than when idle, as far as it was our doing; `full` is all that it took, with
// its share of charger, switch and fan if the owner has said what they take. Pure.
#pragma once

#include <optional>

#include "hardware/board_model.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"

namespace picube {

struct Power {
  double watts = 0;       // of the board at its 5 V input
  double idle_watts = 0;  // of the board when idle
  EnergySource source = EnergySource::kModel;
};

// How far a figure may be off, in percent: by what it was measured.
[[nodiscard]] int ErrorPercent(EnergySource source);

// Of a board whose cores are busy so far (0 .. cores) at this clock.
[[nodiscard]] Power ModelledPower(const BoardModel& board, double busy_cores, double mhz);

struct EnergyOverhead {
  double charger_efficiency = 1;  // 0.85 for a charger of many ports
  double shared_watts = 0;        // this host's part of switch and fan, at the wall
};

// Adds up. One thread.
class EnergyMeter {
 public:
  explicit EnergyMeter(const EnergyOverhead& overhead = {}) : overhead_(overhead) {}

  // This was so since the last call; nothing = unknown. `own_part` 0 .. 1: of what it took more
  // than when idle, our doing.
  void Pass(Instant now, const std::optional<Power>& power, double own_part = 1);

  struct Joules {
    double full = 0;
    double marginal = 0;
  };
  // So far; between two calls of Pass as the last one said.
  [[nodiscard]] Joules At(Instant now) const;
  [[nodiscard]] EnergySource Source() const { return source_; }

 private:
  EnergyOverhead overhead_;
  Joules sum_;
  Joules per_second_;
  EnergySource source_ = EnergySource::kNone;
  std::optional<Instant> at_;
};

}  // namespace picube
