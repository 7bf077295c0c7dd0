// The owner's wishes as people write them.
#include "worker/wishes/wishes_yaml.h"

#include <gtest/gtest.h>

#include "tests/files.h"
#include "worker/settings.h"

namespace picube {
namespace {

class WishesFile : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path File() const { return temp_.Path() / "worker.yaml"; }
  [[nodiscard]] Wishes Read(const std::string& text) const {
    test::WriteText(File(), text);
    const auto settings = LoadSettings(File());
    EXPECT_TRUE(settings) << settings.error().Text();
    return settings ? settings->wishes : Wishes{};
  }
  [[nodiscard]] std::string ErrorOf(const std::string& text) const {
    test::WriteText(File(), text);
    const auto settings = LoadSettings(File());
    if (settings) return "no error";
    const std::string& what = settings.error().what;
    return what.substr(File().string().size() + 1);
  }
  test::Folder temp_;
};

TEST_F(WishesFile, SettingsDirectlyAreOneProfile) {
  const Wishes wishes = Read("wishes:\n  hours: 22:00-06:00\n  days: fri-mon\n  cores: 2\n");
  ASSERT_EQ(wishes.profiles.size(), 1U);
  const Profile& profile = wishes.profiles[0];
  EXPECT_EQ(profile.hours, (std::vector<HoursWindow>{{22 * 60, 6 * 60}}));
  EXPECT_EQ(profile.days, (std::array{true, false, false, false, true, true, true}));
  EXPECT_EQ(profile.cores, 2U);
  EXPECT_EQ(wishes.otherwise, "pause");
}

TEST_F(WishesFile, ListsMayStandOnOneLine) {
  const Profile profile =
      Read("wishes: {hours: [08:00-09:30, 20:00-00:00], days: [mon, sat], applications: seti}\n")
          .profiles.at(0);
  EXPECT_EQ(profile.hours, (std::vector<HoursWindow>{{480, 570}, {1200, 1440}}));
  EXPECT_EQ(profile.days, (std::array{true, false, false, false, false, true, false}));
  EXPECT_EQ(profile.applications, std::vector<std::string>{"seti"});
}

TEST_F(WishesFile, IdlenessHasSensibleBoundsWithoutAnyGiven) {
  EXPECT_EQ(Read("wishes: {only_when_idle: true}\n").profiles.at(0).only_when_idle, IdleWish{});
  EXPECT_FALSE(Read("wishes: {only_when_idle: false}\n").profiles.at(0).only_when_idle);
  const Wishes some = Read("wishes:\n  only_when_idle: {load_below: 0.25, minutes: 3}\n");
  EXPECT_EQ(some.profiles.at(0).only_when_idle, (IdleWish{0.25, 0.5, 3}));
}

TEST_F(WishesFile, NoWishesAreNone) {
  EXPECT_EQ(Read("wishes:\nthreads: 2\n"), Wishes{});
  EXPECT_EQ(Read("threads: 2\n"), Wishes{});
}

TEST_F(WishesFile, WhatIsWrittenWronglyIsRefusedWithItsPlace) {
  EXPECT_EQ(ErrorOf("wishes:\n  hours: 9-17\n"),
            "2:10: hours of the form 20:00-07:30 were expected.");
  EXPECT_EQ(ErrorOf("wishes:\n  hours: 09:00-25:00\n"),
            "2:10: hours of the form 20:00-07:30 were expected.");
  EXPECT_EQ(ErrorOf("wishes:\n  hours: [08:00-09:00, 12:60-13:00]\n"),
            "2:24: hours of the form 20:00-07:30 were expected.");
  EXPECT_EQ(ErrorOf("wishes:\n  cpu_percent: 101\n"),
            "2:16: a whole number from 1 to 100 was expected.");
  EXPECT_EQ(ErrorOf("wishes:\n  cores: 0\n"), "2:10: a whole number from 1 to 1024 was expected.");
  EXPECT_EQ(ErrorOf("wishes:\n  days: [mon, someday]\n").substr(0, 32),
            "2:15: unknown day 'someday'. The");
  EXPECT_EQ(ErrorOf("wishes:\n  not_on_battery: maybe\n"), "2:19: true or false was expected.");
  EXPECT_EQ(ErrorOf("wishes: nothing\n"), "1:9: settings of the form `name: value` were expected.");
  EXPECT_EQ(ErrorOf("wishes:\n  only_when_idle: {load_below: much}\n"),
            "2:32: a number of busy cores was expected, such as 0.5.");
}

TEST_F(WishesFile, AnUnknownSettingComesWithTheListOfWhatThereIs) {
  const std::string error = ErrorOf("wishes:\n  colour: red\n");
  EXPECT_EQ(error.find("2:3: unknown setting 'colour'. There are: name, days, hours, "), 0U);
  EXPECT_NE(error.find("applications, profiles, otherwise, set_by_operator."), std::string::npos);
  EXPECT_NE(ErrorOf("wishes:\n  profiles: [{colour: red}]\n").find("applications."),
            std::string::npos);
}

TEST_F(WishesFile, ContradictionsAreRefusedWithTheirPlace) {
  EXPECT_EQ(ErrorOf("wishes:\n  hours: 07:00-07:00\n"),
            "2:10: the window 07:00-07:00 has no length; the whole day is 00:00-24:00.");
  EXPECT_EQ(ErrorOf("wishes:\n  cores: 1\n  cores: 2\n"), "3:3: 'cores' stands here twice.");
  EXPECT_EQ(ErrorOf("wishes:\n  profiles:\n  - {name: a, days: mon}\n  - {name: a}\n"),
            "4:12: the profile 'a' stands here twice.");
  EXPECT_EQ(ErrorOf("wishes:\n  profiles:\n  - {name: a}\n  - {name: b, days: mon}\n"),
            "4:5: 'b' would never hold: 'a' before it holds at all hours.");
  EXPECT_EQ(ErrorOf("wishes:\n  profiles:\n  - {days: mon}\n"), "3:5: a profile has no name.");
  EXPECT_EQ(ErrorOf("wishes:\n  cores: 2\n  profiles:\n  - {name: a}\n"),
            "2:3: 'cores' stands beside profiles; it belongs into one of them.");
  EXPECT_EQ(ErrorOf("wishes:\n  otherwise: night\n  hours: 08:00-09:00\n"),
            "2:14: 'night' is no profile; pause and compute can stand here too.");
  EXPECT_EQ(ErrorOf("wishes:\n  profiles:\n  - {name: pause}\n"),
            "3:12: a profile cannot be called 'pause'.");
  EXPECT_EQ(ErrorOf("wishes:\n  only_when_idle: {load_below: 2, pauses_above: 1}\n"),
            "2:19: pauses_above is less than load_below: both would hold at once.");
}

}  // namespace
}  // namespace picube
