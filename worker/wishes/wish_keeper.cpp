#include "worker/wishes/wish_keeper.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace picube {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::size_t kDaysKept = 3;

bool Inside(const HoursWindow& window, int minute) {
  return minute >= window.from && minute < window.to;
}

std::string Degrees(std::int64_t millicelsius) {
  const std::int64_t tenths = (millicelsius + (millicelsius < 0 ? -50 : 50)) / 100;
  return (tenths < 0 ? "-" : "") + std::to_string(std::abs(tenths) / 10) + "." +
         std::to_string(std::abs(tenths) % 10) + " °C";
}

std::string Decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2g", value);
  return text;
}

// "mon 20:00"; of today only the time.
std::string Clock(const LocalTime& now, int days_ahead, int minute) {
  char text[32];
  const int weekday = (now.weekday + days_ahead) % kDaysPerWeek;
  std::snprintf(text, sizeof text, "%s%s%02d:%02d",
                days_ahead == 0 ? "" : kDayNames[static_cast<std::size_t>(weekday)],
                days_ahead == 0 ? "" : " ", minute / 60, minute % 60);
  return text;
}

// When a profile begins to hold, as the calendar will show it; empty if not within a week.
std::string NextHours(const Wishes& wishes, const LocalTime& now) {
  LocalTime at = now;
  for (int ahead = 1; ahead <= kDaysPerWeek * kMinutesPerDay; ++ahead) {
    const int minute = now.minute + ahead;
    const int days = minute / kMinutesPerDay;
    at.minute = minute % kMinutesPerDay;
    at.weekday = (now.weekday + days) % kDaysPerWeek;
    const auto holds = [&](const Profile& profile) { return Contains(profile, at); };
    if (std::ranges::any_of(wishes.profiles, holds)) return Clock(now, days, at.minute);
  }
  return {};
}

// A bound in bytes a second of one in kilobits a second; what is wished is never rounded to none.
std::uint64_t BytesPerSecond(const std::optional<std::uint64_t>& kbps) {
  return kbps ? std::max<std::uint64_t>(1, *kbps * 125) : 0;
}

bool Calm(const std::optional<Instant>& seen, Instant now) {
  return !seen || now - *seen >= WishKeeper::kCalm;
}

}  // namespace

bool Contains(const Profile& profile, const LocalTime& at) {
  const auto day = [&](int weekday) {
    return profile.days[static_cast<std::size_t>((weekday + kDaysPerWeek) % kDaysPerWeek)];
  };
  if (profile.hours.empty()) return day(at.weekday);
  return std::ranges::any_of(profile.hours, [&](const HoursWindow& window) {
    if (window.from < window.to) return day(at.weekday) && Inside(window, at.minute);
    if (day(at.weekday) && at.minute >= window.from) return true;
    return day(at.weekday - 1) && at.minute < window.to;
  });
}

const Profile* ProfileAt(const Wishes& wishes, const LocalTime& at) {
  for (const Profile& profile : wishes.profiles) {
    if (Contains(profile, at)) return &profile;
  }
  for (const Profile& profile : wishes.profiles) {
    if (profile.name == wishes.otherwise) return &profile;
  }
  return nullptr;
}

WishKeeper::WishKeeper(Wishes wishes, std::vector<std::string> project,
                       std::optional<DayVolume> moved)
    : wishes_(std::move(wishes)), project_(std::move(project)) {
  if (moved) moved_[moved->day] = moved->bytes;
}

void WishKeeper::Replace(Wishes wishes) {
  wishes_ = std::move(wishes);
  cause_ = Cause::kNone;  // its text may hold old numbers
}

Allowed WishKeeper::Step(Instant now, const LocalTime& local, const Surroundings& around) {
  Measure(now, around);
  CountVolume(local, around.bytes_moved);
  Allowed allowed;
  const Profile* profile = ProfileAt(wishes_, local);
  const std::string name = profile != nullptr ? profile->name : "";
  if (profile == nullptr || name != of_profile_) {  // other bounds: what was seen says nothing
    in_use_ = true;
    busy_since_.reset();
    quiet_since_.reset();
  }
  const Cause cause = FindCause(now, profile, around);
  if (cause != cause_ || name != of_profile_) why_ = Say(cause, profile, local, around);
  cause_ = cause;
  of_profile_ = name;
  allowed.paused = cause != Cause::kNone;
  if (allowed.paused) allowed.why = why_;
  if (profile != nullptr) Limit(*profile, allowed);
  return allowed;
}

void WishKeeper::Measure(Instant now, const Surroundings& around) {
  if (around.on_battery.value_or(false)) battery_seen_ = now;
  if (around.under_voltage.value_or(false)) low_volt_seen_ = now;
}

// A day to which the clock goes back goes on with what it had.
void WishKeeper::CountVolume(const LocalTime& local, std::uint64_t bytes_moved) {
  const std::uint64_t more = bytes_moved > counted_ ? bytes_moved - counted_ : 0;
  counted_ = std::max(counted_, bytes_moved);
  day_ = local.day;
  moved_[day_] += more;
  while (moved_.size() > kDaysKept) {
    moved_.erase(moved_.begin()->first == day_ ? std::prev(moved_.end()) : moved_.begin());
  }
}

WishKeeper::Cause WishKeeper::FindCause(Instant now, const Profile* profile,
                                        const Surroundings& around) {
  if (profile == nullptr) {
    const bool pause = !wishes_.profiles.empty() && wishes_.otherwise != Wishes::kCompute;
    return pause ? Cause::kHours : Cause::kNone;
  }
  // Both are asked each time: they remember.
  const bool hot = TooHot(*profile, around);
  const bool in_use = profile->only_when_idle && InUse(now, *profile->only_when_idle, around);
  const auto ours = [&](const std::string& name) {
    return std::ranges::find(project_, name) != project_.end();
  };
  if (!profile->projects.empty() && std::ranges::none_of(profile->projects, ours)) {
    return Cause::kProject;
  }
  if (profile->not_on_battery && !Calm(battery_seen_, now)) return Cause::kBattery;
  if (profile->not_under_voltage && !Calm(low_volt_seen_, now)) return Cause::kVoltage;
  if (hot) return Cause::kHeat;
  return in_use ? Cause::kLoad : Cause::kNone;
}

bool WishKeeper::TooHot(const Profile& profile, const Surroundings& around) {
  if (!profile.most_celsius || !around.millicelsius) return hot_ = false;
  const std::int32_t most = static_cast<std::int32_t>(*profile.most_celsius) * 1000;
  hot_ = *around.millicelsius > (hot_ ? most - kCoolerBy : most);
  return hot_;
}

bool WishKeeper::InUse(Instant now, const IdleWish& wish, const Surroundings& around) {
  const bool busy = !around.load || *around.load > wish.pauses_above;
  const bool quiet = around.load && *around.load < wish.load_below;
  if (!busy) busy_since_.reset();
  if (!quiet) quiet_since_.reset();
  if (busy && !busy_since_) busy_since_ = now;
  if (quiet && !quiet_since_) quiet_since_ = now;
  if (in_use_) {
    in_use_ = !quiet_since_ || now - *quiet_since_ < std::chrono::minutes(wish.minutes);
  } else {
    in_use_ = busy_since_ && now - *busy_since_ >= kBusy;
  }
  return in_use_;
}

std::string WishKeeper::Say(Cause cause, const Profile* profile, const LocalTime& local,
                            const Surroundings& around) const {
  switch (cause) {
    case Cause::kNone: return {};
    case Cause::kHours: {
      const std::string next = NextHours(wishes_, local);
      return "outside the wished hours" + (next.empty() ? "" : " until " + next);
    }
    case Cause::kProject:
      return "project " + (project_.empty() ? "unknown" : project_.front()) +
             " is not among those wished for";
    case Cause::kBattery: return "on battery";
    case Cause::kVoltage: return "under-voltage";
    case Cause::kHeat:
      return "too hot: " + Degrees(around.millicelsius.value_or(0)) + ", goes on at " +
             Degrees(std::int64_t{*profile->most_celsius} * 1000 - kCoolerBy);
    case Cause::kLoad: {
      const IdleWish& wish = *profile->only_when_idle;
      if (!around.load) return "in use: the load of this machine cannot be read";
      return "in use: goes on after " + std::to_string(wish.minutes) + " min of load below " +
             Decimal(wish.load_below);
    }
  }
  return {};
}

void WishKeeper::Limit(const Profile& profile, Allowed& allowed) {
  allowed.profile = profile.name;
  allowed.cores = profile.cores;
  allowed.cpu_share = profile.cpu_percent / 100.0;
  if (profile.memory_mb) allowed.memory_bytes = *profile.memory_mb * kMiB;
  if (profile.disk_mb) allowed.disk_bytes = *profile.disk_mb * kMiB;
  allowed.down_bytes_per_second = BytesPerSecond(profile.down_kbps);
  allowed.up_bytes_per_second = BytesPerSecond(profile.up_kbps);
  allowed.applications = profile.applications;
  if (!profile.volume_mb_per_day || moved_[day_] < *profile.volume_mb_per_day * kMiB) return;
  allowed.no_volume = "the day's volume of " + std::to_string(*profile.volume_mb_per_day) +
                      " MiB is used up, no more inputs until midnight";
}

}  // namespace picube
