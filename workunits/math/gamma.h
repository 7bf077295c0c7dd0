// The gamma function's logarithm, and the upper incomplete gamma function, with fixed bits.
#pragma once

namespace picube::math {

// ln Gamma(x), x > 0; Stirling's series, below 12 by recursion. Relative error below 1e-13 away
// from 1 and 2.
[[nodiscard]] double LogGamma(double x);

// ln Q(a, x), Q = 1 - P the regularised upper incomplete gamma function; a > 0, x >= a + 1
// (continued fraction, Lentz). Error below 1e-12 of its size.
[[nodiscard]] double LogUpperGamma(double a, double x);

}  // namespace picube::math
