// Makes a filterbank in the format of SIGPROC: seeded noise of 8 bits, and a pulsar of known
// period, dispersion measure and acceleration.
//
// Integers and + - * / only: the same options give the same file on every machine.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

namespace picube::examples {

struct PulsarOptions {
  std::uint64_t seed = 1;
  double period = 0.25;         // s, at the start
  double dm = 30;               // pc/cm^3
  double acceleration = 0;      // m/s^2; > 0: the period grows
  double duty = 0.04;           // part of a turn that the pulse is on
  double strength = 0.05;       // of the pulse in one channel, in deviations of its noise
  std::uint32_t channels = 64;  // down from 1500 MHz, 1 MHz each
  std::uint64_t samples = 1U << 16;
  double sample_seconds = 0.0005;
};

// Errors (kUser) name the option.
[[nodiscard]] Result<Bytes> MakeFilterbank(const PulsarOptions& options);

}  // namespace picube::examples
