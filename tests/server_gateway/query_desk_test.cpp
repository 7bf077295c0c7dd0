// Watchers whose connection ends while they are told; reports on a batch.
#include <gtest/gtest.h>

#include "tests/server_gateway/gate.h"

namespace picube::test {
namespace {

class Watchers : public ::testing::Test {
 protected:
  void Deliver(const ReplyTo& reply, const Message&) {
    told_.push_back(reply.connection);
    if (reply.connection == broken_ || all_broken_) desk_.Gone(reply.connection);
  }
  void Progress(BatchId batch) {  // something to tell
    FromPeer raise;
    raise.host = gate_.boss.id;
    raise.message =
        Control{.kind = ControlKind::kSetPriority, .id = batch.value, .number = ++priority_};
    gate_.Step(std::move(raise));
  }

  Gate gate_;
  std::vector<std::uint64_t> told_;
  std::uint64_t broken_ = 0;
  bool all_broken_ = false;
  std::int64_t priority_ = 0;
  QueryDesk desk_{gate_.decider->State(), *gate_.projection,
                  [this](const ReplyTo& reply, const Message& m) { Deliver(reply, m); }};
};

TEST_F(Watchers, OneThatDiesWhileItIsToldDoesNotDisturbTheOthers) {
  const BatchId batch = gate_.Batch(2);
  for (std::uint64_t connection = 1; connection <= 5; ++connection) {
    desk_.Watch({connection, 1, 2}, batch);
  }
  told_.clear();
  broken_ = 2;
  Progress(batch);
  desk_.Tell(gate_.decider->Now().now);
  EXPECT_EQ(told_, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  told_.clear();
  Progress(batch);
  desk_.Tell(gate_.decider->Now().now);
  EXPECT_EQ(told_, (std::vector<std::uint64_t>{1, 3, 4, 5}));
  all_broken_ = true;
  Progress(batch);
  desk_.Tell(gate_.decider->Now().now);
  EXPECT_FALSE(desk_.AnyWatchers());
}

TEST_F(Watchers, OneThatIsGoneBeforeItsFirstWordIsNotKept) {
  const BatchId batch = gate_.Batch(2);
  broken_ = 9;
  desk_.Watch({9, 1, 2}, batch);
  EXPECT_FALSE(desk_.AnyWatchers());
}

TEST_F(Watchers, ThePaceOfABatchIsKeptWhileSomebodyWatchesIt) {
  const BatchId first = gate_.Batch(2);
  const BatchId second = gate_.Batch(2);
  desk_.Watch({1, 1, 2}, first);
  desk_.Watch({2, 1, 2}, second);
  desk_.Tell(gate_.decider->Now().now);
  EXPECT_EQ(desk_.Paces(), 2U);
  desk_.Gone(1);
  desk_.Tell(gate_.decider->Now().now);
  EXPECT_EQ(desk_.Paces(), 1U);
  desk_.Gone(2);
  desk_.Tell(gate_.decider->Now().now);
  EXPECT_EQ(desk_.Paces(), 0U);
}

Answer ReportOn(Gate& gate, BatchId batch, std::uint64_t after = 0) {
  EXPECT_TRUE(gate.projection->CaughtUp(gate.journal->LastSeq(), kPatience));
  Query query{.kind = QueryKind::kReport, .id = batch.value, .name = {}, .after = after};
  const Message message = gate.query_desk->Answer(query, gate.decider->Now().now, {});
  EXPECT_TRUE(std::holds_alternative<Answer>(message));
  return std::get<Answer>(message);
}

TEST(Reports, ALeaseIsThereWithItsTimesWhenItsResultHasCome) {
  Gate gate;
  const Member pi = gate.Join("pi");
  const BatchId batch = gate.Batch(3);
  Peer peer(gate, pi.keys.transport);
  const std::vector<LeaseId> leases = gate.Lease(peer, 3);
  ASSERT_EQ(leases.size(), 3U);
  EXPECT_TRUE(ReportOn(gate, batch).leases.empty());
  gate.Pass(30s);
  UnitResult result = ResultOf(leases[0], "payload");
  result.cost.wall_ms = 25'000;
  result.cost.cpu_ms = 90'000;
  ASSERT_TRUE(peer.Ask(ReportOf(pi.keys, {result})));
  const Answer answer = ReportOn(gate, batch);
  ASSERT_EQ(answer.batches.size(), 1U);
  EXPECT_EQ(answer.batches[0].settled, 1U);
  ASSERT_EQ(answer.leases.size(), 1U);
  const LeaseInfo& lease = answer.leases[0];
  EXPECT_EQ(lease.lease, leases[0]);
  EXPECT_EQ(lease.host, pi.id);
  EXPECT_EQ(lease.fate, LeaseFate::kCanonical);
  EXPECT_EQ(lease.held_ms, 30'000U);
  EXPECT_EQ(lease.wall_ms, 25'000U);
  EXPECT_EQ(lease.cpu_ms, 90'000U);
  EXPECT_EQ(lease.flop, 1e9);
  EXPECT_TRUE(ReportOn(gate, batch, lease.unit.value).leases.empty());
}

TEST(Reports, LeasesOfACancelledBatchEndWithoutAResult) {
  Gate gate;
  const Member pi = gate.Join("pi");
  const BatchId batch = gate.Batch(2);
  Peer peer(gate, pi.keys.transport);
  ASSERT_EQ(gate.Lease(peer, 2).size(), 2U);
  gate.Pass(10s);
  gate.Turn();
  FromPeer cancel;
  cancel.host = gate.boss.id;
  cancel.message = Control{.kind = ControlKind::kCancelBatch, .id = batch.value, .text = {}};
  gate.Step(std::move(cancel));
  gate.Release();
  const Answer answer = ReportOn(gate, batch);
  ASSERT_EQ(answer.leases.size(), 2U);
  for (const LeaseInfo& lease : answer.leases) {
    EXPECT_EQ(lease.fate, LeaseFate::kLost);
    EXPECT_EQ(lease.held_ms, 10'000U);
  }
}

TEST(Reports, ABatchThatIsNotThereIsRefused) {
  Gate gate;
  const Query query{.kind = QueryKind::kReport, .id = 77, .name = {}};
  const Message message = gate.query_desk->Answer(query, gate.decider->Now().now, {});
  ASSERT_TRUE(std::holds_alternative<Refused>(message));
  EXPECT_EQ(std::get<Refused>(message).what, "there is no batch 77");
}

}  // namespace
}  // namespace picube::test
