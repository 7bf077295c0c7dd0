// What a machine's owner wishes of the worker, as plain values: when it may compute, and how much
// it may take. Any thread.
//
// Times are local wall-clock times. A window that crosses midnight belongs to the day on which it
// begins: 22:00-06:00 on Friday ends on Saturday morning.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace picube {

inline constexpr int kMinutesPerDay = 24 * 60;
inline constexpr int kDaysPerWeek = 7;
inline constexpr std::array<const char*, kDaysPerWeek> kDayNames = {"mon", "tue", "wed", "thu",
                                                                    "fri", "sat", "sun"};

// Minutes after midnight; `from` is inside, `to` is not. to <= from crosses midnight. The whole day
// is 0 to kMinutesPerDay.
struct HoursWindow {
  int from = 0;
  int to = kMinutesPerDay;
  bool operator==(const HoursWindow&) const = default;
};

// Load is of others than this worker, in processor cores kept busy: 0.5 = half of one core.
struct IdleWish {
  double load_below = 0.5;  // computing may begin after `minutes` below this
  double pauses_above = 1;  // and pauses above this, at least load_below
  std::uint32_t minutes = 5;
  bool operator==(const IdleWish&) const = default;
};

// Absent = as much as there is.
struct Profile {
  std::string name;
  std::array<bool, kDaysPerWeek> days = {true, true, true, true, true, true, true};  // 0 = Monday
  std::vector<HoursWindow> hours;                                                    // none = all
  std::uint32_t cpu_percent = 100;  // of the time of the cores that are used
  std::optional<std::uint32_t> cores;
  std::optional<std::uint64_t> memory_mb;
  std::optional<std::uint64_t> disk_mb;    // of input data kept
  std::optional<std::uint64_t> down_kbps;  // kilobits a second
  std::optional<std::uint64_t> up_kbps;
  std::optional<std::uint64_t> volume_mb_per_day;  // both ways
  std::optional<std::uint32_t> most_celsius;
  std::optional<IdleWish> only_when_idle;
  bool not_on_battery = false;
  bool not_under_voltage = false;
  std::vector<std::string> projects;      // endpoint, host name or key fingerprint; none = any
  std::vector<std::string> applications;  // none = all
  bool operator==(const Profile&) const = default;
};

// The first profile whose days and hours contain the moment holds. If there is none, `otherwise`.
struct Wishes {
  static constexpr const char* kPause = "pause";
  static constexpr const char* kCompute = "compute";

  std::vector<Profile> profiles;   // empty = compute always
  bool set_by_operator = true;     // the server's operator may change worker.yaml
  std::string otherwise = kPause;  // kPause, kCompute (without limits), or a profile's name
  bool operator==(const Wishes&) const = default;
};

}  // namespace picube
