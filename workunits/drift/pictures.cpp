#include "workunits/drift/pictures.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "workunits/math/median.h"
#include "workunits/plot/svg.h"

namespace picube::drift {
namespace {

constexpr std::uint64_t kMostColumns = 160;
constexpr std::uint64_t kMostRows = 64;

}  // namespace

std::string DrawWaterfall(const Waterfall& w) {
  const std::uint64_t wide = (w.channels + kMostColumns - 1) / kMostColumns;  // joined to one
  const std::uint64_t tall = (w.rows + kMostRows - 1) / kMostRows;
  PlotSpec plot;
  plot.title = w.title;
  plot.subtitle = w.subtitle;
  plot.x_label = "Hz from the first channel";
  plot.y_label = "seconds";
  const double hertz = w.step_mhz * 1e6;
  const double end = hertz * static_cast<double>(w.channels);
  plot.x_min = std::min(0.0, end);
  plot.x_max = std::max(0.0, end);
  plot.y_max = static_cast<double>(w.rows) * w.seconds;
  std::vector<float> values;
  for (std::uint64_t r = 0; r < w.rows; r += tall) {
    for (std::uint64_t c = 0; c < w.channels; c += wide) {
      float most = -INFINITY;
      for (std::uint64_t i = r; i < std::min(r + tall, w.rows); ++i) {
        for (std::uint64_t k = c; k < std::min(c + wide, w.channels); ++k) {
          const float value = w.cells[i * w.channels + k];
          if (std::isfinite(value)) most = std::max(most, value);
        }
      }
      values.push_back(most);
      const double x = hertz * static_cast<double>(c);
      const double right = hertz * static_cast<double>(std::min(c + wide, w.channels));
      plot.cells.push_back({std::min(x, right), std::max(x, right),
                            static_cast<double>(r) * w.seconds,
                            static_cast<double>(std::min(r + tall, w.rows)) * w.seconds, 0});
    }
  }
  std::vector<float> finite = math::FiniteOf(values);
  if (finite.empty()) return SvgText(plot);
  const double low = math::Quantile(finite, 0.2);
  const double high = std::max(math::Quantile(finite, 0.999), low + 1e-30);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double part = (static_cast<double>(values[i]) - low) / (high - low);
    plot.cells[i].value = std::isfinite(part) ? std::clamp(part, 0.0, 1.0) : 0;
  }
  return SvgText(plot);
}

}  // namespace picube::drift
