// Sums and maxima of spectra in a fixed order: 16 lanes (lane = index mod 16), blocks of 512, the
// lanes of a block joined pairwise, blocks added one after another in double.
#pragma once

#include <cstddef>
#include <cstdint>

namespace picube::math {

struct Peak {
  double sum = 0;         // of all bins, bin 0 included
  float peak = 0;         // the greatest of bins 1 .. n - 1
  std::uint32_t bin = 0;  // the first bin that has it
};

// `power` has n >= 8 values, a power of two, none of them negative or NaN.
[[nodiscard]] Peak SumAndPeak(const float* power, std::size_t n);

}  // namespace picube::math
