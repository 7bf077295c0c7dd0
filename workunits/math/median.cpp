#include "workunits/math/median.h"

#include <algorithm>
#include <cmath>

namespace picube::math {

std::vector<float> FiniteOf(std::span<const float> values) {
  std::vector<float> finite;
  finite.reserve(values.size());
  std::ranges::copy_if(values, std::back_inserter(finite),
                       [](float v) { return std::isfinite(v); });
  return finite;
}

double Quantile(std::vector<float>& values, double part) {
  const double at = part * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), nth, values.end());
  const auto low = static_cast<double>(*nth);
  const double share = at - static_cast<double>(below);
  if (share == 0 || nth + 1 == values.end()) return low;
  const auto high = static_cast<double>(*std::min_element(nth + 1, values.end()));
  return low + (high - low) * share;
}

double Median(std::vector<float>& values) { return Quantile(values, 0.5); }

double MedianAbsoluteDeviation(std::vector<float>& values) {
  const auto middle = static_cast<float>(Median(values));
  for (float& value : values) value = std::fabs(value - middle);
  return Median(values);
}

namespace twin {

double Quantile(std::vector<float> values, double part) {
  std::ranges::sort(values);
  const double at = part * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const double low = static_cast<double>(values[below]);
  const double high = static_cast<double>(values[std::min(below + 1, values.size() - 1)]);
  return low + (high - low) * (at - static_cast<double>(below));
}

}  // namespace twin

}  // namespace picube::math
