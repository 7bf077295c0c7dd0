// The fan that a cube shares: when it runs, and how it is switched.
#include <gtest/gtest.h>
#include <linux/gpio.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "hardware/fan/cooling_device.h"
#include "hardware/fan/gpio_fan.h"
#include "hardware/fan/shared_fan.h"
#include "protocol/base/rng.h"
#include "tests/files.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

Instant At(std::int64_t second) { return Instant{second * 1'000'000}; }

// Five hosts heard just now, all at 40 °C.
std::vector<FanPeer> Cube(Instant now) {
  std::vector<FanPeer> peers;
  for (int i = 1; i <= 5; ++i) {
    peers.push_back({"picube-0" + std::to_string(i), now, 40'000});
  }
  return peers;
}

// A fan that has been switched off by a cool cube.
SharedFan CoolFan() {
  SharedFan fan{SharedFanOptions{}};
  EXPECT_FALSE(fan.Step(Cube(At(0)), At(0)).on);
  return fan;
}

TEST(SharedFans, FollowTheHottestOfAll) {
  SharedFan fan = CoolFan();
  std::vector<FanPeer> peers = Cube(At(1));
  peers[3].temperature_millicelsius = 60'000;
  peers[1].temperature_millicelsius = 55'000;
  const FanDecision decision = fan.Step(peers, At(1));
  EXPECT_TRUE(decision.on);
  EXPECT_EQ(decision.why, "picube-04 has 60.0 °C");
  EXPECT_EQ(decision.hottest_millicelsius, 60'000);
}

TEST(SharedFans, BetweenTheTwoBoundsTheyStayAsTheyAre) {
  SharedFan fan = CoolFan();
  std::vector<FanPeer> peers = Cube(At(1));
  const auto on_at = [&](std::int32_t millicelsius) {
    peers[0].temperature_millicelsius = millicelsius;
    return fan.Step(peers, At(1)).on;
  };
  EXPECT_FALSE(on_at(59'999));
  EXPECT_TRUE(on_at(60'000));
  EXPECT_TRUE(on_at(50'000));
  EXPECT_FALSE(on_at(49'999));
  EXPECT_FALSE(on_at(59'999));
}

TEST(SharedFans, RunAtTheStartAndWhileNobodyIsKnown) {
  SharedFan fan{SharedFanOptions{}};
  std::vector<FanPeer> peers = Cube(At(0));
  for (FanPeer& peer : peers) peer.temperature_millicelsius = 55'000;
  EXPECT_TRUE(fan.Step(peers, At(0)).on);
  EXPECT_EQ(CoolFan().Step({}, At(1)).why, "nobody is known");
  EXPECT_TRUE(CoolFan().Step({}, At(1)).on);
}

TEST(SharedFans, RunWhenAnyHostHasBeenSilentForTenSeconds) {
  SharedFan fan = CoolFan();
  std::vector<FanPeer> peers = Cube(At(100));
  peers[2].heard = Instant{At(90).us + 1};
  EXPECT_FALSE(fan.Step(peers, At(100)).on);
  peers[2].heard = At(90);
  EXPECT_EQ(fan.Step(peers, At(100)).why, "picube-03 is silent");
  EXPECT_TRUE(fan.Step(peers, At(100)).on);
  peers[2].heard.reset();
  EXPECT_TRUE(CoolFan().Step(peers, At(100)).on);
  peers[2].heard = At(101);  // a time to come
  EXPECT_TRUE(CoolFan().Step(peers, At(100)).on);
}

TEST(SharedFans, RunWhenAHostDoesNotKnowItsTemperatureOrItsSensorIsBroken) {
  for (const std::optional<std::int32_t> t :
       {std::optional<std::int32_t>{}, {-41'000}, {900'000}}) {
    SharedFan fan = CoolFan();
    std::vector<FanPeer> peers = Cube(At(1));
    peers[4].temperature_millicelsius = t;
    const FanDecision decision = fan.Step(peers, At(1));
    EXPECT_TRUE(decision.on);
    EXPECT_EQ(decision.why, "picube-05 does not know its temperature");
    EXPECT_EQ(decision.hottest_millicelsius, 40'000);
  }
}

TEST(SharedFans, AreNeverOffWhileAnybodyIsHotOrSilent) {
  Rng rng(7);
  SharedFan fan{SharedFanOptions{}};
  std::vector<FanPeer> peers = Cube(At(0));
  for (std::int64_t s = 0; s < 20'000; ++s) {
    bool must = false;
    for (FanPeer& peer : peers) {
      if (rng.OneIn(3)) peer.heard = At(s);
      peer.temperature_millicelsius = static_cast<std::int32_t>(30'000 + rng.Below(35'000));
      must = must || *peer.temperature_millicelsius >= 60'000 || At(s) - *peer.heard >= 10s;
    }
    const bool on = fan.Step(peers, At(s)).on;
    ASSERT_TRUE(on || !must) << "second " << s;
  }
}

// --- What the kernel knows
// --------------------------------------------------------------------------

struct Tree {
  void Put(const std::string& path, const std::string& text) const {
    fs::create_directories((folder / path).parent_path());
    static_cast<void>(folder.Write(path, text));
  }
  std::string Get(const std::string& path) const { return test::ReadText(folder / path); }
  test::Folder folder;
};

TEST(FanReports, ReadTheFanOfAPi5WhateverItsNumber) {
  Tree tree;
  tree.Put("sys/class/hwmon/hwmon0/name", "cpu_thermal\n");
  tree.Put("sys/class/hwmon/hwmon3/name", "pwmfan\n");
  tree.Put("sys/class/hwmon/hwmon3/fan1_input", "2874\n");
  tree.Put("sys/class/hwmon/hwmon3/pwm1", "125\n");
  EXPECT_EQ(ReadFan(tree.folder.Path()), (FanReport{.rpm = 2874, .percent = 49, .permille = 490}));
}

TEST(FanReports, AFanWithoutASensorShowsItsState) {
  Tree tree;
  tree.Put("sys/class/thermal/cooling_device0/type", "cpufreq-cpu0\n");
  tree.Put("sys/class/thermal/cooling_device1/type", "gpio-fan\n");
  tree.Put("sys/class/thermal/cooling_device1/cur_state", "0\n");
  tree.Put("sys/class/thermal/cooling_device1/max_state", "1\n");
  EXPECT_EQ(ReadFan(tree.folder.Path()), (FanReport{.rpm = {}, .percent = 0, .permille = 0}));
}

TEST(FanReports, NoFanAndNonsenseAreToldApart) {
  Tree tree;
  EXPECT_FALSE(ReadFan(tree.folder.Path()));
  tree.Put("sys/class/hwmon/hwmon1/name", "pwmfan");
  tree.Put("sys/class/hwmon/hwmon1/fan1_input", "-3\n");
  tree.Put("sys/class/hwmon/hwmon1/pwm1", "300\n");
  EXPECT_EQ(ReadFan(tree.folder.Path()), FanReport{});  // a fan, and nothing known of it
}

TEST(CoolingDevices, AreSwitchedToTheirGreatestStateAndLeftOn) {
  Tree tree;
  const std::string device = "sys/class/thermal/cooling_device2/";
  tree.Put(device + "type", "pwm-fan\n");
  tree.Put(device + "max_state", "4\n");
  tree.Put(device + "cur_state", "2\n");
  {
    CoolingDeviceFan fan(tree.folder.Path());
    ASSERT_TRUE(fan.Set(true));
    EXPECT_EQ(tree.Get(device + "cur_state"), "4\n");
    ASSERT_TRUE(fan.Set(false));
    EXPECT_EQ(tree.Get(device + "cur_state"), "0\n");
    tree.Put(device + "cur_state", "3\n");  // the kernel's governor
    ASSERT_TRUE(fan.Set(false));
    EXPECT_EQ(tree.Get(device + "cur_state"), "0\n");
  }
  EXPECT_EQ(tree.Get(device + "cur_state"), "4\n");
}

TEST(CoolingDevices, WithoutAFanOrWithAHalfOneTheErrorSaysWhere) {
  Tree tree;
  CoolingDeviceFan fan(tree.folder.Path());
  EXPECT_NE(fan.Set(true).error().what.find("cooling_device*"), std::string::npos);
  tree.Put("sys/class/thermal/cooling_device0/type", "gpio-fan\n");
  EXPECT_NE(fan.Set(true).error().what.find("max_state"), std::string::npos);
  tree.Put("sys/class/thermal/cooling_device0/max_state", "1\n");
  EXPECT_NE(fan.Set(true).error().what.find("cur_state: No such file"), std::string::npos);
  EXPECT_FALSE(fs::exists(tree.folder / "sys/class/thermal/cooling_device0/cur_state"));
}

// --- GPIO
// -----------------------------------------------------------------------------------------

// A kernel with chips by their labels; descriptors are 100 + chip for chips and 200 for the line.
class FakeGpio : public GpioKernel {
 public:
  int Open(const fs::path& path) override {
    const std::string name = path.filename().string();
    for (const auto& [number, label] : chips) {
      if (name != "gpiochip" + std::to_string(number)) continue;
      if (denied) return -EACCES;
      ++open;
      return 100 + number;
    }
    return -ENOENT;
  }
  int Control(int file, unsigned long request, void* argument) override {
    if (request == GPIO_GET_CHIPINFO_IOCTL) {
      auto& info = *static_cast<gpiochip_info*>(argument);
      std::strncpy(info.label, chips.at(file - 100).c_str(), sizeof info.label - 1);
      info.lines = 54;
      return 0;
    }
    if (request == GPIO_V2_GET_LINE_IOCTL) {
      if (taken) return -EBUSY;
      auto& line = *static_cast<gpio_v2_line_request*>(argument);
      EXPECT_EQ(line.num_lines, 1U);
      EXPECT_EQ(line.config.flags, std::uint64_t{GPIO_V2_LINE_FLAG_OUTPUT});
      EXPECT_STREQ(line.consumer, "picube fan");
      chip = file - 100;
      offset = line.offsets[0];
      on = line.config.attrs[0].attr.values == 1;
      line.fd = 200;
      ++open;
      return 0;
    }
    EXPECT_EQ(request, GPIO_V2_LINE_SET_VALUES_IOCTL);
    EXPECT_EQ(file, 200);
    if (gone) return -ENODEV;
    const auto& values = *static_cast<gpio_v2_line_values*>(argument);
    EXPECT_EQ(values.mask, 1U);
    on = values.bits == 1;
    return 0;
  }
  void Close(int) override { --open; }

  std::map<int, std::string> chips;
  bool denied = false, taken = false, gone = false;
  int open = 0;
  int chip = -1;
  std::uint32_t offset = 0;
  std::optional<bool> on;
};

TEST(GpioFans, FindTheHeaderByItsLabelAndEndSwitchedOn) {
  for (const auto& [label, number] : {std::pair{"pinctrl-rp1", 4}, {"pinctrl-bcm2835", 0}}) {
    FakeGpio kernel;
    kernel.chips = {{1, "raspberrypi-exp-gpio"}, {number, label}};
    {
      GpioFan fan(kernel, "/", 14);
      ASSERT_TRUE(fan.Set(false));
      EXPECT_EQ(kernel.chip, number);
      EXPECT_EQ(kernel.offset, 14U);
      EXPECT_EQ(kernel.on, false);
      ASSERT_TRUE(fan.Set(true));
      EXPECT_EQ(kernel.on, true);
      ASSERT_TRUE(fan.Set(false));
    }
    EXPECT_EQ(kernel.on, true);
    EXPECT_EQ(kernel.open, 0) << "descriptors left open";
  }
}

TEST(GpioFans, SayWhatIsMissing) {
  FakeGpio kernel;
  GpioFan fan(kernel, "/", 14);
  EXPECT_NE(fan.Set(true).error().what.find("no chip among /dev/gpiochip*"), std::string::npos);
  kernel.chips = {{0, "pinctrl-bcm2711"}};
  kernel.denied = true;
  EXPECT_NE(fan.Set(true).error().next.find("group gpio"), std::string::npos);
  kernel.denied = false;
  kernel.taken = true;
  EXPECT_NE(fan.Set(true).error().what.find("GPIO 14 cannot be had"), std::string::npos);
  EXPECT_EQ(kernel.open, 0);
  GpioFan beyond(kernel, "/", 54);
  EXPECT_FALSE(beyond.Set(true));
}

TEST(GpioFans, ALineThatIsLostIsAskedForAnew) {
  FakeGpio kernel;
  kernel.chips = {{0, "pinctrl-bcm2711"}};
  GpioFan fan(kernel, "/", 14);
  ASSERT_TRUE(fan.Set(false));
  kernel.gone = true;
  EXPECT_FALSE(fan.Set(true));
  kernel.gone = false;
  ASSERT_TRUE(fan.Set(true));
  EXPECT_EQ(kernel.on, true);
  EXPECT_EQ(kernel.open, 1);
}

TEST(GpioFans, AMachineWithoutGpioIsAnError) {
  const test::Folder root;
  const auto kernel = MakeGpioKernel();
  GpioFan fan(*kernel, root.Path(), 14);
  EXPECT_NE(fan.Set(true).error().what.find("no chip"), std::string::npos);
  fs::create_directories(root / "dev");
  static_cast<void>(root.Write("dev/gpiochip0", ""));
  EXPECT_FALSE(fan.Set(true));  // a file that is no chip
}

}  // namespace
}  // namespace picube
