// Sustained figures, and what is published of boards.
#include "hardware/soak.h"

#include <gtest/gtest.h>

#include <vector>

#include "hardware/benchmark.h"
#include "hardware/published_boards.h"

namespace picube {
namespace {

TEST(Sustained, IsTheMeanOfTheLastFifth) {
  EXPECT_EQ(SustainedOf({}), 0);
  EXPECT_EQ(SustainedOf(std::vector{3.0}), 3);
  EXPECT_EQ(SustainedOf(std::vector{9.0, 9.0, 9.0, 4.0}), 4);
  EXPECT_EQ(SustainedOf(std::vector<double>{9, 9, 9, 9, 9, 9, 9, 9, 4, 2}), 3);
}

TEST(Sustained, OfThisMachineComesWindowByWindow) {
  std::vector<double> at;
  std::vector<double> rates;
  const SoakFigures figures = Soak(1, 50ms, [&](double seconds, double flops) {
    at.push_back(seconds);
    rates.push_back(flops);
  });
  EXPECT_EQ(at, (std::vector{0.01, 0.02, 0.03, 0.04, 0.05}));
  EXPECT_EQ(figures.sustained, rates.back());
  EXPECT_GT(figures.sustained, 1e6);
  EXPECT_GE(figures.best, figures.sustained);
  EXPECT_LE(figures.Part(), 1);
}

BoardRun TenMinutes(BoardKind board, GovernorMode mode, double ambient) {
  BoardRun run{.board = board, .virtual_board = {}, .governor = {}, .heat = {}};
  run.virtual_board.ambient = run.governor.ambient = ambient;
  run.governor.mode = mode;
  run.hours = 10.0 / 60;
  return run;
}

TEST(Sustained, AVirtualBoardLosesMoreTheHotterItsRoom) {
  for (const BoardKind board : {BoardKind::k3B, BoardKind::k4B, BoardKind::k5}) {
    double before = 1.01;
    for (const double ambient : {10.0, 25.0, 35.0, 40.0}) {
      const double part = SoakVirtually(TenMinutes(board, GovernorMode::kCool, ambient)).part;
      EXPECT_LE(part, before) << Name(board) << " at " << ambient;
      EXPECT_GT(part, 0.2);
      before = part;
    }
  }
}

TEST(Sustained, AGovernedVirtualBoardStaysCoolerAndIsNotThrottled) {
  const VirtualSoak cool = SoakVirtually(TenMinutes(BoardKind::k3B, GovernorMode::kCool, 35));
  const VirtualSoak alone = SoakVirtually(TenMinutes(BoardKind::k3B, GovernorMode::kMax, 35));
  EXPECT_EQ(cool.throttled, 0);
  EXPECT_EQ(alone.throttled, 1);
  EXPECT_NEAR(cool.temperature, 79, 0.5);
  EXPECT_NEAR(alone.temperature, 84.5, 0.6);
  EXPECT_LT(cool.heat_watts, alone.heat_watts);
  EXPECT_NEAR(cool.part * 4, cool.cores, 1e-9);
}

TEST(PublishedBoards, AreFoundByWhatABoardSaysOfItself) {
  const auto name = [](const char* model) {
    const PublishedBoard* board = PublishedBoardOf(model);
    return board == nullptr ? std::string_view("?") : board->name;
  };
  EXPECT_EQ(name("Raspberry Pi 3 Model B Rev 1.2"), "Pi 3B");
  EXPECT_EQ(name("Raspberry Pi 3 Model B Plus Rev 1.3"), "Pi 3B+");
  EXPECT_EQ(name("Raspberry Pi 4 Model B Rev 1.4"), "Pi 4B");
  EXPECT_EQ(name("Raspberry Pi 5 Model B Rev 1.0"), "Pi 5");
  EXPECT_EQ(name("Raspberry Pi 500 Rev 1.0"), "?");
  EXPECT_EQ(name("Raspberry Pi Zero 2 W Rev 1.0"), "Zero 2 W");
  EXPECT_EQ(name("generic"), "?");
  EXPECT_EQ(name(""), "?");
}

TEST(Memory, IsCopiedAndFilledAtSomeSpeed) {
  EXPECT_GT(MeasureCopy(1ms), 1e6);
  EXPECT_GT(MeasureFill(1ms), 1e6);
}

}  // namespace
}  // namespace picube
