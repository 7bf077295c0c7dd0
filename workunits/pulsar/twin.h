// Plain twins that judge the kernels, by the formulas as riptide computes them, in float32 samples.
// For tests; their bits are not the results'.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workunits/pulsar/trials.h"

namespace picube::pulsar::twin {

struct FloatTrial {
  double snr = 0;
  double period = 0;
  std::uint32_t stage = 0;
  std::uint32_t bins = 0;
  std::uint32_t row = 0;
  std::uint32_t width = 0;
};

struct FloatSearch {
  std::uint64_t trials = 0;
  FloatTrial best;
};

// The whole periodogram of a flattened series: float32 down-sampling, folding and sums.
[[nodiscard]] FloatSearch SearchFloats(const FoldPlan& plan, std::span<const float> x);

// A stage's samples from floats.
[[nodiscard]] std::vector<float> Downsample(std::span<const float> x, double factor);

}  // namespace picube::pulsar::twin
