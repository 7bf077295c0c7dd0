// Watchers whose connection ends while they are told.
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

}  // namespace
}  // namespace picube::test
