// The life of a worker: greeting, asking, computing.
#include "tests/worker/agent_fixture.h"

namespace picube {
namespace {

using Greeting = AgentTest;
using Asking = AgentTest;

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

TEST_F(Greeting, ThreeBeatsWithoutAPulseAreAnsweredByANewHello) {
  BeginWelcomed();
  Answer<AskWork>(NoWork{NoWorkReason::kHostBackoff, 3'600'000});
  Pass(59s);
  EXPECT_EQ(Sent<Hello>(), 1U);
  Pass(1s);
  EXPECT_EQ(Sent<Hello>(), 2U);
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
  Pass(50s);
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
  Pass(30s);
  Hear(Pulse{});
  Pass(29s);
  EXPECT_TRUE(stopped_.empty());
  Hear(Pulse{});
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

}  // namespace
}  // namespace picube
