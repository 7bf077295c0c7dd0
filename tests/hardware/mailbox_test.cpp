// Questions to the firmware: what is believed, and how often a refusal is asked again.
#include "hardware/mailbox.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>

#include "hardware/firmware.h"
#include "hardware/sysfs.h"
#include "tests/files.h"
#include "tests/hardware/fake_vcio.h"

namespace picube {
namespace {

using test::FakeVcio;

constexpr std::uint32_t kArm = 3;

TEST(Mailbox, ATagsAnswerReplacesItsValues) {
  FakeVcio vcio;
  vcio.Set(FirmwareTag::kClockMeasured, 600'000'000);
  std::array<std::uint32_t, 2> values{kArm, 0};
  ASSERT_TRUE(AskTag(vcio, FirmwareTag::kClockMeasured, values));
  EXPECT_EQ(values, (std::array<std::uint32_t, 2>{kArm, 600'000'000}));
}

TEST(Mailbox, AnAnswerThatIsNoneLeavesTheValuesAlone) {
  const auto refused = [](auto&& spoil) {
    FakeVcio vcio;
    vcio.Set(FirmwareTag::kClockMeasured, 600'000'000);
    spoil(vcio);
    std::array<std::uint32_t, 2> values{kArm, 0};
    return !AskTag(vcio, FirmwareTag::kClockMeasured, values) &&
           values == std::array<std::uint32_t, 2>{kArm, 0};
  };
  EXPECT_TRUE(refused([](FakeVcio& vcio) { vcio.tags.clear(); })) << "EPERM";
  EXPECT_TRUE(refused([](FakeVcio& vcio) { vcio.success = 0x80000001; })) << "an error";
  EXPECT_TRUE(refused([](FakeVcio& vcio) { vcio.success = 0; })) << "not looked at";
  EXPECT_TRUE(refused([](FakeVcio& vcio) { vcio.tag_error = 1; })) << "another tag's";
  EXPECT_TRUE(refused([](FakeVcio& vcio) { vcio.reply = 0; })) << "the tag was not answered";
  EXPECT_TRUE(refused([](FakeVcio& vcio) { vcio.length_error = -4; })) << "one value less";
  EXPECT_TRUE(refused([](FakeVcio& vcio) { vcio.length_error = 4; })) << "one value more";
  EXPECT_TRUE(refused([](FakeVcio& vcio) { vcio.length_error = 0x10000; }));
}

TEST(Mailbox, ATextIsBelievedIfItEnds) {
  FakeVcio vcio;
  vcio.commands["measure_volts core"] = "volt=1.2000V";
  EXPECT_EQ(AskText(vcio, "measure_volts core").value_or(""), "volt=1.2000V");
  vcio.length_error = 5000;  // its length is not what ends it
  EXPECT_EQ(AskText(vcio, "measure_volts core").value_or(""), "volt=1.2000V");
  vcio.endless_text = true;
  EXPECT_FALSE(AskText(vcio, "measure_volts core"));
  vcio.endless_text = false;
  vcio.text_error = 1;
  EXPECT_FALSE(AskText(vcio, "measure_volts core")) << "the firmware's own error";
  vcio.text_error = 0;
  vcio.text_allowed = false;
  EXPECT_FALSE(AskText(vcio, "measure_volts core"));
}

TEST(Mailbox, TextGoesToTheNarrowDeviceFirstAndTagsNeverDo) {
  const test::Folder tree;
  DeviceVcio none(tree.Path());
  const Result<std::string> missing = AskText(none, "measure_temp");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().what.find("vcio_gencmd: No such file"), std::string::npos);
  std::filesystem::create_directories(tree.Path() / "dev");
  // Files that are no mailbox: opened, asked, and refused.
  test::WriteText(tree.Path() / "dev/vcio_gencmd", "");
  test::WriteText(tree.Path() / "dev/vcio", "");
  DeviceVcio device(tree.Path());
  const Result<std::string> text = AskText(device, "measure_temp");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().what.find("No such file"), std::string::npos) << text.error().what;
  const std::size_t narrow = text.error().what.find("vcio_gencmd: ");
  ASSERT_NE(narrow, std::string::npos) << text.error().what;
  EXPECT_NE(text.error().what.find("vcio: ", narrow + 12), std::string::npos);
  std::array<std::uint32_t, 1> mask{0};
  const Status tag = AskTag(device, FirmwareTag::kThrottled, mask);
  ASSERT_FALSE(tag);
  EXPECT_EQ(tag.error().what.find("gencmd"), std::string::npos);
}

TEST(Mailbox, NobodyWaitsForWhatStandsInItsPlace) {
  const test::Folder tree;
  std::filesystem::create_directories(tree.Path() / "dev");
  ASSERT_EQ(::mkfifo((tree.Path() / "dev/vcio").c_str(), 0600), 0);  // that nobody writes to
  DeviceVcio device(tree.Path());
  std::array<std::uint32_t, 1> mask{0};
  EXPECT_FALSE(AskTag(device, FirmwareTag::kThrottled, mask));
}

TEST(Mailbox, ThrottlingIsAskedForWithoutForgettingAnything) {
  FakeVcio vcio;
  vcio.Set(FirmwareTag::kThrottled, 0x50005);
  EXPECT_EQ(Firmware(vcio).ThrottleFlags(), 0x50005U);
  EXPECT_EQ(vcio.mask, 0U);
}

TEST(Mailbox, WhatTheTagsDoNotSayTheTextDoes) {
  FakeVcio vcio;  // no tag is allowed
  vcio.commands = {{"get_throttled", "throttled=0x50005"},
                   {"measure_clock arm", "frequency(48)=600117184"},
                   {"measure_volts core", "volt=1.2000V"},
                   {"measure_temp", "temp=42.8'C"}};
  Firmware firmware(vcio);
  EXPECT_EQ(firmware.ThrottleFlags(), 0x50005U);
  EXPECT_EQ(firmware.ClockHz(), 600'117'184U);
  EXPECT_EQ(firmware.CoreMicrovolts(), 1'200'000U);
  EXPECT_EQ(firmware.TemperatureMillicelsius(), 42'800);
}

TEST(Mailbox, AnswersThatMakeNoSenseAreUnknown) {
  FakeVcio vcio;
  vcio.Set(FirmwareTag::kClockMeasured, 0);
  vcio.Set(FirmwareTag::kVoltage, 5);  // steps of 25 mV, as old firmware says it
  vcio.Set(FirmwareTag::kTemperature, 0xffff0000);
  vcio.commands = {{"get_throttled", "throttled=50005x"},
                   {"measure_clock arm", "frequency(48)="},
                   {"measure_volts core", "volt=1.2000A"},
                   {"measure_temp", "temp=428.0'C"}};
  Firmware firmware(vcio);
  EXPECT_FALSE(firmware.ThrottleFlags());
  EXPECT_FALSE(firmware.ClockHz());
  EXPECT_FALSE(firmware.CoreMicrovolts());
  EXPECT_FALSE(firmware.TemperatureMillicelsius());
  vcio.Set(FirmwareTag::kClockMeasured, 600'000'000);
  vcio.id_error = 1;
  EXPECT_FALSE(Firmware(vcio).ClockHz()) << "the clock of something else";
}

TEST(Mailbox, ARefusedTagIsAskedAgainMoreAndMoreRarely) {
  FakeVcio vcio;
  vcio.commands["measure_clock arm"] = "frequency(48)=600117184";
  Firmware firmware(vcio);
  for (int second = 0; second < 3600; ++second) ASSERT_TRUE(firmware.ClockHz());
  EXPECT_LE(vcio.Asked(FirmwareTag::kClockMeasured), 25) << "in an hour";
  EXPECT_EQ(vcio.Asked(FirmwareTag::kGencmd), 3600) << "what works is asked each time";
  vcio.Set(FirmwareTag::kClockMeasured, 700'000'000);
  int seconds = 0;
  while (firmware.ClockHz() != 700'000'000U && seconds < 1000) ++seconds;
  EXPECT_LE(seconds, 256) << "and is found again when it answers";
}

TEST(Mailbox, AMissHereAndThereCostsNothing) {
  FakeVcio vcio;
  Firmware firmware(vcio);
  for (int second = 0; second < 10; ++second) {
    vcio.tags.clear();
    EXPECT_FALSE(firmware.ThrottleFlags());
    vcio.Set(FirmwareTag::kThrottled, 0);
    EXPECT_EQ(firmware.ThrottleFlags(), 0U);
  }
  for (int second = 0; second < 10; ++second) {
    vcio.commands.clear();
    EXPECT_FALSE(firmware.TemperatureMillicelsius());
    vcio.commands["measure_temp"] = "temp=42.8'C";
    EXPECT_EQ(firmware.TemperatureMillicelsius(), 42'800);
  }
}

TEST(Mailbox, PowerNeedsBothNumbersOfEachRail) {
  EXPECT_EQ(MilliwattsOfRails(test::kRailsOfAPi5), 6100U);
  const auto without = [](const std::string& line) {
    std::string answer = test::kRailsOfAPi5;
    const std::size_t at = answer.find(line);
    return answer.erase(at, answer.find('\n', at) + 1 - at);
  };
  EXPECT_FALSE(MilliwattsOfRails(without("   1V8_SYS_V"))) << "amperes without volts";
  EXPECT_FALSE(MilliwattsOfRails(without("  VDD_CORE_A"))) << "the greatest part is missing";
  EXPECT_TRUE(MilliwattsOfRails(without("     EXT5V_V"))) << "not a part of the sum";
  EXPECT_FALSE(MilliwattsOfRails(""));
  EXPECT_FALSE(MilliwattsOfRails("error=1 error_msg=\"Command not registered\""));
  EXPECT_FALSE(MilliwattsOfRails("VDD_CORE_A current(7)=4.0A\nVDD_CORE_V volt(15)=-0.87V"));
  EXPECT_FALSE(MilliwattsOfRails("VDD_CORE_A current(7)=4000.0A\nVDD_CORE_V volt(15)=87.0V"));
}

TEST(Mailbox, DecimalsAreExact) {
  EXPECT_EQ(Millionths("5.15352000"), 5'153'520);
  EXPECT_EQ(Millionths("0.00006105"), 61);
  EXPECT_EQ(Millionths("42.8"), 42'800'000);
  EXPECT_EQ(Millionths("7"), 7'000'000);
  for (const char* text : {"", ".", ".5", "-1.0", "1.2.3", "1,2", "1e3", "10000", "1.x", " 1"}) {
    EXPECT_FALSE(Millionths(text)) << text;
  }
}

}  // namespace
}  // namespace picube
