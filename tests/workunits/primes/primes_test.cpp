#include <gtest/gtest.h>

#include "tests/workunits/primes/counted_cost.h"
#include "tests/workunits/support.h"
#include "workunits/primes/badge.h"
#include "workunits/primes/primes.h"
#include "workunits/primes/sieve.h"

namespace picube {
namespace {

using primes::Tally;

Tally Sieve(std::uint64_t from, std::uint64_t to, int threads = 1) {
  Tally tally;
  EXPECT_TRUE(primes::TallyPrimes(
      from, to, tally, [threads] { return threads; },
      [](std::uint64_t, const Tally&) { return true; }));
  return tally;
}

TEST(Primes, SmallRangesAgreeWithTrialDivision) {
  for (std::uint64_t from = 0; from < 12; ++from) {
    for (std::uint64_t to = from + 1; to < 140; ++to) {
      ASSERT_EQ(Sieve(from, to), primes::twin::Count(from, to)) << from << " " << to;
    }
  }
  EXPECT_EQ(Sieve(999'983, 1'000'004), primes::twin::Count(999'983, 1'000'004));
}

TEST(Primes, KnownCounts) {
  EXPECT_EQ(Sieve(0, 1'000'000), (Tally{78'498, 37'550'402'023, 0x27893}));
  EXPECT_EQ(Sieve(0, 10'000'000), (Tally{664'579, 3'203'324'994'356, 0x274a26}));
  EXPECT_EQ(Sieve(1'000'000'000, 1'001'000'000), (Tally{48'155, 48'179'107'682'461, 0x3b94a257}));
  EXPECT_EQ(Sieve(4'294'467'296, 4'295'467'296), (Tally{44'921, 192'934'258'415'033, 0xfff8bfd5}));
  EXPECT_EQ(Sieve(1'000'000'000'000, 1'000'001'000'000),
            (Tally{36'249, 36'249'018'122'131'905, 0xe8d4a0ee7d}));
}

// Windows of every width, and every way to hand base primes to them.
TEST(Primes, EveryNumberOfThreadsGivesTheSameTally) {
  for (const std::uint64_t from : {0ULL, 999'999'000'001ULL, 9'000'000'000'000'000ULL}) {
    const std::uint64_t to = from + 20'000'003;
    const Tally one = Sieve(from, to);
    for (const int threads : {2, 3, 4, 7}) EXPECT_EQ(Sieve(from, to, threads), one) << threads;
    const std::uint64_t middle = from + 7'000'001;
    Tally two = Sieve(from, middle);
    two += Sieve(middle, to);
    EXPECT_EQ(two, one);
  }
}

TEST(Primes, LastPrimeBelowTwoToTheSixtyFour) {
  // Crossing out needs every prime below 2^32, so only the arithmetic at the edge is tried here.
  primes::Window window;
  window.Start(18'446'744'073'709'551'556U, 18'446'744'073'709'551'558U);
  window.CrossOut({});
  EXPECT_EQ(window.Count().sum, 18'446'744'073'709'551'557U);
  EXPECT_EQ(primes::IntegerRoot(18'446'744'073'709'551'615U), 4'294'967'295U);
}

// Counted, not timed: what a unit is said to cost is what it costs, wherever it lies.
TEST(Primes, CostOfAUnitFollowsItsOperations) {
  const auto application = MakePrimesApplication();
  constexpr std::uint64_t kMillion = 1'000'000;
  constexpr std::uint64_t kFar = kMillion * kMillion;
  for (const auto& [from, to] :
       {std::pair{std::uint64_t{0}, 1000 * kMillion}, std::pair{std::uint64_t{0}, kMillion},
        std::pair{kFar, kFar + 100 * kMillion},
        std::pair{1000 * kFar, 1000 * kFar + 10 * kMillion}}) {
    const auto units = test::AllUnits(
        *application, {},
        {{"from", std::to_string(from)}, {"to", std::to_string(to)}, {"units", "1"}});
    ASSERT_EQ(units.size(), 1U);
    EXPECT_NEAR(units[0].cost_flop / (primes::kFlopPerOperation * test::CountedCost(from, to)), 1,
                0.1)
        << from;
  }
}

TEST(Primes, CostOfASmallUnitIsPositive) {
  for (std::uint64_t from = 0; from < 12'000; from += 97) {
    for (const std::uint64_t width : {1, 10, 200, 11'000}) {
      EXPECT_GT(primes::EstimatedCost(from, from + width), 0) << from << " " << width;
    }
  }
}

TEST(Primes, EventOfTheBadgeCountsThePrimesThatItShould) {
  EXPECT_EQ(primes::BadgeEvent(10'000), 1228U);
  EXPECT_EQ(primes::BadgeEvent(20'000), 2261U);
}

TEST(Primes, MoreThreadsThanThereMayBeAreNoHarm) {
  EXPECT_EQ(Sieve(0, 10'000'000, 1000), Sieve(0, 10'000'000));
}

TEST(Primes, EverySplitAndNumberOfThreadsGivesTheSameTotal) {
  const auto application = MakePrimesApplication();
  std::string total;
  for (const char* units : {"1", "3", "17"}) {
    const test::Folder out;
    const auto product = test::RunAll(
        *application, {}, {{"from", "1"}, {"to", "20000000"}, {"units", units}}, 3, out.Path());
    ASSERT_EQ(product.size(), 3U);
    EXPECT_EQ(product[0].what, "1270607 primes in [1, 20000000)");
    const std::string text = test::ReadText(out.Path() / "total.csv");
    if (total.empty()) total = text;
    EXPECT_EQ(text, total);
  }
}

TEST(Primes, StoppedUnitGoesOnFromItsCheckpoint) {
  const auto application = MakePrimesApplication();
  const auto units = test::AllUnits(*application, {}, {{"to", "400000000"}, {"units", "1"}});
  test::TestContext plain(1);
  const auto whole = std::get<Bytes>(application->Compute({units[0].parameters, {}}, plain));
  test::TestContext context(1);
  context.StopAtPause(5);
  auto outcome = application->Compute({units[0].parameters, {}}, context);
  ASSERT_TRUE(std::holds_alternative<Stopped>(outcome));
  EXPECT_GT(context.LastFraction(), 0);
  context.StopAtPause(0);
  outcome = application->Compute({units[0].parameters, {}}, context);
  EXPECT_EQ(std::get<Bytes>(outcome), whole);
}

TEST(Primes, BadRangesAreRefused) {
  const auto application = MakePrimesApplication();
  const auto error = [&](const Parameters& parameters) {
    const auto source = application->Split({}, parameters);
    return source ? std::string() : source.error().Text();
  };
  EXPECT_NE(error({}).find("--to is missing"), std::string::npos) << error({});
  EXPECT_NE(error({{"from", "10"}, {"to", "10"}}).find("empty"), std::string::npos);
  EXPECT_NE(error({{"from", "-1"}, {"to", "10"}}).find("--from"), std::string::npos);
  EXPECT_NE(error({{"to", "18446744073709551616"}}).find("--to"), std::string::npos);
  EXPECT_NE(error({{"to", "10"}, {"units", "0"}}).find("--units"), std::string::npos);
  EXPECT_NE(error({{"to", "10"}, {"unit", "1"}}).find("--unit"), std::string::npos);
}

TEST(Primes, EveryFileOfAPartialProductSaysWhatIsMissing) {
  const auto application = MakePrimesApplication();
  const test::Folder out;
  auto merger = application->StartMerge({}, {{"to", "100"}, {"units", "4"}}, out.Path());
  ASSERT_TRUE(merger);
  const auto product = (*merger)->Finish(/*missing=*/3);
  ASSERT_TRUE(product);
  ASSERT_EQ(product->size(), 3U);
  for (const MergedFile& file : *product) {
    EXPECT_NE(file.what.find("3 units are missing (of 4)"), std::string::npos) << file.what;
  }
  EXPECT_EQ(test::ReadText(out.Path() / "total.csv"),
            "from,to,count,sum,xor,missing_units\n0,100,0,0,0,3\n");
  EXPECT_NE(test::ReadText(out.Path() / "primes.svg").find("3 units are missing"),
            std::string::npos);
}

TEST(Primes, MoreUnitsThanNumbersIsNoHarm) {
  const auto application = MakePrimesApplication();
  const test::Folder out;
  const auto product = test::RunAll(
      *application, {}, {{"from", "5"}, {"to", "12"}, {"units", "1000"}}, 1, out.Path());
  EXPECT_EQ(product.at(0).what, "3 primes in [5, 12)");
}

}  // namespace
}  // namespace picube
