#include "workunits/math/elementary.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "protocol/base/rng.h"
#include "tests/workunits/pinned.h"

namespace picube::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

double Uniform(Rng& rng, double low, double high) {
  return low + (high - low) * (static_cast<double>(rng.Below(1ULL << 53)) * 0x1p-53);
}

// How many units of the last place of `exact` lie between the two.
double Units(double ours, long double exact) {
  const double near = static_cast<double>(exact);
  const double unit = std::nextafter(std::fabs(near), kInfinity) - std::fabs(near);
  return static_cast<double>(std::fabs(static_cast<long double>(ours) - exact) /
                             static_cast<long double>(unit));
}

using Ours = double (*)(double);
using Exact = std::function<long double(long double)>;
double Worst(Ours ours, const Exact& exact, double low, double high) {
  Rng rng(7);
  double worst = 0;
  for (int i = 0; i < 40000; ++i) {
    const double x = Uniform(rng, low, high);
    worst = std::max(worst, Units(ours(x), exact(static_cast<long double>(x))));
  }
  return worst;
}

constexpr auto kExp = [](long double x) { return std::exp(x); };
constexpr auto kExp10 = [](long double x) { return std::pow(10.0L, x); };
constexpr auto kLog = [](long double x) { return std::log(x); };
constexpr auto kLog10 = [](long double x) { return std::log10(x); };

TEST(Elementary, ExponentialsAreGoodToAUnitOfTheLastPlace) {
  EXPECT_LT(Worst(Exp, kExp, -700, 700), 1.0);
  EXPECT_LT(Worst(Exp, kExp, -1, 1), 1.0);
  EXPECT_LT(Worst(Exp, kExp, -745, -708), 1.0);  // not normal numbers
  EXPECT_LT(Worst(Exp10, kExp10, -300, 300), 1.5);
  EXPECT_LT(Worst(Exp10, kExp10, -5, 5), 1.5);
}

TEST(Elementary, LogarithmsAreGoodToAUnitOfTheLastPlace) {
  EXPECT_LT(Worst(Log, kLog, 0, 4), 1.0);
  EXPECT_LT(Worst(Log, kLog, 0.99, 1.01), 1.0);
  EXPECT_LT(Worst(Log, kLog, 0, 1e300), 1.0);
  EXPECT_LT(Worst(Log, kLog, 0, 1e-310), 1.0);
  EXPECT_LT(Worst(Log10, kLog10, 0, 4), 1.5);
  EXPECT_LT(Worst(Log10, kLog10, 0.99, 1.01), 1.5);
  EXPECT_LT(Worst(Log10, kLog10, 1e-5, 1e5), 1.5);
}

TEST(Elementary, PowersAreGoodToTheirLogarithm) {
  Rng rng(3);
  for (int i = 0; i < 20000; ++i) {
    const double x = Uniform(rng, 1e-3, 4096);
    const double y = Uniform(rng, -4, 4);
    const long double exact = std::pow(static_cast<long double>(x), static_cast<long double>(y));
    EXPECT_LT(Units(Pow(x, y), exact), 1.5 + 2 * std::fabs(y * std::log(x))) << x << " " << y;
  }
}

TEST(Elementary, SpecialValuesAreKept) {
  EXPECT_EQ(Exp(0), 1);
  EXPECT_EQ(Exp(-kInfinity), 0);
  EXPECT_EQ(Exp(kInfinity), kInfinity);
  EXPECT_EQ(Exp(709.9), kInfinity);
  EXPECT_EQ(Exp(-746), 0);
  EXPECT_EQ(Exp10(2), 100);
  EXPECT_EQ(Exp10(400), kInfinity);
  EXPECT_EQ(Exp10(-400), 0);
  EXPECT_EQ(Log(1), 0);
  EXPECT_EQ(Log(0), -kInfinity);
  EXPECT_EQ(Log(kInfinity), kInfinity);
  EXPECT_EQ(Log10(1000), 3);
  EXPECT_TRUE(std::isnan(Log(-1)));
  for (const Ours function : {Exp, Exp10, Log, Log10, Asin}) {
    EXPECT_TRUE(std::isnan(function(kNoNumber)));
  }
  EXPECT_TRUE(std::isnan(SinCos(kNoNumber).re));
  EXPECT_TRUE(std::isnan(SinCos(2e6).im));
  EXPECT_TRUE(std::isnan(SinCosTurns(kInfinity).re));
  EXPECT_EQ(SinCosTurns(1e300).re, 1);
  EXPECT_EQ(SinCosTurns(0.25).im, 1);
  EXPECT_EQ(SinCosTurns(-0.5).re, -1);
  EXPECT_TRUE(std::isnan(Asin(1.5)));
}

TEST(Elementary, SinesAndCosinesAreGoodToAUnitOfTheLastPlace) {
  const Ours sine = [](double x) { return SinCos(x).im; };
  const Ours cosine = [](double x) { return SinCos(x).re; };
  for (const double bound : {1.0, 100.0, 1e6}) {
    EXPECT_LT(Worst(sine, [](long double x) { return std::sin(x); }, -bound, bound), 1.0);
    EXPECT_LT(Worst(cosine, [](long double x) { return std::cos(x); }, -bound, bound), 1.0);
  }
}

TEST(Elementary, TurnsAreReducedExactly) {
  Rng rng(11);
  double worst = 0;
  for (int i = 0; i < 20000; ++i) {
    const double part = Uniform(rng, -0.5, 0.5);
    const double turns = static_cast<double>(rng.Below(1U << 20)) + part;
    const double rest = turns - std::round(turns);
    const double quarter = std::round(4 * rest);
    const long double angle =
        6.283185307179586476925286766559L * static_cast<long double>(rest - quarter / 4);
    const bool odd = std::fabs(quarter) == 1;
    const Root root = SinCosTurns(turns);
    worst = std::max(worst, Units(std::fabs(odd ? root.re : root.im), std::fabs(std::sin(angle))));
    worst = std::max(worst, Units(std::fabs(odd ? root.im : root.re), std::cos(angle)));
  }
  EXPECT_LT(worst, 2.0);
}

TEST(Elementary, AnglesAgreeInEveryQuadrant) {
  Rng rng(5);
  double worst = 0;
  for (int i = 0; i < 40000; ++i) {
    const double y = Uniform(rng, -2, 2);
    const double x = Uniform(rng, -2, 2);
    worst = std::max(worst, Units(Atan2(y, x), std::atan2(static_cast<long double>(y),
                                                          static_cast<long double>(x))));
    const double part = x / 2;
    worst = std::max(worst, Units(Asin(part), std::asin(static_cast<long double>(part))));
  }
  EXPECT_LT(worst, 2.0);
  for (const double y : {0.0, -0.0, 1.0, -1.0, kInfinity, -kInfinity}) {
    for (const double x : {0.0, -0.0, 1.0, -1.0, kInfinity, -kInfinity}) {
      EXPECT_EQ(Atan2(y, x), std::atan2(y, x)) << y << " " << x;
      EXPECT_EQ(std::signbit(Atan2(y, x)), std::signbit(std::atan2(y, x))) << y << " " << x;
    }
  }
}

std::uint64_t Mixed(std::uint64_t hash, double value) {
  return (hash ^ std::bit_cast<std::uint64_t>(value)) * 0x100000001B3ULL;
}

TEST(Elementary, BitsAreTheSameOnEveryMachine) {
  Rng rng(1);
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (int i = 0; i < 20000; ++i) {
    const double x = Uniform(rng, -30, 30);
    const double y = Uniform(rng, 0, 3);
    for (const Ours function : {Exp, Exp10}) hash = Mixed(hash, function(x));
    for (const Ours function : {Log, Log10, Asin}) hash = Mixed(hash, function(y / 3));
    hash = Mixed(hash, Pow(y, x / 10));
    hash = Mixed(hash, Atan2(x, y));
    for (const Root root : {SinCos(x), SinCosTurns(x)}) {
      hash = Mixed(Mixed(hash, root.re), root.im);
    }
  }
  EXPECT_EQ(hash, test::Pinned("elementary functions"));
}

}  // namespace
}  // namespace picube::math
