#include "hardware/virtual_board.h"

#include <algorithm>
#include <cmath>

namespace picube {
namespace {

constexpr double kNoise = 0.25;  // °C
constexpr double kQuantum = 0.5378;
constexpr int kFirmwareSteps = 5;  // it looks twice a second

// About normal, deviation 1: twelve uniform numbers.
double Normal(Rng& rng) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(rng.Below(1U << 20)) / (1U << 20);
  return sum;
}

}  // namespace

VirtualBoard::VirtualBoard(const BoardModel& model, const VirtualBoardOptions& options, Rng rng)
    : model_(model),
      ambient_(options.ambient),
      rng_(rng),
      limit_mhz_(model.most_mhz),
      mhz_(model.most_mhz) {
  for (int i = 0; i < 2; ++i) {
    resistance_[i] = model.nodes[i].kelvin_per_watt * options.resistance_times;
    decay_[i] = 1 - std::exp(-kStep / (model.nodes[i].seconds * options.time_times));
  }
}

void VirtualBoard::Soak() {
  for (int i = 0; i < 2; ++i) over_[i] = resistance_[i] * model_.idle_watts;
}

void VirtualBoard::Step(const Load& load) {
  if (until_firmware_-- == 0) {
    until_firmware_ = kFirmwareSteps - 1;
    const double part =
        std::clamp((Temperature() - kFirmwareBegins) / (kFirmwareHard - kFirmwareBegins), 0.0, 1.0);
    limit_mhz_ = model_.most_mhz - part * (model_.most_mhz - model_.least_mhz);
  }
  const double cap = load.cap_mhz > 0 ? load.cap_mhz : model_.most_mhz;
  mhz_ = std::clamp(std::min(cap, limit_mhz_), model_.least_mhz, model_.most_mhz);
  const double volts = model_.Volts(mhz_) / model_.Volts(model_.most_mhz);
  const double watts = model_.idle_watts + load.cores * model_.core_watts * mhz_ / model_.most_mhz *
                                               volts * volts * load.heat;
  for (int i = 0; i < 2; ++i) over_[i] += (resistance_[i] * watts - over_[i]) * decay_[i];
  work_ += load.cores * mhz_ / model_.most_mhz * kStep;
  joules_ += watts * kStep;
}

double VirtualBoard::Sensor() {
  return std::round((Temperature() + kNoise * Normal(rng_)) / kQuantum) * kQuantum;
}

}  // namespace picube
