// Order statistics: exact, and so the same on every machine. Values may be in any order; what is
// not a number is left out.
#pragma once

#include <span>
#include <vector>

namespace picube::math {

// The finite ones of `values`.
[[nodiscard]] std::vector<float> FiniteOf(std::span<const float> values);

// The value below which lies the part `part` (0 .. 1) of `values`, between two neighbours linearly.
// At least one value, all finite; their order is changed.
[[nodiscard]] double Quantile(std::vector<float>& values, double part);
// Quantile 1/2.
[[nodiscard]] double Median(std::vector<float>& values);
// The median of the distances from the median.
[[nodiscard]] double MedianAbsoluteDeviation(std::vector<float>& values);

namespace twin {
[[nodiscard]] double Quantile(std::vector<float> values, double part);  // by sorting
}

}  // namespace picube::math
