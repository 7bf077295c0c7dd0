// Pictures of milkyway's products, as SVG text.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "workunits/milkyway/reader.h"

namespace picube::milkyway {

// A star in the plane of its stripe, and the part that most likely owns it.
struct DrawnStar {
  double x = 0;  // kpc: r cos mu, r sin mu
  double y = 0;
  std::size_t owner = 0;  // 0 background, then the streams
};
// Where a star of a stripe is drawn. For pictures only: the machine's own functions.
[[nodiscard]] DrawnStar PlaceInStripe(const Star& star, int wedge, std::size_t owner);

[[nodiscard]] std::string DrawStars(const std::string& title, const std::string& subtitle,
                                    std::span<const DrawnStar> stars, std::size_t streams);
// Scores in the order of the evaluations, and the best and the median of them so far.
[[nodiscard]] std::string DrawScores(const std::string& title, const std::string& subtitle,
                                     std::span<const double> scores);

}  // namespace picube::milkyway
