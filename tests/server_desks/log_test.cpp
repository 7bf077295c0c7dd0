#include "server/gateway/log.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <sstream>

namespace picube::test {
namespace {

TEST(Log, TextOfAStrangerStaysOnItsLine) {
  EXPECT_EQ(OneLine("bad header\n2026-01-01 00:00:00 info all is well"),
            "bad header\\n2026-01-01 00:00:00 info all is well");
  EXPECT_EQ(OneLine("\x1b[2Jgone\r\t\x7f"), "\\x1b[2Jgone\\x0d\\t\\x7f");
  EXPECT_EQ(OneLine("Zürich, 20 °C"), "Zürich, 20 °C");
}

TEST(Log, EveryLineOfTheServerIsCleaned) {
  std::ostringstream out;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out)));
  SetLogFormat();
  spdlog::warn("unit 3 failed: {}", "one\ntwo");
  spdlog::set_default_logger(before);
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("warning unit 3 failed: one\\ntwo"), std::string::npos) << text;
}

TEST(Log, StateThatTurnsAllTheTimeIsSaidAFewTimesAMinuteAndAtLastAsItIs) {
  TurnsToSay trouble;
  int lines = 0;
  bool said = false;
  bool side = false;
  Instant now{1};
  for (int turn = 0; turn < 6001; ++turn) {  // a minute
    side = !side;
    now = now + 10ms;
    if (trouble.Due(side, now)) {
      ++lines;
      said = side;
    }
  }
  EXPECT_LE(lines, 2 * static_cast<int>(TurnsToSay::kMost));
  for (int turn = 0; turn < 6001; ++turn) {
    now = now + 10ms;
    if (trouble.Due(side, now)) said = side;
  }
  EXPECT_EQ(said, side);
  EXPECT_FALSE(trouble.Due(side, now + 10min));
}

TEST(Log, FirstTurnIsSaidAtOnce) {
  TurnsToSay trouble;
  EXPECT_FALSE(trouble.Due(false, Instant{1}));
  EXPECT_TRUE(trouble.Due(true, Instant{2}));
  EXPECT_EQ(trouble.Unsaid(), 0U);
  EXPECT_TRUE(trouble.Due(false, Instant{3}));
}

}  // namespace
}  // namespace picube::test
