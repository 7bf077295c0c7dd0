#include "workunits/math/gamma.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "protocol/base/rng.h"
#include "tests/workunits/pinned.h"

namespace picube::math {
namespace {

TEST(Gamma, LogarithmAgreesWithTheCLibrary) {
  for (double x = 0.01; x < 400; x *= 1.01) {
    const double plain = std::lgamma(x);
    EXPECT_NEAR(LogGamma(x), plain, 1e-13 * std::max(1.0, std::abs(plain))) << x;
  }
}

// Q(n, x) = e^-x (1 + x + x^2/2! + ... + x^(n-1)/(n-1)!) for whole n.
TEST(Gamma, UpperPartAgreesWithItsFiniteSum) {
  for (int n = 1; n <= 40; ++n) {
    const double x = n + 1.5;
    double term = 1;
    double sum = 0;
    for (int k = 0; k < n; ++k) {
      sum += term;
      term *= x / (k + 1);
    }
    EXPECT_NEAR(LogUpperGamma(n, x), std::log(sum) - x, 1e-11) << n;
  }
}

TEST(Gamma, BitsAreTheSameOnEveryMachine) {
  Rng rng(4);
  std::uint64_t digest = 0;
  for (int i = 0; i < 2000; ++i) {
    const double a = 0.1 + static_cast<double>(rng.Below(1'000'000)) / 10'000;
    const double x = a + 1 + static_cast<double>(rng.Below(1'000'000)) / 10'000;
    digest = Mix64(digest ^ std::bit_cast<std::uint64_t>(LogGamma(a)));
    digest = Mix64(digest ^ std::bit_cast<std::uint64_t>(LogUpperGamma(a, x)));
  }
  EXPECT_EQ(digest, test::Pinned("gamma functions"));
}

}  // namespace
}  // namespace picube::math
