// The life of a worker: reporting, leaving, and `--once`.
#include <algorithm>

#include "tests/worker/agent_fixture.h"

namespace picube {
namespace {

using Reporting = AgentTest;
using Leaving = AgentTest;
using Once = AgentTest;

// --- Reporting -----------------------------------------------------------------------------------

TEST_F(Reporting, AResultIsOnDiskBeforeItIsReportedAndUntilTheAck) {
  BeginWelcomed();
  HandOut({1});
  Finish(1);
  EXPECT_TRUE(spool_.contains(LeaseId{1}));
  EXPECT_EQ(LastSent<Report>().results[0].digest, DigestOf(1001));
  Acknowledge({1});
  EXPECT_TRUE(spool_.empty());
  EXPECT_TRUE(agent_->Unreported().empty());
}

TEST_F(Reporting, AnUnansweredReportIsSentAgainUnderANewId) {
  BeginWelcomed();
  HandOut({1});
  Finish(1);
  std::vector<std::uint64_t> ids;
  Pass(31s);
  Hear(Pulse{});
  if (agent_->State() == AgentState::kGreeting) GetWelcome();
  for (const agent::Send& send : sent_) {
    if (std::holds_alternative<Report>(send.message)) ids.push_back(send.request);
  }
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_NE(ids[0], ids[1]);
  // The Ack of the first is as good as that of the second.
  Ack ack;
  ack.durable = {LeaseId{1}};
  Feed(agent::FromServer{ids[0], ack});
  EXPECT_TRUE(spool_.empty());
  Feed(agent::FromServer{ids[1], ack});
  EXPECT_TRUE(spool_.empty());
}

TEST_F(Reporting, ResultsAreSentAgainAfterAReconnect) {
  BeginWelcomed();
  HandOut({1});
  Finish(1);
  Feed(agent::Disconnected{});
  Connect();
  EXPECT_EQ(LastSent<Hello>().leases_held, std::vector<LeaseId>{LeaseId{1}});
  GetWelcome();
  EXPECT_EQ(Sent<Report>(), 2U);
}

TEST_F(Reporting, UnitsRunOnWithoutAConnection) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2});
  Feed(agent::Disconnected{});
  Finish(1);
  EXPECT_EQ(Running(), 2U);
  Finish(2);
  EXPECT_EQ(agent_->Unreported().size(), 2U);
  Connect();
  GetWelcome();
  EXPECT_EQ(LastSent<Report>().results.size(), 2U);
}

TEST_F(Reporting, WhatIsNotTakenIsSentAgainOnlyIfTheServerSaysSo) {
  BeginWelcomed({.results = {KeptResult(1), KeptResult(2)}, .leases = {}, .blobs = {}});
  Ack ack;
  ack.not_taken = {{LeaseId{1}, "unknown lease", false}, {LeaseId{2}, "read-only", true}};
  Answer<Report>(ack);
  EXPECT_EQ(agent_->Unreported(), std::vector<LeaseId>{LeaseId{2}});
  Pass(11s);
  EXPECT_EQ(Sent<Report>(), 2U);
}

TEST_F(Reporting, AReportStaysBelowTheLargestMessage) {
  agent::Started kept;
  for (std::uint64_t i = 1; i <= 300; ++i) kept.results.push_back(KeptResult(i, 2000));
  BeginWelcomed(kept);
  std::size_t bytes = 0;
  for (const UnitResult& result : LastSent<Report>().results) bytes += result.payload.size();
  EXPECT_LE(LastSent<Report>().results.size(), limits::kResultsPerReport);
  EXPECT_LT(bytes, limits::kMessageBytes - 20'000);
}

TEST_F(Reporting, ALargePayloadIsPutAsABlobFirst) {
  BeginWelcomed();
  HandOut({1});
  const std::size_t size = 2 * limits::kChunkBytes + 10;
  bounds_.result_bytes = 1 << 20;
  Finish(1, size);
  EXPECT_EQ(Sent<Report>(), 0U);
  const Digest blob = DigestOf(1001);
  EXPECT_TRUE(LastSent<PutChunk>().chunk.data.empty()) << "asks where to resume";
  Answer<PutChunk>(PutState{blob, limits::kChunkBytes, false});
  EXPECT_EQ(OffsetsPut(),
            (std::vector<std::uint64_t>{0, limits::kChunkBytes, 2 * limits::kChunkBytes}))
      << "the question, and all that is left";
  EXPECT_EQ(LastSent<PutChunk>().chunk.data.size(), 10U);
  Answer<PutChunk>(PutState{blob, 2 * limits::kChunkBytes, false});
  Answer<PutChunk>(PutState{blob, size, true});
  ASSERT_EQ(Sent<Report>(), 1U);
  EXPECT_TRUE(LastSent<Report>().results[0].payload.empty());
  EXPECT_EQ(LastSent<Report>().results[0].payload_bytes, size);
}

TEST_F(Reporting, ABrokenPutResumesWhereTheServerIs) {
  BeginWelcomed({.results = {KeptResult(1, 200'000)}, .leases = {}, .blobs = {}});
  spool_[LeaseId{1}].payload = Bytes(200'000, 'p');
  Answer<PutChunk>(PutState{DigestOf(1001), 0, false});
  Feed(agent::Disconnected{});
  Connect();
  GetWelcome();
  EXPECT_TRUE(LastSent<PutChunk>().chunk.data.empty());
  const std::size_t before = OffsetsPut().size();
  Answer<PutChunk>(PutState{DigestOf(1001), limits::kChunkBytes, false});
  EXPECT_EQ(OffsetsPut().at(before), limits::kChunkBytes);
}

TEST_F(Reporting, ChunksArePutAWindowAheadOfWhatTheServerHas) {
  const std::size_t size = 40 * limits::kChunkBytes;
  BeginWelcomed({.results = {KeptResult(1, size)}, .leases = {}, .blobs = {}});
  spool_[LeaseId{1}].payload = Bytes(size, 'p');
  Answer<PutChunk>(PutState{DigestOf(1001), 0, false});
  EXPECT_EQ(OffsetsPut().size(), 1 + limits::kChunkCredit);
  Answer<PutChunk>(PutState{DigestOf(1001), limits::kChunkBytes, false});
  EXPECT_EQ(OffsetsPut().size(), 2 + limits::kChunkCredit) << "one confirmed, one more";
}

TEST_F(Reporting, AChunkLostOnItsWayIsPutAgain) {
  const std::size_t size = 8 * limits::kChunkBytes;
  BeginWelcomed({.results = {KeptResult(1, size)}, .leases = {}, .blobs = {}});
  spool_[LeaseId{1}].payload = Bytes(size, 'p');
  Answer<PutChunk>(PutState{DigestOf(1001), 0, false});
  Answer<PutChunk>(PutState{DigestOf(1001), limits::kChunkBytes, false});
  const std::size_t before = OffsetsPut().size();
  // The second was lost: those after it change nothing.
  for (int i = 0; i < 6; ++i) {
    Answer<PutChunk>(PutState{DigestOf(1001), limits::kChunkBytes, false});
  }
  ASSERT_EQ(OffsetsPut().size(), before + 7) << "gone back once";
  EXPECT_EQ(OffsetsPut().at(before), limits::kChunkBytes);
}

// --- What the server refuses ---------------------------------------------------------------------

const Refused kNoDigest{ErrorKind::kRefused, "a payload does not hash to its digest", {}};

TEST_F(Reporting, AnErrorTextIsSpooledAsItWillTravel) {
  BeginWelcomed();
  HandOut({1});
  const std::string accents = "caf\xe9 " + std::string(2000, 'x');
  Feed(agent::UnitFailed{LeaseId{1}, {ErrorKind::kUnit, accents, {}}, {}});
  const std::string& text = spool_.at(LeaseId{1}).error_text;
  EXPECT_EQ(text.substr(0, 5), "caf? ");
  EXPECT_EQ(text.size(), limits::kTextBytes);
  EXPECT_EQ(LastSent<Report>().results[0].error_text, text);
  Acknowledge({1});
  HandOut({2});
  const std::string cut = std::string(limits::kTextBytes - 1, 'x') + "\u00e9";
  Feed(agent::UnitFailed{LeaseId{2}, {ErrorKind::kUnit, cut, {}}, {}});
  EXPECT_EQ(spool_.at(LeaseId{2}).error_text.size(), limits::kTextBytes - 1)
      << "no half of a character";
}

TEST_F(Reporting, OneResultThatIsRefusedKeepsNoOtherBack) {
  BeginWelcomed(
      {.results = {KeptResult(1), KeptResult(2), KeptResult(3)}, .leases = {}, .blobs = {}});
  EXPECT_EQ(LastSent<Report>().results.size(), 3U);
  Answer<Report>(kNoDigest);
  for (int round = 0; round < 40 && !agent_->Unreported().empty(); ++round) {
    const std::size_t reports = Sent<Report>();
    Pass(11s);
    if (agent_->State() == AgentState::kGreeting) GetWelcome();
    if (Sent<Report>() == reports) continue;
    ASSERT_EQ(LastSent<Report>().results.size(), 1U) << "one at a time";
    const std::uint64_t lease = LastSent<Report>().results[0].lease.value;
    if (lease == 1) {
      Answer<Report>(kNoDigest);
    } else {
      Acknowledge({lease});
    }
  }
  EXPECT_TRUE(agent_->Unreported().empty());
  EXPECT_EQ(set_aside_, std::vector<LeaseId>{LeaseId{1}});
  EXPECT_TRUE(Says(log_, "set aside"));
}

TEST_F(Reporting, ARefusedReportIsNotSentSoonerForANewGreeting) {
  BeginWelcomed({.results = {KeptResult(1)}, .leases = {}, .blobs = {}});
  Pass(11s);
  Answer<Report>(Refused{ErrorKind::kStore, "read-only", {}});
  Feed(agent::Disconnected{});
  Connect();
  GetWelcome();
  EXPECT_EQ(Sent<Report>(), 1U);
  Pass(10s);
  EXPECT_EQ(Sent<Report>(), 2U);
  EXPECT_TRUE(set_aside_.empty());
}

TEST_F(Reporting, AFullDiskStartsNothingWhileAResultIsOnlyInMemory) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2, 3});
  Feed(agent::Disconnected{});
  disk_full_ = true;
  Finish(1);
  EXPECT_EQ(Running(), 2U) << "begun before the disk was known to be full";
  Finish(2);
  EXPECT_EQ(Running(), 0U);
  disk_full_ = false;
  Feed(agent::SpoolTrouble{});
  EXPECT_EQ(Running(), 3U);
}

TEST_F(Reporting, AFullDiskStopsAskingNotReportingAndIsSaidOnce) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2});
  disk_full_ = true;
  Finish(1);
  EXPECT_EQ(Sent<Report>(), 1U);
  Acknowledge({1});
  Answer<AskWork>(NoWork{});  // asked before the disk was full
  const std::size_t asks = Sent<AskWork>();
  Finish(2);
  EXPECT_FALSE(LastSent<Report>().ask);
  Acknowledge({2});
  Pass(50s);
  EXPECT_EQ(Sent<AskWork>(), asks);
  EXPECT_EQ(std::ranges::count_if(log_,
                                  [](const std::string& line) {
                                    return line.find("cannot be written") != std::string::npos;
                                  }),
            1);
  Feed(agent::SpoolTrouble{});
  EXPECT_GT(Sent<AskWork>(), asks);
}

TEST_F(Reporting, ASignatureIsLeftToTheShell) {
  BeginWelcomed({.results = {KeptResult(1)}, .leases = {}, .blobs = {}});
  EXPECT_FALSE(LastSent<Report>().signature);
  EXPECT_TRUE(LastSent<Report>().earlier.empty());
}

TEST_F(Reporting, TheAskInAReportBringsTheNextUnits) {
  BeginWelcomed({.results = {KeptResult(1)}, .leases = {}, .blobs = {}});
  ASSERT_TRUE(LastSent<Report>().ask);
  EXPECT_EQ(Sent<AskWork>(), 0U) << "one question at a time";
  Ack ack;
  ack.durable = {LeaseId{1}};
  ack.no_work = NoWork{NoWorkReason::kNothingToDo, 30'000};
  Answer<Report>(ack);
  Pass(200ms);
  EXPECT_EQ(Sent<AskWork>(), 1U) << "then a long poll";
}

// --- Leaving -------------------------------------------------------------------------------------

TEST_F(Leaving, StopsTheKernelGivesLeasesBackAndEnds) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2});
  Feed(agent::StopAsked{});
  EXPECT_EQ(stopped_, std::vector<LeaseId>{LeaseId{1}});
  EXPECT_FALSE(exit_);
  Feed(agent::UnitStopped{LeaseId{1}});
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
  EXPECT_EQ(LastSent<Goodbye>().given_back, (std::vector<LeaseId>{LeaseId{1}, LeaseId{2}}));
  EXPECT_TRUE(leases_.empty());
}

TEST_F(Leaving, AUnitThatFinishesInTimeIsReported) {
  BeginWelcomed();
  HandOut({1});
  Feed(agent::StopAsked{});
  Finish(1);
  EXPECT_FALSE(exit_);
  Acknowledge({1});
  ASSERT_TRUE(exit_);
  EXPECT_TRUE(LastSent<Goodbye>().given_back.empty());
}

TEST_F(Leaving, ASilentServerIsNotWaitedForLongerThanAFewSeconds) {
  BeginWelcomed();
  HandOut({1});
  Finish(1);
  Feed(agent::StopAsked{});
  Pass(3400ms);
  EXPECT_FALSE(exit_);
  Pass(200ms);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
  EXPECT_TRUE(spool_.contains(LeaseId{1})) << "kept for the next start";
}

TEST_F(Leaving, WithoutAConnectionTheLeasesStayForTheNextStart) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2});
  Feed(agent::Disconnected{});
  Feed(agent::StopAsked{});
  Feed(agent::UnitStopped{LeaseId{1}});
  ASSERT_TRUE(exit_);
  EXPECT_EQ(leases_, (std::set<LeaseId>{LeaseId{1}, LeaseId{2}}));
  EXPECT_EQ(Sent<Goodbye>(), 0U);
}

TEST_F(Leaving, AKernelThatDoesNotStopIsNotWaitedFor) {
  BeginWelcomed();
  HandOut({1});
  Feed(agent::StopAsked{});
  Pass(5s);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(LastSent<Goodbye>().given_back, std::vector<LeaseId>{LeaseId{1}});
}

TEST_F(Leaving, AStopOnPurposeIsNoAttempt) {
  BeginWelcomed({.results = {}, .leases = {KeptLease(1, 2)}, .blobs = {}});
  Feed(agent::Disconnected{});
  Feed(agent::StopAsked{});
  Feed(agent::UnitStopped{LeaseId{1}});
  EXPECT_TRUE(spool_.empty());
  EXPECT_FALSE(Says(log_, "failed"));
}

// --- Once ----------------------------------------------------------------------------------------

TEST_F(Once, ComputesWhatIsHandedOutAndEnds) {
  options_.once = true;
  BeginWelcomed();
  HandOut({1});
  Finish(1);
  EXPECT_FALSE(exit_);
  Acknowledge({1});
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
  EXPECT_EQ(Sent<AskWork>(), 1U);
}

TEST_F(Once, NoWorkHasAnExitCodeOfItsOwn) {
  options_.once = true;
  BeginWelcomed();
  Answer<AskWork>(NoWork{NoWorkReason::kNothingToDo, 1000});
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 3);
}

TEST_F(Once, AServerThatCannotBeReachedHasToo) {
  options_.once = true;
  Begin();
  Pass(31s);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 4);
}

TEST_F(Once, KeepsItsResultThroughALostConnection) {
  options_.once = true;
  BeginWelcomed();
  HandOut({1});
  Feed(agent::Disconnected{});
  Finish(1);
  Pass(10min);
  EXPECT_FALSE(exit_);
  Connect();
  GetWelcome();
  Acknowledge({1});
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 0);
  EXPECT_EQ(Sent<AskWork>(), 1U);
}

TEST_F(Once, AFullDiskEndsIt) {
  options_.once = true;
  Begin();
  Feed(agent::SpoolTrouble{"no space left."});
  Connect();
  GetWelcome();
  Pass(29s);
  EXPECT_FALSE(exit_);
  Pass(2s);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
  EXPECT_NE(exit_->why.find("no space left"), std::string::npos);
}

}  // namespace
}  // namespace picube
