// One hit as seticore's .hits files have it: a Cap'n Proto message of one segment with a Signal and
// a Filterbank, the cells around the hit. Messages follow each other without anything between.
//
//   Hit: pointers to Signal and Filterbank
//   Signal: frequency f64, index i32, driftSteps i32, driftRate f64, snr f32, coarseChannel i32,
//     beam i32, numTimesteps i32, power f32, incoherentPower f32
//   Filterbank: fch1, foff, tstart, tsamp, ra, dec f64, telescopeId, numTimesteps, numChannels,
//     coarseChannel, startChannel, beam i32; pointers to sourceName and data, a list of f32
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "protocol/base/ids.h"

namespace picube::drift {

struct SavedHit {
  double frequency = 0;          // MHz, of the start channel
  std::int32_t index = 0;        // channel in the coarse channel
  std::int32_t drift_steps = 0;  // channels over the padded rows
  double drift_rate = 0;         // Hz/s
  float snr = 0;
  float power = 0;  // the sum along the path
  std::int32_t coarse_channel = 0;

  std::string_view source;
  double fch1 = 0;    // MHz, of the first channel of the cells
  double foff = 0;    // MHz
  double tstart = 0;  // MJD
  double tsamp = 0;   // s
  double ra = 0;      // hours
  double dec = 0;     // degrees
  std::int32_t rows = 0;
  std::int32_t channels = 0;
  std::int32_t start_channel = 0;  // of the cells, in the coarse channel
  std::span<const float> cells;    // rows x channels
};

[[nodiscard]] Bytes EncodeHit(const SavedHit& hit);

// "17h10m03.984s" or "-12d10m58.8s" in hours or degrees; 0 if it is something else.
[[nodiscard]] double DecimalAngle(const std::string& text);

}  // namespace picube::drift
