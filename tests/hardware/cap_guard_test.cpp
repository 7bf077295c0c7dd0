// The rules of capping the clock, with passed time.
#include "hardware/cap/cap_guard.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"

namespace picube {
namespace {

using Kind = CapStep::Kind;

constexpr Instant At(double s) { return {static_cast<std::int64_t>(s * 1e6)}; }
constexpr CapLimits kLimits{600'000, 1'200'000};
constexpr CapGuard::Found kFound{kLimits, 1'200'000};

// Asks, and it is done as asked.
CapStep Ask(CapGuard& guard, std::uint64_t client, const std::string& line, double s) {
  const CapStep step = guard.Ask(client, line, kFound, At(s));
  if (step.kind == Kind::kCap) guard.Capped(client, true, At(s));
  return step;
}

TEST(CapGuards, TakeOneKindOfLineOnly) {
  EXPECT_EQ(CapMhzOf("cap 900"), 900U);
  EXPECT_EQ(CapMhzOf("cap 0"), 0U);
  EXPECT_EQ(CapMhzOf("cap 999999"), 999'999U);
  for (const char* line :
       {"", "cap", "cap ", "cap -1", "cap +1", "cap 900 ", "cap  900", "cap 0x9", "cap 9e2",
        "Cap 900", "cap 1000000", "cap 4294967296900", "set 900", "cap 900\r", " cap 900"}) {
    EXPECT_FALSE(CapMhzOf(line)) << line;
  }
}

TEST(CapGuards, StayWithinTheLimitsOfTheDriver) {
  CapGuard guard({}, 10s);
  for (const char* line : {"cap 599", "cap 1201", "cap 0", "cap 999999"}) {
    const CapStep step = Ask(guard, 1, line, 0);
    EXPECT_EQ(step.kind, Kind::kNothing) << line;
    EXPECT_EQ(step.refusal, "out of range 600 to 1200");
  }
  EXPECT_FALSE(guard.Holds());
  EXPECT_EQ(Ask(guard, 1, "cap 600", 0).khz, 600'000U);
  EXPECT_EQ(Ask(guard, 1, "cap 1200", 0).khz, 1'200'000U);
  // Of a driver whose limits are not whole MHz the nearest is taken.
  CapGuard odd({}, 10s);
  const CapGuard::Found found{CapLimits{600'062, 1'500'345}, 1'500'345};
  EXPECT_EQ(odd.Ask(1, "cap 600", found, At(0)).khz, 600'062U);
  EXPECT_EQ(odd.Ask(1, "cap 1501", found, At(0)).khz, 1'500'345U);
}

TEST(CapGuards, WhatCannotBeReadIsNotCapped) {
  CapGuard guard({}, 10s);
  EXPECT_EQ(guard.Ask(1, "cap 900", {{}, 1'200'000}, At(0)).refusal,
            "the limits of the clock cannot be read");
  EXPECT_EQ(guard.Ask(1, "cap 900", {kLimits, {}}, At(0)).refusal,
            "the present cap cannot be read");
  EXPECT_FALSE(guard.Holds());
}

TEST(CapGuards, TenSecondsOfSilenceEndTheCap) {
  CapGuard guard({}, 10s);
  EXPECT_FALSE(guard.Due());
  ASSERT_EQ(Ask(guard, 1, "cap 900", 0).kind, Kind::kCap);
  ASSERT_EQ(Ask(guard, 1, "cap 900", 9).kind, Kind::kCap);
  EXPECT_EQ(Ask(guard, 1, "nonsense", 18).kind, Kind::kNothing);  // is no sign of life
  EXPECT_EQ(guard.Turn(At(18.9)).kind, Kind::kNothing);
  EXPECT_EQ(guard.Due(), At(19));
  const CapStep step = guard.Turn(At(19));
  EXPECT_EQ(step.kind, Kind::kRestore);
  EXPECT_EQ(step.khz, 1'200'000U);
  guard.Restored(true, At(19));
  EXPECT_FALSE(guard.Holds());
  EXPECT_FALSE(guard.Due());
}

TEST(CapGuards, TheOriginalIsThatFromBeforeTheFirstCap) {
  CapGuard guard({}, 10s);
  EXPECT_EQ(Ask(guard, 1, "cap 900", 0).original_khz, 1'200'000U);
  const CapStep step = guard.Ask(1, "cap 700", {kLimits, 900'000}, At(1));
  EXPECT_EQ(step.original_khz, 1'200'000U);
  guard.Gone(1);
  EXPECT_EQ(guard.Turn(At(2)).khz, 1'200'000U);
}

TEST(CapGuards, OneClientHoldsTheCapUntilItGoes) {
  CapGuard guard({}, 10s);
  ASSERT_EQ(Ask(guard, 1, "cap 900", 0).kind, Kind::kCap);
  EXPECT_EQ(Ask(guard, 2, "cap 600", 1).refusal, "another client holds the cap");
  guard.Gone(2);
  EXPECT_EQ(guard.Turn(At(2)).kind, Kind::kNothing);
  guard.Gone(1);
  EXPECT_EQ(guard.Turn(At(2)).kind, Kind::kRestore);
  guard.Restored(true, At(2));
  EXPECT_EQ(Ask(guard, 2, "cap 600", 3).kind, Kind::kCap);
}

TEST(CapGuards, WhatAKilledRunLeftIsRestoredFirst) {
  CapGuard guard(1'100'000, 10s);
  const CapStep step = guard.Turn(At(0));
  EXPECT_EQ(step.kind, Kind::kRestore);
  EXPECT_EQ(step.khz, 1'100'000U);
}

TEST(CapGuards, ARestoreThatFailsIsTriedEverySecondAndOnceMoreAtTheEnd) {
  CapGuard guard(1'100'000, 10s);
  ASSERT_EQ(guard.Turn(At(0)).kind, Kind::kRestore);
  guard.Restored(false, At(0));
  EXPECT_EQ(guard.Turn(At(0.9)).kind, Kind::kNothing);
  EXPECT_EQ(guard.Due(), At(1));
  EXPECT_EQ(guard.Turn(At(1)).kind, Kind::kRestore);
  guard.Restored(false, At(1));
  guard.End();
  EXPECT_EQ(guard.Turn(At(1.1)).kind, Kind::kRestore);
}

TEST(CapGuards, ACapThatCouldNotBeWrittenIsTakenBackAtOnce) {
  CapGuard guard({}, 10s);
  ASSERT_EQ(guard.Ask(1, "cap 900", kFound, At(0)).kind, Kind::kCap);
  guard.Capped(1, false, At(0));
  EXPECT_FALSE(guard.HeldBy(1));
  EXPECT_EQ(guard.Turn(At(0)).kind, Kind::kRestore);
}

TEST(CapGuards, AFloodOfCommandsIsNotObeyed) {
  CapGuard guard({}, 10s);
  int obeyed = 0;
  for (int i = 0; i < 1000; ++i) {
    obeyed += Ask(guard, 1, i % 2 == 0 ? "cap 900" : "cap 600", 5 + i * 0.001).kind == Kind::kCap;
  }
  EXPECT_EQ(obeyed, CapGuard::kMostASecond);
  EXPECT_EQ(Ask(guard, 1, "cap 700", 6.1).kind, Kind::kCap);
}

// A file that now and then cannot be written, clients that come, ask, say nonsense and go.
TEST(CapGuards, WhateverHappensTheOriginalComesBack) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    const auto original = static_cast<std::uint32_t>(600'000 + rng.Below(600'001));
    std::uint32_t file = original;
    double now = 0;
    CapGuard guard({}, 10s);
    const auto turn = [&](bool broken) {
      const CapStep step = guard.Turn(At(now));
      if (step.kind != Kind::kRestore) return;
      ASSERT_EQ(step.khz, original);
      if (!broken) file = step.khz;
      guard.Restored(!broken, At(now));
    };
    for (int i = 0; i < 400; ++i) {
      now += static_cast<double>(rng.Below(3000)) / 1000;
      const bool broken = rng.Below(10) == 0;
      const std::uint64_t client = rng.Below(3);
      switch (rng.Below(4)) {
        case 0: guard.Gone(client); break;
        case 1: static_cast<void>(guard.Ask(client, "cap me", {kLimits, file}, At(now))); break;
        default: {
          const std::string line = "cap " + std::to_string(500 + rng.Below(800));
          const CapStep step = guard.Ask(client, line, {kLimits, file}, At(now));
          if (step.kind != Kind::kCap) break;
          ASSERT_EQ(step.original_khz, original) << "seed " << seed;
          ASSERT_TRUE(step.khz >= 600'000 && step.khz <= 1'200'000);
          if (!broken) file = step.khz;
          guard.Capped(client, !broken, At(now));
        }
      }
      turn(broken);
      ASSERT_TRUE(guard.Holds() || file == original) << "seed " << seed;
    }
    now += 11;
    turn(false);
    ASSERT_EQ(file, original) << "seed " << seed;
    ASSERT_FALSE(guard.Holds());
  }
}

}  // namespace
}  // namespace picube
