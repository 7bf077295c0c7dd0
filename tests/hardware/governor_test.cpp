#include "hardware/governor.h"

#include <gtest/gtest.h>

#include <cmath>

namespace picube {
namespace {

constexpr BoardKind kAll[] = {BoardKind::k3B, BoardKind::k4B, BoardKind::k5};

GovernorReading At(double temperature) {
  GovernorReading reading;
  reading.temperature = temperature;
  return reading;
}
// Cores at full clock that an allowance stands for.
double HeatOf(const BoardModel& board, const Allowance& allowance) {
  const double threads = allowance.threads + allowance.duty;
  const double clock = allowance.cap_mhz > 0 ? board.Heat(allowance.cap_mhz) / board.cores : 1;
  return threads * (allowance.full_part + (1 - allowance.full_part) * clock);
}

TEST(Governor, StartsAtWhatTheBoardsHeatAllows) {
  const double expected[] = {1.9, 3.2, 2.1};
  for (const BoardKind board : kAll) {
    const Governor governor(ModelOf(board), {});
    EXPECT_NEAR(governor.State().integral, expected[static_cast<std::size_t>(board)], 0.06);
  }
}

TEST(Governor, AColdBoardMayDoAllAndAHotOneLess) {
  for (const BoardKind board : kAll) {
    const BoardModel& model = ModelOf(board);
    Governor cold(model, {});
    EXPECT_NEAR(HeatOf(model, cold.Step(At(30), 1)), 4, 0.01);
    Governor hot(model, {});
    const Allowance less = hot.Step(At(84), 1);
    EXPECT_LT(HeatOf(model, less), 1.5);
    EXPECT_FALSE(less.paused);
  }
}

TEST(Governor, OfTwoTemperaturesTheHotterNeverMayDoMore) {
  for (const BoardKind board : kAll) {
    const BoardModel& model = ModelOf(board);
    for (const bool can_cap : {true, false}) {
      double before = 5;
      for (double temperature = 60; temperature < 85; temperature += 0.25) {
        Governor governor(model, {.can_cap = can_cap});
        const double heat = HeatOf(model, governor.Step(At(temperature), 1));
        EXPECT_LE(heat, before + 0.21) << temperature;  // a step of the clock is that coarse
        before = heat;
      }
    }
  }
}

TEST(Governor, PausesAtEightyFiveDegreesAndSaysWhy) {
  Governor governor(ModelOf(BoardKind::k3B), {});
  const Allowance none = governor.Step(At(85), 1);
  EXPECT_TRUE(none.paused);
  EXPECT_EQ(none.threads, 0);
  EXPECT_STREQ(none.why, "the board is too hot");
  EXPECT_FALSE(governor.Step(At(78), 1).paused);
}

TEST(Governor, ALostSensorLeavesOneCore) {
  Governor governor(ModelOf(BoardKind::k4B), {.can_cap = false});
  static_cast<void>(governor.Step(At(60), 1));
  Allowance last;
  for (int i = 0; i < 4; ++i) last = governor.Step({}, 1);
  EXPECT_EQ(last.threads, 4) << "for five seconds the last temperature counts";
  last = governor.Step({}, 1);
  EXPECT_EQ(last.threads, 1);
  EXPECT_STREQ(last.why, "the temperature is not known");
  EXPECT_EQ(governor.Step(At(60), 1).threads, 4);
  Governor never(ModelOf(BoardKind::k4B), {.can_cap = false});
  EXPECT_EQ(never.Step({}, 1).threads, 1);
}

TEST(Governor, AStuckSensorIsFoundOutByTheFirmware) {
  Governor governor(ModelOf(BoardKind::k3B), {.can_cap = false});
  GovernorReading stuck = At(55);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(governor.Step(stuck, 1).threads, 4);
  stuck.throttled = true;
  Allowance last;
  for (int i = 0; i < 10; ++i) last = governor.Step(stuck, 1);
  EXPECT_EQ(last.threads, 1);
  EXPECT_STREQ(last.why, "the firmware throttles a board whose sensor says that it is cool");
}

TEST(Governor, AJumpOfTheSensorIsNotFollowedUntilItStays) {
  Governor governor(ModelOf(BoardKind::k3B), {.can_cap = false});
  for (int i = 0; i < 600; ++i) static_cast<void>(governor.Step(At(79), 1));
  const Allowance before = governor.Step(At(79), 1);
  const Allowance jumped = governor.Step(At(25), 1);
  EXPECT_NEAR(jumped.threads + jumped.duty, before.threads + before.duty, 0.05) << "one reading";
  static_cast<void>(governor.Step(At(79), 1));
  Allowance last;
  for (int i = 0; i < 8; ++i) last = governor.Step(At(25), 1);
  EXPECT_EQ(last.threads, 4) << "a board in the snow";
  EXPECT_EQ(governor.Step(At(150), 1).paused, true) << "hot enough to stop, believed or not";
}

TEST(Governor, ClockThatJumpsNeitherWindsUpNorStops) {
  Governor governor(ModelOf(BoardKind::k4B), {.can_cap = false});
  for (const double seconds : {1.0, 0.0, 86'400.0, 1e-9, 1.0}) {
    const Allowance some = governor.Step(At(78), seconds);
    EXPECT_GE(some.threads + some.duty, Governor::kLeast);
    EXPECT_LE(some.threads + some.duty, 4);
  }
}

TEST(Governor, UnderVoltageTakesAThread) {
  Governor governor(ModelOf(BoardKind::k4B), {});
  GovernorReading low = At(50);
  low.under_voltage = true;
  const Allowance less = governor.Step(low, 1);
  EXPECT_EQ(less.threads, 3);
  EXPECT_STREQ(less.why, "the supply voltage is too low");
}

TEST(Governor, AThrottlingFirmwareLowersTheSetPointForHalfAnHour) {
  Governor governor(ModelOf(BoardKind::k3B), {});
  GovernorReading throttled = At(81);
  throttled.throttled = true;
  for (int i = 0; i < 30; ++i) static_cast<void>(governor.Step(throttled, 1));
  EXPECT_EQ(governor.SetPoint(), 78) << "one stretch of throttling counts once";
  for (int again = 0; again < 20; ++again) {
    static_cast<void>(governor.Step(At(78), 1));
    static_cast<void>(governor.Step(throttled, 1));
  }
  EXPECT_EQ(governor.SetPoint(), 70) << "not below 70";
  for (int i = 0; i < 1800; ++i) static_cast<void>(governor.Step(At(69), 1));
  EXPECT_EQ(governor.SetPoint(), 79);
}

TEST(Governor, AClockFarBelowItsCapCountsAsThrottled) {
  Governor governor(ModelOf(BoardKind::k3B), {.can_cap = false});
  GovernorReading slow = At(70);
  slow.real_mhz = 900;
  for (int i = 0; i < 9; ++i) static_cast<void>(governor.Step(slow, 1));
  EXPECT_EQ(governor.SetPoint(), 79);
  static_cast<void>(governor.Step(slow, 1));
  EXPECT_EQ(governor.SetPoint(), 78);
}

TEST(Governor, DoesNotWindUpWhileABoundHolds) {
  Governor governor(ModelOf(BoardKind::k3B), {});
  for (int i = 0; i < 10'000; ++i) static_cast<void>(governor.Step(At(30), 1));
  EXPECT_LE(governor.State().integral, 4.5);
  for (int i = 0; i < 10'000; ++i) static_cast<void>(governor.Step(At(84), 1));
  EXPECT_GE(governor.State().integral, 0);
}

TEST(Governor, GoesOnWhereItWas) {
  const auto kept = GovernorState::FromText(GovernorState{2.125}.Text());
  ASSERT_TRUE(kept);
  const Governor governor(ModelOf(BoardKind::k5), {}, kept);
  EXPECT_EQ(governor.State().integral, 2.125);
  for (const char* wrong : {"", "x", "1.9 cores", "-1", "nan", "1e9"}) {
    EXPECT_FALSE(GovernorState::FromText(wrong)) << wrong;
  }
}

TEST(Governor, MaxAndOffSteerNothing) {
  for (const GovernorMode mode : {GovernorMode::kMax, GovernorMode::kOff}) {
    Governor governor(ModelOf(BoardKind::k4B), {.mode = mode});
    const Allowance all = governor.Step(At(84.9), 1);
    EXPECT_EQ(all.threads, 4);
    EXPECT_EQ(all.cap_mhz, 0);
    EXPECT_EQ(GovernorModeNamed(Name(mode)), mode);
  }
}

TEST(DutyPulse, IsEvenAndStaggered) {
  for (const double part : {0.0, 0.3, 0.5, 0.77, 1.0}) {
    DutyPulse pulse;
    int on = 0;
    for (int slot = 1; slot <= 200; ++slot) {
      on += pulse.Next(part) ? 1 : 0;
      EXPECT_LE(std::fabs(on - part * slot), 1.0 + 1e-9) << part;
    }
  }
  DutyPulse first;
  DutyPulse second(0.5);
  for (int slot = 0; slot < 20; ++slot) EXPECT_NE(first.Next(0.5), second.Next(0.5));
}

}  // namespace
}  // namespace picube
