// Keeps a board below its set point by what it may compute: a PI law on temperature with the
// board's own heat as feed-forward, once a second. Decides only: no clock, no file, no thread.
//
//   f += dt / (dt + 1) (T - f), e = set point - f, u = clamp(i + kp e, least, cores),
//   i += ki e dt unless u is at a bound and e drives it further; 0 <= i <= cores + 1/2
//
// u are cores at full clock. They are given out as a cap of the clock first (all cores run, at
// lower volts where that saves any), else as threads and the duty of one more thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hardware/board_model.h"

namespace picube {

enum class GovernorMode : std::uint8_t {
  kMax,    // no control
  kCool,   // cap of the clock if there is one to be had, else threads and duty
  kQuiet,  // threads and duty, a lower set point
  kOff     // nothing is read, nothing is steered
};
[[nodiscard]] std::string_view Name(GovernorMode mode);
[[nodiscard]] std::optional<GovernorMode> GovernorModeNamed(std::string_view name);

struct GovernorOptions {
  GovernorMode mode = GovernorMode::kCool;
  double set_point = 79;  // °C; 77 for a load that changes, 65 for quiet
  bool can_cap = true;    // somebody sets the greatest frequency
  double ambient = 25;    // °C, for the start
};

// Of the last second; absent = unknown.
struct GovernorReading {
  std::optional<double> temperature;  // °C
  std::optional<double> real_mhz;
  bool throttled = false;      // bits 1 to 3 of the firmware
  bool under_voltage = false;  // bit 0
};

// What may run in the second to come.
struct Allowance {
  double cap_mhz = 0;    // greatest clock; 0 = none
  double full_part = 0;  // part of the time at full clock instead of the cap
  int threads = 0;       // that run all the time
  double duty = 0;       // of one more thread
  bool paused = false;
  const char* why = "";  // for people, if less than everything is allowed by a guard
};

// What outlives a restart, so that it does not overshoot.
struct GovernorState {
  double integral = 0;
  [[nodiscard]] std::string Text() const;  // "1.93"
  [[nodiscard]] static std::optional<GovernorState> FromText(std::string_view text);
};

class Governor {
 public:
  // The state kept of this board, or nothing: then the integral comes from the model.
  Governor(const BoardModel& board, const GovernorOptions& options,
           std::optional<GovernorState> kept = {});

  // After `seconds`, about one.
  [[nodiscard]] Allowance Step(const GovernorReading& reading, double seconds);
  // Somebody who sets the greatest frequency has come, or gone.
  void CanCap(bool can) { options_.can_cap = can; }
  void Set(GovernorMode mode) { options_.mode = mode; }
  [[nodiscard]] GovernorState State() const { return {integral_}; }
  // Work that an allowance brings, part of an unthrottled board's.
  [[nodiscard]] double WorkPart(const Allowance& allowance) const;
  // What it will be for long, under a load as until now: where the integral has come to rest, or
  // what the model says of a board that is not warm yet.
  [[nodiscard]] double SustainedPart() const;
  // In force now: lower for a while after the firmware throttled.
  [[nodiscard]] double SetPoint() const { return options_.set_point - lowered_; }

  static constexpr double kLeast = 0.4;          // cores
  static constexpr double kLostAfter = 5;        // s without a temperature
  static constexpr double kJump = 15;            // °C in a second, either way: no board does that
  static constexpr double kRelaxAfter = 1800;    // s without throttling
  static constexpr double kThrottledAfter = 10;  // s with a clock below 95 % of the cap

 private:
  void Watch(const GovernorReading& reading, double seconds);
  [[nodiscard]] std::optional<double> Believed(std::optional<double> temperature, double seconds);
  [[nodiscard]] bool Contradicted() const { return contradicted_ >= kThrottledAfter; }
  [[nodiscard]] double Law(double seconds);
  [[nodiscard]] Allowance GiveOut(double cores) const;

  const BoardModel& board_;
  GovernorOptions options_;
  double integral_;
  std::optional<double> filtered_;
  double silent_ = 0;          // s since a temperature came that is believed
  std::optional<double> odd_;  // the last one that was not
  double odd_for_ = 0;         // s
  double contradicted_ = 0;    // s that the firmware throttled a board which the sensor calls cool
  double slow_ = 0;            // s that the clock was below the cap
  double calm_ = 0;            // s since it was throttled
  double lowered_ = 0;         // °C
  bool counted_ = false;       // this throttling has lowered the set point
  double cap_ = 0;             // last given out
};

// Turns a part of the time into slots of a tenth of a second, evenly: the part so far never differs
// by more than a slot.
class DutyPulse {
 public:
  // `phase` 0 .. 1 staggers the workers of one box.
  explicit DutyPulse(double phase = 0) : sum_(phase) {}
  [[nodiscard]] bool Next(double part) {
    sum_ += part;
    if (sum_ < 1) return false;
    sum_ -= 1;
    return true;
  }

 private:
  double sum_;
};

}  // namespace picube
