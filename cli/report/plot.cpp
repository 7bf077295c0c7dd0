#include "cli/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "workunits/plot/svg.h"

namespace picube::report {
namespace {

constexpr const char* kIdealColour = "#9a9a9a";
constexpr const char* kAmdahlColour = "#1f77b4";
constexpr const char* kProfileColour = "#2ca02c";
constexpr const char* kMeasuredColour = "#d62728";
constexpr double kSteps = 200;          // of a curve
constexpr std::size_t kMostNames = 16;  // below the bars; more would run into each other
constexpr std::size_t kNameColumns = 9;

double Minutes(std::int64_t ms) { return static_cast<double>(ms) / 60'000; }

// A curve of the speed-up over the nodes, in straight pieces.
template <class Function>
void AddCurve(PlotSpec& plot, Function speed_up, const char* colour, double width) {
  const double step = (plot.x_max - 1) / kSteps;
  for (double n = 1; n + step <= plot.x_max + step / 2; n += step) {
    plot.segments.push_back({n, speed_up(n), n + step, speed_up(n + step), colour, width, {}});
  }
}

void AddCross(PlotSpec& plot, double x, double y, const char* colour, const std::string& hint) {
  const double dx = (plot.x_max - plot.x_min) / 90;
  const double dy = (plot.y_max - plot.y_min) / 60;
  plot.segments.push_back({x - dx, y - dy, x + dx, y + dy, colour, 3, hint});
  plot.segments.push_back({x - dx, y + dy, x + dx, y - dy, colour, 3, hint});
}

// Crosses with a line through them; of many nodes only the line.
void AddProfile(PlotSpec& plot, const std::vector<double>& profile) {
  constexpr std::size_t kMostCrosses = 32;
  for (std::size_t i = 0; i < profile.size(); ++i) {
    const auto n = static_cast<double>(i + 1);
    if (i > 0) {
      plot.segments.push_back({n - 1, profile[i - 1], n, profile[i], kProfileColour, 1, {}});
    }
    if (profile.size() > kMostCrosses) continue;
    AddCross(plot, n, profile[i], kProfileColour,
             fmt::format("{} nodes: {:.2f}", i + 1, profile[i]));
  }
}

PlotSpec SpeedUpPlot(const Report& report, const std::string& title) {
  const auto nodes = static_cast<double>(report.nodes.size());
  PlotSpec plot;
  plot.title = title;
  plot.x_label = "nodes";
  plot.y_label = "speed-up against one node";
  plot.x_max = std::max(2.0, std::ceil(nodes * 1.25));
  plot.y_max = plot.x_max;
  if (!report.mean) {
    plot.subtitle = "no result was believed yet: there is no speed-up";
    return plot;
  }
  plot.subtitle =
      fmt::format("{:.0f} {}, speed-up {:.2f} against the mean node, efficiency {:.0f} %", nodes,
                  nodes == 1 ? "node" : "nodes", report.mean->speed_up, 100 * report.efficiency);
  AddCurve(plot, [](double n) { return n; }, kIdealColour, 1);
  plot.legend.push_back({kIdealColour, "ideal"});
  if (report.serial_share) {
    AddCurve(
        plot, [&](double n) { return AmdahlSpeedUp(*report.serial_share, n); }, kAmdahlColour, 2);
    plot.legend.push_back({kAmdahlColour, fmt::format("Amdahl, f = {:.3f}", *report.serial_share)});
    AddProfile(plot, report.profile);
    plot.legend.push_back(
        {kProfileColour, fmt::format("profile, f = {:.3f}", *report.profile_share)});
  }
  AddCross(plot, nodes, report.mean->speed_up, kMeasuredColour,
           fmt::format("measured: {:.2f}", report.mean->speed_up));
  plot.legend.push_back({kMeasuredColour, "measured"});
  return plot;
}

struct Layer {
  const char* name;
  const char* colour;
  std::int64_t (Times::*time)() const;
};
constexpr Layer kLayers[] = {{"useful", "#2ca02c", &Times::Useful},
                             {"slower", "#d62728", &Times::Slower},
                             {"checks", "#9467bd", &Times::Checks},
                             {"network", "#ff7f0e", &Times::Network},
                             {"waiting", "#c7c7c7", &Times::Waiting}};

// At most so many characters of UTF-8 text.
std::string Cut(const std::string& text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U;
    if (begins && ++columns > kNameColumns) return text.substr(0, i) + "…";
  }
  return text;
}

PlotSpec TimePlot(const Report& report) {
  PlotSpec plot;
  plot.title = "where the time of each node went";
  plot.subtitle = fmt::format("{:.1f} min from submission to end", Minutes(report.makespan_ms));
  plot.x_label = report.nodes.size() > kMostNames ? "nodes, in the order of the table" : "";
  plot.y_label = "minutes";
  plot.x_min = 0.5;
  plot.x_max = static_cast<double>(report.nodes.size()) + 0.5;
  plot.y_max = Minutes(report.makespan_ms);
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    const Node& node = report.nodes[i];
    const auto at = static_cast<double>(i + 1);
    double base = 0;
    for (const Layer& layer : kLayers) {
      const double height = Minutes((node.times.*layer.time)());
      if (height <= 0) continue;
      plot.bars.push_back({at - 0.4, at + 0.4, base + height, base, layer.colour,
                           fmt::format("{}: {} {:.2f} min", node.host.name, layer.name, height)});
      base += height;
    }
    if (report.nodes.size() <= kMostNames) plot.names.push_back({at, Cut(node.host.name)});
  }
  for (const Layer& layer : kLayers) plot.legend.push_back({layer.colour, layer.name});
  return plot;
}

}  // namespace

std::string PlotText(const Report& report, const std::string& title) {
  return SvgText(std::vector<PlotSpec>{SpeedUpPlot(report, title), TimePlot(report)});
}

}  // namespace picube::report
