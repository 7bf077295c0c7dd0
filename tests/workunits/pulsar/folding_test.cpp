// The folding search on the real series of PSR B1804-08, beside riptide's numbers.
#include "workunits/pulsar/folding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "protocol/base/rng.h"
#include "tests/workunits/pulsar/real_series.h"
#include "workunits/math/isa.h"
#include "workunits/pulsar/twin.h"

namespace picube::pulsar {
namespace {

FoldPlan RealPlan() { return *MakeFoldPlan(0.00016384, 0.1, 2.0, 240, 260); }

TEST(Folding, RealSeriesIsFlattenedAndQuantisedAsItShould) {
  const auto values = test::RealSamples();
  if (!values) GTEST_SKIP() << "skipped: no data";
  const auto series = Quantise(test::FlatSeries(*values), 0, "GBT");
  ASSERT_TRUE(series);
  EXPECT_NEAR(series->sigma, 8.0047, 5e-5);
  // One more than with block means in float32.
  EXPECT_EQ(std::accumulate(series->samples.begin(), series->samples.end(), 0), -115);
  EXPECT_EQ(std::count_if(series->samples.begin(), series->samples.end(),
                          [](int q) { return q == 127 || q == -127; }),
            2);
}

TEST(Folding, FloatTwinFindsRiptidesBestTrial) {
  const auto values = test::RealSamples();
  if (!values) GTEST_SKIP() << "skipped: no data";
  const auto found = twin::SearchFloats(RealPlan(), test::FlatSeries(*values));
  EXPECT_EQ(found.trials, 50'016U);
  EXPECT_NEAR(found.best.snr, 256.3685, 1e-3);
  EXPECT_NEAR(found.best.period, 0.163714071, 1e-9);
  EXPECT_EQ(found.best.width, 13U);
  EXPECT_EQ(found.best.bins, 258U);
  EXPECT_EQ(found.best.stage, 5U);
}

TEST(Folding, IntegersFindTheSameTrial) {
  const auto values = test::RealSamples();
  if (!values) GTEST_SKIP() << "skipped: no data";
  const auto series = Quantise(test::FlatSeries(*values), 0, "GBT");
  const FoldPlan plan = RealPlan();
  FoldSearch search(plan, series->samples, series->sigma, 6);
  std::uint64_t trials = 0;
  Found best;
  for (const StageResult& stage : search.Search(0, plan.stages, 1, [](double) { return true; })) {
    trials += stage.trials;
    if (Before(stage.best, best)) best = stage.best;
  }
  EXPECT_EQ(trials, 50'016U);
  EXPECT_NEAR(best.snr, 256.283, 1e-3);
  EXPECT_NEAR(PeriodOf(plan, series->samples.size(), best.trial), 0.163714071, 1e-9);
  EXPECT_EQ(best.trial.width, 13U);
  EXPECT_EQ(best.trial.bins, 258U);
  EXPECT_EQ(best.trial.stage, 5U);
}

}  // namespace
}  // namespace picube::pulsar
