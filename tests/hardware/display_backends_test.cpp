// The back ends that talk text: LCDd by a scripted stream, the kernel's driver by a file, and the
// choice between them.
#include <gtest/gtest.h>

#include <map>

#include "hardware/display/auto_display.h"
#include "hardware/display/charlcd.h"
#include "hardware/display/lcdd.h"
#include "hardware/display/pcf8574.h"
#include "tests/files.h"
#include "tests/hardware/hd44780.h"

namespace picube {
namespace {

Frame FrameOf(std::string_view first, std::string_view second) {
  return {{RowOf(ToDisplay(first)), RowOf(ToDisplay(second))}};
}
Instant At(std::int64_t second) { return Instant{second * 1'000'000}; }

// What the test sees and does of a stream that the display owns.
struct Wire {
  bool refuses = false;  // Open fails
  bool slow = false;     // takes nothing
  bool ended = false;    // the other side is gone
  bool open = false;
  int opens = 0;
  std::string sent;
  std::string comes;

  std::string TakeSent() { return std::exchange(sent, {}); }
};

class Scripted : public ByteStream {
 public:
  explicit Scripted(Wire& wire) : wire_(wire) {}
  Status Open() override {
    ++wire_.opens;
    wire_.open = !wire_.refuses;
    if (wire_.refuses) return Fail(ErrorKind::kHost, "cannot connect to lcdd: refused.");
    wire_.ended = false;
    return {};
  }
  Result<std::size_t> Write(std::string_view bytes) override {
    if (wire_.ended || !wire_.open) return Fail(ErrorKind::kHost, "the other side has ended.");
    if (wire_.slow) return std::size_t{0};
    const std::size_t taken = std::min<std::size_t>(bytes.size(), 7);  // never all at once
    wire_.sent += bytes.substr(0, taken);
    return taken;
  }
  Status Read(std::string& into) override {
    if (wire_.ended || !wire_.open) return Fail(ErrorKind::kHost, "the other side has ended.");
    into += std::exchange(wire_.comes, {});
    return {};
  }
  void Close() override { wire_.open = false; }
  std::string Name() const override { return "lcdd"; }

 private:
  Wire& wire_;
};

class Lcdd : public ::testing::Test {
 protected:
  void Greet(std::int64_t second) {
    static_cast<void>(display_.Show(frame_, At(second)));
    wire_.comes = kHello;
    ASSERT_TRUE(display_.Show(frame_, At(second + 1)));
  }
  static constexpr const char* kHello =
      "connect LCDproc 0.5.9 protocol 0.3 lcd wid 16 hgt 2 cellwid 5 cellhgt 8\n";

  Wire wire_;
  LcddDisplay display_{std::make_unique<Scripted>(wire_)};
  Frame frame_ = FrameOf("picube-03", "61.2°");
};

TEST_F(Lcdd, SaysHelloThenMakesItsScreenThenSendsRowsThatChange) {
  ASSERT_TRUE(display_.Show(frame_, At(0)));
  EXPECT_EQ(wire_.TakeSent(), "hello\n");
  EXPECT_FALSE(display_.Ready());
  EXPECT_EQ(display_.Where(), "");
  wire_.comes = kHello;
  ASSERT_TRUE(display_.Show(frame_, At(1)));
  ASSERT_TRUE(display_.Show(frame_, At(2)));
  EXPECT_EQ(
      wire_.TakeSent(),
      "client_set -name picube\nscreen_add s\nscreen_set s -heartbeat off -cursor off\n"
      "screen_set s -priority foreground\nwidget_add s a string\nwidget_add s b string\n"
      "widget_set s a 1 1 \"picube-03       \"\nwidget_set s b 1 2 \"61.2\xB0           \"\n");
  EXPECT_EQ(display_.Where(), "LCDd at lcdd");
  ASSERT_TRUE(display_.Show(frame_, At(3)));
  EXPECT_EQ(wire_.TakeSent(), "");
  ASSERT_TRUE(display_.Show(FrameOf("picube-03", "q\"{}"), At(4)));
  EXPECT_EQ(wire_.TakeSent(), "widget_set s b 1 2 \"q\\\"{}            \"\n");
}

TEST_F(Lcdd, ARestartOfLcddIsMadeGoodInSeconds) {
  Greet(0);
  wire_.ended = true;
  EXPECT_FALSE(display_.Show(frame_, At(10)));
  EXPECT_EQ(wire_.opens, 1);
  static_cast<void>(wire_.TakeSent());
  static_cast<void>(display_.Show(frame_, At(11)));
  EXPECT_EQ(wire_.opens, 2);
  wire_.comes = kHello;
  EXPECT_TRUE(display_.Show(frame_, At(12)));
  EXPECT_TRUE(display_.Show(frame_, At(13)));
  EXPECT_NE(wire_.sent.find("picube-03"), std::string::npos);
}

TEST_F(Lcdd, AnAbsentLcddIsTriedAtMostEveryThirtySecondsAndStaysAnError) {
  wire_.refuses = true;
  for (std::int64_t s = 0; s < 600; ++s) {
    const Status shown = display_.Show(frame_, At(s));
    ASSERT_FALSE(shown);
    EXPECT_NE(shown.error().what.find("refused"), std::string::npos);
  }
  EXPECT_LE(wire_.opens, 25);
  EXPECT_GE(wire_.opens, 18);
}

TEST_F(Lcdd, ASlowOneGetsTheNewestFrameAndNoQueueGrows) {
  Greet(0);
  ASSERT_TRUE(display_.Show(frame_, At(2)));
  static_cast<void>(wire_.TakeSent());
  wire_.slow = true;
  for (std::int64_t s = 3; s < 8; ++s) {
    wire_.comes = "success\n";
    static_cast<void>(display_.Show(FrameOf("n " + std::to_string(s), ""), At(s)));
  }
  wire_.slow = false;
  static_cast<void>(display_.Show(FrameOf("newest", ""), At(8)));
  EXPECT_LT(wire_.sent.size(), 200U);
  EXPECT_NE(wire_.sent.find("newest"), std::string::npos);
}

TEST_F(Lcdd, OneThatNoLongerAnswersIsLeftAfterTenSeconds) {
  Greet(0);
  Status shown;
  for (std::int64_t s = 2; s < 14 && shown; ++s) {
    shown = display_.Show(FrameOf(std::to_string(s), ""), At(s));
  }
  ASSERT_FALSE(shown);
  EXPECT_NE(shown.error().what.find("does not answer"), std::string::npos);
  EXPECT_FALSE(wire_.open);
}

TEST_F(Lcdd, SomethingElseOnThatPortIsLeft) {
  for (const std::string& says : {std::string("HTTP/1.1 400 Bad Request\r\n"),
                                  std::string(100'000, 'x'), std::string("\n\n\0\n", 4)}) {
    Wire wire;
    LcddDisplay display(std::make_unique<Scripted>(wire));
    static_cast<void>(display.Show(frame_, At(0)));
    wire.comes = says;
    const Status shown = display.Show(frame_, At(1));
    ASSERT_FALSE(shown);
    EXPECT_NE(shown.error().what.find("is not LCDd"), std::string::npos);
  }
}

TEST_F(Lcdd, ARefusedCommandIsAnErrorWithItsWords) {
  Greet(0);
  wire_.comes = "success\nlisten s\nhuh? Invalid\x1b[2J command\n";
  const Status shown = display_.Show(frame_, At(3));
  ASSERT_FALSE(shown);
  EXPECT_NE(shown.error().what.find("Invalid?[2J command"), std::string::npos);
}

// --- The kernel's driver
// ----------------------------------------------------------------------------

// What /dev/lcd would show of what was written to it.
struct KernelLcd {
  explicit KernelLcd(std::string_view text) {
    screen.assign(2, std::string(16, ' '));
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text.substr(i, 3) == "\x1b[L") {
        i += 3;
        i += Escape(text.substr(i));
      } else {
        screen.at(static_cast<std::size_t>(y)).at(static_cast<std::size_t>(x++)) = text[i];
      }
    }
  }
  // How far it reaches beyond its first character.
  std::size_t Escape(std::string_view code) {
    if (code[0] != 'G' && code[0] != 'x') return commands += code[0], 0;
    const std::string whole(code.substr(0, code.find(';')));
    if (code[0] == 'G') glyphs[whole[1] - '0'] = whole.substr(2);
    if (code[0] == 'x') std::sscanf(whole.c_str(), "x%dy%d", &x, &y);
    return whole.size();
  }
  std::vector<std::string> screen;
  std::map<int, std::string> glyphs;
  std::string commands;
  int x = 0, y = 0;
};

TEST(Charlcd, WritesItsGlyphsAndTheRowsThatChange) {
  const test::Folder root;
  std::filesystem::create_directories(root / "dev");
  static_cast<void>(root.Write("dev/lcd", ""));
  CharlcdDisplay display(root.Path());
  ASSERT_TRUE(display.Show(FrameOf("picube-03", "61.2°"), At(0)));
  const std::string first = test::ReadText(root / "dev/lcd");
  const KernelLcd lcd(first);
  EXPECT_EQ(lcd.screen[0], "picube-03       ");
  EXPECT_EQ(lcd.screen[1], "61.2\xDF           ");
  EXPECT_EQ(lcd.commands, "Dcb+");
  EXPECT_EQ(lcd.glyphs.size(), Glyphs().size());
  EXPECT_EQ(lcd.glyphs.at(1), "000a1f1f0e040000");  // the heart
  ASSERT_TRUE(display.Show(FrameOf("picube-03", "61.9°"), At(1)));
  const std::string second = test::ReadText(root / "dev/lcd");
  EXPECT_EQ(KernelLcd(second).screen[1], "61.9\xDF           ");
  EXPECT_EQ(second.size() - first.size(), 8U + 16U);
}

TEST(Charlcd, AMissingDeviceIsNamedAndTriedAgain) {
  const test::Folder root;
  CharlcdDisplay display(root.Path());
  const Status shown = display.Show(FrameOf("a", "b"), At(0));
  ASSERT_FALSE(shown);
  EXPECT_NE(shown.error().what.find("dev/lcd: No such file"), std::string::npos);
  EXPECT_NE(shown.error().next.find("hd44780-i2c-lcd"), std::string::npos);
  EXPECT_EQ(display.Where(), "");
  std::filesystem::create_directories(root / "dev");
  static_cast<void>(root.Write("dev/lcd", ""));
  EXPECT_TRUE(display.Show(FrameOf("a", "b"), At(2)));
  EXPECT_NE(display.Where(), "");
}

// --- Choosing
// -------------------------------------------------------------------------------------

struct Choice {
  Choice() {
    auto driver = std::make_unique<Pcf8574Display>(
        lcd, Pcf8574Options{.addresses = UsualPcf8574Addresses(), .pins = {}});
    display = std::make_unique<AutoDisplay>(
        std::make_unique<LcddDisplay>(std::make_unique<Scripted>(wire)), std::move(driver));
  }
  Wire wire;
  test::Hd44780 lcd{test::Hd44780::Options{}};
  std::unique_ptr<AutoDisplay> display;
  Frame frame = FrameOf("picube-03", "hello");
};

TEST(AutoDisplays, LcddComesFirstAndTheBusIsLeftAlone) {
  Choice choice;
  static_cast<void>(choice.display->Show(choice.frame, At(0)));
  choice.wire.comes = "connect LCDproc 0.5.9\n";
  for (std::int64_t s = 1; s < 100; ++s) {
    choice.wire.comes += "success\n";
    EXPECT_TRUE(choice.display->Show(choice.frame, At(s)));
  }
  EXPECT_EQ(choice.display->Where(), "LCDd at lcdd");
  EXPECT_FALSE(choice.lcd.LastAddress());
}

TEST(AutoDisplays, WithoutLcddTheBusIsLookedAt) {
  Choice choice;
  choice.wire.refuses = true;
  for (std::int64_t s = 0; s < 4; ++s) EXPECT_TRUE(choice.display->Show(choice.frame, At(s)));
  EXPECT_EQ(choice.display->Where(), "pcf8574 0x27 on /dev/i2c-1");
  EXPECT_EQ(choice.lcd.Shown(), choice.frame);
}

TEST(AutoDisplays, NoDisplayIsNoErrorAndALaterOneIsFound) {
  Choice choice;
  choice.wire.refuses = true;
  choice.lcd.present = false;
  std::int64_t s = 0;
  for (; s < 200; ++s) EXPECT_TRUE(choice.display->Show(choice.frame, At(s)));
  EXPECT_EQ(choice.display->Where(), "");
  choice.lcd.present = true;
  for (; s < 270; ++s) EXPECT_TRUE(choice.display->Show(choice.frame, At(s)));
  EXPECT_EQ(choice.lcd.Shown(), choice.frame);
}

TEST(AutoDisplays, OneThatWasChosenAndFailsSaysSo) {
  Choice choice;
  choice.wire.refuses = true;
  for (std::int64_t s = 0; s < 4; ++s) EXPECT_TRUE(choice.display->Show(choice.frame, At(s)));
  choice.lcd.present = false;
  EXPECT_FALSE(choice.display->Show(FrameOf("x", "y"), At(5)));
}

}  // namespace
}  // namespace picube
