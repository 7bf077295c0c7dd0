// What peaks become: significance, clusters, harmonics, sifting; and the making of series.
#include "workunits/pulsar/candidates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "protocol/base/rng.h"
#include "workunits/pulsar/recording.h"
#include "workunits/pulsar/series.h"
#include "workunits/pulsar/significance.h"
#include "workunits/pulsar/tables.h"

namespace picube::pulsar {
namespace {

Candidate Folded(double frequency, double snr, std::uint32_t dm = 0) {
  Candidate c;
  c.frequency = frequency;
  c.period = 1 / frequency;
  c.strength = snr;
  c.dm_index = dm;
  c.by_dm[dm] = snr;
  c.trial = {0, 100, 0, 5, 0, 0};
  return c;
}

Candidate Fourier(double frequency, double sigma, std::uint32_t harmonics = 1) {
  Candidate c = Folded(frequency, sigma);
  c.folded = false;
  c.harmonics = harmonics;
  c.parts.fill(20);
  return c;
}

TEST(Significance, TailsAreThoseOfTheirDistributions) {
  EXPECT_NEAR(LogTail(5, 1), -5, 1e-12);
  EXPECT_NEAR(LogTail(5, 2), std::log(std::exp(-5) * (1 + 5)), 1e-12);
  EXPECT_NEAR(LogTail(3, 4), std::log(std::exp(-3) * (1 + 3 + 4.5 + 4.5)), 1e-12);
  EXPECT_EQ(LogTail(0, 8), 0);
  // A tail of 0.00134990 is three deviations.
  EXPECT_NEAR(SigmaOfLog(std::log(0.0013498980316300946)), 3, 1e-9);
  EXPECT_NEAR(SigmaOfLog(std::log(2.866515718791939e-7)), 5, 1e-9);
  EXPECT_EQ(SigmaOfLog(0), 0);
  EXPECT_NEAR(SigmaOfLog(-599.9), SigmaOfLog(-600.1), 0.01) << "both formulas meet";
}

TEST(Significance, PowersForASigmaHaveIt) {
  for (const std::uint32_t harmonics : {1U, 2U, 4U, 8U, 16U}) {
    const double power = PowerForSigma(6, harmonics, 8189);
    EXPECT_NEAR(Sigma(power, harmonics, 8189), 6, 1e-6);
    EXPECT_LT(Sigma(0.99 * power, harmonics, 8189), 6);
  }
}

TEST(Candidates, NearestFractionsAreFound) {
  const auto is = [](double ratio, std::uint32_t p, std::uint32_t q) {
    const Fraction f = NearestFraction(ratio, 100);
    EXPECT_EQ(f.p, p) << ratio;
    EXPECT_EQ(f.q, q) << ratio;
  };
  is(1, 1, 1);
  is(2, 2, 1);
  is(1.5, 3, 2);
  is(3.14159265358979, 311, 99);
  is(1.0000001, 1, 1);
  is(4.0 / 3 + 1e-9, 4, 3);
}

TEST(Candidates, CurveGoesThroughAQuadratic) {
  std::vector<ControlPoint> points;
  for (int i = 0; i < 12; ++i) {
    const double f = 0.5 * std::exp(0.3 * i);
    const double x = std::log(f);
    points.push_back({f, 4 + 0.5 * x - 0.1 * x * x});
  }
  const Curve curve = FitCurve(points);
  ASSERT_TRUE(curve.fitted);
  EXPECT_NEAR(curve.At(3), 4 + 0.5 * std::log(3.0) - 0.1 * std::log(3.0) * std::log(3.0), 1e-9);
  EXPECT_FALSE(FitCurve(std::span(points).first(9)).fitted);
  std::fill(points.begin(), points.end(), ControlPoint{1, 5});
  EXPECT_FALSE(FitCurve(points).fitted) << "one frequency has no curve";
}

TEST(Candidates, NeighboursFormOneClusterOfTheStrongest) {
  constexpr double kSeconds = 100;  // joined below 0.002 Hz
  const auto clusters = Cluster(
      {Folded(1.0, 8, 0), Folded(1.0015, 12, 1), Folded(1.003, 9, 2), Folded(1.1, 7, 0)}, kSeconds);
  ASSERT_EQ(clusters.size(), 2U);
  EXPECT_EQ(clusters[0].strength, 12);
  EXPECT_EQ(clusters[0].peaks, 3U);
  EXPECT_EQ(clusters[0].by_dm.size(), 3U);
  EXPECT_EQ(clusters[0].by_dm.at(2), 9);
  EXPECT_EQ(clusters[1].strength, 7);
}

TEST(Candidates, HarmonicsOfAStrongerOneAreMarked) {
  std::vector<Candidate> all = {Folded(1, 20), Folded(2, 14), Folded(1.5, 8.2), Folded(1.234, 8),
                                Folded(3, 19)};
  std::sort(all.begin(), all.end(), Stronger);
  MarkFolded(all, {0}, 0, 100);
  const auto at = [&](double f) {
    return *std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.frequency == f; });
  };
  EXPECT_EQ(at(1).harmonic_of, 0U);
  EXPECT_EQ(at(2).harmonic_of, 1U);
  EXPECT_EQ(at(2).harmonic_fast, 2U);
  EXPECT_EQ(at(1.5).harmonic_of, 1U);
  EXPECT_EQ(at(1.5).harmonic_slow, 2U);
  EXPECT_EQ(at(1.234).harmonic_of, 0U);
  EXPECT_EQ(at(3).harmonic_of, 0U) << "too strong for a harmonic: 20/sqrt(3) is 11.5";
  all = {Folded(1, 20, 0), Folded(2, 14, 1)};
  MarkFolded(all, {0, 100}, 0.01, 100);
  EXPECT_EQ(all[1].harmonic_of, 0U) << "another dispersion measure";
}

TEST(Candidates, SiftingJoinsAndDrops) {
  Candidate second = Fourier(2.000001, 9);
  second.by_dm = {{1, 9}};
  Candidate faint = Fourier(5, 8, 4);
  faint.parts.fill(7);
  Candidate rogue = Fourier(7, 8, 8);
  rogue.parts[5] = 50;
  auto kept = Sift({Fourier(2, 10), second, faint, rogue, Fourier(0.01, 30), Fourier(6, 7)}, 1000);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].frequency, 2);
  EXPECT_EQ(kept[0].by_dm.size(), 2U);
  EXPECT_EQ(kept[1].frequency, 6);
  MarkFourier(kept, 1000);
  EXPECT_EQ(kept[1].harmonic_of, 1U);
  EXPECT_EQ(kept[1].harmonic_fast, 3U);
}

TEST(PulsarSeries, RunningMedianIsTheMedianOfEachWindow) {
  Rng rng(3);
  std::vector<double> x;
  for (int i = 0; i < 200; ++i) x.push_back(static_cast<double>(rng.Below(50)));
  for (const std::size_t width : {1U, 3U, 7U, 101U, 301U}) {
    const auto median = RunningMedian(x, width);
    ASSERT_EQ(median.size(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      std::vector<double> window;
      for (std::size_t k = 0; k < width; ++k) {
        const auto at = static_cast<std::int64_t>(i + k) - static_cast<std::int64_t>(width / 2);
        window.push_back(x[static_cast<std::size_t>(std::clamp<std::int64_t>(at, 0, 199))]);
      }
      std::sort(window.begin(), window.end());
      EXPECT_EQ(median[i], window[width / 2]) << width;
    }
  }
  EXPECT_TRUE(RunningMedian({}, 3).empty());
}

TEST(PulsarSeries, ResamplingKeepsTheEndsAndMovesTheMiddle) {
  std::vector<std::int8_t> x(1001);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int8_t>(i / 10);
  EXPECT_EQ(Resample(x, 0), x);
  const auto moved = Resample(x, 4e-4);  // 4e-4 * 1001^2/4 = 100 samples in the middle
  EXPECT_EQ(moved.front(), x.front());
  EXPECT_EQ(moved.back(), x.back());
  EXPECT_EQ(moved[500], x[400]);
  EXPECT_EQ(Resample(x, -4e-4)[500], x[600]);
  EXPECT_EQ(Resample(x, 1).size(), x.size()) << "far too much, but inside";
}

TEST(PulsarSeries, PacksSurviveTheirBytes) {
  const std::vector<Series> pack = {{3, 8.5, {1, -2, 127}}, {4, 8, {-127}}};
  const Bytes bytes = EncodePack(pack);
  ASSERT_TRUE(DecodePack(bytes));
  EXPECT_EQ(*DecodePack(bytes), pack);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodePack(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(DecodePack(bytes + "x"));
}

TEST(PulsarRecording, DelaysFollowTheDispersionLaw) {
  Band band;
  band.mhz = {1510, 1400, 1300};
  const auto delays = Delays(band, 100, 0.001);
  EXPECT_EQ(delays[0], 0U);
  EXPECT_EQ(delays[1],
            static_cast<std::uint64_t>(std::floor(414.8808 * (1 / 1.96 - 1 / 2.2801) + 0.5)))
      << "1e6 MHz^2 is 1 GHz^2";
  EXPECT_GT(delays[2], delays[1]);
}

TEST(PulsarTables, AccelerationsOfGrowingPeriodsHaveFallingFrequencies) {
  EXPECT_LT(RelativeDrift(10), 0);
  EXPECT_EQ(RelativeDrift(0), 0);
  EXPECT_DOUBLE_EQ(RelativeDrift(-kLightSpeed), 1);
}

}  // namespace
}  // namespace picube::pulsar
