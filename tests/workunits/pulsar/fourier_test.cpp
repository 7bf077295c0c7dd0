// The Fourier search on the real series of PSR B1804-08, beside PRESTO's numbers.
#include "workunits/pulsar/fourier.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <complex>

#include "protocol/base/rng.h"
#include "tests/workunits/pinned.h"
#include "tests/workunits/pulsar/real_series.h"
#include "workunits/math/isa.h"
#include "workunits/math/twin.h"
#include "workunits/pulsar/significance.h"

namespace picube::pulsar {
namespace {

FourierPlan RealPlan() {
  FourierPlan plan;
  plan.length = 131'072;
  plan.first_bin = 21;
  plan.cuts.fill(30);
  return plan;
}

FourierPeak PeakAt(const FourierResult& result, std::uint32_t log2, double r) {
  FourierPeak found;
  for (const FourierPeak& peak : result.peaks[log2]) {
    const double at = peak.half_bin / (2.0 * (1U << log2));
    if (std::fabs(at - r) < 0.01) found = peak;
  }
  return found;
}

TEST(Fourier, PrestosCandidateIsFoundToItsDigits) {
  const auto values = test::RealSamples();
  if (!values) GTEST_SKIP() << "skipped: no data";
  FourierSearch search(RealPlan());
  const FourierResult result = search.Search(*values);
  const FourierPeak pulsar = PeakAt(result, 3, 131.1875);
  EXPECT_EQ(pulsar.half_bin, 2099U);
  EXPECT_NEAR(pulsar.power, 8981.08, 0.01);
  EXPECT_NEAR(Sigma(static_cast<double>(pulsar.power), 8, 8189), 133.50, 0.005);
  const FourierPeak noise = PeakAt(result, 3, 2.875);
  EXPECT_NEAR(noise.power, 1659243.45, 0.5);
  EXPECT_NEAR(Sigma(static_cast<double>(noise.power), 8, 8189), 1821.61, 0.005);
}

TEST(Fourier, WiderBlocksOfAnAcceleratedSearchGiveItsPower) {
  const auto values = test::RealSamples();
  if (!values) GTEST_SKIP() << "skipped: no data";
  FourierPlan plan = RealPlan();
  plan.block_bins = 938;
  plan.reach = 43;
  FourierSearch search(plan);
  const FourierPeak pulsar = PeakAt(search.Search(*values), 3, 131.1875);
  EXPECT_NEAR(pulsar.power, 9150.22, 0.01);
}

std::vector<float> Noise(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> x;
  for (std::size_t i = 0; i < count; ++i) {
    x.push_back(static_cast<float>(static_cast<double>(rng.Below(201)) - 100));
    if (i % 37 < 3) x.back() += 60;
  }
  return x;
}

FourierPlan SmallPlan() {
  FourierPlan plan;
  plan.length = 8192;
  plan.first_bin = 20;
  plan.sums = 5;
  plan.cuts.fill(12);
  return plan;
}

TEST(Fourier, PowersAgreeWithTheirTwin) {
  const std::vector<float> x = Noise(8000, 5);  // padded with zeros
  std::vector<math::twin::Complex> z(8192);
  std::copy(x.begin(), x.end(), z.begin());
  z = math::twin::Fft(std::move(z));
  std::vector<double> re;
  std::vector<double> im;
  for (std::size_t k = 0; k < 4096; ++k) {
    re.push_back(z[k].real());
    im.push_back(-z[k].imag());  // the other sign
  }
  const FourierPlan plan = SmallPlan();
  FourierSearch search(plan);
  static_cast<void>(search.Search(x));
  for (const std::uint32_t r : {40U, 41U, 443U, 1000U, 2023U, 3999U}) {
    const std::uint32_t block = 20 + (r / 2 - 20) / 992 * 992;
    const double judged = twin::PowerAt(re, im, plan, block, r);
    EXPECT_NEAR(static_cast<double>(search.Powers()[r]), judged, 1e-4 * judged + 1e-5) << r;
  }
}

TEST(Fourier, SumsAreThoseOfTheirHarmonics) {
  FourierSearch search(SmallPlan());
  const FourierResult result = search.Search(Noise(8192, 6));
  const auto q = search.Powers();
  for (std::uint32_t log2 = 0; log2 < kHarmonicSums; ++log2) {
    ASSERT_FALSE(result.peaks[log2].empty()) << log2;
    for (const FourierPeak& peak : result.peaks[log2]) {
      const std::uint32_t harmonics = 1U << log2;
      double sum = 0;
      for (std::uint32_t h = 1; h <= harmonics; ++h) {
        const double at = std::floor(static_cast<double>(peak.half_bin * h) / harmonics + 0.5);
        EXPECT_EQ(peak.parts[h - 1], q[static_cast<std::size_t>(at)]);
        sum += static_cast<double>(peak.parts[h - 1]);
      }
      EXPECT_NEAR(static_cast<double>(peak.power), sum, 1e-5 * sum);
    }
  }
}

TEST(Fourier, ConstantSeriesHasNoPeaks) {
  FourierSearch search(SmallPlan());
  const FourierResult result = search.Search(std::vector<float>(8192));
  for (const auto& peaks : result.peaks) EXPECT_TRUE(peaks.empty());
}

TEST(Fourier, BitsAreTheSameOnEveryMachine) {
  const std::vector<float> x = Noise(8192, 7);
  for (const math::Isa isa : math::IsasHere()) {
    const math::WithIsa with(isa);
    FourierSearch search(SmallPlan());
    std::uint64_t digest = search.Search(x).digest;
    for (const float q : search.Powers()) digest = Mix64(digest ^ std::bit_cast<std::uint32_t>(q));
    EXPECT_EQ(digest, test::Pinned("harmonic sums")) << Name(isa);
  }
}

}  // namespace
}  // namespace picube::pulsar
