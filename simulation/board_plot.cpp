#include "simulation/board_plot.h"

#include <algorithm>

#include "workunits/plot/svg.h"

namespace picube::sim {

std::string PlotOf(const BoardRun& run, const BoardResult& result) {
  const BoardModel& model = ModelOf(run.board);
  PlotSpec plot;
  plot.title =
      "Board " + std::string(Name(run.board)) + ", mode " + std::string(Name(run.governor.mode));
  plot.subtitle = "temperature, and cores at full clock in tenths";
  plot.x_label = "minutes";
  plot.y_label = "degrees C; tenths of a core";
  plot.x_max = static_cast<double>(result.seconds.size()) / 60;
  plot.y_max = std::max(90.0, result.most + 2);
  const std::size_t step = std::max<std::size_t>(1, result.seconds.size() / 600);
  for (std::size_t i = step; i < result.seconds.size(); i += step) {
    const BoardSecond& from = result.seconds[i - step];
    const BoardSecond& to = result.seconds[i];
    const double x0 = static_cast<double>(i - step) / 60;
    const double x1 = static_cast<double>(i) / 60;
    plot.segments.push_back({x0, from.temperature, x1, to.temperature, "#d62728", 1.5, {}});
    plot.segments.push_back({x0, 10 * from.cores, x1, 10 * to.cores, "#1f77b4", 1, {}});
  }
  plot.segments.push_back(
      {0, run.governor.set_point, plot.x_max, run.governor.set_point, "#999999", 1, "set point"});
  plot.legend = {{"#d62728", "temperature"},
                 {"#1f77b4", "cores of " + std::to_string(model.cores) + ", tenths"},
                 {"#999999", "set point"}};
  return SvgText(plot);
}

}  // namespace picube::sim
