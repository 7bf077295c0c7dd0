#include "workunits/plot/svg.h"

#include <gtest/gtest.h>

#include "tests/workunits/support.h"

namespace picube {
namespace {

TEST(Svg, TextIsEscaped) {
  PlotSpec plot;
  plot.title = "<script>&\"";
  const std::string svg = SvgText(plot);
  EXPECT_EQ(svg.find("<script>"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;&amp;&quot;"), std::string::npos);
}

TEST(Svg, EmptyRangeIsDrawnAllTheSame) {
  PlotSpec plot;
  plot.x_max = plot.x_min;
  plot.y_max = plot.y_min - 1;
  plot.segments.push_back({0, 0, 5, 5, "#000", 1, "hint"});
  EXPECT_EQ(SvgText(plot).find("nan"), std::string::npos);
}

// Written once, and to be the same on every machine: bars, lines, labels, numbers of every size.
TEST(Svg, SameValuesGiveTheSameTextEverywhere) {
  PlotSpec plot;
  plot.title = "a title";
  plot.x_label = "x";
  plot.x_max = 1e9;
  plot.y_max = 1.0 / 3;
  plot.bars.push_back({0, 0.5e9, 0.3});
  plot.segments.push_back({1e8, 0.01, 9e8, 0.25, "#d62728", 0.8, "power 25.1"});
  plot.legend.push_back({"#d62728", "strong"});
  EXPECT_EQ(test::HashOfText(SvgText(plot)), 4533793257454008046U) << SvgText(plot);
}

}  // namespace
}  // namespace picube
