// The five scheduling policies, alone and through asks.
#include "server/core/policy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/server_core/driver.h"

namespace picube::test {
namespace {

GridOptions With(PolicyKind kind) {
  GridOptions options = Driver::DefaultOptions();
  options.policy = kind;
  return options;
}

TEST(RoundRobinPolicy, GivesOneUnitAndTakesHostsInTurn) {
  const auto policy = MakePolicy(PolicyKind::kRoundRobin, 120s);
  EXPECT_EQ(policy->ShareOf({}, 16).units, 1U);
  EXPECT_LT(policy->Rank({.last_turn = 3}), policy->Rank({.last_turn = 9}));
  Driver grid(With(PolicyKind::kRoundRobin));
  const HostId a = grid.Join("a", "ann");
  const HostId b = grid.Join("b", "ben");
  grid.Batch(1);
  grid.Return(a, grid.Ask(a).at(0).lease, "x");
  grid.Ask(a, 4, 60'000);
  grid.Ask(b, 4, 60'000);
  grid.Batch(1);
  EXPECT_EQ(grid.Last<Assign>(a), nullptr) << "it was a's turn before";
  EXPECT_NE(grid.Last<Assign>(b), nullptr);
}

TEST(WeightedPolicy, GivesInProportionToTheWeight) {
  GridOptions options = With(PolicyKind::kWeighted);
  options.weights = {{"big", 5}};
  Driver grid(options);
  const HostId big = grid.Join("big", "ann");
  const HostId small = grid.Join("small", "ann");
  grid.Batch(100);
  EXPECT_EQ(grid.Ask(big, 16).size(), 5U);
  EXPECT_EQ(grid.Ask(small, 16).size(), 1U);
  const auto policy = MakePolicy(PolicyKind::kWeighted, 120s);
  EXPECT_EQ(policy->Rank({.weight = 5, .served = 10}), policy->Rank({.weight = 1, .served = 2}));
}

TEST(LeastLeasesPolicy, PrefersWhoHasFewestAndFillsTwoACore) {
  const auto policy = MakePolicy(PolicyKind::kLeastLeases, 120s);
  EXPECT_LT(policy->Rank({.leases_out = 1}), policy->Rank({.leases_out = 2}));
  EXPECT_EQ(policy->ShareOf({.cores = 4, .leases_out = 6}, 16).units, 2U);
  EXPECT_EQ(policy->ShareOf({.cores = 4, .leases_out = 8}, 16).units, 0U);
  Driver grid(With(PolicyKind::kLeastLeases));
  const HostId a = grid.Join("a", "ann");
  const HostId b = grid.Join("b", "ben");
  grid.Batch(3);
  EXPECT_EQ(grid.Ask(a, 3).size(), 3U);
  grid.Ask(a, 1, 60'000);
  grid.Ask(b, 1, 60'000);
  grid.Batch(1);
  EXPECT_EQ(grid.Last<Assign>(a), nullptr);
  EXPECT_NE(grid.Last<Assign>(b), nullptr);
}

TEST(LoadPolicy, PrefersTheIdleAndGivesForIdleCores) {
  const auto policy = MakePolicy(PolicyKind::kLoad, 120s);
  EXPECT_LT(policy->Rank({.load_permille = 100}), policy->Rank({.load_permille = 900}));
  EXPECT_EQ(policy->ShareOf({.cores = 4, .load_permille = 500}, 16).units, 2U);
  EXPECT_EQ(policy->ShareOf({.cores = 4, .load_permille = 2000}, 16).units, 1U);
  Driver grid(With(PolicyKind::kLoad));
  const HostId pi = grid.Join("pi", "ann");
  grid.Batch(16);
  Heartbeat beat;
  beat.readings.load_permille = 250;
  grid.From(pi, beat);
  EXPECT_EQ(grid.Ask(pi, 16).size(), 3U);
}

TEST(AdaptivePolicy, GivesWorkForTwoMinutesAtTheMeasuredSpeed) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  grid.Batch(500);
  const auto first = grid.Ask(pi, 64);
  EXPECT_EQ(first.size(), 4U) << "one unit a free slot while nothing is measured";
  for (const LeaseOffer& offer : first) {
    Report report;
    report.results.push_back(Driver::ResultOf(offer.lease, "x"));
    report.results[0].cost.wall_ms = 10'000;
    grid.Send(pi, report, true);
  }
  EXPECT_EQ(grid.Ask(pi, 64).size(), 12U) << "12 units of 10 s";
}

TEST(AdaptivePolicy, GivesNothingToWhoHasEnough) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  grid.Batch(5);
  AskWork ask = Driver::AskFor(4);
  ask.held_ms = 130'000;
  grid.From(pi, ask);
  ASSERT_NE(grid.Last<NoWork>(pi), nullptr);
  EXPECT_EQ(grid.Last<NoWork>(pi)->reason, NoWorkReason::kEnoughHeld);
}

TEST(AdaptivePolicy, UnitsOfNoCostAreBoundedByTheAskAlone) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  grid.Batch(500, 1, 1);
  for (const LeaseOffer& offer : grid.Ask(pi, 1)) {
    Report report;
    report.results.push_back(Driver::ResultOf(offer.lease, ""));
    report.results[0].cost.wall_ms = 0;
    grid.Send(pi, report, true);
  }
  EXPECT_EQ(grid.Ask(pi, 64).size(), 64U);
}

// The host's own readings, as of now.
void Reads(Driver& grid, HostId host, Readings readings) {
  grid.From(host, Heartbeat{.alive = {}, .readings = std::move(readings), .paused_why = {}});
}

// The host computes one unit, in ten seconds.
void ComputeOne(Driver& grid, HostId host) {
  UnitResult result = Driver::ResultOf(grid.Ask(host, 1).at(0).lease, "x");
  result.cost.wall_ms = 10'000;
  grid.Send(host, Report{.results = {result}}, true);
}

TEST(AdaptivePolicy, AHotNodeGetsLessAndACoolOneMore) {
  const auto policy = MakePolicy(PolicyKind::kAdaptive, 120s);
  EXPECT_EQ(policy->ShareOf({.outlook = 0.5}, 16).seconds, 60);
  EXPECT_EQ(policy->ShareOf({.outlook = 1.5}, 16).seconds, 180);
  // Through asks: units of 10 s each at the measured speed.
  Driver grid(With(PolicyKind::kAdaptive));
  const HostId hot = grid.Join("hot", "ann");
  const HostId cool = grid.Join("cool", "ben");
  grid.Batch(200, 1, 1e10);
  for (const HostId host : {hot, cool}) ComputeOne(grid, host);
  Reads(grid, hot, {.outlook_permille = 500});
  Reads(grid, cool, {.outlook_permille = 1500});
  EXPECT_EQ(grid.Ask(hot, 32).size(), 6U);
  EXPECT_EQ(grid.Ask(cool, 32).size(), 18U);
}

TEST(AdaptivePolicy, WhatAHostSaysOfItsOutlookIsBounded) {
  Driver grid(With(PolicyKind::kAdaptive));
  const HostId boaster = grid.Join("boaster", "ann");
  grid.Batch(2000, 1, 1e10);
  ComputeOne(grid, boaster);
  Reads(grid, boaster, {.outlook_permille = 4'000'000'000});
  EXPECT_EQ(grid.Ask(boaster, 64).size(), 24U) << "twice as much, no more";
}

TEST(AdaptivePolicy, GivesLessWhileTheFirmwareThrottles) {
  Driver grid(With(PolicyKind::kAdaptive));
  const HostId host = grid.Join("pi", "ann");
  grid.Batch(200, 1, 1e10);
  ComputeOne(grid, host);
  Reads(grid, host, {.throttle_flags = 4});
  EXPECT_EQ(grid.Ask(host, 32).size(), 9U);
  const Answer answer = grid.grid->ExplainHost(host, grid.moment.now);
  const auto slowed = [](const Reason& reason) { return reason.code == "slowed"; };
  ASSERT_TRUE(std::ranges::any_of(answer.reasons, slowed));
  EXPECT_NE(std::ranges::find_if(answer.reasons, slowed)->text.find("too hot"), std::string::npos);
}

GridOptions Capped(double watts) {
  GridOptions options = With(PolicyKind::kAdaptive);
  options.sites = {{.name = "lab", .hosts = {"a", "b", "c"}, .owners = {}, .watts = watts}};
  return options;
}

TEST(PowerCap, OnlySoManyHostsOfASiteComputeAtOnce) {
  Driver grid(Capped(13));
  const HostId a = grid.Join("a", "ann");
  const HostId b = grid.Join("b", "ann");
  const HostId c = grid.Join("c", "ann");
  const HostId elsewhere = grid.Join("d", "ben");
  EXPECT_EQ(grid.Info(a).site, "lab");
  EXPECT_EQ(grid.Info(elsewhere).site, "");
  grid.Batch(100);
  for (const HostId host : {a, b, c, elsewhere}) Reads(grid, host, {.milliwatts = 1400});
  // An idle 3B may take 4.9 W when busy: two such and an idle one are 11.2 W, three are 14.7 W.
  const auto first = grid.Ask(a, 1);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(grid.Ask(b, 1).size(), 1U);
  EXPECT_EQ(grid.Ask(c, 1).size(), 0U);
  ASSERT_NE(grid.Last<NoWork>(c), nullptr);
  EXPECT_EQ(grid.Last<NoWork>(c)->reason, NoWorkReason::kPowerCap);
  EXPECT_EQ(grid.Ask(elsewhere, 1).size(), 1U);
  // When they have said that they take 3.7 W there is room for all three.
  for (const HostId host : {a, b}) Reads(grid, host, {.milliwatts = 3700});
  EXPECT_EQ(grid.Ask(c, 1).size(), 1U);
  for (const HostId host : {a, b, c}) Reads(grid, host, {.milliwatts = 3700});
  EXPECT_EQ(grid.Ask(a, 1).size(), 1U) << "who computes goes on";
}

TEST(PowerCap, HostsThatSayNothingOfTheirWattsAreNotHeldBack) {
  Driver grid(Capped(1));
  const HostId a = grid.Join("a", "ann");
  grid.Batch(10);
  EXPECT_EQ(grid.Ask(a, 1).size(), 1U);
}

TEST(Energy, IsSummedForHostAndBatchAndOutlivesARestart) {
  Driver grid(With(PolicyKind::kAdaptive));
  const HostId a = grid.Join("a", "ann");
  const BatchId batch = grid.Batch(3);
  const auto leases = grid.Ask(a, 3);
  for (const LeaseOffer& lease : leases) {
    UnitResult result = Driver::ResultOf(lease.lease, "x" + std::to_string(lease.lease.value));
    result.cost.millijoules = 5000;
    result.cost.marginal_millijoules = 2000;
    result.cost.energy_source = lease.lease == leases[0].lease   ? EnergySource::kIna
                                : lease.lease == leases[1].lease ? EnergySource::kModel
                                                                 : EnergySource::kNone;
    grid.Send(a, Report{.results = {result}}, true);
  }
  const EnergySums expected{
      .results = 2, .millijoules = 10'000, .marginal_millijoules = 4000, .sources = 2 | 4};
  EXPECT_EQ(grid.Info(a).energy, expected);
  EXPECT_EQ(grid.Info(batch).energy, expected);
  grid.Restart();
  EXPECT_EQ(grid.Info(a).energy, expected);
  EXPECT_EQ(grid.RestoredFromSnapshot()->DescribeHost(a, grid.moment.now)->energy, expected);
}

TEST(AdaptivePolicy, PrefersTheBatchWhoseDataTheHostHolds) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  Submit submit;
  submit.application = "count";
  submit.files = {{"a", {DigestOf("a"), 10}}};
  grid.Split(grid.Submit(submit), 10, true);
  submit.files = {{"b", {DigestOf("b"), 10}}};
  const BatchId held = grid.Submit(submit);
  grid.Split(held, 10, true);
  AskWork ask = Driver::AskFor(1);
  ask.cached_blobs = {DigestOf("b")};
  grid.From(pi, ask);
  EXPECT_EQ(grid.Last<Assign>(pi)->terms.at(0).batch, held);
}

TEST(AdaptivePolicy, BigUnitsGoToFastHostsAndSmallOnesToSlowHosts) {
  Driver grid;
  const HostId fast = grid.Join("fast", "ann");
  const HostId slow = grid.Join("slow", "ben");
  grid.Batch(2);
  const auto measure = [&](HostId host, std::uint64_t wall_ms) {
    Report report;
    report.results.push_back(Driver::ResultOf(grid.Ask(host, 1).at(0).lease, "x"));
    report.results[0].cost.wall_ms = wall_ms;
    grid.Send(host, report, true);
  };
  measure(fast, 100);
  measure(slow, 10'000);
  const BatchId batch = grid.Submit([] {
    Submit submit;
    submit.application = "count";
    return submit;
  }());
  SplitStep step{batch, {}, true};
  for (const double cost : {3e9, 1e9, 9e9, 2e9}) step.units.push_back({"", cost, 1, 1});
  grid.Step(step);
  EXPECT_EQ(grid.Ask(slow, 1).at(0).cost_flop, 1e9);
  EXPECT_EQ(grid.Ask(fast, 1).at(0).cost_flop, 9e9);
}

TEST(AnyPolicy, AUnitTooBigForTheHostIsLeftForOthers) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Submit([] {
    Submit submit;
    submit.application = "count";
    return submit;
  }());
  SplitStep step{batch, {}, true};
  step.units.push_back({"", 1e9, 8ULL << 30, 1});
  grid.Step(step);
  EXPECT_TRUE(grid.Ask(pi).empty());
  EXPECT_EQ(grid.Last<NoWork>(pi)->reason, NoWorkReason::kTooBig);
  grid.facts.memory_bytes = 16ULL << 30;
  grid.Connect(pi);
  EXPECT_EQ(grid.Ask(pi).size(), 1U) << "it has more memory now";
}

TEST(AnyPolicy, AHostWithoutTheVersionGetsNothing) {
  Driver grid;
  grid.facts.applications = {{"count", 2}};
  const HostId pi = grid.Join("pi", "ann");
  grid.Batch(1);
  EXPECT_TRUE(grid.Ask(pi).empty());
  EXPECT_EQ(grid.Last<NoWork>(pi)->reason, NoWorkReason::kNoApplication);
}

}  // namespace
}  // namespace picube::test
