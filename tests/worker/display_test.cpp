// The worker's side of the little display: settings, what it says, the thread that draws, the
// socket.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/files.h"
#include "worker/display/loop.h"
#include "worker/display/machine.h"
#include "worker/display/make.h"
#include "worker/display/tcp_stream.h"
#include "worker/settings.h"

namespace picube {
namespace {

Instant At(std::int64_t second) { return Instant{second * 1'000'000}; }

// --- worker.yaml
// --------------------------------------------------------------------------------------

class DisplaySettingsTest : public ::testing::Test {
 protected:
  [[nodiscard]] Result<WorkerSettings> Load(const std::string& text) const {
    test::WriteText(File(), text);
    return LoadSettings(File());
  }
  [[nodiscard]] std::string ErrorOf(const std::string& text) const {
    const auto settings = Load(text);
    return settings ? "no error" : settings.error().what;
  }
  [[nodiscard]] std::filesystem::path File() const { return folder_ / "worker.yaml"; }
  test::Folder folder_;
};

TEST_F(DisplaySettingsTest, AKindAloneOrWithOptions) {
  EXPECT_EQ(Load("name: a\n")->display.kind, DisplayKind::kAuto);
  EXPECT_EQ(Load("display: none\n")->display.kind, DisplayKind::kNone);
  const auto whole = Load(
      "display:\n  kind: pcf8574\n  bus: 3\n  address: 0x3F\n  backlight: off\n"
      "  pins: [d4, d5, d6, d7, e, rw, rs, backlight]\n");
  ASSERT_TRUE(whole) << whole.error().Text();
  const DisplaySettings wanted{
      .kind = DisplayKind::kPcf8574,
      .bus = 3,
      .address = 0x3F,
      .pins = {.rs = 6, .rw = 5, .e = 4, .backlight = 7, .data = {0, 1, 2, 3}},
      .backlight = false};
  EXPECT_EQ(whole->display, wanted);
  EXPECT_EQ(Load("display: {lcdd: \"[::1]:2000\", address: 32}\n")->display.address, 0x20);
}

TEST_F(DisplaySettingsTest, AnotherJoinKeepsThem) {
  for (const char* text : {"display: console\n", "display: {kind: lcdd, lcdd: \"127.0.0.1:1\"}\n",
                           "display: {kind: pcf8574, bus: 0, address: 0x27, backlight: off, "
                           "pins: [e, rs, rw, d4, d5, d6, d7, backlight]}\n"}) {
    const auto settings = Load(text);
    ASSERT_TRUE(settings) << settings.error().Text();
    ASSERT_TRUE(SaveSettings(File(), *settings));
    const auto again = LoadSettings(File());
    ASSERT_TRUE(again) << again.error().Text();
    EXPECT_EQ(again->display, settings->display);
  }
}

TEST_F(DisplaySettingsTest, MistakesAreNamedWithLineAndColumn) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"name: a\ndisplay: lcd\n", ":2:10: one of auto, lcdd, pcf8574"},
      {"display: [lcdd]\n", ":1:10: one of auto"},
      {"display: {kind: lcdd, color: red}\n", ":1:23: unknown option 'color' of display"},
      {"display:\n  address: 0x28\n", ":2:12: an address from 0x20"},
      {"display:\n  address: 0x27x\n", ":2:12: an address from 0x20"},
      {"display:\n  bus: -1\n", ":2:8: a whole number from 0 to 255"},
      {"display:\n  lcdd: lcd.example.org:13666\n", ":2:9: an address and a port"},
      {"display:\n  lcdd: 127.0.0.1\n", ":2:9: an address and a port"},
      {"display:\n  backlight: dim\n", ":2:14: on or off"},
      {"display:\n  pins: [rs, rw, e]\n", ":2:9: the eight names"},
      {"display:\n  pins: [rs, rw, e, rs, d4, d5, d6, d7]\n", ":2:21: the eight names"},
      {"display: {kind: lcdd, address: 0x27}\n",
       ":1:23: 'address' means nothing for a display of kind lcdd"},
      {"display: {lcdd: \"127.0.0.1:1\", kind: none}\n",
       ":1:11: 'lcdd' means nothing for a display of kind none"},
      {"display:\n", ":2:1: one of auto"}};
  for (const auto& [text, error] : mistakes) {
    EXPECT_NE(ErrorOf(text).find(error), std::string::npos) << text << ErrorOf(text);
  }
}

// --- What the worker does
// ---------------------------------------------------------------------------

agent::UnitWork Work(std::uint64_t unit) {
  agent::UnitWork work;
  work.lease = LeaseId{unit * 10};
  work.unit = UnitId{unit};
  return work;
}

TEST(DisplayStatus, FollowsAUnitFromItsStartToItsEnd) {
  StatusKeeper keeper;
  EXPECT_FALSE(keeper.Status().connected);
  keeper.Take(agent::Connected{});
  keeper.Starts(Work(7), At(100));
  keeper.Take(agent::UnitProgress{.lease = LeaseId{70}, .permille = 500});
  keeper.Take(agent::UnitProgress{.lease = LeaseId{60}, .permille = 900});  // of one that ended
  WorkerStatus status = keeper.Status();
  EXPECT_TRUE(status.connected);
  ASSERT_TRUE(status.unit);
  EXPECT_EQ(status.unit->permille, 500U);
  const DisplayView view = Together({}, status, At(160));
  EXPECT_EQ(view.unit->unit, 7U);
  EXPECT_EQ(view.unit->running, Duration(60s));
  keeper.Take(agent::UnitStopped{LeaseId{60}});
  EXPECT_TRUE(keeper.Status().unit);
  keeper.Take(agent::UnitFailed{.lease = LeaseId{70}, .error = {}, .cost = {}});
  EXPECT_FALSE(keeper.Status().unit);
  keeper.Take(agent::LinkRefused{"no"});
  EXPECT_FALSE(keeper.Status().connected);
}

TEST(DisplayStatus, APauseSaysWhyAndAFullDiskOnlyWhenNothingRuns) {
  StatusKeeper keeper;
  keeper.Take(agent::SpoolTrouble{"disk full"});
  EXPECT_EQ(keeper.Status().pause, "disk full");
  keeper.Starts(Work(1), At(0));
  EXPECT_EQ(keeper.Status().pause, "");
  keeper.Take(agent::Pause{"on battery"});
  EXPECT_EQ(keeper.Status().pause, "on battery");
  keeper.Take(agent::Pause{""});
  keeper.Take(agent::SpoolTrouble{""});
  keeper.Take(agent::UnitStopped{LeaseId{10}});
  EXPECT_EQ(keeper.Status().pause, "");
}

TEST(DisplayNotes, AFailureIsToldOnceAndAgainOnlyAfterAnHourOfWork) {
  DisplayNotes notes;
  const Status bad = Fail(ErrorKind::kHost, "it is gone.", "Look.");
  int told = 0;
  for (std::int64_t s = 0; s < 7200; ++s) {  // a loose cable
    const auto note = notes.Take(s % 20 < 10 ? bad : Status{}, "lcd", At(s));
    told += note && note->warning ? 1 : 0;
  }
  EXPECT_EQ(told, 1);
  for (std::int64_t s = 7200; s < 7200 + 3700; ++s) {
    EXPECT_FALSE(notes.Take({}, "lcd", At(s)));
  }
  const auto again = notes.Take(bad, "", At(10'900));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->text, "the display does not work; computing goes on. it is gone. Look.");
}

TEST(DisplayNotes, SayOnceWhereItDraws) {
  DisplayNotes notes;
  EXPECT_FALSE(notes.Take({}, "", At(0)));
  EXPECT_EQ(notes.Take({}, "LCDd at x", At(1)), (DisplayNote{false, "display: LCDd at x"}));
  EXPECT_FALSE(notes.Take({}, "LCDd at x", At(2)));
}

// --- The thread
// --------------------------------------------------------------------------------------

// A display that a test can hold, and that says what it was given.
struct Held {
  std::promise<void> entered;
  std::promise<void> release;
  std::atomic<bool> hold = false;
  std::mutex mutex;
  std::condition_variable drawn;
  std::vector<Frame> frames;
};
class HeldDisplay : public Display {
 public:
  explicit HeldDisplay(Held& held) : held_(held) {}
  Status Show(const Frame& frame, Instant) override {
    {
      const std::lock_guard lock(held_.mutex);
      held_.frames.push_back(frame);
      held_.drawn.notify_all();
    }
    if (held_.hold.exchange(false)) {
      held_.entered.set_value();
      held_.release.get_future().wait();
    }
    return {};
  }
  std::string Where() const override { return "held"; }

 private:
  Held& held_;
};

DisplayLoop::Parts PartsFor(Held& held, std::function<void()> wake) {
  return {.display = std::make_unique<HeldDisplay>(held),
          .look =
              [](Instant) {
                DisplayView view;
                view.host = "picube-03";
                return view;
              },
          .wake = std::move(wake),
          .now = [] { return At(1); },
          .period = 1ms};
}

TEST(DisplayLoops, ADisplayThatHangsHoldsUpNobody) {
  Held held;
  held.hold = true;
  DisplayLoop loop(PartsFor(held, [] {}));
  held.entered.get_future().wait();
  for (int i = 0; i < 1000; ++i) {
    loop.Publish({.connected = true, .pause = {}, .unit = {}});
    static_cast<void>(loop.TakeNotes());
  }
  EXPECT_FALSE(loop.Stop(1ms));
  held.release.set_value();
  EXPECT_TRUE(loop.Stop(60s));
}

TEST(DisplayLoops, DrawWhatIsPublishedTellWhereAndEndWithLastWords) {
  Held held;
  std::promise<void> woken;
  DisplayLoop loop(PartsFor(held, [&] { woken.set_value(); }));
  woken.get_future().wait();
  EXPECT_EQ(loop.TakeNotes(), (std::vector<DisplayNote>{{false, "display: held"}}));
  EXPECT_TRUE(loop.Stop(60s));
  const std::lock_guard lock(held.mutex);
  EXPECT_EQ(ToUtf8(held.frames.front().rows[0]), "picube-03  no IP");
  EXPECT_EQ(ToUtf8(held.frames.back().rows[0]), "picube-03       ");
  EXPECT_EQ(ToUtf8(held.frames.back().rows[1]), "worker ended    ");
}

// --- This machine
// -------------------------------------------------------------------------------------

TEST(DisplayMachine, ShowsTheSensorsOfATreeAndLeavesOutWhatItLacks) {
  const std::string tree = std::string(PICUBE_TREES) + "/pi4b";
  BoardProbe probe(tree);
  const DisplayView view = MachineView([&] { return probe.Sample(); }, 4, tree).Look(At(0), 0);
  EXPECT_EQ(view.temperature_millicelsius, probe.Sample().temperature_millicelsius);
  ASSERT_TRUE(view.temperature_millicelsius);
  EXPECT_FALSE(view.time);  // 1970: the clock is not set
  EXPECT_FALSE(view.host.empty());
  const test::Folder empty;
  BoardProbe blind(empty.Path());
  const DisplayView nothing =
      MachineView([&] { return blind.Sample(); }, {}, empty.Path()).Look(At(0), 1'800'000'000);
  EXPECT_FALSE(nothing.temperature_millicelsius);
  EXPECT_FALSE(nothing.load_hundredths);
  EXPECT_FALSE(nothing.fan);
  EXPECT_EQ(nothing.time->year, 2027);
}

TEST(DisplayMachine, LoadIsThatOfTheWholeMachine) {
  const test::Folder root;
  std::filesystem::create_directories(root / "proc");
  std::filesystem::create_directories(root / "sys/devices/system/cpu");
  static_cast<void>(root.Write("proc/loadavg", "3.98 2.00 1.00 1/100 42\n"));
  static_cast<void>(root.Write("sys/devices/system/cpu/online", "0-3\n"));
  BoardProbe probe(root.Path());
  MachineView machine([&] { return probe.Sample(); }, probe.Facts().cores, root.Path());
  EXPECT_EQ(machine.Look(At(0), 0).load_hundredths, 398U);
}

TEST(DisplayMachine, EveryKindCanBeMadeWithoutTouchingAnything) {
  const test::Folder root;
  for (const auto kind : {DisplayKind::kAuto, DisplayKind::kLcdd, DisplayKind::kPcf8574,
                          DisplayKind::kCharlcd, DisplayKind::kNone}) {
    DisplaySettings settings;
    settings.kind = kind;
    EXPECT_EQ(MakeDisplay(settings, root.Path(), /*is_pi=*/true)->Where(), "") << Name(kind);
  }
}

TEST(DisplaySockets, OnlyNumbersAreAddresses) {
  for (const char* good : {"127.0.0.1:13666", "[::1]:1", "localhost:65535"}) {
    EXPECT_TRUE(IsTcpAddress(good)) << good;
  }
  for (const char* bad : {"", ":", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:1x",
                          "::1:5", "[::1]", "host:13666", "[]:1", "1.2.3:4"}) {
    EXPECT_FALSE(IsTcpAddress(bad)) << bad;
  }
}

}  // namespace
}  // namespace picube
