#include "workunits/milkyway/likelihood.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/workunits/support.h"

namespace picube::milkyway {
namespace {

std::vector<Sums> AllRows(const Model& model, int threads = 2) {
  RowIntegral integral(model);
  std::vector<Sums> rows;
  for (std::uint64_t row = 0; row < RowsOf(model); ++row) {
    const RowAt at = RowOf(model, row);
    Sums& sums = rows.emplace_back(1 + model.streams.size());
    for (std::uint32_t mu = 0; mu < model.areas[at.area].mu.steps;) {
      mu = integral.Step(at, mu, threads, sums);
    }
  }
  return rows;
}

Values Evaluate(const Model& model, std::span<const Star> stars) {
  const auto integrals = JoinRows(model, AllRows(model));
  const Density density(model);
  const Likelihood likelihood(model, integrals);
  std::vector<BlockSums> blocks;
  for (std::size_t first = 0; first < stars.size(); first += kBlock) {
    const auto block = stars.subspan(first, std::min(kBlock, stars.size() - first));
    std::vector<double> densities(block.size() * density.Kinds());
    StarDensities(density, block, densities.data());
    blocks.push_back(likelihood.Block(densities, first));
  }
  return JoinBlocks(integrals, blocks, stars.size());
}

void ExpectNear(double value, double expected, double relative = 1e-12) {
  EXPECT_NEAR(value / expected, 1, relative) << value << " " << expected;
}

TEST(MilkyWay, StripeEightyTwoHasTheFiveNumbers) {
  PICUBE_NEEDS_DATA(file, "milkyway/stripe_82_eps.lua");
  PICUBE_NEEDS_DATA(list, "milkyway/stars-82_2.txt");
  const auto model = ReadModel(*file, "stripe_82_eps.lua");
  ASSERT_TRUE(model) << model.error().Text();
  const auto stars = ReadStars(*list, "stars");
  ASSERT_TRUE(stars) << stars.error().Text();
  const Values values = Evaluate(model->model, *stars);
  std::printf("%s", ProgramText(values).c_str());
  ExpectNear(values.background_integral, 0.000473269174304, 2e-12);
  ExpectNear(values.stream_integrals.at(0), 60.440141852252445);
  ExpectNear(values.background, -3.923585366455821);
  ExpectNear(values.stream_only.at(0), -8.516946700576103);
  ExpectNear(values.search, -3.470449504729997);
}

}  // namespace
}  // namespace picube::milkyway
