// Replication: when results agree, disagree, repeat, or come late.
#include <gtest/gtest.h>

#include "tests/server_core/driver.h"

namespace picube::test {
namespace {

TEST(Single, OneResultSettlesTheUnitAndItLeavesMemory) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(1);
  const auto leases = grid.Ask(pi);
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_EQ(leases[0].parameters, "p0");
  const Ack ack = grid.Return(pi, leases[0].lease, "seven");
  EXPECT_EQ(ack.durable, std::vector{leases[0].lease});
  const auto closed = grid.Events<UnitClosed>();
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed[0].state, UnitState::kSettled);
  EXPECT_EQ(closed[0].payload, "seven");
  EXPECT_EQ(closed[0].host, pi);
  EXPECT_EQ(grid.Info(batch).settled, 1U);
  EXPECT_EQ(grid.grid->DescribeServer().units_live, 0U);
  EXPECT_EQ(grid.Events<WantMerge>().size(), 1U);
}

TEST(Quorum, TwoEqualResultsSettle) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const HostId b = grid.Join("b", "ben");
  const BatchId batch = grid.Batch(1, 2);
  const auto first = grid.Ask(a);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(grid.Ask(a).empty()) << "a copy never goes twice to the same host";
  EXPECT_EQ(grid.Last<NoWork>(a)->reason, NoWorkReason::kHasItsCopy);
  const auto second = grid.Ask(b);
  ASSERT_EQ(second.size(), 1U);
  grid.Return(a, first[0].lease, "x");
  EXPECT_EQ(grid.Info(batch).checking, 1U);
  grid.Return(b, second[0].lease, "x");
  EXPECT_EQ(grid.Info(batch).settled, 1U);
  EXPECT_EQ(grid.Info(a).settled, 1U);
  EXPECT_EQ(grid.Info(b).settled, 1U);
}

TEST(Quorum, ThirdResultSettlesADisagreement) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const HostId liar = grid.Join("liar", "mal");
  const HostId c = grid.Join("c", "cy");
  const BatchId batch = grid.Batch(1, 2);
  const LeaseId first = grid.Ask(a).at(0).lease;
  const LeaseId forged = grid.Ask(liar).at(0).lease;
  grid.Return(a, first, "true");
  grid.Return(liar, forged, "forged");
  EXPECT_EQ(grid.Info(batch).settled, 0U);
  EXPECT_EQ(grid.Info(batch).checking, 1U);
  grid.Return(c, grid.Ask(c).at(0).lease, "true");
  EXPECT_EQ(grid.Info(batch).settled, 1U);
  EXPECT_EQ(grid.Info(liar).disagreed, 1U);
  EXPECT_EQ(grid.Info(a).disagreed, 0U);
  const auto disagreed = grid.Events<ResultDisagreed>();
  ASSERT_EQ(disagreed.size(), 1U);
  EXPECT_EQ(disagreed[0].host, liar);
  EXPECT_EQ(disagreed[0].canonical, DigestOf("true"));
}

TEST(Quorum, SixResultsWithoutAgreementFailTheUnit) {
  Driver grid;
  const BatchId batch = grid.Batch(1, 2);
  for (int i = 0; i < 6; ++i) {
    const HostId host = grid.Join("h" + std::to_string(i), "o" + std::to_string(i));
    const auto leases = grid.Ask(host);
    ASSERT_EQ(leases.size(), 1U) << i;
    grid.Return(host, leases[0].lease, "own opinion " + std::to_string(i));
  }
  EXPECT_EQ(grid.grid->DescribeBatch(batch), std::nullopt) << "its only unit failed";
  const auto archived = grid.Events<BatchArchived>();
  ASSERT_EQ(archived.size(), 1U);
  EXPECT_EQ(archived[0].info.state, BatchState::kFailed);
  EXPECT_NE(archived[0].info.why.find("no 2 of them agree"), std::string::npos);
}

TEST(Quorum, DistinctOwnersNeedTwoPeopleNotTwoMachines) {
  Driver grid;
  const HostId a1 = grid.Join("a1", "ann");
  const HostId a2 = grid.Join("a2", "ann");
  const HostId b = grid.Join("b", "ben");
  Submit submit;
  submit.application = "count";
  submit.replication = {ReplicationKind::kQuorum, 2, /*distinct_owners=*/true};
  const BatchId batch = grid.Submit(submit);
  grid.Split(batch, 1, true);
  grid.Return(a1, grid.Ask(a1).at(0).lease, "x");
  EXPECT_TRUE(grid.Ask(a2).empty());
  grid.Return(b, grid.Ask(b).at(0).lease, "x");
  EXPECT_EQ(grid.Info(batch).settled, 1U);
}

TEST(Result, SentAgainIsAnsweredAsTheFirstTimeAndCountsOnce) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const BatchId batch = grid.Batch(1, 2);
  const LeaseId lease = grid.Ask(a).at(0).lease;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(grid.Return(a, lease, "x").durable, std::vector{lease});
  }
  EXPECT_EQ(grid.Info(a).results, 1U);
  EXPECT_EQ(grid.Info(batch).settled, 0U) << "one host alone is no quorum";
  Report twice;
  twice.results = {Driver::ResultOf(lease, "x"), Driver::ResultOf(lease, "x")};
  EXPECT_EQ(grid.Send(a, twice, true).durable.size(), 2U);
  EXPECT_EQ(grid.Info(a).results, 1U);
}

TEST(Result, OfAnotherHostsLeaseHasNoEffect) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const HostId thief = grid.Join("thief", "mal");
  const BatchId batch = grid.Batch(1);
  const LeaseId lease = grid.Ask(a).at(0).lease;
  const Ack ack = grid.Return(thief, lease, "x");
  EXPECT_TRUE(ack.durable.empty());
  ASSERT_EQ(ack.not_taken.size(), 1U);
  EXPECT_FALSE(ack.not_taken[0].again);
  EXPECT_EQ(grid.Info(batch).settled, 0U);
}

TEST(Result, OfAnUnknownLeaseIsNotTakenAndOfAnOldOneIsAcknowledged) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  grid.Batch(1);
  const LeaseId lease = grid.Ask(a).at(0).lease;
  EXPECT_EQ(grid.Return(a, LeaseId{99}, "x").not_taken.at(0).why, "unknown lease");
  grid.Return(a, lease, "x");
  EXPECT_EQ(grid.Return(a, lease, "y").durable, std::vector{lease}) << "its unit has ended";
}

TEST(Result, ThatComesLateIsUsedIfTheUnitStillNeedsIt) {
  Driver grid;
  const HostId slow = grid.Join("slow", "ann");
  const BatchId batch = grid.Batch(1);
  const LeaseId lease = grid.Ask(slow).at(0).lease;
  grid.Disconnect(slow);
  grid.Run(100s);  // silent
  EXPECT_EQ(grid.Info(batch).unsent, 1U);
  EXPECT_EQ(grid.Info(batch).leases_lost, 1U);
  grid.Connect(slow, {lease});
  EXPECT_EQ(grid.Return(slow, lease, "late").durable, std::vector{lease});
  EXPECT_EQ(grid.Info(batch).settled, 1U);
}

TEST(Result, LargerThanTheUnitMayHaveIsAnError) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const BatchId batch = grid.Batch(1);
  UnitResult result = Driver::ResultOf(grid.Ask(a).at(0).lease, "");
  result.payload_bytes = 2 << 20;
  Report report;
  report.results.push_back(result);
  EXPECT_EQ(grid.Send(a, report, true).durable.size(), 1U);
  EXPECT_EQ(grid.Info(a).errors, 1U);
  EXPECT_EQ(grid.Info(batch).settled, 0U);
}

TEST(Result, WhoseBlobIsMissingIsAskedForAgain) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  grid.Batch(1);
  const LeaseId lease = grid.Ask(a).at(0).lease;
  FromPeer input;
  input.host = a;
  input.reply = {grid.connections[a], 500};
  Report report;
  report.results.push_back(Driver::ResultOf(lease, ""));
  report.results[0].payload_bytes = 100'000;
  report.signature.emplace();
  input.message = report;
  input.signature_valid = true;
  input.blobs_missing = {lease};
  grid.Step(input);
  const Ack* ack = grid.Last<Ack>(a);
  ASSERT_NE(ack, nullptr);
  ASSERT_EQ(ack->not_taken.size(), 1U);
  EXPECT_TRUE(ack->not_taken[0].again);
  EXPECT_EQ(grid.Info(a).leases, 1U);
}

TEST(Signature, ResultsWithoutOneAreKeptButCountOnlyWhenSealed) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const BatchId batch = grid.Batch(1);
  const LeaseId lease = grid.Ask(a).at(0).lease;
  EXPECT_EQ(grid.Return(a, lease, "x", /*sealed=*/false).durable, std::vector{lease});
  EXPECT_EQ(grid.Info(batch).settled, 0U);
  EXPECT_EQ(grid.Info(batch).leased, 1U);
  Report seal;
  seal.earlier.push_back({lease, DigestOf("y")});
  grid.Send(a, seal, true);
  EXPECT_EQ(grid.Info(batch).settled, 0U) << "another digest seals nothing";
  seal.earlier[0].digest = DigestOf("x");
  grid.Send(a, seal, true);
  EXPECT_EQ(grid.Info(batch).settled, 1U);
}

TEST(Signature, UnsealedResultsOfALostHostAreDroppedAndTheUnitIsOfferedAgain) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const HostId b = grid.Join("b", "ben");
  const BatchId batch = grid.Batch(1);
  const LeaseId lease = grid.Ask(a).at(0).lease;
  grid.Return(a, lease, "x", /*sealed=*/false);
  grid.Disconnect(a);
  grid.Run(100s);
  EXPECT_EQ(grid.Info(batch).unsent, 1U);
  grid.Return(b, grid.Ask(b).at(0).lease, "x");
  EXPECT_EQ(grid.Info(batch).settled, 1U);
}

TEST(Signature, ThatDoesNotFitRefusesTheReport) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const BatchId batch = grid.Batch(1);
  Report report;
  report.results.push_back(Driver::ResultOf(grid.Ask(a).at(0).lease, "x"));
  report.signature.emplace();
  grid.From(a, report, /*signature_valid=*/false);
  EXPECT_NE(grid.Last<Refused>(a), nullptr);
  EXPECT_EQ(grid.Info(batch).results, 0U);
}

TEST(Signature, ALimitHoldsForResultsWithoutOne) {
  Driver grid;
  grid.check = false;
  const HostId a = grid.Join("a", "ann");
  grid.Batch(limits::kUnsealedPerHost + 1, 1, 0);
  std::vector<LeaseId> leases;
  while (leases.size() <= limits::kUnsealedPerHost) {
    const auto more = grid.Ask(a, 8);
    ASSERT_FALSE(more.empty());
    Report report;
    for (const LeaseOffer& offer : more) {
      leases.push_back(offer.lease);
      report.results.push_back(Driver::ResultOf(offer.lease, ""));
    }
    const Ack ack = grid.Send(a, report, false);
    if (leases.size() <= limits::kUnsealedPerHost) continue;
    ASSERT_EQ(ack.not_taken.size(), 1U);
    EXPECT_TRUE(ack.not_taken[0].again);
  }
}

}  // namespace
}  // namespace picube::test
