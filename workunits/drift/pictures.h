// The waterfall of a hit, as SVG text.
#pragma once

#include <span>
#include <string>

namespace picube::drift {

struct Waterfall {
  std::string title, subtitle;
  std::uint64_t rows = 0;
  std::uint64_t channels = 0;
  std::span<const float> cells;  // [row][channel]
  double first_mhz = 0;          // of channel 0
  double step_mhz = 0;
  double seconds = 0;  // of a row
};
// Dark is strong. Wide or long ones are averaged to what can be seen.
[[nodiscard]] std::string DrawWaterfall(const Waterfall& waterfall);

}  // namespace picube::drift
