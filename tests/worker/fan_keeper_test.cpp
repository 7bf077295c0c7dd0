// The fan that a host switches for its cube.
#include "worker/board/fan.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace picube {
namespace {

constexpr Instant At(int second) { return Instant{} + std::chrono::seconds(100 + second); }

struct Switch {
  std::vector<bool> set;
  bool broken = false;
};
class SwitchedFan : public FanOutput {
 public:
  explicit SwitchedFan(Switch& to) : to_(to) {}
  Status Set(bool on) override {
    if (to_.broken) return Fail(ErrorKind::kHost, "no such line.");
    to_.set.push_back(on);
    return {};
  }

 private:
  Switch& to_;
};

Peer Pi(const std::string& name, std::int32_t millicelsius, std::uint64_t silent_ms = 0) {
  Peer peer{.name = name, .silent_ms = silent_ms, .readings = {}, .paused_why = {}};
  peer.readings.temperature_millicelsius = millicelsius;
  return peer;
}

TEST(CubeFan, FollowsTheHottestOfAllHosts) {
  Switch fan;
  FanKeeper keeper({}, std::make_unique<SwitchedFan>(fan));
  keeper.Hear({Pi("pi2", 45'000), Pi("pi3", 48'000)}, At(0));
  EXPECT_EQ(keeper.Turn(At(0), "pi1", 44'000), "fan off: pi3 has 48.0 °C");
  EXPECT_FALSE(fan.set.back());
  EXPECT_FALSE(keeper.Turn(At(1), "pi1", 44'000)) << "said once";
  keeper.Hear({Pi("pi2", 61'000), Pi("pi3", 48'000)}, At(2));
  EXPECT_EQ(keeper.Turn(At(2), "pi1", 44'000), "fan on: pi2 has 61.0 °C");
  EXPECT_TRUE(fan.set.back());
  EXPECT_EQ(keeper.Follows(), 61'000);
}

TEST(CubeFan, RunsWhenAHostIsSilentOrTheServerIsAway) {
  Switch fan;
  FanKeeper keeper({}, std::make_unique<SwitchedFan>(fan));
  static_cast<void>(keeper.Turn(At(0), "pi1", {}));
  EXPECT_TRUE(fan.set.back()) << "nobody knows anything yet";
  keeper.Hear({Pi("pi2", 40'000)}, At(1));
  static_cast<void>(keeper.Turn(At(1), "pi1", 40'000));
  EXPECT_FALSE(fan.set.back());
  // The server goes away: what it said last grows old.
  static_cast<void>(keeper.Turn(At(9), "pi1", 40'000));
  EXPECT_FALSE(fan.set.back());
  static_cast<void>(keeper.Turn(At(12), "pi1", 40'000));
  EXPECT_TRUE(fan.set.back());
  // A host that the server has not heard is as good as burning.
  keeper.Hear({Pi("pi2", 40'000, 11'000)}, At(13));
  static_cast<void>(keeper.Turn(At(13), "pi1", 40'000));
  EXPECT_TRUE(fan.set.back());
}

TEST(CubeFan, WhatCannotBeSwitchedIsSaidOnce) {
  Switch fan{.set = {}, .broken = true};
  FanKeeper keeper({}, std::make_unique<SwitchedFan>(fan));
  EXPECT_EQ(keeper.Turn(At(0), "pi1", 70'000), "the fan cannot be switched: no such line.");
  EXPECT_FALSE(keeper.Turn(At(1), "pi1", 70'000));
  fan.broken = false;
  EXPECT_EQ(keeper.Turn(At(2), "pi1", 70'000), "fan on: pi1 has 70.0 °C");
  FanKeeper none({}, nullptr);
  EXPECT_FALSE(none.Turn(At(0), "pi1", 90'000));
}

TEST(CubeFan, SettingsAreReadAndRefused) {
  std::string wrong;
  const auto read = [&](const std::string& yaml) {
    FanSettings settings;
    const auto at = [](const YAML::Node&, const std::string& what) {
      return Fail(ErrorKind::kUser, what);
    };
    const Status done = ReadFanSettings(YAML::Load(yaml), at, settings);
    wrong = done ? "" : done.error().what;
    return settings;
  };
  EXPECT_EQ(read("{gpio: 17, on_from: 62, off_below: 51.5}").line, 17U);
  EXPECT_EQ(wrong, "");
  EXPECT_EQ(read("{gpio: 17, off_below: 51.5}").follow.off_below_millicelsius, 51'500);
  EXPECT_EQ(read("{device: kernel}").kind, FanSettings::Kind::kDevice);
  EXPECT_EQ(read("none").kind, FanSettings::Kind::kNone);
  EXPECT_EQ(wrong, "");
  for (const char* bad : {"on", "{}", "{gpio: 99}", "{device: gpu}", "{gpio: 14, device: kernel}",
                          "{gpio: 14, on_from: 40, off_below: 50}", "{gpio: 14, on_from: hot}",
                          "{speed: 3}", "{on_from: 60}"}) {
    read(bad);
    EXPECT_NE(wrong, "") << bad;
  }
}

}  // namespace
}  // namespace picube
