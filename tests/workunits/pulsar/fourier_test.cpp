// The Fourier search on the real series of PSR B1804-08, beside PRESTO's numbers.
#include "workunits/pulsar/fourier.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <complex>

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

}  // namespace
}  // namespace picube::pulsar
