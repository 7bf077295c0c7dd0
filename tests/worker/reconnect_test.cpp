// When a worker tries its server again, and where.
#include "worker/link/reconnect.h"

#include <gtest/gtest.h>

#include <set>

namespace picube {
namespace {

Instant At(Duration span) { return Instant{1'000'000} + span; }

// Fails attempts until `until` and returns when each began.
std::vector<Instant> FailFrom(Reconnect& reconnect, Instant from, Instant until) {
  std::vector<Instant> begun;
  reconnect.Begin(from);
  reconnect.Failed(from);
  for (Instant now = from; now < until;) {
    now = *reconnect.NextDeadline();
    if (!reconnect.Due(now)) continue;
    begun.push_back(now);
    reconnect.Failed(now);
  }
  return begun;
}

TEST(Reconnects, AfterALossTheWorkersOfAServerComeBackSpreadOverSeconds) {
  std::set<std::int64_t> seconds;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Reconnect reconnect({}, Rng(seed));
    reconnect.Begin(At(0s));
    reconnect.Connected();
    EXPECT_FALSE(reconnect.NextDeadline()) << "a good connection is not thrown away";
    reconnect.Lost(At(1h));
    const Duration wait = *reconnect.NextDeadline() - At(1h);
    EXPECT_LT(wait, limits::kReconnectSpread);
    seconds.insert(wait / 1s);
  }
  EXPECT_EQ(seconds.size(), 15U);
}

TEST(Reconnects, FailuresAreTriedAgainEverRarerUpToAMinute) {
  Reconnect reconnect({}, Rng(1));
  const auto begun = FailFrom(reconnect, At(0s), At(10min));
  EXPECT_LE(begun[0] - At(0s), 1s);
  EXPECT_GE(begun[0] - At(0s), 500ms);
  for (std::size_t i = 8; i < begun.size(); ++i) {
    EXPECT_GE(begun[i] - begun[i - 1], 30s);
    EXPECT_LE(begun[i] - begun[i - 1], 60s);
  }
}

TEST(Reconnects, AnAttemptThatHearsNothingHasFailed) {
  Reconnect reconnect({}, Rng(1));
  reconnect.Begin(At(0s));
  EXPECT_FALSE(reconnect.Due(At(14s)));
  EXPECT_FALSE(reconnect.Due(At(15s)));
  EXPECT_TRUE(reconnect.Due(At(16s)));
}

TEST(Reconnects, TheFailureOfOneAttemptCountsOnce) {
  Reconnect once({}, Rng(1));
  Reconnect twice({}, Rng(1));
  for (Reconnect* reconnect : {&once, &twice}) {
    reconnect->Begin(At(0s));
    reconnect->Failed(At(0s));
  }
  twice.Failed(At(0s));
  EXPECT_EQ(once.NextDeadline(), twice.NextDeadline());
}

TEST(Reconnects, AfterThreeFailuresTheNextEndpointHasItsTurn) {
  Reconnect reconnect({}, Rng(1));
  std::vector<std::size_t> tried;
  reconnect.Begin(At(0s));
  for (int i = 0; i < 7; ++i) {
    tried.push_back(reconnect.Endpoint(2));
    const Instant now = reconnect.NextDeadline().value_or(At(0s));
    reconnect.Failed(now);
    EXPECT_TRUE(reconnect.Due(*reconnect.NextDeadline()));
  }
  EXPECT_EQ(tried, (std::vector<std::size_t>{0, 0, 0, 1, 1, 1, 0}));
  reconnect.Connected();
  EXPECT_EQ(reconnect.Endpoint(2), 0U) << "where it works it stays";
}

TEST(Reconnects, ARefusalIsBelievedWhenItLastsAMinute) {
  Reconnect reconnect({}, Rng(1));
  reconnect.Begin(At(0s));
  EXPECT_FALSE(reconnect.Refused(At(0s)));
  EXPECT_FALSE(reconnect.Refused(At(1s)));
  EXPECT_FALSE(reconnect.Refused(At(59s))) << "a server that restarts";
  EXPECT_TRUE(reconnect.Refused(At(60s)));
}

TEST(Reconnects, AConnectionInBetweenMakesRefusalsForgotten) {
  Reconnect reconnect({}, Rng(1));
  for (const Duration at : {0s, 30s, 59s}) EXPECT_FALSE(reconnect.Refused(At(at)));
  reconnect.Connected();
  EXPECT_FALSE(reconnect.Refused(At(2min)));
}

TEST(Reconnects, WhoIsNotPatientBelievesTheFirstRefusal) {
  Reconnect reconnect({.spread = 0s, .patient = false}, Rng(1));
  reconnect.Begin(At(0s));
  EXPECT_TRUE(reconnect.Refused(At(0s)));
}

}  // namespace
}  // namespace picube
