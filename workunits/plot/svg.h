// Plots as SVG text: axes with ticks, line segments, bars, cells and a legend. A value goes in,
// text comes out; nothing is kept.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace picube {

struct PlotSegment {
  double x0 = 0;
  double y0 = 0;
  double x1 = 0;
  double y1 = 0;
  std::string colour = "#1f77b4";
  double width = 1;  // pixels
  std::string hint;  // shown by viewers when pointed at; may be empty
};

struct PlotBar {
  double x0 = 0;  // left and right edge
  double x1 = 0;
  double height = 0;  // upper edge
  // Lower edge, for bars that stand on others; one below y_min stands on the axis.
  double base = std::numeric_limits<double>::lowest();
  std::string colour = "#1f77b4";
  std::string hint = {};  // shown by viewers when pointed at; may be empty
};

struct PlotCell {  // of a heat map
  double x0 = 0;
  double x1 = 0;
  double y0 = 0;
  double y1 = 0;
  double value = 0;  // 0 .. 1: white to black
};

struct PlotLegend {
  std::string colour;
  std::string text;
};

struct PlotName {  // below the x axis, instead of a number
  double x = 0;
  std::string text;
};

struct PlotSpec {
  std::string title;
  std::string subtitle;
  std::string x_label;
  std::string y_label;
  double x_min = 0;
  double x_max = 1;
  double y_min = 0;
  double y_max = 1;
  std::vector<PlotSegment> segments;
  std::vector<PlotBar> bars;
  std::vector<PlotCell> cells;
  std::vector<PlotLegend> legend;
  std::vector<PlotName> names = {};  // if there are any, the x axis has no numbers
};

// The whole file. Texts may contain anything; they are escaped.
[[nodiscard]] std::string SvgText(const PlotSpec& plot);
// Several plots in one file, one below the other.
[[nodiscard]] std::string SvgText(const std::vector<PlotSpec>& plots);

}  // namespace picube
