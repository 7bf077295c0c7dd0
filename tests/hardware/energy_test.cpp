// Joules: what a board took, and how much of it was for computing.
#include "hardware/energy.h"

#include <gtest/gtest.h>

#include "hardware/live_board.h"

namespace picube {
namespace {

constexpr Instant At(double seconds) { return Instant{} + FromSeconds(seconds); }

TEST(Energy, AnIdleBoardTakesNoMarginalJoules) {
  EnergyMeter meter;
  const BoardModel& board = ModelOf(BoardKind::k3B);
  meter.Pass(At(0), ModelledPower(board, 0, 1200));
  meter.Pass(At(10), ModelledPower(board, 0, 1200));
  EXPECT_NEAR(meter.At(At(10)).full, 14, 1e-9) << "1.4 W";
  EXPECT_EQ(meter.At(At(10)).marginal, 0);
  EXPECT_EQ(meter.Source(), EnergySource::kModel);
}

TEST(Energy, ABusyBoardTakesWhatIsPublishedOfIt) {
  // 3B: 1.4 W idle, 3.7 W under load; 4B: 1.6 and 5.0; 5: 2.8 and 9.7.
  const BoardModel& three = ModelOf(BoardKind::k3B);
  EXPECT_NEAR(ModelledPower(three, 4, three.most_mhz).watts, 3.7, 0.05);
  const BoardModel& four = ModelOf(BoardKind::k4B);
  EXPECT_NEAR(ModelledPower(four, 4, four.most_mhz).watts, 5.0, 0.05);
  const BoardModel& five = ModelOf(BoardKind::k5);
  EXPECT_NEAR(ModelledPower(five, 4, five.most_mhz).watts, 9.7, 0.15);
  EXPECT_LT(ModelledPower(five, 4, five.least_mhz).watts, 7);
}

TEST(Energy, OnlyOurPartOfALoadIsOurs) {
  EnergyMeter meter;
  const Power busy{.watts = 5, .idle_watts = 2, .source = EnergySource::kIna};
  for (int second = 0; second <= 100; ++second) meter.Pass(At(second), busy, 0.5);
  EXPECT_NEAR(meter.At(At(100)).full, 500, 1e-9);
  EXPECT_NEAR(meter.At(At(100)).marginal, 150, 1e-9);
  EXPECT_EQ(ErrorPercent(meter.Source()), 2);
}

TEST(Energy, TheWallPaysForChargerAndSwitch) {
  EnergyMeter meter({.charger_efficiency = 0.8, .shared_watts = 1});
  const Power busy{.watts = 4, .idle_watts = 2, .source = EnergySource::kIna};
  meter.Pass(At(0), busy);
  meter.Pass(At(10), busy);
  EXPECT_NEAR(meter.At(At(10)).full, 60, 1e-9);
  EXPECT_NEAR(meter.At(At(10)).marginal, 25, 1e-9);
}

TEST(Energy, UnitShorterThanASecondIsChargedTheWattsOfNow) {
  EnergyMeter meter;
  const Power busy{.watts = 4, .idle_watts = 2};
  meter.Pass(At(0), busy);
  meter.Pass(At(1), busy);
  const auto before = meter.At(At(1.25));
  EXPECT_NEAR(meter.At(At(1.5)).full - before.full, 1, 1e-9);
}

TEST(Energy, SleepingMachinesJumpingClocksAndNonsenseCostNothing) {
  EnergyMeter meter;
  const Power busy{.watts = 4, .idle_watts = 2};
  meter.Pass(At(100), busy);
  meter.Pass(At(50), busy);
  EXPECT_EQ(meter.At(At(50)).full, 0);
  meter.Pass(At(90'000), busy);
  EXPECT_LE(meter.At(At(90'000)).full, 4 * 60);
  const double sum = meter.At(At(90'000)).full;
  meter.Pass(At(90'010), Power{.watts = -3, .idle_watts = 2});
  EXPECT_EQ(meter.Source(), EnergySource::kNone);
  meter.Pass(At(90'020), {});
  EXPECT_EQ(meter.At(At(90'030)).full, sum);
}

TEST(LiveBoard, HeatsUpUnderLoadAndCoolsWithoutIt) {
  VirtualBoardOptions warm;
  warm.ambient = 35;
  LiveBoard board(BoardKind::k3B, warm, Rng(1));
  Allowance all;
  all.threads = 4;
  const int idle = board.Sample().temperature_millicelsius.value();
  EXPECT_NEAR(idle, 60'800, 1500) << "26 K/W and 1 W above 35 degrees";
  for (int second = 0; second < 60; ++second) board.Pass(1s, all, 1);
  EXPECT_GT(board.Sample().temperature_millicelsius.value(), 80'000);
  EXPECT_NE(board.Sample().throttle_flags.value() & 4U, 0U) << "throttled now";
  EXPECT_LT(board.ClockPart(), 1);
  for (int second = 0; second < 60; ++second) board.Pass(1s, all, 0);
  EXPECT_LT(board.Sample().temperature_millicelsius.value(), 72'000);
  EXPECT_EQ(board.Sample().throttle_flags.value(), 1U << 18) << "it has been";
}

TEST(LiveBoard, IsKnownByTheNamesOfRealOnes) {
  for (const BoardKind board :
       {BoardKind::k3B, BoardKind::k3BPlus, BoardKind::k4B, BoardKind::k5}) {
    EXPECT_EQ(BoardCalled(LiveBoard(board, {}, Rng(1)).Called()), board);
    EXPECT_EQ(BoardNamed(Name(board)), board);
  }
  EXPECT_EQ(BoardCalled("Raspberry Pi 400 Rev 1.0"), BoardKind::k4B);
  EXPECT_EQ(BoardCalled("Raspberry Pi Compute Module 5 Lite Rev 1.0"), BoardKind::k5);
  EXPECT_FALSE(BoardCalled("Raspberry Pi Pico"));
  EXPECT_FALSE(BoardCalled("Dell OptiPlex 5"));
}

}  // namespace
}  // namespace picube
