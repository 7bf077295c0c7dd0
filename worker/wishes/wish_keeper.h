// Decides from the owner's wishes, the local time and what goes on around whether the worker may
// compute now, and with how much. Pure: no clock, no file. One thread.
//
// Rules:
// 1. Spans ("so many minutes idle") are measured on the monotonic clock, windows on the wall clock:
//    a jump of the wall clock moves at once to the profile of the new time, and nothing else.
// 2. What flickers has two bounds: heat, load, battery and voltage pause at one and go on only well
//    past it, or after a calm minute.
// 3. The reason is said in a text that stays the same, letter by letter, for as long as the pause
//    has the same cause; so whoever logs changes logs each once.
// 4. What cannot be read does not pause, but for load: a machine that may be in use is left alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/time.h"
#include "worker/wishes/wishes.h"

namespace picube {

// The wall clock at this place, as a calendar shows it.
struct LocalTime {
  std::int64_t day = 0;  // whole days since some day in the past, by the calendar
  int weekday = 0;       // 0 = Monday
  int minute = 0;        // after midnight, as shown
};

// Absent = cannot be read.
struct Surroundings {
  std::optional<double> load;  // of others, in cores kept busy
  std::optional<bool> on_battery;
  std::optional<bool> under_voltage;
  std::optional<std::int32_t> millicelsius;
  std::uint64_t bytes_moved = 0;  // since the start of the process, both ways
};

struct Allowed {
  bool paused = false;
  std::string why;        // of the pause; empty = none
  std::string no_volume;  // why nothing more may be fetched today; empty = it may
  std::string profile;    // the one that holds; empty = none
  std::optional<std::uint32_t> cores;
  double cpu_share = 1;  // of the time of those cores
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> disk_bytes;
  std::uint64_t down_bytes_per_second = 0;  // 0 = as fast as it goes
  std::uint64_t up_bytes_per_second = 0;
  std::vector<std::string> applications;  // empty = all
  bool operator==(const Allowed&) const = default;
};

// Bytes moved on a calendar day; outlives the process.
struct DayVolume {
  std::int64_t day = 0;
  std::uint64_t bytes = 0;
  bool operator==(const DayVolume&) const = default;
};

// True if the profile's days and hours contain the moment.
[[nodiscard]] bool Contains(const Profile& profile, const LocalTime& at);
// The profile that holds at the moment; nullptr = none.
[[nodiscard]] const Profile* ProfileAt(const Wishes& wishes, const LocalTime& at);

class WishKeeper {
 public:
  static constexpr std::int32_t kCoolerBy = 5000;  // millidegrees below the bound to go on
  static constexpr Duration kCalm = 60s;  // on mains, or at full voltage, for so long to go on
  static constexpr Duration kBusy = 10s;  // a shorter burst of load is no use of the machine

  // `project`: the names by which the server's project is known, the one for people first.
  WishKeeper(Wishes wishes, std::vector<std::string> project, std::optional<DayVolume> moved = {});

  // The wishes have changed. What was measured is kept.
  void Replace(Wishes wishes);
  // `now` never goes back.
  [[nodiscard]] Allowed Step(Instant now, const LocalTime& local, const Surroundings& around);
  // Of the day of the last step.
  [[nodiscard]] DayVolume Moved() const {
    return {day_, moved_.contains(day_) ? moved_.at(day_) : 0};
  }

 private:
  // In order of importance: the first that applies is the one that is said.
  enum class Cause : std::uint8_t {
    kNone,
    kHours,
    kProject,
    kBattery,
    kVoltage,
    kHeat,
    kLoad,
  };
  void Measure(Instant now, const Surroundings& around);
  void CountVolume(const LocalTime& local, std::uint64_t bytes_moved);
  [[nodiscard]] Cause FindCause(Instant now, const Profile* profile, const Surroundings& around);
  [[nodiscard]] bool TooHot(const Profile& profile, const Surroundings& around);
  [[nodiscard]] bool InUse(Instant now, const IdleWish& wish, const Surroundings& around);
  [[nodiscard]] std::string Say(Cause cause, const Profile* profile, const LocalTime& local,
                                const Surroundings& around) const;
  void Limit(const Profile& profile, Allowed& allowed);

  Wishes wishes_;
  std::vector<std::string> project_;

  std::optional<Instant> battery_seen_;  // last
  std::optional<Instant> low_volt_seen_;
  bool hot_ = false;
  bool in_use_ = true;                           // until it has been idle for long enough
  std::optional<Instant> busy_since_;            // above `pauses_above` without a break
  std::optional<Instant> quiet_since_;           // below `load_below` without a break
  std::map<std::int64_t, std::uint64_t> moved_;  // by day, a few: the clock may go back to one
  std::uint64_t counted_ = 0;                    // of Surroundings::bytes_moved
  std::int64_t day_ = 0;

  Cause cause_ = Cause::kNone;
  std::string of_profile_;
  std::string why_;
};

}  // namespace picube
