// What the little display says: readings in, two rows of 16 characters out. Pure.
//
//   picube-03  .1.23    U 1234 87% 03:12    picube-03           25.11.2026 14:03    x 2300 rpm 70%
//   61.2° 1.20V 3.98    T61° F1200 thr:0    192.168.1.23        = server       *    t 61.2°
//
// On a cube's master one page of the whole cube and one of each host follow. While computing pauses
// the pages of the unit give way to those of the reason.
//
// Rules: what is unknown is shown as unknown ("--.-°"), never as zero. A page stays for 4 s; then
// the next one comes, in the order above. A page that goes away gives way to the one after it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hardware/display/text.h"
#include "protocol/base/time.h"

namespace picube {

struct TimeOnDisplay {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
};

struct UnitOnDisplay {
  std::uint64_t unit = 0;
  std::uint32_t permille = 0;       // done
  std::optional<Duration> running;  // since it started here
};

// A fan that the kernel knows of.
struct FanOnDisplay {
  std::optional<std::uint32_t> rpm;
  std::optional<std::uint32_t> percent;              // of its power
  std::optional<std::int32_t> follows_millicelsius;  // hottest of those that it cools
};

// Another host of the cube, as the master knows it.
struct HostOnDisplay {
  std::string name;   // UTF-8
  bool heard = true;  // lately
  std::string pause;  // why it pauses; empty = it does not
  std::optional<std::int32_t> temperature_millicelsius;
  std::optional<std::uint32_t> clock_mhz;
  std::optional<UnitOnDisplay> unit;
};

struct DisplayView {
  std::string host;                   // UTF-8
  std::string address;                // IPv4 or IPv6 as text; empty = none
  std::optional<TimeOnDisplay> time;  // nothing: the clock is not set
  std::optional<std::int32_t> temperature_millicelsius;
  std::optional<std::uint32_t> core_millivolts;
  std::optional<std::uint32_t> load_hundredths;  // of a process, over a minute
  std::optional<std::uint32_t> clock_mhz;
  std::optional<std::uint32_t> throttle_flags;  // as the firmware's get_throttled
  bool connected = false;                       // to the server
  std::string pause;                            // why computing pauses; empty = it does not
  std::optional<UnitOnDisplay> unit;
  std::optional<FanOnDisplay> fan;  // nothing: the kernel knows of no fan
  std::vector<HostOnDisplay> cube;  // on its master only; the first 64 are shown
};

enum class PageKind : std::uint8_t { kBoard, kPause, kUnit, kAddress, kTime, kFan, kCube, kHost };
struct PageId {
  PageKind kind = PageKind::kBoard;
  std::uint32_t which = 0;  // line of a reason, host of a cube
  auto operator<=>(const PageId&) const = default;
};
struct Page {
  PageId id;
  Frame frame;
};

// All pages of now, in order; never empty.
[[nodiscard]] std::vector<Page> PagesOf(const DisplayView& view, bool heart_beats);

// Turns the pages. A value.
class Pager {
 public:
  static constexpr Duration kStay = 4s;

  // About once a second; `now` never goes back. However late it comes, no page is left out.
  [[nodiscard]] Frame Step(const DisplayView& view, Instant now);

 private:
  std::optional<PageId> at_;
  Instant since_{};
};

}  // namespace picube
