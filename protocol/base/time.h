// Time as the cores see it: always an argument, never asked for.
//
// `Instant` is the server's (or worker's) own monotonic clock. The shell reads it once a loop turn.
// On the server it goes on after a restart from the last instant of the journal, so that time
// during which no server ran ends no lease, and a jump of the wall clock does nothing. `WallTime`
// is for people and for the expiry of join codes only.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace picube {

using Duration = std::chrono::microseconds;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

struct Instant {
  std::int64_t us = 0;  // microseconds since the clock's own origin

  constexpr auto operator<=>(const Instant&) const = default;
  friend constexpr Instant operator+(Instant t, Duration d) { return {t.us + d.count()}; }
  friend constexpr Instant operator-(Instant t, Duration d) { return {t.us - d.count()}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return Duration(a.us - b.us); }
};

struct WallTime {
  std::int64_t ms = 0;  // milliseconds since 1970-01-01 UTC; may jump

  constexpr auto operator<=>(const WallTime&) const = default;
};

// What a shell reads once a loop turn and hands to a core.
struct Moment {
  Instant now;
  WallTime wall;
};

[[nodiscard]] constexpr double Seconds(Duration d) { return static_cast<double>(d.count()) / 1e6; }
// Rounds towards zero; bounded to about 290,000 years.
[[nodiscard]] constexpr Duration FromSeconds(double seconds) {
  constexpr double kMost = 9.0e12;
  const double bounded = seconds > kMost ? kMost : (seconds < -kMost ? -kMost : seconds);
  return Duration(static_cast<std::int64_t>(bounded * 1e6));
}

}  // namespace picube
