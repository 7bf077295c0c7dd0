// Makes a recording in the format of SETI@home work units: seeded noise of one bit real and one bit
// imaginary a sample, plus tones of known frequency and drift.
//
// Everything is computed in integers or by our own polynomials: the same seed gives the same file
// on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/error.h"

namespace picube::examples {

struct RecordingOptions {
  std::uint64_t seed = 1;
  int tones = 6;           // at most 16
  double max_drift = 2.5;  // Hz/s; tones drift less than this, either way
  double power = 25.0;     // peak power over the mean that each tone is found with, about
};

struct Tone {
  double frequency = 0;  // Hz, at the start of the recording
  double drift = 0;      // Hz/s
  double amplitude = 0;  // of the tone over the standard deviation of the noise's real part
  double power = 0;      // the greatest peak power a search at FFT length 131072 finds it with
};

struct MadeRecording {
  std::string sah;  // the file
  std::vector<Tone> tones;
  double sample_rate = 0;  // Hz
};

// The amplitudes are found by trial: the recording is searched near each tone with the very search
// that the application uses, until each tone is found within 0.4 of the wished power.
[[nodiscard]] Result<MadeRecording> MakeRecording(const RecordingOptions& options);

// The list of tones as CSV: tone,frequency,drift,amplitude,power,sample_rate.
[[nodiscard]] std::string TruthCsv(const MadeRecording& made);

}  // namespace picube::examples
