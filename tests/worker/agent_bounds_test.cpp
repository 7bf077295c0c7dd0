// What a unit may use, and kernels that do not stop.
#include "tests/worker/agent_fixture.h"

namespace picube {
namespace {

using Stopping = AgentTest;
class BoundsTest : public AgentTest {
 protected:
  void Uses(std::uint64_t own, std::uint64_t available = 1ULL << 40) {
    Feed(agent::MemoryReading{own, available});
  }
};

// --- Kernels that do not stop --------------------------------------------------------------------

TEST_F(Stopping, AUnitThatIsToStopIsNotNamedAlive) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2});
  Hear(Cancel{{LeaseId{1}}});
  Pass(20s);
  EXPECT_EQ(LastSent<Heartbeat>().alive, (std::vector<LeaseProgress>{{LeaseId{2}, 0}}));
}

TEST_F(Stopping, AKernelThatDoesNotStopEndsTheProcess) {
  BeginWelcomed();
  HandOut({1});
  Hear(Cancel{{LeaseId{1}}});
  Pass(59s);
  EXPECT_FALSE(exit_);
  Hear(Pulse{});
  Pass(2s);
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
  EXPECT_TRUE(leases_.empty()) << "cancelled: nobody wants it";
}

TEST_F(Stopping, OneOverItsTimeIsReportedAfterTheRestart) {
  bounds_.wall_seconds = 10;
  BeginWelcomed();
  HandOut({1});
  for (int i = 0; i < 8; ++i) {
    Pass(9s);
    if (!exit_) Hear(Pulse{});
  }
  ASSERT_TRUE(exit_);
  EXPECT_EQ(exit_->code, 1);
  EXPECT_EQ(spool_.at(LeaseId{1}).error_kind, ErrorKind::kUnit);
}

TEST_F(Stopping, OneThatStopsInTimeChangesNothing) {
  BeginWelcomed();
  HandOut({1});
  Hear(Cancel{{LeaseId{1}}});
  Feed(agent::UnitStopped{LeaseId{1}});
  Pass(2min);
  EXPECT_FALSE(exit_);
}

// --- Memory --------------------------------------------------------------------------------------

TEST_F(BoundsTest, AUnitAboveItsMemoryIsStoppedAndBothNumbersAreSaid) {
  bounds_.memory_bytes = 1'000'000;
  BeginWelcomed();
  HandOut({1});
  Uses(70'000'000);
  Uses(71'000'000);
  EXPECT_TRUE(stopped_.empty()) << "what the process held before is not the unit's";
  Uses(71'000'001);
  ASSERT_EQ(stopped_.size(), 1U);
  Feed(agent::UnitStopped{LeaseId{1}});
  const UnitResult& result = LastSent<Report>().results[0];
  EXPECT_EQ(result.error_kind, ErrorKind::kUnit);
  EXPECT_NE(result.error_text.find("1000001"), std::string::npos);
  EXPECT_NE(result.error_text.find("1000000"), std::string::npos);
}

TEST_F(BoundsTest, OtherProcessesOfTheMachineFailNoUnitThatRuns) {
  bounds_.memory_bytes = 1'000'000;
  BeginWelcomed();
  HandOut({1});
  Uses(70'000'000);
  Uses(70'500'000, /*available=*/0);
  EXPECT_TRUE(stopped_.empty());
}

TEST_F(BoundsTest, MoreThreadsMayUseMore) {
  bounds_.memory_bytes = 1'000'000;
  options_.threads = 64;
  BeginWelcomed();
  HandOut({1});
  Uses(70'000'000);
  Uses(86'000'000);
  EXPECT_TRUE(stopped_.empty());
  Uses(86'000'001);
  EXPECT_EQ(stopped_.size(), 1U);
}

TEST_F(BoundsTest, WithoutABoundNothingIsStopped) {
  bounds_.memory_bytes = 0;
  BeginWelcomed();
  HandOut({1});
  Uses(1);
  Uses(1ULL << 40);
  EXPECT_TRUE(stopped_.empty());
}

TEST_F(BoundsTest, AUnitThatTheMachineHasNoMemoryForIsTheHostsError) {
  bounds_.memory_bytes = 1'000'000;
  BeginWelcomed();
  Uses(100'000, 899'999);
  HandOut({1});
  EXPECT_TRUE(started_.empty());
  EXPECT_EQ(LastSent<Report>().results[0].error_kind, ErrorKind::kHost);
  Acknowledge({1});
  Uses(100'000, 900'000);
  Pass(11s);
  HandOut({2});
  EXPECT_EQ(Running(), 2U);
}

TEST_F(BoundsTest, WhatTheLastUnitHeldIsThereForTheNext) {
  bounds_.memory_bytes = 1'000'000;
  BeginWelcomed();
  HandOut({1});
  HandOut({2});
  Uses(50'000, 2'000'000);
  Uses(1'000'000, 50'000);
  Finish(1);
  EXPECT_EQ(Running(), 2U);
}

TEST_F(BoundsTest, NoBoundOfTheResultMeansTheLimit) {
  bounds_.result_bytes = 0;
  BeginWelcomed();
  HandOut({1});
  Finish(1, 100);
  EXPECT_EQ(LastSent<Report>().results[0].outcome, Outcome::kSuccess);
}

}  // namespace
}  // namespace picube
