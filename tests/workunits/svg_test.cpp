#include "workunits/plot/svg.h"

#include <gtest/gtest.h>

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

TEST(Svg, SameValuesGiveTheSameText) {
  PlotSpec plot;
  plot.bars.push_back({0, 0.5, 0.7});
  EXPECT_EQ(SvgText(plot), SvgText(plot));
}

}  // namespace
}  // namespace picube
