#include "cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/text.h"

namespace picube {
namespace {

Progress Half() {
  return {.label = "batch 3",
          .done = 512,
          .total = 1024,
          .amount = "512 of 1,024 units",
          .rate = "12.5/s",
          .left_ms = 41'000,
          .note = {}};
}

TEST(Bar, ShowsPartAmountRateAndTimeLeft) {
  EXPECT_EQ(BarLine(Half(), 80),
            "batch 3 [#############-------------]  50%  512 of 1,024 units  12.5/s  41 s left");
}

TEST(Bar, GoesFirstWhenRoomIsShort) {
  EXPECT_EQ(BarLine(Half(), 60), "batch 3  50%  512 of 1,024 units  12.5/s  41 s left");
  EXPECT_EQ(Columns(BarLine(Half(), 30)), 30U);
}

TEST(Bar, NeverSaysHundredPercentBeforeTheEnd) {
  EXPECT_EQ(Percent(999'999, 1'000'000), 99U);
  EXPECT_EQ(Percent(1'000'000, 1'000'000), 100U);
  EXPECT_EQ(Percent(0, 0), 0U);
}

TEST(Bar, ATotalThatIsNotKnownHasNoPercent) {
  const Progress unknown{.label = "batch 3", .amount = "10 units so far", .rate = {}, .note = {}};
  EXPECT_EQ(BarLine(unknown, 0), "batch 3   …%  10 units so far");
}

TEST(Bar, NamesCannotMoveTheCursor) {
  Progress evil = Half();
  evil.label = "x\x1b[2J";
  EXPECT_EQ(BarLine(evil, 0).find('\x1b'), std::string::npos);
}

TEST(ProgressLine, PrintsPlainLinesSeldomWithoutATerminal) {
  std::ostringstream out;
  ProgressLine line(out, {.terminal = false});
  Progress progress = Half();
  line.Show(progress, Instant{0});
  progress.done = 600;
  line.Show(progress, Instant{} + 1s);
  progress.done = 700;
  line.Show(progress, Instant{} + 6s);
  progress.done = 1024;
  line.Finish(progress);
  EXPECT_EQ(out.str(),
            "batch 3  50%  512 of 1,024 units  12.5/s  41 s left\n"
            "batch 3  68%  512 of 1,024 units  12.5/s  41 s left\n"
            "batch 3 100%  512 of 1,024 units  12.5/s  41 s left\n");
}

TEST(ProgressLine, DrawsOverItselfOnATerminalAndLeavesItClean) {
  std::ostringstream out;
  {
    ProgressLine line(out, {.terminal = true, .width = 60});
    line.Show(Half(), Instant{0});
    line.Show(Half(), Instant{0} + 10ms);  // too soon
  }
  EXPECT_EQ(out.str(), "\r\x1b[Kbatch 3  50%  512 of 1,024 units  12.5/s  41 s left\r\x1b[K");
}

}  // namespace
}  // namespace picube
