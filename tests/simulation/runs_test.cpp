// Whole runs of the real cores: saved ones, new ones, and that a run is the same every time.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "simulation/compare.h"
#include "simulation/saved_seeds.h"
#include "simulation/scenario.h"
#include "simulation/world.h"

namespace picube::sim {
namespace {

constexpr std::uint64_t kSeeds = 200;
constexpr std::uint64_t kBlocks = 8;  // so that several processors share them

// PICUBE_SIM_SEEDS: how many seeds are played; builds with sanitizers are slow.
std::uint64_t SeedsWanted() {
  const char* text = std::getenv("PICUBE_SIM_SEEDS");
  if (text == nullptr) return kSeeds;
  return std::strtoull(text, nullptr, 10);
}

constexpr std::uint64_t kFreshSeeds = 8;

// PICUBE_SIM_FRESH: the first of the fresh seeds. Without it they change with the day, far above
// those that are played every time.
std::uint64_t FirstFreshSeed() {
  if (const char* text = std::getenv("PICUBE_SIM_FRESH")) return std::strtoull(text, nullptr, 10);
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return 1'000'000 + 1000 * static_cast<std::uint64_t>(today.time_since_epoch().count());
}

RunCounts ExpectSound(const SimOptions& options) {
  const Scenario scenario = MakeScenario(options);
  const std::string replay = "replay: ./dev sim --seed " + std::to_string(options.seed) +
                             " --profile " + std::string(Name(scenario.profile)) +
                             (options.colluders ? " --colluders" : "");
  // A check of a core ends the process: say before which run it was.
  std::fprintf(stderr, "%s\n", replay.c_str());
  const RunResult result = Play(scenario);
  EXPECT_EQ(result.failure, "") << replay;
  return result.counts;
}

class Seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, EveryRuleHoldsAndEverythingEnds) {
  for (std::uint64_t seed = 1 + GetParam(); seed <= SeedsWanted(); seed += kBlocks) {
    ExpectSound({.seed = seed});
  }
}
INSTANTIATE_TEST_SUITE_P(Simulation, Seeds, testing::Range<std::uint64_t>(0, kBlocks));

// A few that nobody has played: a failure prints the command that plays it again.
TEST(Simulation, FreshSeedsHoldToo) {
  const std::uint64_t first = FirstFreshSeed();
  for (std::uint64_t i = 0; i < std::min(kFreshSeeds, SeedsWanted()); ++i) {
    ExpectSound({.seed = first + i});
  }
}

TEST(Simulation, SavedSeedsHoldAndGiveTheirPinnedLogs) {
  const auto seeds = ReadSeeds(PICUBE_SEEDS_FILE);
  ASSERT_TRUE(seeds.has_value()) << seeds.error().Text();
  ASSERT_FALSE(seeds->empty());
  for (const SavedSeed& seed : *seeds) {
    const RunResult result = Play(MakeScenario(seed.Options()));
    EXPECT_EQ(result.failure, "") << "seed " << seed.seed << ": " << seed.why;
    if (!seed.log_hash) continue;
    EXPECT_EQ(result.log_hash, *seed.log_hash)
        << "seed " << seed.seed << " gave another event log. If the change of the rules is meant:"
        << " ./dev sim --pin simulation/seeds.txt";
  }
}

TEST(Simulation, SameSeedGivesTheSameLog) {
  const Scenario scenario = MakeScenario({.seed = 11, .profile = Profile::kCrashy});
  const RunResult first = Play(scenario);
  const RunResult second = Play(scenario);
  EXPECT_EQ(first.log_hash, second.log_hash);
  EXPECT_EQ(first.counts, second.counts);
  EXPECT_NE(first.log_hash, Play(MakeScenario({.seed = 12})).log_hash);
}

TEST(Simulation, HowOftenIsCheckedChangesNothing) {
  SimOptions options{.seed = 13};
  const std::uint64_t hash = Play(MakeScenario(options)).log_hash;
  options.check_every = 50;
  EXPECT_EQ(Play(MakeScenario(options)).log_hash, hash);
}

TEST(Simulation, LiarsOfAQuorumOfTwoAreBelievedOnlyIfTheyCollude) {
  std::uint64_t believed = 0;
  for (std::uint64_t seed = 300; seed < 304; ++seed) {
    const SimOptions alone{.seed = seed, .profile = Profile::kHostile};
    EXPECT_EQ(ExpectSound(alone).wrong, 0U) << "seed " << seed;
    SimOptions together = alone;
    together.colluders = true;
    believed += ExpectSound(together).wrong;
  }
  EXPECT_GT(believed, 0U) << "liars who agree were never believed: the judge sees no lies";
}

TEST(Simulation, CalmRunsLoseNoLease) {
  const RunResult result = Play(MakeScenario({.seed = 21, .profile = Profile::kCalm}));
  EXPECT_EQ(result.failure, "");
  EXPECT_EQ(result.counts.leases_lost, 0U);
  EXPECT_EQ(result.counts.server_starts, 1U);
  EXPECT_EQ(result.counts.wrong, 0U);
}

TEST(Policies, AllOfThemFinishTheSameWork) {
  const SimOptions options{.seed = 1, .units = 300};
  const auto runs = ComparePolicies(options);
  ASSERT_EQ(runs.size(), 5U);
  for (const PolicyRun& run : runs) {
    EXPECT_EQ(run.result.failure, "") << PolicyName(run.policy);
    EXPECT_EQ(run.result.counts.settled, 300U) << PolicyName(run.policy);
  }
}

}  // namespace
}  // namespace picube::sim
