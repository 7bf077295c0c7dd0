// Makes a filterbank of narrow channels: seeded noise, tones that drift, and the receiver's own
// spike in the middle. Integers and + - * / only: the same options give the same file on every
// machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "workunits/formats/sigproc.h"

namespace picube::examples {

// Channel `start + floor(drift t / (rows - 1) + 1/2)` of row t has `level` deviations more.
struct MadeTone {
  std::uint64_t start = 0;
  std::int64_t drift = 0;
  double level = 0;
};

struct TonesOptions {
  std::uint64_t seed = 1;
  std::uint64_t channels = 1U << 16;
  std::uint64_t rows = 16;
  int bits = 32;        // 1, 2, 4, 8, 16, 32
  bool rising = false;  // frequencies rise with the channels
  double spike = 1000;  // deviations, in the middle channel
  std::vector<MadeTone> tones = {{4000, 0, 4}, {12000, -31, 6}, {30000, 21, 8}, {50000, 250, 12}};
};

[[nodiscard]] SigprocHeader TonesHeader(const TonesOptions& options);
// [row][channel], before they are packed.
[[nodiscard]] std::vector<float> MakeCells(const TonesOptions& options);
// The whole file. Errors (kUser) name the option.
[[nodiscard]] Result<Bytes> MakeTones(const TonesOptions& options);

}  // namespace picube::examples
