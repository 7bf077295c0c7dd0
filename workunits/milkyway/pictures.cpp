#include "workunits/milkyway/pictures.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <set>

#include "workunits/milkyway/geometry.h"
#include "workunits/plot/svg.h"

namespace picube::milkyway {
namespace {

constexpr const char* kBackgroundColour = "#b0b0b0";
constexpr const char* kColours[] = {"#d62728", "#1f77b4", "#2ca02c",
                                    "#ff7f0e", "#9467bd", "#8c564b"};
constexpr double kImpossibleScore = -999;

const char* ColourOf(std::size_t owner) {
  return owner == 0 ? kBackgroundColour : kColours[(owner - 1) % std::size(kColours)];
}

// The median of a growing set: the lower half and the upper half.
class RunningMedian {
 public:
  void Add(double value) {
    if (low_.empty() || value <= *low_.rbegin()) {
      low_.insert(value);
    } else {
      high_.insert(value);
    }
    if (low_.size() > high_.size() + 1) {
      high_.insert(*low_.rbegin());
      low_.erase(std::prev(low_.end()));
    } else if (high_.size() > low_.size()) {
      low_.insert(*high_.begin());
      high_.erase(high_.begin());
    }
  }
  [[nodiscard]] double Value() const { return *low_.rbegin(); }

 private:
  std::multiset<double> low_;
  std::multiset<double> high_;
};

}  // namespace

DrawnStar PlaceInStripe(const Star& star, int wedge, std::size_t owner) {
  const Vector g = DirectionOf({star.l, star.b});
  // The way of GalacticOf back.
  const double v[3] = {-0.054875539726 * g.x + 0.494109453312 * g.y - 0.867666135858 * g.z,
                       -0.873437108010 * g.x - 0.444829589425 * g.y - 0.198076386122 * g.z,
                       -0.483834985808 * g.x + 0.746982251810 * g.y + 0.455983795705 * g.z};
  const double node = Radians(95);
  const double x = v[0] * std::cos(node) + v[1] * std::sin(node);
  const double y = -v[0] * std::sin(node) + v[1] * std::cos(node);
  const double tilt = Radians(2.5 * wedge - 57.5 - (wedge > 46 ? 180.0 : 0.0) + 32.5);
  const double mu = std::atan2(y * std::cos(tilt) + v[2] * std::sin(tilt), x) + node;
  return {star.r * std::cos(mu), star.r * std::sin(mu), owner};
}

std::string DrawStars(const std::string& title, const std::string& subtitle,
                      std::span<const DrawnStar> stars, std::size_t streams) {
  PlotSpec plot;
  plot.title = title;
  plot.subtitle = subtitle;
  plot.x_label = "r cos mu (kpc)";
  plot.y_label = "r sin mu (kpc)";
  double most = 1;
  for (const DrawnStar& star : stars) {
    most = std::max({most, std::fabs(star.x), std::fabs(star.y)});
  }
  most = std::min(1.05 * most, 1000.0);
  plot.x_min = plot.y_min = -most;
  plot.x_max = plot.y_max = most;
  const double dot = most / 250;
  for (std::size_t owner = 0; owner <= streams; ++owner) {  // streams over the background
    for (const DrawnStar& star : stars) {
      if (star.owner != owner || !(std::fabs(star.x) < most) || !(std::fabs(star.y) < most)) {
        continue;
      }
      plot.segments.push_back(
          {star.x - dot / 2, star.y, star.x + dot / 2, star.y, ColourOf(owner), 2, {}});
    }
  }
  plot.legend.push_back({kBackgroundColour, "background"});
  for (std::size_t i = 1; i <= streams; ++i) {
    plot.legend.push_back({ColourOf(i), "stream " + std::to_string(i)});
  }
  return SvgText(plot);
}

std::string DrawScores(const std::string& title, const std::string& subtitle,
                       std::span<const double> scores) {
  constexpr std::size_t kMostPieces = 1000;
  PlotSpec plot;
  plot.title = title;
  plot.subtitle = subtitle;
  plot.x_label = "evaluations";
  plot.y_label = "log likelihood";
  std::vector<double> best, median;
  RunningMedian middle;
  for (const double score : scores) {
    const bool counts = score != kImpossibleScore;
    if (counts) middle.Add(score);
    const double before = best.empty() ? kImpossibleScore : best.back();
    best.push_back(counts && (before == kImpossibleScore || score > before) ? score : before);
    median.push_back(best.back() == kImpossibleScore ? kImpossibleScore : middle.Value());
  }
  plot.x_max = std::max<double>(1, static_cast<double>(scores.size()));
  const auto first = std::ranges::find_if(best, [](double b) { return b != kImpossibleScore; });
  if (first == best.end()) return SvgText(plot);
  const double high = best.back();
  const double low =
      std::min(*first, *std::min_element(median.begin() + (first - best.begin()), median.end()));
  const double margin = std::max(1e-9, 0.05 * (high - low));
  plot.y_min = low - margin;
  plot.y_max = high + margin;
  const std::size_t each = scores.size() / kMostPieces + 1;
  const auto draw = [&](const std::vector<double>& line, const char* colour) {
    for (auto i = static_cast<std::size_t>(first - best.begin()); i + each < line.size();
         i += each) {
      plot.segments.push_back({static_cast<double>(i + 1),
                               line[i],
                               static_cast<double>(i + each + 1),
                               line[i + each],
                               colour,
                               2,
                               {}});
    }
  };
  draw(median, "#1f77b4");
  draw(best, "#d62728");
  plot.legend = {{"#d62728", "best so far"}, {"#1f77b4", "median so far"}};
  return SvgText(plot);
}

}  // namespace picube::milkyway
