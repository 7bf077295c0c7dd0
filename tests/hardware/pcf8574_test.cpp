// The direct driver against an emulated controller: what people would see, and the data sheet's
// times.
#include "hardware/display/pcf8574.h"

#include <gtest/gtest.h>

#include "hardware/display/pages.h"
#include "protocol/base/rng.h"
#include "tests/files.h"
#include "tests/hardware/hd44780.h"

namespace picube {
namespace {

using test::Hd44780;

std::string Text(const Frame& frame) { return ToUtf8(frame.rows[0]) + "|" + ToUtf8(frame.rows[1]); }

DisplayView Some() {
  DisplayView view;
  view.host = "picube-03";
  view.address = "192.168.1.23";
  view.temperature_millicelsius = 61'200;
  view.unit = UnitOnDisplay{.unit = 1234, .permille = 0, .running = 0s};
  view.fan = FanOnDisplay{.rpm = 2300, .percent = 70, .follows_millicelsius = 75'100};
  return view;
}

// A driver, its display, and seconds that pass.
struct Bench {
  explicit Bench(const Hd44780::Options& options = {}, Pcf8574Options driver = {})
      : lcd(options), display(lcd, Fill(std::move(driver), options)) {}
  static Pcf8574Options Fill(Pcf8574Options driver, const Hd44780::Options& options) {
    if (driver.addresses.empty()) driver.addresses = AllPcf8574Addresses();
    driver.pins = options.pins;
    return driver;
  }
  // A second of a worker that computes; what was to be shown.
  Frame Second() {
    view.unit->permille = static_cast<std::uint32_t>(second % 1000);
    view.unit->running = std::chrono::seconds(second);
    const Instant now{second++ * 1'000'000};
    const Frame frame = pager.Step(view, now);
    last = display.Show(frame, now);
    lcd.Wait(1s);  // more than enough
    return frame;
  }

  Hd44780 lcd;
  Pcf8574Display display;
  DisplayView view = Some();
  Pager pager;
  std::int64_t second = 0;
  Status last;
};

class EachBusSpeed : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(EachBusSpeed, ShowsExactlyThePagesAndBreaksNoTime) {
  Bench bench({.bus_hz = GetParam()});
  for (int i = 0; i < 300; ++i) {
    const Frame frame = bench.Second();
    ASSERT_TRUE(bench.last) << bench.last.error().Text();
    ASSERT_EQ(Text(bench.lcd.Shown()), Text(frame)) << "second " << i;
  }
  EXPECT_EQ(bench.lcd.Violations(), 0) << bench.lcd.FirstViolation();
  for (std::size_t i = 0; i < Glyphs().size(); ++i) {
    EXPECT_EQ(bench.lcd.GlyphAt(static_cast<int>(i)), Glyphs()[i]);
  }
  EXPECT_TRUE(bench.lcd.Backlight());
}
INSTANTIATE_TEST_SUITE_P(Pcf8574, EachBusSpeed, ::testing::Values(10'000, 100'000, 400'000));

TEST(Pcf8574, TheJudgeSeesADriverThatIsTooFast) {
  // The bus of a chip that nobody sells: 1 MHz leaves 18 us between two characters.
  Bench bench({.bus_hz = 1'000'000});
  static_cast<void>(bench.Second());
  EXPECT_GT(bench.lcd.Violations(), 0);
}

TEST(Pcf8574, WritesOnlyWhatHasChanged) {
  Bench bench;
  const Frame frame = bench.Second();
  const std::uint64_t before = bench.lcd.BytesWritten();
  ASSERT_TRUE(bench.display.Show(frame, Instant{1'000'000}));
  EXPECT_EQ(bench.lcd.BytesWritten(), before);
  Frame other = frame;
  other.rows[1][3] = '7';
  other.rows[1][4] = '8';
  ASSERT_TRUE(bench.display.Show(other, Instant{2'000'000}));
  EXPECT_EQ(bench.lcd.BytesWritten() - before, 3U * 5U);  // where, and two characters
  EXPECT_EQ(Text(bench.lcd.Shown()), Text(other));
}

TEST(Pcf8574, RenewsItselfEveryMinuteAndPeopleSeeNothingOfIt) {
  Bench bench;
  static_cast<void>(bench.Second());
  const int blank = bench.lcd.BlankTimes();
  const std::uint64_t before = bench.lcd.BytesWritten();
  const Frame frame = bench.lcd.Shown();
  ASSERT_TRUE(bench.display.Show(frame, Instant{61'000'000}));
  EXPECT_GT(bench.lcd.BytesWritten() - before, 350U);
  EXPECT_EQ(bench.lcd.BlankTimes(), blank);
  EXPECT_EQ(Text(bench.lcd.Shown()), Text(frame));
}

TEST(Pcf8574, ACallBlocksForLessThanAHundredMillisecondsAt100kHz) {
  Bench bench;
  std::int64_t longest = 0;
  for (std::int64_t i = 0; i < 130; ++i) {
    const std::int64_t before = bench.lcd.Nanoseconds();
    static_cast<void>(bench.Second());
    longest = std::max(longest, bench.lcd.Nanoseconds() - before - 1'000'000'000);
  }
  EXPECT_LT(longest, 120'000'000);
}

TEST(Pcf8574, ALostByteIsMadeGoodWithinAMinute) {
  // Each byte of a draw in turn: E up, E down, either nibble.
  for (std::uint64_t lost = 0; lost < 40; ++lost) {
    Bench bench;
    for (int i = 0; i < 7; ++i) static_cast<void>(bench.Second());
    const std::uint64_t from = bench.lcd.BytesWritten();
    bench.lcd.loses_byte = [&, at = from + lost + 1] { return bench.lcd.BytesWritten() == at; };
    bool garbage = false;
    for (int i = 0; i < 61; ++i) {
      const Frame frame = bench.Second();
      garbage = garbage || Text(bench.lcd.Shown()) != Text(frame);
      if (i < 60) continue;
      EXPECT_EQ(Text(bench.lcd.Shown()), Text(frame)) << "lost byte " << lost;
    }
    if (lost == 1) {
      EXPECT_TRUE(garbage);  // a nibble: without the renewal it would stay
    }
  }
}

TEST(Pcf8574, WithoutRenewalGarbageWouldStay) {
  Bench bench({}, {.renew_every = 24h});
  for (int i = 0; i < 7; ++i) static_cast<void>(bench.Second());
  bench.lcd.loses_byte = [&, at = bench.lcd.BytesWritten() + 2] {
    return bench.lcd.BytesWritten() == at;
  };
  Frame frame{};
  for (int i = 0; i < 200; ++i) frame = bench.Second();
  EXPECT_NE(Text(bench.lcd.Shown()), Text(frame));
}

TEST(Pcf8574, ABadCableIsMadeGoodAMinuteAfterItIsMended) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Bench bench;
    Rng rng(seed);
    bench.lcd.loses_byte = [&] { return rng.OneIn(30); };
    for (std::uint64_t i = 0; i < 30 + seed % 60; ++i) static_cast<void>(bench.Second());
    bench.lcd.loses_byte = nullptr;
    Frame frame{};
    for (int i = 0; i < 61; ++i) frame = bench.Second();
    ASSERT_EQ(Text(bench.lcd.Shown()), Text(frame)) << "seed " << seed;
    for (std::size_t i = 0; i < Glyphs().size(); ++i) {
      ASSERT_EQ(bench.lcd.GlyphAt(static_cast<int>(i)), Glyphs()[i]) << "seed " << seed;
    }
  }
}

TEST(Pcf8574, ADisplayThatLostItsPowerComesBackWithinAMinute) {
  Bench bench;
  for (int i = 0; i < 10; ++i) static_cast<void>(bench.Second());
  bench.lcd.PowerCycle();
  Frame frame{};
  for (int i = 0; i < 61; ++i) frame = bench.Second();
  EXPECT_EQ(Text(bench.lcd.Shown()), Text(frame));
}

TEST(Pcf8574, ANakIsAnErrorThatIsTriedAgainEverLessOftenAndMended) {
  Bench bench;
  static_cast<void>(bench.Second());
  bench.lcd.present = false;
  for (int i = 0; i < 4; ++i) static_cast<void>(bench.Second());  // until something changes
  int tries = 0;
  for (int i = 0; i < 300; ++i) {
    const std::int64_t before = bench.lcd.Nanoseconds();
    static_cast<void>(bench.Second());
    tries += bench.lcd.Nanoseconds() - before > 1'000'000'000 ? 1 : 0;
    ASSERT_FALSE(bench.last);
    EXPECT_NE(bench.last.error().what.find("/dev/i2c-1"), std::string::npos);
    EXPECT_EQ(bench.display.Where(), "");
  }
  EXPECT_LT(tries, 15);
  bench.lcd.present = true;
  bench.lcd.PowerCycle();
  Frame frame{};
  for (int i = 0; i < 61; ++i) frame = bench.Second();
  EXPECT_TRUE(bench.last);
  EXPECT_EQ(Text(bench.lcd.Shown()), Text(frame));
}

TEST(Pcf8574, ABusThatGoesAwayAndComesBackIsOpenedAnew) {
  Bench bench;
  static_cast<void>(bench.Second());
  bench.lcd.bus_there = false;
  for (int i = 0; i < 5; ++i) static_cast<void>(bench.Second());
  EXPECT_FALSE(bench.last);
  bench.lcd.bus_there = true;
  Frame frame{};
  for (int i = 0; i < 10; ++i) frame = bench.Second();
  EXPECT_TRUE(bench.last);
  EXPECT_EQ(Text(bench.lcd.Shown()), Text(frame));
}

TEST(Pcf8574, IsFoundAtAnyAddressOfEitherChip) {
  for (const std::uint8_t address : AllPcf8574Addresses()) {
    Bench bench({.address = address});
    const Frame frame = bench.Second();
    EXPECT_EQ(Text(bench.lcd.Shown()), Text(frame));
  }
  Bench bench({.address = 0x3E});
  static_cast<void>(bench.Second());
  EXPECT_EQ(bench.display.Where(), "pcf8574 0x3E on /dev/i2c-1");
}

TEST(Pcf8574, OtherWiringAndADarkBacklightWork) {
  const Pcf8574Pins other{.rs = 6, .rw = 5, .e = 4, .backlight = 7, .data = {0, 1, 2, 3}};
  Bench bench({.bus_hz = 400'000, .pins = other}, {.backlight = false});
  const Frame frame = bench.Second();
  EXPECT_EQ(Text(bench.lcd.Shown()), Text(frame));
  EXPECT_FALSE(bench.lcd.Backlight());
  EXPECT_EQ(bench.lcd.Violations(), 0) << bench.lcd.FirstViolation();
}

TEST(Pcf8574, ABusThatIsNotThereNamesItsFileAndWhatToDo) {
  const test::Folder root;
  I2cDevice bus(root.Path(), 7);
  const Status opened = bus.Open(0x27);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().what.find("dev/i2c-7: No such file"), std::string::npos);
  EXPECT_NE(opened.error().next.find("i2c_arm=on"), std::string::npos);
  EXPECT_FALSE(bus.Write(std::array<std::uint8_t, 1>{0}));
}

TEST(Pcf8574, AFileThatIsNoBusIsRefused) {
  const test::Folder root;
  std::filesystem::create_directories(root / "dev");
  static_cast<void>(root.Write("dev/i2c-1", "no bus"));
  I2cDevice bus(root.Path(), 1);
  ASSERT_FALSE(bus.Open(0x27));
  EXPECT_EQ(test::ReadText(root / "dev/i2c-1"), "no bus");
}

}  // namespace
}  // namespace picube
