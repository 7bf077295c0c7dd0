// What goes on around: who keeps the machine busy, and what it is fed by.
#include <gtest/gtest.h>

#include "hardware/power_supply.h"
#include "tests/files.h"
#include "worker/wishes/others_load.h"

namespace picube {
namespace {

// --- Load ----------------------------------------------------------------------------------------

std::string Stat(int user, int nice, int system, int idle, int waits = 0) {
  return "cpu  " + std::to_string(user) + " " + std::to_string(nice) + " " +
         std::to_string(system) + " " + std::to_string(idle) + " " + std::to_string(waits) +
         " 0 0 0 0 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 12 cpu\n";
}
std::string Self(int user, int system) {
  return "17 (a name) with (brackets) 1) S 1 2 3 4 5 6 7 8 9 10 " + std::to_string(user) + " " +
         std::to_string(system) + " 0 0 19 0 4\n";
}

TEST(OthersLoads, AreAllWorkButOurs) {
  OthersLoad load;
  EXPECT_FALSE(load.Step(Stat(1000, 0, 0, 1000), Self(900, 50)));
  // 200 ticks on two cores: 150 of work, 100 of it ours.
  EXPECT_EQ(load.Step(Stat(1040, 100, 10, 1040, 10), Self(990, 60)), 0.5);
  EXPECT_EQ(load.Step(Stat(1240, 100, 10, 1040, 10), Self(990, 60)), 2.0);
  EXPECT_EQ(load.Step(Stat(1340, 100, 10, 1140, 10), Self(1090, 61)), 0.0) << "never below none";
}

TEST(OthersLoads, ThatCannotBeReadAreUnknown) {
  OthersLoad load;
  EXPECT_FALSE(load.Step("", ""));
  EXPECT_FALSE(load.Step(Stat(10, 0, 0, 10), Self(1, 1)));
  EXPECT_FALSE(load.Step(Stat(10, 0, 0, 10), Self(1, 1))) << "no time has passed";
  EXPECT_FALSE(load.Step("cpu  nonsense\ncpu0 1\n", Self(1, 1)));
  EXPECT_FALSE(load.Step(Stat(20, 0, 0, 20), "17 no name"));
  EXPECT_FALSE(load.Step(Stat(20, 0, 0, 20), Self(1, 1)));
  EXPECT_TRUE(load.Step(Stat(30, 0, 0, 30), Self(1, 1)));
  EXPECT_FALSE(load.Step(Stat(3, 0, 0, 3), Self(1, 1))) << "it has gone back";
}

// --- Power ---------------------------------------------------------------------------------------

class PowerSupplies : public ::testing::Test {
 protected:
  void Supply(const std::string& name, const std::string& type, const std::string& file,
              const std::string& says) {
    const auto folder = root_.Path() / "sys/class/power_supply" / name;
    std::filesystem::create_directories(folder);
    test::WriteText(folder / "type", type + "\n");
    test::WriteText(folder / file, says + "\n");
  }
  [[nodiscard]] std::optional<bool> Battery() const { return OnBattery(root_.Path()); }
  test::Folder root_;
};

TEST_F(PowerSupplies, ABoardWithoutAnySaysNothing) {
  EXPECT_EQ(Battery(), std::nullopt);
  std::filesystem::create_directories(root_.Path() / "sys/class/power_supply");
  EXPECT_EQ(Battery(), std::nullopt);
}

TEST_F(PowerSupplies, AMachineIsOnBatteryWhileNothingFeedsIt) {
  Supply("AC", "Mains", "online", "1");
  Supply("BAT0", "Battery", "status", "Charging");
  EXPECT_EQ(Battery(), false);
  Supply("AC", "Mains", "online", "0");
  Supply("BAT0", "Battery", "status", "Discharging");
  EXPECT_EQ(Battery(), true);
  Supply("ucsi", "USB", "online", "2");
  EXPECT_EQ(Battery(), false) << "a charger that is too weak feeds it all the same";
}

TEST_F(PowerSupplies, ABatteryHatAloneTellsByItsStatus) {
  Supply("hat", "UPS", "status", "Full");
  EXPECT_EQ(Battery(), false);
  Supply("hat", "UPS", "status", "Discharging");
  EXPECT_EQ(Battery(), true);
}

TEST_F(PowerSupplies, TheBatteryOfAMouseDoesNotCount) {
  Supply("hid", "Battery", "status", "Discharging");
  test::WriteText(root_.Path() / "sys/class/power_supply/hid/scope", "Device\n");
  EXPECT_EQ(Battery(), std::nullopt);
}

}  // namespace
}  // namespace picube
