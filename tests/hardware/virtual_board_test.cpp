#include "hardware/virtual_board.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hardware/board_run.h"

namespace picube {
namespace {

BoardResult Ungoverned(BoardKind board) {
  BoardRun run{.board = board, .virtual_board = {}, .governor = {}, .heat = {}};
  run.governor.mode = GovernorMode::kMax;
  return PlayBoard(run);
}

TEST(VirtualBoard, ThrottlesItselfAsTheLogsOfRealBoardsSay) {
  // A 3B under full load: 83.8 to 84.9 °C, 657 to 818 of 1200 MHz.
  const BoardResult b3 = Ungoverned(BoardKind::k3B);
  EXPECT_NEAR(b3.mean, 84.3, 0.3);
  EXPECT_NEAR(b3.work, 0.58, 0.015);  // warming up included
  EXPECT_NEAR(Ungoverned(BoardKind::k4B).work, 0.914, 0.01);
  EXPECT_NEAR(Ungoverned(BoardKind::k5).work, 0.759, 0.01);
  EXPECT_GT(b3.throttled, 0.9);
}

TEST(VirtualBoard, AnIdleOneStaysCoolAndAFanKeepsABusyOneBelowItsLimit) {
  const BoardModel& model = ModelOf(BoardKind::k4B);
  VirtualBoard idle(model, {}, Rng(1));
  VirtualBoard fan(model, {.resistance_times = 0.45}, Rng(1));
  for (int i = 0; i < 72'000; ++i) {
    idle.Step({});
    fan.Step({.cores = 4});
  }
  EXPECT_NEAR(idle.Temperature(), 25 + model.Resistance() * model.idle_watts, 0.1);
  EXPECT_LT(fan.Temperature(), 70);
  EXPECT_FALSE(fan.Throttled());
  EXPECT_NEAR(fan.Work(), 4 * 7200, 1);
}

TEST(VirtualBoard, TheSensorIsNoisyInSteps) {
  VirtualBoard board(ModelOf(BoardKind::k3B), {}, Rng(2));
  double sum = 0;
  for (int i = 0; i < 4000; ++i) {
    const double seen = board.Sensor();
    EXPECT_NEAR(seen / 0.5378, std::round(seen / 0.5378), 1e-6);
    sum += seen;
  }
  EXPECT_NEAR(sum / 4000, 25, 0.05);
}

TEST(VirtualBoard, TheSameSeedGivesTheSameHours) {
  const BoardRun run{.virtual_board = {}, .governor = {}, .hours = 0.5, .heat = {}};
  EXPECT_EQ(PlayBoard(run).work, PlayBoard(run).work);
  EXPECT_EQ(PlayBoard(run).joules, PlayBoard(run).joules);
}

}  // namespace
}  // namespace picube
