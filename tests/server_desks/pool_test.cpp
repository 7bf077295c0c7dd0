#include "server/gateway/pool.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/server_desks/desks.h"

namespace picube::test {
namespace {

TEST(Pool, JobsOfOneLaneKeepTheirOrder) {
  PoolSide side;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    side.pool.Post(7, [&order, i](std::stop_token) { return [&order, i] { order.push_back(i); }; });
  }
  ASSERT_TRUE(side.RunUntil([&] { return order.size() == 100; }));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_TRUE(Eventually([&] { return side.pool.Depth(7) == 0; }));
}

TEST(Pool, BusyLaneHoldsUpNoOther) {
  PoolSide side;
  const auto go_on = side.Hold(1);
  bool first = false;
  bool second = false;
  side.pool.Post(1, [&](std::stop_token) { return [&] { first = true; }; });
  side.pool.Post(2, [&](std::stop_token) { return [&] { second = true; }; });
  ASSERT_TRUE(side.RunUntil([&] { return second; }));
  EXPECT_FALSE(first);
  EXPECT_EQ(side.pool.Depth(1), 2U);
  go_on();
  EXPECT_TRUE(side.RunUntil([&] { return first; }));
}

TEST(Pool, EndsRunningJobsAndDropsWaitingOnes) {
  std::atomic<int> begun = 0;
  {
    PoolSide side;
    for (int i = 0; i < 2; ++i) {
      side.pool.Post(3, [&](std::stop_token stop) -> Pool::Completion {
        ++begun;
        EXPECT_TRUE(Eventually([&] { return stop.stop_requested(); }));
        return [] { ADD_FAILURE() << "nobody takes it any more"; };
      });
    }
    ASSERT_TRUE(Eventually([&] { return begun == 1; }));
  }
  EXPECT_EQ(begun, 1);
}

}  // namespace
}  // namespace picube::test
