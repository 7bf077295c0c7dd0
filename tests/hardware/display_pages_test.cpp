// What the little display says, without a display.
#include "hardware/display/pages.h"

#include <gtest/gtest.h>

#include <set>

#include "hardware/display/display.h"
#include "hardware/display/text.h"

namespace picube {
namespace {

std::string Text(const Frame& frame) { return ToUtf8(frame.rows[0]) + "|" + ToUtf8(frame.rows[1]); }
std::string Shown(std::string_view utf8) { return ToUtf8(RowOf(ToDisplay(utf8))); }

DisplayView Busy() {
  DisplayView view;
  view.host = "picube-03";
  view.address = "192.168.1.23";
  view.time = TimeOnDisplay{.year = 2026, .month = 11, .day = 5, .hour = 14, .minute = 3};
  view.temperature_millicelsius = 61'200;
  view.core_millivolts = 1200;
  view.load_hundredths = 398;
  view.clock_mhz = 1200;
  view.throttle_flags = 0x50000;
  view.connected = true;
  view.unit = UnitOnDisplay{.unit = 1234, .permille = 879, .running = 192s};
  view.fan = FanOnDisplay{.rpm = 2300, .percent = 70, .follows_millicelsius = 75'100};
  return view;
}

std::vector<std::string> Texts(const DisplayView& view) {
  std::vector<std::string> texts;
  for (const Page& page : PagesOf(view, /*heart_beats=*/true)) texts.push_back(Text(page.frame));
  return texts;
}

TEST(DisplayText, KnowsTheRomAndReplacesWhatItLacks) {
  EXPECT_EQ(ToDisplay("61°"), "61\xDF");
  EXPECT_EQ(Shown("Küche-ß µ"), "Küche-ß µ       ");
  EXPECT_EQ(Shown("Éric's Ångström"), "Eric's Angström ");
  EXPECT_EQ(Shown("a\\b~c"), "a/b-c           ");  // a yen sign and an arrow stand there in the ROM
  EXPECT_EQ(Shown("日本 π"), "?? ?            ");
  EXPECT_EQ(Shown(std::string("a\0b\x01\n\x7f", 6)), "a?b???          ");
}

TEST(DisplayText, BytesThatAreNoUtf8AreQuestionMarks) {
  EXPECT_EQ(Shown("\xB0\xC3"), "??              ");  // a lone end, a lone beginning
  EXPECT_EQ(Shown("\xC0\x80"), "??              ");  // a nul in two bytes
  EXPECT_EQ(Shown("\xE2\x82"
                  "a"),
            "??a             ");  // cut short
  EXPECT_EQ(Shown("\xFFz"), "?z              ");
}

TEST(DisplayText, EveryCodeOfAnyTextIsOneThatTheRomHas) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string two = {static_cast<char>(first), static_cast<char>(second)};
      for (const char code : ToDisplay(two)) {
        const auto byte = static_cast<std::uint8_t>(code);
        EXPECT_TRUE((byte >= 0x20 && byte < 0x7E) || byte > 0xA0) << first << " " << second;
      }
    }
  }
}

TEST(DisplayText, ALeftThatIsTooLongIsCutBeforeTheRight) {
  EXPECT_EQ(ToUtf8(RowOf("a-very-long-host-name", ".1.23")), "a-very-lon .1.23");
  EXPECT_EQ(ToUtf8(RowOf("ab", "cd")), "ab            cd");
  EXPECT_EQ(ToUtf8(RowOf("ab", "0123456789abcdefgh")), "0123456789abcdef");
}

TEST(DisplayPages, SayHowABusyBoardFeels) {
  const std::vector<std::string> wanted = {
      "picube-03  .1.23|61.2° 1.20V 3.98", "U 1234 87% 03:12|T61° F1200 thr:0",
      "picube-03       |192.168.1.23    ", "05.11.2026 14:03|= server       *",
      "x 2300 rpm   70%|t 61.2°  max 75°"};
  EXPECT_EQ(Texts(Busy()), wanted);
}

TEST(DisplayPages, ShowWhatIsUnknownAsUnknownNeverAsZero) {
  DisplayView view;
  view.fan = FanOnDisplay{};
  view.unit = UnitOnDisplay{.unit = 7, .permille = 0, .running = {}};
  const std::vector<std::string> wanted = {
      "           no IP|--.-° -.--V -.--", "U    7  0% --:--|T--° F---- thr:?",
      "no name         |no IP address   ", "--.--.---- --:--|! no server    *",
      "x ---- rpm   --%|t --.-°         "};
  EXPECT_EQ(Texts(view), wanted);
}

TEST(DisplayPages, KeepTheirColumnsAtTheEdges) {
  DisplayView view = Busy();
  view.temperature_millicelsius = 105'260;
  view.load_hundredths = 1234;
  view.core_millivolts = 875;
  view.clock_mhz = 2400;
  view.throttle_flags = 0xF000F;
  view.unit = UnitOnDisplay{.unit = 9'876'543'210, .permille = 1000, .running = 9h + 5min};
  EXPECT_EQ(Texts(view)[0], "picube-03  .1.23|105°  0.88V 12.3");
  EXPECT_EQ(Texts(view)[1], "U.3210 99% 09h05|T105°F2400 thr:F");
  view.temperature_millicelsius = -5'240;
  view.load_hundredths = 12'345;
  view.unit->running = 75h;
  EXPECT_EQ(Texts(view)[0], "picube-03  .1.23|-5.2° 0.88V  123");
  EXPECT_EQ(Texts(view)[1], "U.3210 99% 75h00|T-5° F2400 thr:F");
  view.temperature_millicelsius = -40;  // not "-0.0°"
  view.unit->running = 123h;
  EXPECT_EQ(Texts(view)[0], "picube-03  .1.23|0.0°  0.88V  123");
  EXPECT_EQ(Texts(view)[1], "U.3210 99% 5d03h|T0°  F2400 thr:F");
}

TEST(DisplayPages, AnIPv6AddressShowsItsEnd) {
  DisplayView view = Busy();
  view.address = "2001:db8:1:2:3:4:5:beef";
  EXPECT_EQ(Texts(view)[0].substr(0, 16), "picube-03  :beef");
  EXPECT_EQ(Texts(view)[2].substr(17), "..1:2:3:4:5:beef");
}

TEST(DisplayPages, AMachineWithoutAFanOrAUnitSaysSo) {
  DisplayView view = Busy();
  view.fan.reset();
  view.unit.reset();
  EXPECT_EQ(Texts(view)[1].substr(0, 16), "waits for a unit");
  EXPECT_EQ(Texts(view).size(), 4U);
  view.connected = false;
  EXPECT_EQ(Texts(view)[1].substr(0, 16), "no server       ");
}

TEST(DisplayPages, APauseSaysWhyWholeWordsALine) {
  DisplayView view = Busy();
  view.pause = "under-voltage: the supply gives less than 4.63 V";
  const std::vector<std::string> texts = Texts(view);
  ASSERT_EQ(texts.size(), 7U);
  EXPECT_EQ(texts[1], "paused       87%|under-voltage:  ");
  EXPECT_EQ(texts[2], "paused       87%|the supply gives");
  EXPECT_EQ(texts[3], "paused       87%|less than 4.63 V");
  view.pause = std::string(1000, 'x');
  EXPECT_EQ(Texts(view)[6], "paused       87%|xxxxxxxxxxxxxx..");
}

TEST(DisplayPages, AMasterGoesThroughItsWholeCube) {
  DisplayView view = Busy();
  view.cube = {{.name = "picube-04",
                .temperature_millicelsius = 75'100,
                .clock_mhz = 1100,
                .unit = UnitOnDisplay{.unit = 88, .permille = 120, .running = {}}},
               {.name = "picube-05", .heard = false, .temperature_millicelsius = 99'000},
               {.name = "picube-06", .pause = "on battery", .temperature_millicelsius = 40'000},
               {.name = "a-rather-long-name"}};
  const std::vector<std::string> texts = Texts(view);
  ASSERT_EQ(texts.size(), 10U);
  EXPECT_EQ(texts[5], "cube 3 of 4 up  |max 75°   1 unit");
  EXPECT_EQ(texts[6], "picube-04  75.1°|U   88 12% F1100");
  EXPECT_EQ(texts[7], "picube-05       |not heard       ");
  EXPECT_EQ(texts[8], "picube-06  40.0°|paused: on batte");
  EXPECT_EQ(texts[9], "a-rather-l --.-°|no unit    F----");
}

// --- Turning the pages
// ------------------------------------------------------------------------------

TEST(DisplayPager, TurnsEveryFourSecondsAndComesBack) {
  Pager pager;
  const DisplayView view = Busy();
  const std::vector<std::string> texts = Texts(view);
  for (std::int64_t second = 0; second < 60; ++second) {
    const std::string shown = Text(pager.Step(view, Instant{second * 1'000'000}));
    const std::string& wanted = texts[static_cast<std::size_t>(second / 4) % texts.size()];
    EXPECT_EQ(shown.substr(0, 32), wanted.substr(0, 32)) << second;  // without the heart's beat
  }
}

TEST(DisplayPager, AfterALongSleepNoPageIsLeftOut) {
  Pager pager;
  const DisplayView view = Busy();
  std::set<std::string> seen;
  for (int i = 0; i < 5; ++i) {
    seen.insert(Text(pager.Step(view, Instant{i * std::int64_t{3'600'000'000}})));
  }
  EXPECT_EQ(seen.size(), 5U);
}

TEST(DisplayPager, APageThatGoesAwayGivesWayToTheNext) {
  Pager pager;
  DisplayView view = Busy();
  static_cast<void>(pager.Step(view, Instant{0}));
  EXPECT_EQ(Text(pager.Step(view, Instant{4'000'000})).substr(0, 6), "U 1234");
  view.pause = "on battery";
  EXPECT_EQ(Text(pager.Step(view, Instant{5'000'000})).substr(0, 9), "picube-03");
  view.cube = {{.name = "b"}};
  Frame last{};
  for (std::int64_t s = 6; s < 100; ++s) {
    last = pager.Step(view, Instant{s * 1'000'000});
    if (Text(last).starts_with("b ")) break;
  }
  ASSERT_TRUE(Text(last).starts_with("b "));
  view.cube.clear();  // the host's own page goes away while it is shown: the first one comes
  EXPECT_EQ(Text(pager.Step(view, Instant{100'000'000})), Texts(view)[0]);
}

TEST(DisplayConsole, PrintsAFrameOnlyWhenItIsNew) {
  static std::vector<std::string> lines;
  lines.clear();
  ConsoleDisplay console([](const std::string& line) { lines.push_back(line); });
  const Frame frame = PagesOf(Busy(), true)[0].frame;
  ASSERT_TRUE(console.Show(frame, Instant{}));
  ASSERT_TRUE(console.Show(frame, Instant{1'000'000}));
  EXPECT_EQ(lines, std::vector<std::string>{"[picube-03  .1.23|61.2° 1.20V 3.98]"});
}

}  // namespace
}  // namespace picube
