// What the owner's wishes allow, with the time passed in.
#include "worker/wishes/wish_keeper.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace picube {
namespace {

enum Day { kMon, kTue, kWed, kThu, kFri, kSat, kSun };

LocalTime At(Day day, int hour, int minute = 0) {
  return {.day = 100 + day, .weekday = day, .minute = hour * 60 + minute};
}

Profile Hours(const std::string& name, std::initializer_list<HoursWindow> windows,
              std::initializer_list<Day> days = {}) {
  Profile profile;
  profile.name = name;
  profile.hours = windows;
  if (days.size() == 0) return profile;
  profile.days.fill(false);
  for (const Day day : days) profile.days[day] = true;
  return profile;
}

constexpr HoursWindow kNight{22 * 60, 6 * 60};
constexpr HoursWindow kOffice{9 * 60, 17 * 60};

class WishKeeping : public ::testing::Test {
 protected:
  void Wish(const Profile& profile) { keeper_.Replace({.profiles = {profile}}); }
  Allowed After(Duration span) {
    now_ = now_ + span;
    return keeper_.Step(now_, local_, around_);
  }
  Allowed Now() { return After(0s); }
  Allowed AtTime(const LocalTime& local) {
    local_ = local;
    return After(1s);
  }

  WishKeeper keeper_{{}, {"cube.local", "tcp://cube.local:7425"}};
  Instant now_{1'000'000};
  LocalTime local_ = At(kWed, 12);
  Surroundings around_;
};

TEST_F(WishKeeping, WithoutWishesAllIsAllowed) { EXPECT_EQ(Now(), Allowed{}); }

TEST_F(WishKeeping, AWindowHoldsFromItsFirstMinuteToBeforeItsLast) {
  Wish(Hours("office", {kOffice}));
  EXPECT_TRUE(AtTime(At(kMon, 8, 59)).paused);
  EXPECT_FALSE(AtTime(At(kMon, 9, 0)).paused);
  EXPECT_FALSE(AtTime(At(kMon, 16, 59)).paused);
  EXPECT_TRUE(AtTime(At(kMon, 17, 0)).paused);
}

TEST_F(WishKeeping, AWindowAcrossMidnightBelongsToTheDayOnWhichItBegins) {
  Wish(Hours("friday night", {kNight}, {kFri}));
  EXPECT_TRUE(AtTime(At(kFri, 5)).paused) << "that is Thursday's night";
  EXPECT_FALSE(AtTime(At(kFri, 23)).paused);
  EXPECT_FALSE(AtTime(At(kSat, 5, 59)).paused);
  EXPECT_TRUE(AtTime(At(kSat, 6)).paused);
  EXPECT_TRUE(AtTime(At(kSat, 23)).paused);
}

TEST_F(WishKeeping, SundaysNightEndsOnMonday) {
  Wish(Hours("sunday night", {kNight}, {kSun}));
  EXPECT_FALSE(AtTime(At(kMon, 1)).paused);
  EXPECT_TRUE(AtTime(At(kMon, 23)).paused);
}

TEST_F(WishKeeping, TheReasonSaysWhenTheNextHoursBegin) {
  Wish(Hours("night", {kNight}, {kMon, kTue}));
  EXPECT_EQ(AtTime(At(kMon, 12)).why, "outside the wished hours until 22:00");
  EXPECT_EQ(AtTime(At(kWed, 6)).why, "outside the wished hours until 22:00")
      << "the reason of one pause keeps its words";
  EXPECT_FALSE(AtTime(At(kTue, 23)).paused);
  EXPECT_EQ(AtTime(At(kWed, 6)).why, "outside the wished hours until mon 22:00");
}

TEST_F(WishKeeping, OfContradictoryWindowsTheFirstProfileHolds) {
  Profile office = Hours("office", {kOffice});
  office.cores = 1;
  Profile day = Hours("day", {{8 * 60, 20 * 60}});
  day.cores = 3;
  keeper_.Replace({.profiles = {office, day}});
  EXPECT_EQ(AtTime(At(kMon, 12)).cores, 1U);
  EXPECT_EQ(AtTime(At(kMon, 18)).cores, 3U);
  EXPECT_TRUE(AtTime(At(kMon, 21)).paused);
}

TEST_F(WishKeeping, OutsideOfAllHoursTheDefaultHolds) {
  Profile office = Hours("office", {kOffice});
  office.cpu_percent = 25;
  keeper_.Replace({.profiles = {office}, .otherwise = "compute"});
  EXPECT_EQ(AtTime(At(kMon, 12)).cpu_share, 0.25);
  EXPECT_EQ(AtTime(At(kMon, 20)), Allowed{});
  keeper_.Replace({.profiles = {office}, .otherwise = "office"});
  EXPECT_EQ(AtTime(At(kMon, 20)).profile, "office");
}

// In spring the clock shows 01:59, then 03:00; in autumn 02:59, then 02:00 again.
TEST_F(WishKeeping, WindowsFollowWhatTheClockShowsWhenItIsPutForwardOrBack) {
  Wish(Hours("three", {{2 * 60 + 30, 3 * 60 + 30}}));
  EXPECT_TRUE(AtTime(At(kSun, 1, 59)).paused);
  EXPECT_FALSE(AtTime(At(kSun, 3, 0)).paused) << "in spring";
  EXPECT_TRUE(AtTime(At(kSun, 3, 30)).paused);
  EXPECT_FALSE(AtTime(At(kSun, 2, 59)).paused) << "in autumn, before";
  EXPECT_TRUE(AtTime(At(kSun, 2, 0)).paused) << "in autumn, after";
  EXPECT_FALSE(AtTime(At(kSun, 2, 30)).paused) << "in autumn, the second time";
}

TEST_F(WishKeeping, AJumpOfTheWallClockDoesNotMakeAMachineIdle) {
  Profile profile;
  profile.only_when_idle = IdleWish{.load_below = 0.5, .pauses_above = 1, .minutes = 10};
  Wish(profile);
  around_.load = 0.1;
  EXPECT_TRUE(AtTime(At(kMon, 10)).paused);
  EXPECT_TRUE(AtTime(At(kTue, 10)).paused);
  EXPECT_TRUE(AtTime(At(kSun, 10)).paused);
  EXPECT_TRUE(After(9min).paused);
  EXPECT_FALSE(After(1min).paused);
  EXPECT_FALSE(AtTime(At(kMon, 9)).paused) << "nor does a jump back end it";
}

TEST_F(WishKeeping, AClockThatGoesBackAndForthPausesAndGoesOnWithIt) {
  Wish(Hours("night", {kNight}));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(AtTime(At(kMon, 21)).paused);
    EXPECT_FALSE(AtTime(At(kMon, 22)).paused);
  }
}

// --- Idle, heat, power ---------------------------------------------------------------------------

TEST_F(WishKeeping, ComputingBeginsAfterMinutesOfIdlenessAndEndsWithLastingLoad) {
  Profile profile;
  profile.only_when_idle = IdleWish{.load_below = 0.5, .pauses_above = 1, .minutes = 5};
  Wish(profile);
  around_.load = 0.2;
  EXPECT_EQ(Now().why, "in use: goes on after 5 min of load below 0.5");
  EXPECT_TRUE(After(4min).paused);
  around_.load = 0.6;
  EXPECT_TRUE(After(5s).paused) << "not idle for a moment: the minutes begin anew";
  around_.load = 0.2;
  EXPECT_TRUE(After(5s).paused);
  EXPECT_TRUE(After(4min).paused);
  EXPECT_FALSE(After(1min).paused);
  around_.load = 0.8;
  EXPECT_FALSE(After(1h).paused) << "between the bounds nothing changes";
  around_.load = 3;
  EXPECT_FALSE(After(5s).paused) << "a burst";
  around_.load = 0.8;
  EXPECT_FALSE(After(5s).paused);
  around_.load = 3;
  EXPECT_FALSE(After(5s).paused);
  EXPECT_TRUE(After(WishKeeper::kBusy).paused);
}

TEST_F(WishKeeping, IdlenessOfEarlierHoursDoesNotCount) {
  Profile profile = Hours("office", {kOffice});
  profile.only_when_idle = IdleWish{.load_below = 0.5, .pauses_above = 1, .minutes = 5};
  Wish(profile);
  around_.load = 0;
  EXPECT_TRUE(AtTime(At(kMon, 16, 58)).paused);
  EXPECT_TRUE(AtTime(At(kMon, 17)).paused);
  now_ = now_ + 16h;
  EXPECT_TRUE(AtTime(At(kTue, 9)).paused);
  EXPECT_FALSE(After(5min).paused);
}

TEST_F(WishKeeping, AMachineWhoseLoadCannotBeReadIsNotIdle) {
  Profile profile;
  profile.only_when_idle = IdleWish{};
  Wish(profile);
  EXPECT_TRUE(Now().paused);
  EXPECT_TRUE(After(1h).paused);
  EXPECT_NE(Now().why.find("cannot be read"), std::string::npos);
}

TEST_F(WishKeeping, HeatPausesAndGoesOnWellBelow) {
  Profile profile;
  profile.most_celsius = 70;
  Wish(profile);
  EXPECT_FALSE(Now().paused) << "unknown";
  around_.millicelsius = 70'000;
  EXPECT_FALSE(After(5s).paused);
  around_.millicelsius = 70'200;
  const Allowed hot = After(5s);
  EXPECT_EQ(hot.why, "too hot: 70.2 °C, goes on at 65.0 °C");
  around_.millicelsius = 66'000;
  EXPECT_EQ(After(5s).why, hot.why) << "the same words for the same pause";
  around_.millicelsius = 65'000;
  EXPECT_FALSE(After(5s).paused);
}

TEST_F(WishKeeping, BatteryAndUnderVoltagePauseAtOnceAndEndAfterACalmMinute) {
  Profile profile;
  profile.not_on_battery = true;
  profile.not_under_voltage = true;
  Wish(profile);
  around_.on_battery = true;
  around_.under_voltage = true;
  EXPECT_EQ(Now().why, "on battery");
  around_.on_battery = false;
  EXPECT_EQ(After(59s).why, "on battery");
  EXPECT_EQ(After(1s).why, "under-voltage");
  around_.under_voltage = false;
  EXPECT_TRUE(After(30s).paused);
  EXPECT_FALSE(After(30s).paused);
}

TEST_F(WishKeeping, WhatIsNotWishedForDoesNotPause) {
  Wish(Profile{});
  around_ = {.load = 4.0, .on_battery = true, .under_voltage = true, .millicelsius = 99'000};
  EXPECT_FALSE(Now().paused);
}

TEST_F(WishKeeping, OnlyProjectsWishedForAreComputedFor) {
  Profile profile;
  profile.projects = {"cube.local"};
  Wish(profile);
  EXPECT_FALSE(Now().paused);
  profile.projects = {"elsewhere.org"};
  Wish(profile);
  EXPECT_EQ(Now().why, "project cube.local is not among those wished for");
}

// --- How much ------------------------------------------------------------------------------------

TEST_F(WishKeeping, ItsBoundsComeOutInBytes) {
  Profile profile;
  profile.name = "small";
  profile.cores = 2;
  profile.cpu_percent = 50;
  profile.memory_mb = 512;
  profile.disk_mb = 1;
  profile.down_kbps = 8;
  profile.applications = {"seti"};
  Wish(profile);
  const Allowed allowed = Now();
  EXPECT_EQ(allowed.cores, 2U);
  EXPECT_EQ(allowed.cpu_share, 0.5);
  EXPECT_EQ(allowed.memory_bytes, 512ULL << 20);
  EXPECT_EQ(allowed.disk_bytes, 1ULL << 20);
  EXPECT_EQ(allowed.down_bytes_per_second, 1000U);
  EXPECT_EQ(allowed.up_bytes_per_second, 0U);
  EXPECT_EQ(allowed.applications, std::vector<std::string>{"seti"});
}

class Volume : public WishKeeping {
 protected:
  Volume() {
    Profile profile;
    profile.volume_mb_per_day = 10;
    Wish(profile);
  }
  bool UsedUp(const LocalTime& local, std::uint64_t mb_moved) {
    around_.bytes_moved = mb_moved << 20;
    return !AtTime(local).no_volume.empty();
  }
};

TEST_F(Volume, IsUsedUpUntilMidnightAndPausesNoComputing) {
  EXPECT_FALSE(UsedUp(At(kMon, 10), 9));
  EXPECT_TRUE(UsedUp(At(kMon, 11), 10));
  EXPECT_FALSE(Now().paused);
  EXPECT_FALSE(UsedUp(At(kTue, 0), 10));
  EXPECT_TRUE(UsedUp(At(kTue, 23), 20));
}

TEST_F(Volume, AClockThatGoesBackOverMidnightFindsTheDayAsItWas) {
  EXPECT_TRUE(UsedUp(At(kMon, 23, 59), 10));
  EXPECT_FALSE(UsedUp(At(kTue, 0, 0), 11));
  EXPECT_TRUE(UsedUp(At(kMon, 23, 58), 11));
  EXPECT_FALSE(UsedUp(At(kTue, 0, 0), 11));
  EXPECT_EQ(keeper_.Moved(), (DayVolume{At(kTue, 0).day, 1U << 20}));
}

TEST_F(Volume, OutlivesTheProcess) {
  Profile profile;
  profile.volume_mb_per_day = 10;
  keeper_ = WishKeeper({.profiles = {profile}}, {}, DayVolume{At(kMon, 0).day, 9U << 20});
  EXPECT_FALSE(UsedUp(At(kMon, 10), 0));
  EXPECT_TRUE(UsedUp(At(kMon, 10), 1));
}

}  // namespace
}  // namespace picube
