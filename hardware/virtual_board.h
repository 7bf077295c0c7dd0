// A board that is not there: heats up by its load, throttles itself as the firmware does, and has a
// noisy sensor in steps. In virtual time: an hour takes milliseconds.
#pragma once

#include "hardware/board_model.h"
#include "protocol/base/rng.h"

namespace picube {

inline constexpr double kFanned = 0.45;  // of a board's resistance to heat, with a fan

struct VirtualBoardOptions {
  double ambient = 25;          // °C
  double resistance_times = 1;  // of the model's; kFanned
  double time_times = 1;        // of the model's time constants
};

class VirtualBoard {
 public:
  VirtualBoard(const BoardModel& model, const VirtualBoardOptions& options, Rng rng);

  // What is asked of it for a while: cores that compute, a cap of the clock, and how hot the code
  // is (1 = as the model's load).
  struct Load {
    double cores = 0;
    double cap_mhz = 0;  // 0 = none
    double heat = 1;
  };
  // As warm as after hours without load.
  void Soak();
  // A tenth of a second.
  void Step(const Load& load);
  static constexpr double kStep = 0.1;  // s

  [[nodiscard]] double Temperature() const { return ambient_ + over_[0] + over_[1]; }  // °C
  // As its sensor says it: noise of 0.25 °C, steps of 0.54 °C.
  [[nodiscard]] double Sensor();
  [[nodiscard]] double RealMhz() const { return mhz_; }
  // The firmware slows it now.
  [[nodiscard]] bool Throttled() const { return limit_mhz_ < model_.most_mhz; }
  // Seconds of a core at most_mhz.
  [[nodiscard]] double Work() const { return work_; }
  [[nodiscard]] double Joules() const { return joules_; }  // of heat

 private:
  const BoardModel& model_;
  double ambient_;
  double resistance_[2];
  double decay_[2];  // 1 - exp(-step / tau)
  Rng rng_;
  double over_[2] = {0, 0};
  double limit_mhz_;
  double mhz_;
  int until_firmware_ = 0;
  double work_ = 0;
  double joules_ = 0;
};

}  // namespace picube
