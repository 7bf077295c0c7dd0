// How many hosts are awake follows the queue, quickly up and slowly down.
#include "server/core/scaling.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/server_core/driver.h"

namespace picube::test {
namespace {

constexpr Instant At(int second) { return Instant{} + std::chrono::seconds(1000 + second); }

TEST(Scaling, WithoutATargetNobodyRests) {
  Scaler scaler({});
  EXPECT_EQ(scaler.Step(At(0), 0, 5), 5U);
}

TEST(Scaling, AsManyAreAwakeAsBringTheQueueDownInTime) {
  Scaler scaler({.min_hosts = 1, .max_hosts = 4, .target = 60s});
  EXPECT_EQ(scaler.Step(At(0), 1000, 5), 4U) << "no more than the most";
  EXPECT_EQ(scaler.Step(At(1), 0, 5), 4U) << "not yet";
  EXPECT_EQ(scaler.Step(At(119), 0, 5), 4U);
  EXPECT_EQ(scaler.Step(At(121), 0, 5), 1U) << "two calm minutes later";
  EXPECT_EQ(scaler.Step(At(122), 125, 5), 3U) << "at once";
  EXPECT_EQ(scaler.Step(At(123), 125, 2), 2U) << "there are only two";
}

TEST(Scaling, AQueueThatComesAndGoesMakesNobodyFlap) {
  Scaler scaler({.min_hosts = 0, .max_hosts = 0, .target = 60s});
  int changes = 0;
  std::uint32_t before = scaler.Step(At(0), 300, 5);
  for (int second = 1; second < 3600; ++second) {
    const double queued = second % 90 < 45 ? 300 : 0;
    const std::uint32_t awake = scaler.Step(At(second), queued, 5);
    changes += awake != before ? 1 : 0;
    before = awake;
  }
  EXPECT_EQ(changes, 0);
  for (int second = 3600; second < 3800; ++second) before = scaler.Step(At(second), 0, 5);
  EXPECT_EQ(before, 0U);
}

TEST(Scaling, HostsRestWhenTheQueueIsShortAndComeBackWithinHalfAMinute) {
  GridOptions options = Driver::DefaultOptions();
  options.scaling = {.min_hosts = 1, .max_hosts = 0, .target = 120s};
  Driver grid(options);
  std::vector<HostId> hosts;
  for (const char* name : {"a", "b", "c"}) hosts.push_back(grid.Join(name, "ann"));
  for (int second = 0; second < 180; ++second) {
    grid.Run(1s);
    for (const HostId host : hosts) grid.Ask(host, 1);
  }
  const auto rests = [&](HostId host) {
    grid.Ask(host, 1);
    const NoWork* no = grid.Last<NoWork>(host);
    return no != nullptr && no->reason == NoWorkReason::kResting;
  };
  EXPECT_FALSE(rests(hosts[0])) << "one stays awake";
  EXPECT_TRUE(rests(hosts[1]));
  EXPECT_TRUE(rests(hosts[2]));
  EXPECT_LE(grid.Last<NoWork>(hosts[2])->ask_again_ms, 30'000U);
  EXPECT_GT(grid.Last<NoWork>(hosts[2])->rest_ms, 0U) << "one that wakes by itself may sleep";
  EXPECT_EQ(grid.Events<HostRests>().size(), 2U) << "its supply may be switched off";
  const Answer why = grid.grid->ExplainHost(hosts[2], grid.moment.now);
  EXPECT_TRUE(std::ranges::any_of(why.reasons,
                                  [](const Reason& reason) { return reason.code == "resting"; }));
  grid.Batch(100);
  grid.Run(1s);
  EXPECT_EQ(grid.Ask(hosts[2], 1).size(), 1U);
  EXPECT_EQ(grid.Events<HostRests>().size(), 4U);
  EXPECT_FALSE(grid.Events<HostRests>().back().rests);
}

}  // namespace
}  // namespace picube::test
