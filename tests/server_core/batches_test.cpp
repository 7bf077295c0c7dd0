// Batches from submission to product; operators, hosts, long polls, read-only.
#include <gtest/gtest.h>

#include <set>

#include "protocol/base/limits.h"
#include "tests/server_core/driver.h"

namespace picube::test {
namespace {

picube::Submit Counting(const std::string& key = {}) {
  Submit submit;
  submit.application = "count";
  submit.request_key = key;
  return submit;
}

TEST(Batch, RunsFromSubmissionToProduct) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Submit(Counting());
  EXPECT_EQ(grid.Events<WantUnits>().at(0).from, 0U);
  grid.Split(batch, 2, /*last=*/false);
  EXPECT_EQ(grid.Events<WantUnits>().at(1).from, 2U);
  EXPECT_EQ(grid.Info(batch).state, BatchState::kSplitting);
  grid.Split(batch, 1, /*last=*/true);
  for (const LeaseOffer& offer : grid.Ask(pi)) grid.Return(pi, offer.lease, "x");
  EXPECT_EQ(grid.Info(batch).state, BatchState::kMerging);
  EXPECT_EQ(grid.Events<WantMerge>().size(), 1U);
  grid.Step(ProductReady{batch, {{"table.csv", "the table", {DigestOf("t"), 5}}}});
  EXPECT_TRUE(grid.grid->LiveBatches().empty());
  const auto archived = grid.Events<BatchArchived>();
  ASSERT_EQ(archived.size(), 1U);
  EXPECT_EQ(archived[0].info.state, BatchState::kDone);
  EXPECT_EQ(archived[0].info.settled, 3U);
  EXPECT_EQ(archived[0].product.at(0).name, "table.csv");
}

// Splits off one unit that has an input of so many bytes.
void SplitOne(Driver& grid, BatchId batch, const std::string& input, std::uint64_t bytes,
              bool last = false) {
  SplitStep step{batch, {}, last};
  step.units.push_back({"p", 1e9, 1 << 20, 1 << 20, {{DigestOf(input), bytes}}});
  grid.Step(std::move(step));
}

std::set<Digest> Referenced(const Grid& grid) {
  std::set<Digest> blobs;
  grid.ReferencedBlobs([&](const Digest& blob) { blobs.insert(blob); });
  return blobs;
}

TEST(Batch, InputsOfAUnitGoToItsWorkerAndAreKeptUntilItEnds) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Submit(Counting());
  SplitOne(grid, batch, "tile 0", 100);
  SplitOne(grid, batch, "tile 1", 100, /*last=*/true);
  const auto offers = grid.Ask(pi);
  ASSERT_EQ(offers.size(), 2U);
  EXPECT_EQ(offers[0].inputs, (std::vector<BlobRef>{{DigestOf("tile 0"), 100}}));
  EXPECT_TRUE(Referenced(*grid.grid).contains(DigestOf("tile 0")));
  grid.Return(pi, offers[0].lease, "x");
  EXPECT_FALSE(Referenced(*grid.grid).contains(DigestOf("tile 0")));
  EXPECT_TRUE(Referenced(*grid.grid).contains(DigestOf("tile 1")));
  for (const auto& copy : {grid.Restored(), grid.RestoredFromSnapshot()}) {
    EXPECT_EQ(copy->StateHash(), grid.grid->StateHash());
    EXPECT_EQ(Referenced(*copy), Referenced(*grid.grid));
  }
}

TEST(Batch, MoreUnitsAreWishedOnlyWhileTheirInputsHaveRoom) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Submit(Counting());
  SplitOne(grid, batch, "small", 1000);
  EXPECT_EQ(grid.Events<WantUnits>().back().from, 1U);
  SplitOne(grid, batch, "large", limits::kInputBytesAhead);
  EXPECT_EQ(grid.Events<WantUnits>().back().from, 1U) << "the disk is spared";
  for (const LeaseOffer& offer : grid.Ask(pi)) grid.Return(pi, offer.lease, "x");
  EXPECT_EQ(grid.Events<WantUnits>().back().from, 2U) << "they have ended: there is room again";
}

TEST(Batch, DatasetStaysOnTheServerIfWorkersDoNotReadIt) {
  for (const bool stays : {false, true}) {
    GridOptions options = Driver::DefaultOptions();
    if (stays) options.keep_dataset.insert("count");
    Driver grid(options);
    const HostId pi = grid.Join("pi", "ann");
    picube::Submit submit = Counting();
    submit.files = {{"data.fil", {DigestOf("data"), 5}}};
    const BatchId batch = grid.Submit(submit);
    SplitOne(grid, batch, "tile", 100, /*last=*/true);
    grid.From(pi, Driver::AskFor(1));
    const auto* assign = grid.Last<Assign>(pi);
    ASSERT_NE(assign, nullptr);
    EXPECT_EQ(assign->terms.at(0).inputs.empty(), stays);
    EXPECT_TRUE(Referenced(*grid.grid).contains(DigestOf("data"))) << "the merger reads it";
  }
}

TEST(Batch, KnowsTheSlowestHostOfTheDayItWasSubmitted) {
  Driver grid;
  grid.facts.benchmark_flops = 9e9;
  grid.facts.memory_bytes = 8ULL << 30;
  grid.Join("pc", "ann");
  grid.facts.benchmark_flops = 2e9;
  grid.facts.memory_bytes = 1ULL << 30;
  grid.Join("pi", "ann");
  picube::Submit submit = Counting();
  submit.parameters = {{"grid.flops", "1"}, {"grid.other", "x"}};  // not the user's to give
  const BatchId batch = grid.Submit(submit);
  const auto& record = std::get<BatchSubmitted>(grid.records.at(0));
  EXPECT_EQ(record.batch, batch);
  EXPECT_EQ(record.submit.parameters,
            (std::map<std::string, std::string>{{"grid.flops", "2000000000"},
                                                {"grid.memory", "8589934592"}}));
}

TEST(Batch, SentTwiceWithOneKeyIsMadeOnceEvenAfterARestartAndItsEnd) {
  Driver grid;
  const BatchId first = grid.Submit(Counting("k"));
  EXPECT_EQ(grid.Submit(Counting("k")), first);
  EXPECT_NE(grid.Submit(Counting("other")), first);
  grid.Order(ControlKind::kCancelBatch, first.value);
  grid.Restart();
  EXPECT_EQ(grid.Submit(Counting("k")), first);
  grid.grid = grid.RestoredFromSnapshot();
  EXPECT_EQ(grid.Submit(Counting("k")), first);
}

TEST(Batch, OfAnUnknownApplicationIsRefusedWithTheOnesThereAre) {
  Driver grid;
  Submit submit;
  submit.application = "chess";
  EXPECT_FALSE(grid.Submit(submit));
  EXPECT_EQ(grid.Last<Refused>(grid.boss)->next, "It has: count, sum.");
}

TEST(Batch, CancelledLeavesMemoryAndItsLeasesAreCalledBack) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(5);
  grid.Ask(pi, 2);
  grid.Order(ControlKind::kCancelBatch, batch.value);
  EXPECT_EQ(grid.Last<Cancel>(pi)->leases.size(), 2U);
  EXPECT_EQ(grid.grid->DescribeServer().units_live, 0U);
  EXPECT_EQ(grid.grid->DescribeServer().leases_live, 0U);
  EXPECT_EQ(grid.Events<BatchArchived>().at(0).info.cancelled, 5U);
}

TEST(Batch, OfWhichNothingCanBeMadeFailsWithTheReason) {
  Driver grid;
  const BatchId batch = grid.Submit(Counting());
  grid.Step(SplitFailed{batch, Error{ErrorKind::kUser, "line 3: no header.", ""}});
  EXPECT_NE(grid.Events<BatchArchived>().at(0).info.why.find("line 3"), std::string::npos);
}

TEST(Batch, TheSplitterIsAskedForMoreOnlyWhenHalfIsGone) {
  GridOptions options = Driver::DefaultOptions();
  options.units_ahead = 8;
  Driver grid(options);
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Submit(Counting());
  grid.Split(batch, 8, /*last=*/false);
  EXPECT_EQ(grid.Events<WantUnits>().size(), 1U) << "enough are ahead";
  std::size_t done = 0;
  while (grid.Events<WantUnits>().size() == 1) {
    const auto leases = grid.Ask(pi, 1);
    ASSERT_EQ(leases.size(), 1U);
    grid.Return(pi, leases[0].lease, "x");
    ++done;
  }
  EXPECT_EQ(done, 4U);
  EXPECT_EQ(grid.Events<WantUnits>().at(1).from, 8U);
}

TEST(Batch, AfterARestartTheSplitterAndTheMergerAreAskedAgain) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId splitting = grid.Submit(Counting());
  const BatchId merging = grid.Batch(1);
  grid.Return(pi, grid.Ask(pi).at(0).lease, "x");
  grid.events.clear();
  grid.Restart();
  ASSERT_EQ(grid.Events<WantUnits>().size(), 1U);
  EXPECT_EQ(grid.Events<WantUnits>()[0].batch, splitting);
  ASSERT_EQ(grid.Events<WantMerge>().size(), 1U);
  EXPECT_EQ(grid.Events<WantMerge>()[0].batch, merging);
}

TEST(FairShare, ByPriorityWithinAnOwner) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId low = grid.Batch(2000, 1, 1);
  const BatchId high = grid.Batch(2000, 1, 1);
  grid.check = false;
  grid.Order(ControlKind::kSetPriority, high.value, {}, 5);
  for (int i = 0; i < 1000; ++i) {
    for (const LeaseOffer& offer : grid.Ask(pi, 1)) grid.Return(pi, offer.lease, "x");
  }
  const double ratio =
      static_cast<double>(grid.Info(high).settled) / static_cast<double>(grid.Info(low).settled);
  EXPECT_NEAR(ratio, 1.25 * 1.25 * 1.25 * 1.25 * 1.25, 0.1);
}

TEST(LongPoll, IsAnsweredWhenWorkAppears) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  grid.Ask(pi, 4, 30'000);
  EXPECT_TRUE(grid.messages.empty());
  grid.Batch(2);
  ASSERT_NE(grid.Last<Assign>(pi), nullptr);
  EXPECT_EQ(grid.Last<Assign>(pi)->leases.size(), 2U);
}

TEST(LongPoll, EndsWithTheReasonWhenItsTimeIsOver) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  grid.Ask(pi, 4, 30'000);
  EXPECT_EQ(grid.grid->NextDeadline(), grid.moment.now + 30s);
  grid.Advance(30s);
  ASSERT_NE(grid.Last<NoWork>(pi), nullptr);
  EXPECT_EQ(grid.Last<NoWork>(pi)->reason, NoWorkReason::kNothingToDo);
}

TEST(ReadOnly, NothingIsRecordedAndItIsSaid) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(2);
  const LeaseId lease = grid.Ask(pi, 1).at(0).lease;
  const std::uint64_t before = grid.grid->StateHash();
  grid.Step(StoreTrouble{"disk full"});
  EXPECT_TRUE(grid.Ask(pi).empty());
  EXPECT_EQ(grid.Last<NoWork>(pi)->reason, NoWorkReason::kReadOnly);
  EXPECT_TRUE(grid.Return(pi, lease, "x").not_taken.at(0).again);
  EXPECT_FALSE(grid.Submit(Counting()));
  EXPECT_EQ(grid.Last<Refused>(grid.boss)->kind, ErrorKind::kStore);
  grid.Advance(1h);
  EXPECT_EQ(grid.grid->StateHash(), before);
  EXPECT_TRUE(grid.grid->DescribeServer().read_only);
  grid.Step(StoreTrouble{});
  EXPECT_EQ(grid.Return(pi, lease, "x").durable.size(), 1U);
  EXPECT_EQ(grid.Info(batch).settled, 1U);
}

TEST(ReadOnly, WhatTheSplitterBringsMeanwhileIsKept) {
  Driver grid;
  const BatchId batch = grid.Submit(Counting());
  grid.Step(StoreTrouble{"disk full"});
  grid.Split(batch, 3, /*last=*/true);
  EXPECT_EQ(grid.Info(batch).units_created, 0U);
  grid.Step(StoreTrouble{});
  EXPECT_EQ(grid.Info(batch).units_created, 3U);
}

// A worker that connected while the disk was full got no work for ever: its facts were dropped.
TEST(ReadOnly, HostThatCameMeanwhileGetsWorkWhenItIsMended) {
  Driver grid;
  grid.facts.applications.clear();
  const HostId pi = grid.Join("pi", "ann");
  grid.Batch(1);
  grid.Step(StoreTrouble{"disk full"});
  grid.facts = Driver::DefaultFacts();
  grid.Connect(pi);
  EXPECT_TRUE(grid.records.empty());
  grid.Step(StoreTrouble{});
  EXPECT_EQ(grid.Ask(pi).size(), 1U);
}

TEST(ReadOnly, LeaseThatAHostLostMeanwhileIsOfferedAgainWhenItIsMended) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const HostId other = grid.Join("other", "ben");
  grid.Batch(1);
  ASSERT_EQ(grid.Ask(pi).size(), 1U);
  grid.Step(StoreTrouble{"disk full"});
  grid.Connect(pi, /*held=*/{});
  grid.Step(StoreTrouble{});
  EXPECT_EQ(grid.Ask(other).size(), 1U);
}

TEST(Principals, WorkersMayNotSubmitAndOperatorsGetNoWork) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  grid.From(pi, Counting());
  EXPECT_NE(grid.Last<Refused>(pi), nullptr);
  grid.From(grid.boss, AskWork{});
  EXPECT_NE(grid.Last<Refused>(grid.boss), nullptr);
}

TEST(Principals, AnInvitationIsGoodOnceAndItsAnswerMayBeAskedForAgain) {
  Driver grid;
  const TransportKey invitation = KeyOf(900);
  grid.Step(MadeInvitation{
      invitation, PrincipalKind::kHost, "ann", {grid.moment.wall.ms + 1000}, {}, {}});
  FromPeer input;
  input.key = invitation;
  input.reply = {500, 1};
  input.message = Enrol{PrincipalKind::kHost, "pi 3", KeyOf(901), {}, {}};
  grid.Step(input);
  EXPECT_EQ(std::get<Enrolled>(grid.messages.at(0).message).name, "pi-3");
  grid.Step(input);
  EXPECT_TRUE(std::holds_alternative<Enrolled>(grid.messages.at(0).message)) << "resent";
  input.message = Enrol{PrincipalKind::kHost, "evil", KeyOf(902), {}, {}};
  grid.Step(input);
  EXPECT_TRUE(std::holds_alternative<Refused>(grid.messages.at(0).message));
}

TEST(Principals, AnExpiredInvitationIsRefused) {
  Driver grid;
  grid.Step(MadeInvitation{
      KeyOf(900), PrincipalKind::kHost, "ann", {grid.moment.wall.ms + 1000}, {}, {}});
  EXPECT_EQ(grid.grid->Admitted(grid.moment.wall).size(), 2U);
  grid.moment.wall.ms += 2000;
  EXPECT_EQ(grid.grid->Admitted(grid.moment.wall).size(), 1U);
  FromPeer input;
  input.key = KeyOf(900);
  input.reply = {500, 1};
  input.message = Enrol{PrincipalKind::kHost, "pi", KeyOf(901), {}, {}};
  grid.Step(input);
  EXPECT_NE(std::get<Refused>(grid.messages.at(0).message).what.find("expired"), std::string::npos);
}

TEST(Principals, NamesAreUnique) {
  Driver grid;
  grid.Join("pi", "ann");
  const HostId second = grid.Join("pi", "ann");
  EXPECT_EQ(grid.Info(second).name, "pi-2");
  EXPECT_EQ(grid.grid->FindHost("pi-2"), second);
}

TEST(Principals, ARetiredHostLosesItsLeasesAndIsKnownNoMore) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(1);
  const LeaseId lease = grid.Ask(pi).at(0).lease;
  grid.Order(ControlKind::kRetireHost, 0, "pi");
  EXPECT_EQ(grid.Info(batch).unsent, 1U);
  grid.Return(pi, lease, "x");
  EXPECT_NE(grid.Last<Refused>(pi), nullptr);
  EXPECT_EQ(grid.grid->Admitted(grid.moment.wall).size(), 1U);
}

TEST(Principals, ADrainedHostFinishesAndGetsNoMore) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const BatchId batch = grid.Batch(2);
  const LeaseId lease = grid.Ask(pi, 1).at(0).lease;
  grid.Order(ControlKind::kDrainHost, 0, "pi", 1);
  EXPECT_NE(grid.Last<Drain>(pi), nullptr);
  EXPECT_TRUE(grid.Ask(pi).empty());
  EXPECT_EQ(grid.Last<NoWork>(pi)->reason, NoWorkReason::kDraining);
  grid.Return(pi, lease, "x");
  EXPECT_EQ(grid.Info(batch).settled, 1U);
  grid.Order(ControlKind::kDrainHost, 0, "pi", 0);
  EXPECT_EQ(grid.Ask(pi).size(), 1U);
}

TEST(Principals, SettingsGoToTheirHostAndItsAnswerToWhoAsked) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  const HostId other = grid.Join("other", "ann");
  Control control{.kind = ControlKind::kSetHost, .text = "pi"};
  control.settings = {"threads: 2"};
  grid.From(grid.boss, control);
  ASSERT_NE(grid.Last<Settings>(pi), nullptr);
  const Settings asked = *grid.Last<Settings>(pi);
  EXPECT_EQ(asked.lines, control.settings);
  EXPECT_EQ(grid.Last<Done>(grid.boss), nullptr);
  grid.From(other, SettingsTaken{asked.token, true, "forged"});
  EXPECT_EQ(grid.Last<Done>(grid.boss), nullptr);
  grid.From(pi, SettingsTaken{asked.token, true, "set: threads"});
  ASSERT_NE(grid.Last<Done>(grid.boss), nullptr);
  EXPECT_EQ(grid.Last<Done>(grid.boss)->text, "pi: set: threads");

  grid.Advance(1s);
  grid.From(grid.boss, control);
  const std::uint64_t second = grid.Last<Settings>(pi)->token;
  EXPECT_NE(second, asked.token);
  grid.From(pi, SettingsTaken{second, false, "worker.yaml:3:1: no."});
  EXPECT_EQ(grid.Last<Refused>(grid.boss)->what, "pi: worker.yaml:3:1: no.");
}

TEST(Principals, ASetHostThatDoesNotAnswerIsNotWaitedForLong) {
  Driver grid;
  const HostId pi = grid.Join("pi", "ann");
  Control control{.kind = ControlKind::kSetHost, .text = "pi"};
  grid.From(grid.boss, control);
  EXPECT_EQ(grid.Last<Refused>(grid.boss)->what, "No settings were named.");
  control.settings = {"threads: 2"};
  grid.From(grid.boss, control);
  EXPECT_EQ(grid.Last<Refused>(grid.boss), nullptr);
  grid.Advance(5s);
  ASSERT_NE(grid.Last<Refused>(grid.boss), nullptr);
  EXPECT_NE(grid.Last<Refused>(grid.boss)->what.find("does not answer"), std::string::npos);
  grid.From(grid.boss, control);
  grid.Disconnect(pi);
  EXPECT_NE(grid.Last<Refused>(grid.boss)->what.find("does not answer"), std::string::npos);
  grid.From(grid.boss, control);
  EXPECT_EQ(grid.Last<Refused>(grid.boss)->what, "pi is not connected.");
}

TEST(Explain, NamesWhatTheSchedulerSees) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const BatchId batch = grid.Batch(1, 2);
  grid.Return(a, grid.Ask(a).at(0).lease, "x");
  const Answer unit = grid.grid->ExplainUnit(UnitId{1}, grid.moment.now);
  EXPECT_EQ(unit.headline, "unit 1 of batch 1 is checking");
  std::string codes;
  for (const Reason& reason : unit.reasons) codes += reason.code + ' ';
  EXPECT_EQ(codes, "result_counts waits_for_agreement waits_for_host hosts_has_its_copy ");
  const Answer of_batch = grid.grid->ExplainBatch(batch, grid.moment.now);
  EXPECT_EQ(of_batch.headline, "batch 1 is running");
  codes.clear();
  for (const Reason& reason : of_batch.reasons) codes += reason.code + ' ';
  EXPECT_EQ(codes, "unit_numbers units_wait hosts_has_its_copy checking ");
  const Answer of_host = grid.grid->ExplainHost(a, grid.moment.now);
  EXPECT_EQ(of_host.reasons.back().code, "has_its_copy");
  EXPECT_EQ(grid.grid->ExplainHost(a, grid.moment.now).headline, "a of ann is connected");
  EXPECT_EQ(grid.grid->ExplainUnit(UnitId{99}, grid.moment.now).headline, "");
}

}  // namespace
}  // namespace picube::test
