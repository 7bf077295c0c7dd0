#include "hardware/governor.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace picube {
namespace {

constexpr double kProportional = 0.5;  // cores / K
constexpr double kIntegral = 0.02;     // cores / (K s)
constexpr double kFarAbove = 2;        // °C above the set point: one core at once
constexpr double kPause = 85;          // °C
constexpr double kLowest = 70;         // °C, of a set point that was lowered
constexpr double kBelowCap = 0.95;
constexpr double kCool = 5;  // °C below the set point: there no firmware throttles

constexpr std::pair<GovernorMode, std::string_view> kNames[] = {{GovernorMode::kMax, "max"},
                                                                {GovernorMode::kCool, "cool"},
                                                                {GovernorMode::kQuiet, "quiet"},
                                                                {GovernorMode::kOff, "off"}};

}  // namespace

std::string_view Name(GovernorMode mode) {
  for (const auto& [one, name] : kNames) {
    if (one == mode) return name;
  }
  return "?";
}

std::optional<GovernorMode> GovernorModeNamed(std::string_view name) {
  for (const auto& [mode, one] : kNames) {
    if (one == name) return mode;
  }
  return std::nullopt;
}

std::string GovernorState::Text() const {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, integral, std::chars_format::fixed, 3);
  return {text, end.ptr};
}

std::optional<GovernorState> GovernorState::FromText(std::string_view text) {
  GovernorState state;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), state.integral);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (!whole || !(state.integral >= 0 && state.integral <= 1024)) return std::nullopt;
  return state;
}

Governor::Governor(const BoardModel& board, const GovernorOptions& options,
                   std::optional<GovernorState> kept)
    : board_(board), options_(options) {
  const double most = board.cores + 0.5;
  const double from_model =
      ((options.set_point - options.ambient) / board.Resistance() - board.idle_watts) /
      board.core_watts;
  integral_ = std::clamp(kept ? kept->integral : from_model, 0.0, most);
}

// A reading far from those before is a fault of the sensor, unless it goes on: then the board is so
// (or was out of sight for a while).
std::optional<double> Governor::Believed(std::optional<double> temperature, double seconds) {
  if (!temperature || !std::isfinite(*temperature)) return std::nullopt;
  const bool far =
      filtered_ && silent_ < kLostAfter && std::fabs(*temperature - *filtered_) > kJump;
  if (!far) {
    odd_.reset();
    odd_for_ = 0;
    return temperature;
  }
  odd_for_ = odd_ && std::fabs(*temperature - *odd_) <= kJump ? odd_for_ + seconds : 0;
  odd_ = temperature;
  if (odd_for_ < kLostAfter - 2) return std::nullopt;
  filtered_ = temperature;
  return temperature;
}

void Governor::Watch(const GovernorReading& reading, double seconds) {
  if (const auto temperature = Believed(reading.temperature, seconds)) {
    silent_ = 0;
    if (!filtered_) filtered_ = *temperature;
    *filtered_ += seconds / (seconds + 1) * (*temperature - *filtered_);
  } else {
    silent_ += seconds;
  }
  const bool contradicts =
      reading.throttled && filtered_ && *filtered_ < options_.set_point - lowered_ - kCool;
  contradicted_ = contradicts ? contradicted_ + seconds : 0;
  const double wanted = cap_ > 0 ? cap_ : board_.most_mhz;
  slow_ = reading.real_mhz && *reading.real_mhz < kBelowCap * wanted ? slow_ + seconds : 0;
  if (reading.throttled || slow_ >= kThrottledAfter) {
    calm_ = 0;
    if (!counted_) lowered_ = std::min(lowered_ + 1, std::max(0.0, options_.set_point - kLowest));
    counted_ = true;
    return;
  }
  counted_ = false;
  calm_ += seconds;
  if (calm_ >= kRelaxAfter) lowered_ = 0;
}

double Governor::Law(double seconds) {
  const double error = SetPoint() - *filtered_;
  const double raw = integral_ + kProportional * error;
  const double cores = std::clamp(raw, kLeast, static_cast<double>(board_.cores));
  if (cores == raw || (raw > cores && error < 0) || (raw < cores && error > 0)) {
    integral_ = std::clamp(integral_ + kIntegral * error * seconds, 0.0, board_.cores + 0.5);
  }
  return cores;
}

Allowance Governor::GiveOut(double cores) const {
  Allowance all;
  const bool by_clock = options_.mode == GovernorMode::kCool && options_.can_cap;
  if (by_clock && cores >= board_.Heat(board_.least_mhz)) {
    double cap = board_.least_mhz;
    while (cap + board_.step_mhz <= board_.most_mhz &&
           board_.Heat(cap + board_.step_mhz) <= cores) {
      cap += board_.step_mhz;
    }
    const double least = board_.Heat(board_.least_mhz);
    const double part = std::min(1.0, (cores - least) / (board_.cores - least));
    all.threads = board_.cores;
    // Where the volts jump, some time at full clock does more than a steady clock between.
    const bool dither = board_.least_mhz + part * (board_.most_mhz - board_.least_mhz) > cap;
    all.cap_mhz = dither ? board_.least_mhz : cap;
    all.full_part = dither ? part : 0;
    return all;
  }
  if (by_clock) {
    all.cap_mhz = board_.least_mhz;
    cores *= board_.cores / board_.Heat(board_.least_mhz);
  }
  all.threads = static_cast<int>(std::floor(cores));
  all.duty = cores - all.threads;
  return all;
}

double Governor::WorkPart(const Allowance& allowance) const {
  if (allowance.paused) return 0;
  const double slow = allowance.cap_mhz > 0 ? allowance.cap_mhz / board_.most_mhz : 1;
  const double clock = allowance.full_part + (1 - allowance.full_part) * slow;
  return (allowance.threads + allowance.duty) / board_.cores * clock;
}

double Governor::SustainedPart() const {
  if (options_.mode == GovernorMode::kOff || options_.mode == GovernorMode::kMax) return 1;
  return WorkPart(GiveOut(std::clamp(integral_, kLeast, 1.0 * board_.cores)));
}

Allowance Governor::Step(const GovernorReading& reading, double seconds) {
  if (options_.mode == GovernorMode::kOff || options_.mode == GovernorMode::kMax) {
    Allowance all;
    all.threads = board_.cores;
    return all;
  }
  Watch(reading, seconds);
  const bool lost = !filtered_ || silent_ >= kLostAfter || Contradicted();
  double cores = lost ? 1 : Law(seconds);
  const char* why = "";
  if (lost) why = "the temperature is not known";
  if (Contradicted()) why = "the firmware throttles a board whose sensor says that it is cool";
  if (!lost && reading.temperature && *reading.temperature >= kPause) {
    Allowance none;
    none.paused = true;
    none.why = "the board is too hot";
    cap_ = 0;
    return none;
  }
  if (!lost && reading.temperature && *reading.temperature >= SetPoint() + kFarAbove) {
    cores = std::min(cores, 1.0);
    why = "the board is far above its set point";
  }
  Allowance all = GiveOut(cores);
  if (reading.under_voltage) {
    all.threads = std::max(1, all.threads - 1);
    why = "the supply voltage is too low";
  }
  all.why = why;
  cap_ = all.full_part > 0 ? board_.least_mhz : all.cap_mhz;
  return all;
}

}  // namespace picube
