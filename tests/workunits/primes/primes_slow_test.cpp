// What takes some seconds: near 2^64 a window needs all 203 million base primes.
#include <gtest/gtest.h>

#include "tests/workunits/primes/counted_cost.h"
#include "workunits/primes/sieve.h"

namespace picube {
namespace {

TEST(PrimesSlow, CostNearTwoToTheSixtyFourFollowsTheOperations) {
  constexpr std::uint64_t kEnd = 18'446'744'073'709'551'615U;
  constexpr std::uint64_t kFrom = kEnd - 1'000'000;
  EXPECT_NEAR(primes::EstimatedCost(kFrom, kEnd) / test::CountedCost(kFrom, kEnd), 1, 0.1);
}

// Large base primes, over several windows of a thread. Counts of primesieve 11.
TEST(PrimesSlow, FarIntervalsHaveTheirKnownCounts) {
  const std::pair<std::uint64_t, std::uint64_t> known[] = {{10000000000000000U, 5429044},
                                                           {1000000000000000000U, 4829026},
                                                           {18446744073500000000U, 4506877}};
  for (const auto& [from, count] : known) {
    for (const int threads : {1, 3}) {
      primes::Tally tally;
      EXPECT_TRUE(primes::TallyPrimes(
          from, from + 200'000'000, tally, [threads] { return threads; },
          [](std::uint64_t, const primes::Tally&) { return true; }));
      EXPECT_EQ(tally.count, count) << from << " " << threads;
    }
  }
}

TEST(PrimesSlow, PrimesBelowTenThousandMillion) {
  primes::Tally tally;
  EXPECT_TRUE(primes::TallyPrimes(
      0, 10'000'000'000, tally, [] { return 2; },
      [](std::uint64_t, const primes::Tally&) { return true; }));
  EXPECT_EQ(tally.count, 455'052'511U);
}

}  // namespace
}  // namespace picube
