// The life of a worker: greeting, asking, computing, reporting, leaving.
#include <algorithm>

#include "tests/worker/agent_fixture.h"

namespace picube {
namespace {

using Greeting = AgentTest;
using Asking = AgentTest;
using Reporting = AgentTest;
using Leaving = AgentTest;
using Once = AgentTest;

agent::UnitWork KeptLease(std::uint64_t id, std::uint32_t attempts = 0) {
  agent::UnitWork work;
  work.lease = LeaseId{id};
  work.unit = UnitId{id};
  work.application = {"primes", 1};
  work.attempts = attempts;
  return work;
}
UnitResult KeptResult(std::uint64_t id, std::size_t bytes = 4) {
  UnitResult result;
  result.lease = LeaseId{id};
  result.digest = DigestOf(1000 + id);
  result.payload_bytes = bytes;
  if (bytes <= limits::kInlinePayloadBytes) result.payload = Bytes(bytes, 'x');
  return result;
}
bool Says(const std::vector<std::string>& log, std::string_view part) {
  return std::ranges::any_of(
      log, [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

// --- Greeting ----------------------------------------------------------------------------------

TEST_F(Greeting, HelloNamesWhatIsHeld) {
  Begin({.results = {KeptResult(5)}, .leases = {KeptLease(6)}, .blobs = {{DigestOf(1), 10}}});
  Connect();
  const Hello& hello = LastSent<Hello>();
  EXPECT_EQ(hello.leases_held, (std::vector<LeaseId>{LeaseId{6}, LeaseId{5}}));
  EXPECT_EQ(hello.blobs_held, std::vector<Digest>{DigestOf(1)});
}

TEST_F(Greeting, IsRepeatedUntilItIsAnswered) {
  Begin();
  Connect();
  Pass(25s);
  EXPECT_EQ(Sent<Hello>(), 3U);
  EXPECT_EQ(Sent<AskWork>(), 0U);
}

TEST_F(Greeting, NoNeedlessWordBeforeTheWelcome) {
  Begin({.results = {KeptResult(5)}, .leases = {}, .blobs = {}});
  Connect();
  EXPECT_EQ(Sent<Report>(), 0U);
  GetWelcome();
  EXPECT_EQ(Sent<Report>(), 1U);
}

TEST_F(Greeting, KeptUnitsRunBeforeAnyConnection) {
  Begin({.results = {}, .leases = {KeptLease(6)}, .blobs = {}});
  EXPECT_EQ(Running(), 6U);
}

TEST_F(Greeting, ARefusedVersionEndsTheWorker) {
  Begin();
  Connect();
  Answer<Hello>(Refused{ErrorKind::kRefused, "too old.", "Update."});
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 5);
}

TEST_F(Greeting, ARefusedKeyEndsTheWorker) {
  Begin();
  Feed(agent::LinkRefused{"retired"});
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 5);
}

TEST_F(Greeting, SilenceOfTheServerIsAnsweredByANewHello) {
  BeginWelcomed();
  ASSERT_EQ(Sent<Hello>(), 1U);
  Pass(limits::kLongPoll + 35s);
  EXPECT_GE(Sent<Hello>(), 2U);
}

// --- Asking ------------------------------------------------------------------------------------

TEST_F(Asking, OneUnitWaitsWhileOneRuns) {
  BeginWelcomed();
  HandOut({1});
  EXPECT_EQ(Running(), 1U);
  EXPECT_EQ(Sent<AskWork>(), 2U);
  HandOut({2});
  EXPECT_EQ(agent_->Waiting(), std::vector<LeaseId>{LeaseId{2}});
  Pass(10s);
  EXPECT_EQ(Sent<AskWork>(), 2U) << "enough at hand";
}

TEST_F(Asking, ShortUnitsAreFetchedSeveralAtATime) {
  BeginWelcomed();
  HandOut({1});
  now_ = now_ + 1s;
  Finish(1);
  Acknowledge({1});
  HandOut({2});
  EXPECT_GT(LastSent<AskWork>().most_units, 5U);
  EXPECT_LE(LastSent<AskWork>().most_units, options_.most_waiting + 1);
}

TEST_F(Asking, NoWorkIsAskedForAgainAfterTheGivenTimeAndSomeJitter) {
  BeginWelcomed();
  Answer<AskWork>(NoWork{NoWorkReason::kHostBackoff, 8000});
  Pass(7s);
  EXPECT_EQ(Sent<AskWork>(), 1U);
  Pass(3100ms);
  EXPECT_EQ(Sent<AskWork>(), 2U);
}

TEST_F(Asking, ADoubledAssignChangesNothing) {
  BeginWelcomed();
  HandOut({1});
  HandOut({1});
  EXPECT_EQ(Running(), 1U);
  EXPECT_TRUE(agent_->Waiting().empty());
  Finish(1);
  Acknowledge({1});
  HandOut({1});
  EXPECT_EQ(Running(), 0U) << "it has ended";
  EXPECT_EQ(started_.size(), 1U);
}

TEST_F(Asking, ALateAnswerToAnOldAskIsUsed) {
  BeginWelcomed();
  const std::uint64_t old = sent_.back().request;
  Pass(limits::kLongPoll + 31s);
  Assign assign;
  assign.terms.push_back({BatchId{1}, {"primes", 1}, {}, {}});
  assign.leases.push_back({LeaseId{9}, UnitId{9}, 0, {}, {}, 0, 0});
  Feed(agent::FromServer{old, assign});
  EXPECT_EQ(Running(), 9U);
}

TEST_F(Asking, AnOfferWithoutTermsIsNotTaken) {
  BeginWelcomed();
  Assign assign;
  assign.leases.push_back({LeaseId{9}, UnitId{9}, 3, {}, {}, 0, 0});
  Answer<AskWork>(assign);
  EXPECT_EQ(Running(), 0U);
}

TEST_F(Asking, AnUnknownApplicationIsTheHostsError) {
  BeginWelcomed();
  Assign assign;
  assign.terms.push_back({BatchId{1}, {"primes", 2}, {}, {}});
  assign.leases.push_back({LeaseId{9}, UnitId{9}, 0, {}, {}, 0, 0});
  Answer<AskWork>(assign);
  ASSERT_EQ(LastSent<Report>().results.size(), 1U);
  EXPECT_EQ(LastSent<Report>().results[0].error_kind, ErrorKind::kHost);
}

TEST_F(Asking, ADrainedHostFinishesWhatItHasAndAsksNoMore) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2});
  Hear(Drain{"maintenance"});
  Finish(1);
  EXPECT_EQ(Running(), 2U);
  Acknowledge({1});
  Finish(2);
  const std::size_t asks = Sent<AskWork>();
  Acknowledge({2});
  Pass(10min);
  EXPECT_EQ(Sent<AskWork>(), asks);
  EXPECT_FALSE(exit_);
  Hear(Pulse{});
  EXPECT_GT(Sent<AskWork>(), asks) << "the server wants it again";
}

TEST_F(Asking, APausedWorkerStartsNothingAndSaysWhy) {
  BeginWelcomed();
  Feed(agent::Pause{"too hot"});
  HandOut({1});
  EXPECT_EQ(Running(), 0U);
  Pass(20s);
  EXPECT_EQ(LastSent<Heartbeat>().paused_why, "too hot");
  Feed(agent::Pause{});
  EXPECT_EQ(Running(), 1U);
}

TEST_F(Asking, AVersion1ServerIsAskedSeparately) {
  Begin({.results = {KeptResult(5)}, .leases = {}, .blobs = {}});
  Connect();
  GetWelcome(1);
  EXPECT_FALSE(LastSent<Report>().ask);
  EXPECT_EQ(Sent<AskWork>(), 1U);
  EXPECT_EQ(sent_.back().version, 1U);
}

TEST_F(Asking, TheHeartbeatTellsProgressAndReadings) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2});
  agent::BoardReadings hot;
  hot.readings.temperature_millicelsius = 61'000;
  Feed(hot);
  Feed(agent::UnitProgress{LeaseId{1}, 420});
  Pass(20s);
  const Heartbeat& beat = LastSent<Heartbeat>();
  EXPECT_EQ(beat.alive, (std::vector<LeaseProgress>{{LeaseId{1}, 420}, {LeaseId{2}, 0}}));
  EXPECT_EQ(beat.readings.temperature_millicelsius, 61'000);
  EXPECT_FALSE(beat.readings.clock_mhz);
}

TEST_F(Asking, CancelledUnitsAreDroppedAndNothingIsReported) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2});
  Hear(Cancel{{LeaseId{1}, LeaseId{2}, LeaseId{77}}});
  EXPECT_EQ(stopped_, std::vector<LeaseId>{LeaseId{1}});
  EXPECT_TRUE(agent_->Waiting().empty());
  Feed(agent::UnitStopped{LeaseId{1}});
  EXPECT_TRUE(leases_.empty());
  EXPECT_EQ(Sent<Report>(), 0U);
  EXPECT_TRUE(agent_->Idle());
}

TEST_F(Asking, AUnitOverItsTimeIsStoppedAndReported) {
  bounds_.wall_seconds = 60;
  BeginWelcomed();
  HandOut({1});
  Pass(59s);
  EXPECT_TRUE(stopped_.empty());
  Pass(1s);
  ASSERT_EQ(stopped_.size(), 1U);
  Feed(agent::UnitStopped{LeaseId{1}});
  EXPECT_EQ(LastSent<Report>().results[0].error_kind, ErrorKind::kUnit);
}

TEST_F(Asking, TimeInPauseDoesNotCountTowardsTheBound) {
  bounds_.wall_seconds = 60;
  BeginWelcomed();
  HandOut({1});
  Pass(30s);
  Feed(agent::Pause{"too hot"});
  Pass(5min);
  Feed(agent::Pause{});
  Pass(29s);
  EXPECT_TRUE(stopped_.empty());
  Pass(2s);
  EXPECT_EQ(stopped_.size(), 1U);
}

TEST_F(Asking, AResultAboveItsBoundBecomesAnError) {
  bounds_.result_bytes = 100;
  BeginWelcomed();
  HandOut({1});
  Finish(1, 101);
  EXPECT_EQ(LastSent<Report>().results[0].outcome, Outcome::kError);
  EXPECT_TRUE(LastSent<Report>().results[0].payload.empty());
}

TEST_F(Asking, AUnitThatEndedTheProcessThreeTimesIsNotTriedAgain) {
  BeginWelcomed({.results = {}, .leases = {KeptLease(1, 3), KeptLease(2, 2)}, .blobs = {}});
  EXPECT_EQ(started_, std::vector<LeaseId>{LeaseId{2}});
  const UnitResult& result = LastSent<Report>().results[0];
  EXPECT_EQ(result.lease, LeaseId{1});
  EXPECT_EQ(result.error_kind, ErrorKind::kUnit);
  EXPECT_NE(result.error_text.find("ended the worker's process 3 times"), std::string::npos);
}

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
  EXPECT_EQ(LastSent<PutChunk>().chunk.offset, limits::kChunkBytes);
  Answer<PutChunk>(PutState{blob, 2 * limits::kChunkBytes, false});
  EXPECT_EQ(LastSent<PutChunk>().chunk.data.size(), 10U);
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
  Answer<PutChunk>(PutState{DigestOf(1001), limits::kChunkBytes, false});
  EXPECT_EQ(LastSent<PutChunk>().chunk.offset, limits::kChunkBytes);
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
  Pass(1min);
  EXPECT_EQ(Sent<AskWork>(), asks);
  EXPECT_EQ(std::ranges::count_if(log_, [](const std::string& line) {
              return line.find("cannot be written") != std::string::npos;
            }), 1);
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
  Pass(3900ms);
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

}  // namespace
}  // namespace picube
