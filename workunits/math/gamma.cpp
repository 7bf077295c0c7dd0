#include "workunits/math/gamma.h"

#include <cmath>
#include <initializer_list>

#include "workunits/math/elementary.h"

namespace picube::math {

double LogGamma(double x) {
  double shift = 1;
  while (x < 12) {
    shift *= x;
    x += 1;
  }
  const double y = 1 / (x * x);
  // Bernoulli numbers over 2k (2k - 1).
  double series = -1.0 / 360360 * 691;
  for (const double next : {1.0 / 1188, -1.0 / 1680, 1.0 / 1260, -1.0 / 360, 1.0 / 12}) {
    series = next + y * series;
  }
  constexpr double kHalfLogTwoPi = 0.91893853320467274178;
  return (x - 0.5) * Log(x) - x + kHalfLogTwoPi + series / x - Log(shift);
}

double LogUpperGamma(double a, double x) {
  constexpr double kTiny = 1e-300;
  constexpr int kMostTerms = 10'000;
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / b;
  double h = d;
  for (int i = 1; i < kMostTerms; ++i) {
    const double numerator = -i * (i - a);
    b += 2;
    d = numerator * d + b;
    if (std::fabs(d) < kTiny) d = kTiny;
    c = b + numerator / c;
    if (std::fabs(c) < kTiny) c = kTiny;
    d = 1 / d;
    const double factor = d * c;
    h *= factor;
    if (std::fabs(factor - 1) < 1e-15) break;
  }
  return Log(h) - x + a * Log(x) - LogGamma(a);
}

}  // namespace picube::math
