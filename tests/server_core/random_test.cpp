// Random lives of a grid, judged by the naive twin; equality after restore.
#include <gtest/gtest.h>

#include <vector>

#include "protocol/base/rng.h"
#include "tests/server_core/random_run.h"

namespace picube::test {
namespace {

std::vector<std::uint8_t> Choices(std::uint64_t seed, std::size_t size) {
  Rng rng(seed);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng.Below(256));
  return bytes;
}

TEST(RandomRun, ObeysTheNaiveTwin) {
  RunFigures sum;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const RunFigures run = RandomRun(Choices(seed, 6000), /*compare_restored=*/false);
    sum.granted += run.granted;
    sum.settled += run.settled;
    sum.failed += run.failed;
    sum.restarts += run.restarts;
  }
  // The runs are worth something only if units live and die in them.
  EXPECT_GT(sum.granted, 5000U);
  EXPECT_GT(sum.settled, 1000U);
  EXPECT_GT(sum.failed, 10U);
  EXPECT_GT(sum.restarts, 20U);
}

TEST(RandomRun, IsRestoredToTheSameStateAfterEachStep) {
  for (std::uint64_t seed = 101; seed <= 110; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun(Choices(seed, 1500), /*compare_restored=*/true);
  }
}

TEST(RandomRun, IsTheSameForTheSameChoices) {
  const auto choices = Choices(5, 3000);
  const RunFigures first = RandomRun(choices, false);
  const RunFigures second = RandomRun(choices, false);
  EXPECT_EQ(first.steps, second.steps);
  EXPECT_EQ(first.granted, second.granted);
  EXPECT_EQ(first.settled, second.settled);
}

}  // namespace
}  // namespace picube::test
