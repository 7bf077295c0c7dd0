// The parts of the simulator that are not the grid: chance, time, logs, scenarios, saved seeds.
#include <gtest/gtest.h>

#include <vector>

#include "simulation/dice.h"
#include "simulation/event_log.h"
#include "simulation/event_queue.h"
#include "simulation/payload.h"
#include "simulation/saved_seeds.h"
#include "simulation/scenario.h"

namespace picube::sim {
namespace {

TEST(EventQueue, RunsInOrderOfTimeAndThenOfArrival) {
  EventQueue queue;
  std::vector<int> ran;
  queue.At(Instant{20}, [&] { ran.push_back(3); });
  queue.At(Instant{10}, [&] { ran.push_back(1); });
  queue.At(Instant{10}, [&] { ran.push_back(2); });
  while (queue.RunNext(Instant{100})) {
  }
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue.Now(), Instant{100});
}

TEST(EventQueue, LeavesWhatIsDueLater) {
  EventQueue queue;
  bool ran = false;
  queue.At(Instant{20}, [&] { ran = true; });
  EXPECT_FALSE(queue.RunNext(Instant{19}));
  EXPECT_FALSE(ran);
  EXPECT_TRUE(queue.RunNext(Instant{20}));
  EXPECT_TRUE(ran);
}

TEST(EventLog, HashIsTheSameOnEveryMachine) {
  EventLog log(nullptr);
  log.Add(Instant{1'234'567}, "pi1", "boots");
  log.Add(Instant{1'234'568}, "server", "row 1");
  EXPECT_EQ(log.Lines(), 2U);
  EXPECT_EQ(log.Hash(), 8824394869509814502U);
}

TEST(EventLog, OrderOfLinesMatters) {
  EventLog one(nullptr);
  one.Add(Instant{1}, "a", "x");
  one.Add(Instant{1}, "b", "x");
  EventLog other(nullptr);
  other.Add(Instant{1}, "b", "x");
  other.Add(Instant{1}, "a", "x");
  EXPECT_NE(one.Hash(), other.Hash());
}

TEST(Dice, PartsDoNotShiftEachOther) {
  Rng first = RngFor(7, 1);
  const std::uint64_t alone = RngFor(7, 2).Next();
  for (int i = 0; i < 100; ++i) first.Next();
  EXPECT_EQ(RngFor(7, 2).Next(), alone);
  EXPECT_NE(RngFor(8, 2).Next(), alone);
}

TEST(Scenario, AnOptionChangesItsOwnNumberOnly) {
  SimOptions options{.seed = 5};
  const Scenario drawn = MakeScenario(options);
  options.policy = PolicyKind::kLoad;
  const Scenario chosen = MakeScenario(options);
  EXPECT_EQ(chosen.policy, PolicyKind::kLoad);
  EXPECT_EQ(chosen.profile, drawn.profile);
  EXPECT_EQ(chosen.storm, drawn.storm);
  ASSERT_EQ(chosen.hosts.size(), drawn.hosts.size());
  EXPECT_EQ(chosen.hosts.back().flop_per_second, drawn.hosts.back().flop_per_second);
  ASSERT_EQ(chosen.batches.size(), drawn.batches.size());
  EXPECT_EQ(chosen.batches.back().units, drawn.batches.back().units);
}

TEST(Scenario, HasTheHostsAndUnitsAskedFor) {
  const Scenario scenario = MakeScenario({.seed = 9, .hosts = 20, .units = 77});
  EXPECT_EQ(scenario.hosts.size(), 20U);
  std::uint64_t units = 0;
  for (const BatchNature& batch : scenario.batches) units += batch.units;
  EXPECT_EQ(units, 77U);
}

TEST(Payload, UnitComesBackFromItsParameters) {
  const Scenario scenario = MakeScenario({.seed = 3});
  const UnitNature unit = MakeUnit(scenario, 0, 1);
  const auto decoded = DecodeUnit(EncodeUnit(unit));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->flop, unit.flop);
  EXPECT_EQ(decoded->payload_bytes, unit.payload_bytes);
  EXPECT_FALSE(DecodeUnit("short").has_value());
}

TEST(Payload, LiesDifferFromTheTruthAndFromEachOther) {
  const Scenario scenario = MakeScenario({.seed = 3});
  const Bytes parameters = EncodeUnit(MakeUnit(scenario, 0, 0));
  EXPECT_NE(HonestPayload(parameters), ForgedPayload(parameters, 1));
  EXPECT_NE(ForgedPayload(parameters, 2), ForgedPayload(parameters, 1));
  EXPECT_EQ(ForgedPayload(parameters, 1), ForgedPayload(parameters, 1));
}

TEST(SavedSeeds, ComeBackFromTheirText) {
  const auto seeds =
      ParseSeeds("# a comment\n17 crashy 00000000000000ff why it is kept\n4 - - x\n");
  ASSERT_TRUE(seeds.has_value());
  ASSERT_EQ(seeds->size(), 2U);
  EXPECT_EQ(seeds->front().log_hash, 255U);
  EXPECT_EQ(seeds->front().profile, Profile::kCrashy);
  EXPECT_EQ(seeds->front().why, "why it is kept");
  const auto again = ParseSeeds(SeedsText(*seeds));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->front().log_hash, seeds->front().log_hash);
  EXPECT_EQ(again->back().why, "x");
}

TEST(SavedSeeds, AWrongLineIsNamed) {
  const auto seeds = ParseSeeds("1 - - fine\nnonsense\n");
  ASSERT_FALSE(seeds.has_value());
  EXPECT_NE(seeds.error().what.find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace picube::sim
