// Leases: deadlines, silence, errors, back-off, the tail.
#include <gtest/gtest.h>

#include "tests/server_core/driver.h"

namespace picube::test {
namespace {

TEST(Lease, EndsAtItsDeadlineUnlessHeartbeatsNameIt) {
  Driver grid;
  const HostId named = grid.Join("named", "ann");
  const HostId forgotten = grid.Join("forgotten", "ben");
  const BatchId batch = grid.Batch(2);
  const LeaseId kept = grid.Ask(named, 1).at(0).lease;
  grid.Ask(forgotten, 1);
  for (int minute = 0; minute < 11; ++minute) {
    grid.Beat(named, {kept});
    grid.Beat(forgotten);
    grid.Advance(60s);
  }
  EXPECT_EQ(grid.Info(named).leases, 1U);
  EXPECT_EQ(grid.Info(forgotten).leases, 0U);
  EXPECT_EQ(grid.Info(forgotten).leases_lost, 1U);
  EXPECT_EQ(grid.Info(batch).unsent, 1U);
}

TEST(Lease, OfASilentHostIsLostAndTheUnitGoesToAnother) {
  Driver grid;
  const HostId dead = grid.Join("dead", "ann");
  const HostId alive = grid.Join("alive", "ben");
  const BatchId batch = grid.Batch(1);
  grid.Ask(dead);
  grid.Disconnect(dead);
  grid.Run(89s);
  EXPECT_EQ(grid.Info(batch).leased, 1U);
  grid.Run(3s);
  EXPECT_EQ(grid.Info(batch).unsent, 1U);
  EXPECT_EQ(grid.Ask(alive).size(), 1U);
}

TEST(Lease, IsLostAtOnceWhenItsHostComesBackWithoutIt) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(2);
  const auto leases = grid.Ask(pi);
  ASSERT_EQ(leases.size(), 2U);
  grid.Connect(pi, {leases[0].lease});
  EXPECT_EQ(grid.Info(batch).leased, 1U);
  EXPECT_EQ(grid.Info(batch).unsent, 1U);
}

TEST(Lease, GrantedAfterTheHelloSurvivesASecondHelloOfTheSameConnection) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  grid.Batch(1);
  grid.Ask(pi);
  Hello again;
  again.facts = grid.facts;
  grid.From(pi, again);
  EXPECT_EQ(grid.Info(pi).leases, 1U);
}

TEST(Lease, GivenBackCostsNobodyAnything) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(1);
  for (int i = 0; i < 20; ++i) {
    const auto leases = grid.Ask(pi);
    ASSERT_EQ(leases.size(), 1U) << i;
    grid.From(pi, Goodbye{{leases[0].lease}});
    grid.Connect(pi);
  }
  EXPECT_EQ(grid.Info(batch).unsent, 1U);
  EXPECT_EQ(grid.Info(pi).leases_lost, 0U);
}

TEST(Lease, IsHandedOutEightTimesAtMost) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  grid.Batch(1);
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(grid.Ask(pi).size(), 1U) << i;
    grid.Connect(pi);  // it crashed and holds nothing
  }
  EXPECT_TRUE(grid.Ask(pi).empty());
  const auto archived = grid.Events<BatchArchived>();
  ASSERT_EQ(archived.size(), 1U);
  EXPECT_EQ(archived[0].info.failed, 1U);
  EXPECT_EQ(grid.Events<UnitClosed>().at(0).state, UnitState::kFailed);
}

TEST(Lease, OfAnOlderEpochIsStillGoodAndCountsFromTheTakeOver) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(1);
  const LeaseId lease = grid.Ask(pi).at(0).lease;
  grid.Advance(60s);
  grid.Restart();
  grid.Advance(60s);
  EXPECT_EQ(grid.Info(batch).leased, 1U) << "the host has 90 s from the take-over";
  grid.Connect(pi, {lease});
  EXPECT_EQ(grid.Last<Welcome>(pi)->epoch.value, 2U);
  EXPECT_EQ(grid.Return(pi, lease, "x").durable, std::vector{lease});
  EXPECT_EQ(grid.Info(batch).settled, 1U);
}

// A worker may hold, or have spooled, what a server gave out after the backup was made.
TEST(Lease, GivenOutAfterTheBackupIsNeverGivenOutAgain) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(4);
  const LeaseId before = grid.Ask(pi, 1).at(0).lease;
  const std::vector<Journalled> backup = grid.journal;
  const LeaseId after = grid.Ask(pi, 1).at(0).lease;
  grid.journal = backup;
  grid.Restart(/*restored=*/true);
  grid.Connect(pi, {before, after});
  const LeaseOffer offer = grid.Ask(pi, 1).at(0);
  EXPECT_GT(offer.lease.value, after.value + 1'000'000);
  EXPECT_TRUE(grid.Return(pi, after, "of another unit").not_taken.empty());
  EXPECT_EQ(grid.Info(batch).settled, 0U) << "it belongs to no unit of this server";
  grid.Return(pi, before, "x");
  grid.Return(pi, offer.lease, "y");
  EXPECT_EQ(grid.Info(batch).settled, 2U) << "what is older than the backup counts as ever";
  EXPECT_EQ(grid.Restored()->StateHash(), grid.grid->StateHash());
  EXPECT_EQ(grid.RestoredFromSnapshot()->StateHash(), grid.grid->StateHash());
}

TEST(Unit, CreatedAfterTheBackupKeepsItsNumberForItself) {
  Driver grid;
  grid.Join("pi", "ann");
  const std::vector<Journalled> backup = grid.journal;
  grid.Batch(3);
  grid.journal = backup;
  grid.Restart(/*restored=*/true);
  const HostId pi = *grid.grid->FindHost("pi");
  grid.Connect(pi);
  grid.Batch(3);
  EXPECT_GT(grid.Ask(pi, 1).at(0).unit.value, 1'000'000U);
}

TEST(Pulse, CancelsWhatIsOfNoUseAnyMore) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  grid.Batch(1);
  const LeaseId lease = grid.Ask(a).at(0).lease;
  grid.Beat(a, {lease, LeaseId{77}});
  EXPECT_EQ(grid.Last<Pulse>(a)->cancelled, std::vector{LeaseId{77}});
}

TEST(Errors, OfTheUnitByThreeOwnersFailItWithTheReason) {
  Driver grid;
  const BatchId batch = grid.Batch(2);
  std::vector<HostId> hosts;
  for (int i = 0; i < 4; ++i) {
    hosts.push_back(grid.Join("h" + std::to_string(i), "o" + std::to_string(i)));
  }
  for (int i = 0; i < 3; ++i) {
    const auto leases = grid.Ask(hosts[static_cast<std::size_t>(i)], 1);
    ASSERT_EQ(leases.size(), 1U);
    EXPECT_EQ(leases[0].unit.value, 1U);
    grid.Fail(hosts[static_cast<std::size_t>(i)], leases[0].lease, ErrorKind::kUnit, "bad header");
  }
  EXPECT_EQ(grid.Info(batch).failed, 1U);
  const Answer why = grid.grid->ExplainUnit(UnitId{1}, grid.moment.now);
  EXPECT_NE(why.reasons.at(0).text.find("bad header"), std::string::npos);
  grid.Order(ControlKind::kRetryFailed, batch.value);
  EXPECT_EQ(grid.Info(batch).failed, 0U);
  EXPECT_EQ(grid.Info(batch).unsent, 2U);
}

TEST(Errors, OfTheUnitByOneOwnersManyHostsDoNotFailIt) {
  Driver grid;
  const BatchId batch = grid.Batch(1);
  grid.Join("honest", "ben");
  for (int i = 0; i < 3; ++i) {
    const HostId host = grid.Join("bad" + std::to_string(i), "mal");
    const auto leases = grid.Ask(host, 1);
    ASSERT_EQ(leases.size(), i == 0 ? 1U : 0U) << "others are to try it first";
    if (i == 0) grid.Fail(host, leases[0].lease, ErrorKind::kUnit, "lie");
  }
  EXPECT_EQ(grid.Info(batch).unsent, 1U);
}

TEST(Errors, OfTheUnitCannotEatAGridOfOneOwner) {
  Driver grid;
  const HostId only = grid.Join("only", "ann");
  grid.Batch(1);
  int tries = 0;
  for (auto leases = grid.Ask(only); !leases.empty(); leases = grid.Ask(only)) {
    grid.Fail(only, leases[0].lease, ErrorKind::kUnit, "bad");
    ASSERT_LT(++tries, 20);
  }
  EXPECT_EQ(tries, 8);
  EXPECT_EQ(grid.Events<BatchArchived>().size(), 1U);
}

TEST(Errors, OfTheHostMakeItRestForThisApplicationOnly) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(1);
  grid.Fail(pi, grid.Ask(pi).at(0).lease, ErrorKind::kHost, "disk full");
  EXPECT_TRUE(grid.Ask(pi).empty());
  EXPECT_EQ(grid.Last<NoWork>(pi)->reason, NoWorkReason::kHostBackoff);
  EXPECT_GE(grid.Last<NoWork>(pi)->ask_again_ms, 10'000U);
  Submit other;
  other.application = "sum";
  grid.Split(grid.Submit(other), 1, true);
  EXPECT_EQ(grid.Ask(pi).size(), 1U);
  grid.Advance(11s);
  EXPECT_EQ(grid.Ask(pi).size(), 1U) << "the first back-off is ten seconds";
  EXPECT_EQ(grid.Info(batch).leased, 1U);
}

TEST(Errors, OfTheLinkAreTriedAgainAtOnce) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  grid.Batch(1);
  grid.Fail(pi, grid.Ask(pi).at(0).lease, ErrorKind::kLink, "no route");
  const auto again = grid.Ask(pi);
  ASSERT_EQ(again.size(), 1U);
  grid.Fail(pi, again[0].lease, ErrorKind::kLink, "no route");
  EXPECT_TRUE(grid.Ask(pi).empty()) << "a link that stays broken rests like a broken machine";
}

// One who takes work and never brings any cannot use up the tries of a unit.
TEST(Limits, AnOwnerThatBringsNothingIsPassedOverWhileOthersCouldTry) {
  Driver grid;
  const HostId bad = grid.Join("bad", "mal");
  const HostId twin = grid.Join("bad-too", "mal");
  const HostId good = grid.Join("good", "ben");
  const BatchId batch = grid.Batch(1);
  grid.Fail(bad, grid.Ask(bad, 1).at(0).lease, ErrorKind::kLink, "no route");
  grid.Fail(twin, grid.Ask(twin, 1).at(0).lease, ErrorKind::kLink, "no route");
  EXPECT_TRUE(grid.Ask(bad, 1).empty()) << "its owner has had two tries";
  grid.Return(good, grid.Ask(good, 1).at(0).lease, "x");
  EXPECT_EQ(grid.Info(batch).settled, 1U);
}

TEST(Limits, AnOwnerMayTryAgainWhenNobodyElseIsThere) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const HostId other = grid.Join("other", "ben");
  grid.Batch(1);
  for (int i = 0; i < 2; ++i) {
    const auto leases = grid.Ask(pi, 1);
    ASSERT_EQ(leases.size(), 1U);
    grid.Connect(pi);  // it has forgotten the lease
  }
  EXPECT_TRUE(grid.Ask(pi, 1).empty());
  for (int second = 0; second < 100; ++second) {
    grid.Advance(1s);
    grid.Beat(pi, {});
  }
  EXPECT_FALSE(grid.Info(other).connected) << "not heard for 90 s";
  EXPECT_EQ(grid.Ask(pi, 1).size(), 1U);
}

TEST(Lease, ThatItsHostNamesNoMoreIsLostThoughTheHostIsHeard) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(2);
  const auto leases = grid.Ask(pi, 2);
  ASSERT_EQ(leases.size(), 2U);
  for (int second = 0; second < 100; second += 10) {
    grid.Advance(10s);
    grid.Beat(pi, {leases[0].lease});
  }
  EXPECT_EQ(grid.Info(batch).leased, 1U);
  EXPECT_EQ(grid.Info(batch).unsent, 1U);
}

TEST(Lease, OfAHostThatGoesOfflineIsKeptAsLongAsItSaidUpToADay) {
  for (const auto& [said, kept] : {std::pair{6h, 6h}, std::pair{72h, 24h}}) {
    Driver grid;
    grid.facts.offline_seconds = static_cast<std::uint32_t>(said / 1s);
    const HostId pi = grid.Join("pi", "ann");
    const BatchId batch = grid.Batch(1);
    const auto leases = grid.Ask(pi, 1);
    grid.Beat(pi, {leases.at(0).lease});
    // Its deadline is renewed for as long as it may be away.
    for (auto passed = 0h; passed + 1h < kept; passed += 1h) grid.Advance(1h);
    EXPECT_EQ(grid.Info(batch).leased, 1U) << "said " << said;
    grid.Advance(2h);
    EXPECT_EQ(grid.Info(batch).leased, 0U) << "said " << said;
  }
}

TEST(Errors, OfTheProjectStopTheBatchAndCancelItsLeases) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const HostId b = grid.Join("b", "ben");
  const BatchId batch = grid.Batch(10);
  const auto held = grid.Ask(b, 4);
  grid.Fail(a, grid.Ask(a, 1).at(0).lease, ErrorKind::kProject, "assertion failed");
  EXPECT_EQ(grid.Info(batch).state, BatchState::kRunning) << "one owner alone may lie";
  const auto again = grid.Ask(b, 1);
  ASSERT_EQ(again.size(), 1U);
  grid.Fail(b, again[0].lease, ErrorKind::kProject, "assertion failed");
  EXPECT_EQ(grid.grid->DescribeBatch(batch), std::nullopt);
  EXPECT_EQ(grid.Events<BatchArchived>().at(0).info.state, BatchState::kFailed);
  ASSERT_NE(grid.Last<Cancel>(b), nullptr);
  EXPECT_EQ(grid.Last<Cancel>(b)->leases.size(), held.size());
}

TEST(Errors, OfTheProjectAreRefutedByAResultOfAnotherOwner) {
  Driver grid;
  const HostId liar = grid.Join("liar", "mal");
  const HostId b = grid.Join("b", "ben");
  const BatchId batch = grid.Batch(2);
  for (int i = 0; i < 2; ++i) {
    const auto leases = grid.Ask(liar, 1);
    ASSERT_EQ(leases.size(), 1U);
    grid.Fail(liar, leases[0].lease, ErrorKind::kProject, "your program is broken");
    EXPECT_EQ(grid.Info(batch).state, BatchState::kRunning);
    grid.Return(b, grid.Ask(b, 1).at(0).lease, "x");
  }
  EXPECT_EQ(grid.Info(batch).settled, 2U);
}

TEST(Errors, OfTheProjectStopTheBatchAtOnceWhereOneOwnerComputes) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  grid.Join("a2", "ann");
  const BatchId batch = grid.Batch(2);
  grid.Fail(a, grid.Ask(a, 1).at(0).lease, ErrorKind::kProject, "assertion failed");
  EXPECT_EQ(grid.grid->DescribeBatch(batch), std::nullopt);
}

TEST(Tail, TheOldestUnitGetsAnExtraCopyAndTheFirstResultCounts) {
  Driver grid;
  const HostId stuck = grid.Join("stuck", "ann");
  const HostId fast = grid.Join("fast", "ben");
  const BatchId batch = grid.Batch(2);
  const auto of_stuck = grid.Ask(stuck, 1);
  grid.Return(fast, grid.Ask(fast, 1).at(0).lease, "x");
  grid.From(fast, Driver::AskFor(4, 60'000));
  EXPECT_EQ(grid.Last<Assign>(fast), nullptr);
  std::vector<LeaseOffer> copy;
  for (int second = 0; second < 30 && copy.empty(); ++second) {
    grid.Advance(1s);
    if (const auto* assign = grid.Last<Assign>(fast)) copy = assign->leases;
  }
  ASSERT_EQ(copy.size(), 1U);
  EXPECT_EQ(copy[0].unit, of_stuck[0].unit);
  EXPECT_TRUE(std::get<LeasesGranted>(grid.records.at(0)).grants.at(0).speculative);
  grid.Return(fast, copy[0].lease, "y");
  EXPECT_EQ(grid.Info(batch).settled, 2U);
  ASSERT_NE(grid.Last<Cancel>(stuck), nullptr);
  EXPECT_EQ(grid.Last<Cancel>(stuck)->leases, std::vector{of_stuck[0].lease});
}

}  // namespace
}  // namespace picube::test
