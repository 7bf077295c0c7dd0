// The board probe on recorded trees, with a firmware that answers, refuses or is not there.
#include "hardware/probe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "protocol/base/descriptor.h"
#include "tests/files.h"
#include "tests/hardware/fake_vcio.h"

namespace picube {
namespace {

namespace fs = std::filesystem;
using test::FakeVcio;

fs::path Tree(const char* name) { return fs::path(PICUBE_TREES) / name; }
BoardFacts FactsOf(const char* tree) { return BoardProbe(Tree(tree)).Facts(); }
BoardSample SampleOf(const char* tree) { return BoardProbe(Tree(tree)).Sample(); }

// A copy of a recorded tree that a test may change.
struct Copy {
  explicit Copy(const char* tree) {
    fs::copy(Tree(tree), folder.Path(), fs::copy_options::recursive);
  }
  void Put(const std::string& path, const std::string& text) const {
    fs::create_directories((folder.Path() / path).parent_path());
    test::WriteText(folder.Path() / path, text);
  }
  void Remove(const std::string& path) const { fs::remove_all(folder.Path() / path); }
  test::Folder folder;
};

constexpr const char* kTemperature = "sys/class/thermal/thermal_zone0/temp";

FakeVcio FirmwareOfAPi3() {
  FakeVcio vcio;
  vcio.Set(FirmwareTag::kThrottled, 0x20002);
  vcio.Set(FirmwareTag::kClockMeasured, 818'179'000);
  vcio.Set(FirmwareTag::kVoltage, 1'318'800);
  vcio.Set(FirmwareTag::kTemperature, 79'464);
  return vcio;
}

TEST(Probe, EachBoardSaysWhatItIs) {
  const BoardFacts facts = FactsOf("pi4b");
  EXPECT_EQ(facts.board, "Raspberry Pi 4 Model B Rev 1.4");
  EXPECT_EQ(facts.kind, "4b");
  EXPECT_EQ(facts.serial, "10000000b7c8d9e0");
  EXPECT_EQ(facts.os, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(facts.cores, 4U);
  EXPECT_EQ(facts.memory_bytes, 3'884'388ULL * 1024);
  EXPECT_EQ(FactsOf("pi3b").kind, "3b");
  EXPECT_EQ(FactsOf("pi3bplus").kind, "3b+");
  EXPECT_EQ(FactsOf("pi5").kind, "5");
  EXPECT_EQ(FactsOf("pi5").board, "Raspberry Pi 5 Model B Rev 1.0");
  EXPECT_EQ(FactsOf("pc").kind, "");
}

TEST(Probe, TheModelAloneSaysTheKindToo) {
  const test::Folder tree;
  fs::create_directories(tree.Path() / "proc/device-tree");
  const auto kind_of = [&tree](const std::string& model) {
    test::WriteText(tree.Path() / "proc/device-tree/model", model + '\0');
    return BoardProbe(tree.Path()).Facts().kind;
  };
  EXPECT_EQ(kind_of("Raspberry Pi 3 Model B Plus Rev 1.3"), "3b+");
  EXPECT_EQ(kind_of("Raspberry Pi 3 Model B Rev 1.2"), "3b");
  EXPECT_EQ(kind_of("Raspberry Pi Zero 2 W Rev 1.0"), "zero2");
  EXPECT_EQ(kind_of("Raspberry Pi Compute Module 4 Rev 1.1"), "cm4");
  EXPECT_EQ(kind_of("Raspberry Pi 7 Model C"), "");
  EXPECT_EQ(kind_of("Orange Pi 5"), "");
}

TEST(Probe, APi3sRealClockIsNotTheOneAskedFor) {
  FakeVcio vcio = FirmwareOfAPi3();
  const BoardSample sample = BoardProbe(Tree("pi3b"), &vcio).Sample();
  EXPECT_EQ(sample.temperature_millicelsius, 79'464);
  EXPECT_EQ(sample.clock_mhz, 1200U);
  EXPECT_EQ(sample.real_clock_mhz, 818U);
  EXPECT_EQ(sample.core_millivolts, 1319U);
  EXPECT_EQ(sample.throttle_flags, 0x20002U);
  EXPECT_EQ(sample.load_permille, 1005U);
  EXPECT_EQ(sample.memory_available_bytes, 612'348ULL * 1024);
  EXPECT_FALSE(sample.fan_rpm);
  EXPECT_FALSE(sample.fan_permille);
  EXPECT_FALSE(sample.power_milliwatts) << "a Pi 3 measures no power";
  EXPECT_EQ(sample.power_source, PowerSource::kNone);
  EXPECT_EQ(vcio.Asked(FirmwareTag::kTemperature), 0) << "the kernel knows it";
}

TEST(Probe, WithoutAMailboxAPi4HasTheKernelsFilesAndItsIna) {
  const BoardSample sample = SampleOf("pi4b");
  EXPECT_EQ(sample.temperature_millicelsius, 61'835);
  EXPECT_EQ(sample.clock_mhz, 1800U);
  EXPECT_EQ(sample.throttle_flags, 0x50000U);
  EXPECT_EQ(sample.load_permille, 975U);
  EXPECT_EQ(sample.memory_available_bytes, 3'300'000ULL * 1024);
  EXPECT_EQ(sample.power_milliwatts, 5150U);
  EXPECT_EQ(sample.power_source, PowerSource::kIna);
  EXPECT_FALSE(sample.real_clock_mhz);
  EXPECT_FALSE(sample.core_millivolts);
}

TEST(Probe, APi5HasAFanAndMeasuresItsPower) {
  FakeVcio vcio;
  vcio.commands["pmic_read_adc"] = test::kRailsOfAPi5;
  const BoardSample sample = BoardProbe(Tree("pi5"), &vcio).Sample();
  EXPECT_EQ(sample.temperature_millicelsius, 71'600);
  EXPECT_EQ(sample.clock_mhz, 2400U);
  EXPECT_EQ(sample.fan_rpm, 5312U);
  EXPECT_EQ(sample.fan_permille, 686U);
  EXPECT_EQ(sample.power_milliwatts, 6100U);
  EXPECT_EQ(sample.power_source, PowerSource::kPmic);
}

TEST(Probe, ChipsAreKnownByTheirNamesWhateverTheirNumbers) {
  FakeVcio vcio;
  vcio.commands["pmic_read_adc"] = test::kRailsOfAPi5;
  const BoardSample sample = BoardProbe(Tree("pi5_renumbered"), &vcio).Sample();
  EXPECT_EQ(sample.temperature_millicelsius, 71'600) << "not the disk's";
  EXPECT_EQ(sample.fan_rpm, 5312U);
  EXPECT_EQ(sample.power_milliwatts, 5632U) << "5.12 V x 1.1 A";
  EXPECT_EQ(sample.power_source, PowerSource::kIna) << "the better one";
}

TEST(Probe, OfTwoInasNobodyKnowsWhichIsTheSupplys) {
  const Copy tree("pi4b");
  tree.Put("sys/class/hwmon/hwmon7/name", "ina219\n");
  tree.Put("sys/class/hwmon/hwmon7/power1_input", "900000\n");
  const BoardSample sample = BoardProbe(tree.folder.Path()).Sample();
  EXPECT_FALSE(sample.power_milliwatts);
  EXPECT_EQ(sample.power_source, PowerSource::kNone);
}

TEST(Probe, UnderVoltageIsKnownWithoutAMailbox) {
  EXPECT_EQ(SampleOf("pi3bplus").throttle_flags, 1U);
  EXPECT_FALSE(SampleOf("pi3b").throttle_flags) << "no alarm says nothing of the other bits";
  const Copy tree("pi4b");
  tree.Put("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n");
  EXPECT_EQ(BoardProbe(tree.folder.Path()).Sample().throttle_flags, 0x50001U);
  FakeVcio vcio;
  vcio.Set(FirmwareTag::kThrottled, 0x50000);
  EXPECT_EQ(BoardProbe(tree.folder.Path(), &vcio).Sample().throttle_flags, 0x50000U)
      << "the firmware says what is now, the alarm what was within two seconds";
}

TEST(Probe, WithoutTheKernelsSensorsTheFirmwareIsAsked) {
  FakeVcio vcio = FirmwareOfAPi3();
  const BoardSample sample = BoardProbe(Tree("pi3b_bare"), &vcio).Sample();
  EXPECT_EQ(sample.temperature_millicelsius, 79'464);
  EXPECT_EQ(sample.real_clock_mhz, 818U);
  EXPECT_FALSE(sample.clock_mhz);
  EXPECT_EQ(sample.load_permille, 0U) << "a true zero";
  EXPECT_EQ(FactsOf("pi3b_bare").serial, "") << "a number that was never given";
  EXPECT_FALSE(SampleOf("pi3b_bare").temperature_millicelsius);
}

TEST(Probe, APcHasItsMakersNameAndTheCoreSensor) {
  EXPECT_EQ(FactsOf("pc").board, "LENOVO 20XW");
  EXPECT_EQ(FactsOf("pc").cores, 5U);
  const BoardSample sample = SampleOf("pc");
  EXPECT_EQ(sample.temperature_millicelsius, 47'000);
  EXPECT_FALSE(sample.throttle_flags);
  EXPECT_FALSE(sample.real_clock_mhz);
}

TEST(Probe, WhatIsMissingIsUnknownNeverZero) {
  const test::Folder empty;
  BoardProbe probe(empty.Path());
  const BoardFacts facts = probe.Facts();
  EXPECT_EQ(facts.board, "generic");
  EXPECT_EQ(facts.kind + facts.serial + facts.os, "");
  EXPECT_FALSE(facts.cores);
  EXPECT_FALSE(facts.memory_bytes);
  const BoardSample sample = probe.Sample();
  EXPECT_FALSE(sample.temperature_millicelsius);
  EXPECT_FALSE(sample.clock_mhz);
  EXPECT_FALSE(sample.real_clock_mhz);
  EXPECT_FALSE(sample.core_millivolts);
  EXPECT_FALSE(sample.throttle_flags);
  EXPECT_FALSE(sample.load_permille);
  EXPECT_FALSE(sample.memory_available_bytes);
  EXPECT_FALSE(sample.fan_rpm);
  EXPECT_FALSE(sample.fan_permille);
  EXPECT_FALSE(sample.power_milliwatts);
  EXPECT_EQ(sample.power_source, PowerSource::kNone);
}

TEST(Probe, NonsenseIsUnknownToo) {
  const BoardFacts facts = FactsOf("broken");
  EXPECT_EQ(facts.board, "Raspberry Pi 3") << "a NUL ends the model";
  EXPECT_EQ(facts.kind, "3b") << "the last of the compatible names lacks its NUL";
  EXPECT_EQ(facts.serial, "");
  EXPECT_FALSE(facts.cores) << "3-0";
  EXPECT_FALSE(facts.memory_bytes);
  const BoardSample sample = SampleOf("broken");
  EXPECT_FALSE(sample.temperature_millicelsius) << "-274000, an empty file, 61%35";
  EXPECT_FALSE(sample.clock_mhz) << "zero";
  EXPECT_FALSE(sample.throttle_flags);
  EXPECT_FALSE(sample.load_permille);
  EXPECT_FALSE(sample.memory_available_bytes);
  EXPECT_FALSE(sample.fan_rpm);
  EXPECT_FALSE(sample.fan_permille) << "256 of 255";
  EXPECT_FALSE(sample.power_milliwatts) << "a chip without its calibration says 0 W";
}

TEST(Probe, ASensorThatIsNotReadyOrBrokenGivesWayToTheNext) {
  const Copy tree("pi3b");
  const fs::path file = tree.folder.Path() / kTemperature;
  BoardProbe probe(tree.folder.Path());
  tree.Remove(kTemperature);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  const Descriptor writer(::open(file.c_str(), O_RDWR | O_CLOEXEC));  // so that reading is EAGAIN
  ASSERT_GE(writer.Get(), 0);
  EXPECT_EQ(probe.Sample().temperature_millicelsius, 79'464) << "hwmon's";
  tree.Remove(kTemperature);
  fs::create_symlink("/proc/self/mem", file);  // opens, then EIO
  EXPECT_EQ(probe.Sample().temperature_millicelsius, 79'464);
  tree.Remove("sys/class/hwmon");
  EXPECT_FALSE(probe.Sample().temperature_millicelsius);
}

TEST(Probe, GarbageInATemperatureIsUnknown) {
  const Copy tree("pi3b");
  tree.Remove("sys/class/hwmon");
  BoardProbe probe(tree.folder.Path());
  for (const char* text : {"", "\n", "x", "61 835", "61835mC", "0x1000", "-300000", "900000",
                           "99999999999999999999", "-", "+61835", "6.1e4"}) {
    tree.Put(kTemperature, text);
    EXPECT_FALSE(probe.Sample().temperature_millicelsius) << text;
  }
  tree.Put(kTemperature, "-12000\n");
  EXPECT_EQ(probe.Sample().temperature_millicelsius, -12'000) << "a cold garage";
}

TEST(Probe, SensorsMayVanishAndComeBackElsewhere) {
  const Copy tree("pi4b");
  BoardProbe probe(tree.folder.Path());
  EXPECT_EQ(probe.Sample().power_milliwatts, 5150U);
  tree.Remove("sys/class/hwmon/hwmon2");
  EXPECT_FALSE(probe.Sample().power_milliwatts);
  tree.Put("sys/class/hwmon/hwmon9/name", "ina226\n");
  tree.Put("sys/class/hwmon/hwmon9/power1_input", "4900000\n");
  EXPECT_EQ(probe.Sample().power_milliwatts, 4900U);
}

TEST(Probe, OfTwoSensorsTheOneOfTheLowerNumberCounts) {
  const test::Folder tree;
  for (const auto& [number, temperature] : {std::pair("10", "10000"), std::pair("2", "20000")}) {
    const fs::path zone =
        tree.Path() / "sys/class/thermal" / ("thermal_zone" + std::string(number));
    fs::create_directories(zone);
    test::WriteText(zone / "type", "cpu-thermal\n");
    test::WriteText(zone / "temp", temperature);
  }
  EXPECT_EQ(BoardProbe(tree.Path()).Sample().temperature_millicelsius, 20'000);
}

TEST(Probe, AStuckSensorIsReportedAsItIs) {
  BoardProbe probe(Tree("pi3b"));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(probe.Sample().temperature_millicelsius, 79'464) << "whoever acts on it judges it";
  }
}

TEST(Probe, AProcessKnowsWhatItHoldsSwappedOutOrNot) {
  const test::Folder tree;
  fs::create_directories(tree.Path() / "proc" / "self");
  const auto file = tree.Path() / "proc" / "self" / "status";
  const BoardProbe probe(tree.Path());
  EXPECT_FALSE(probe.OwnMemoryBytes());
  test::WriteText(file, "Name:\tx\nVmRSS:\t    1000 kB\nRssAnon:\t 1 kB\nVmSwap:\t      24 kB\n");
  EXPECT_EQ(probe.OwnMemoryBytes(), 1024U * 1024);
  test::WriteText(file, "VmRSS:\t    1000 kB\nVmSwap:\t       0 kB\n");
  EXPECT_EQ(probe.OwnMemoryBytes(), 1000U * 1024);
}

}  // namespace
}  // namespace picube
