#include "hardware/display/pages.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace picube {
namespace {

constexpr std::size_t kMostHosts = 64;
constexpr std::size_t kMostLines = 6;  // of a reason

[[gnu::format(printf, 1, 2)]] std::string Print(const char* format, ...) {
  char text[64];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

// "61°", "105°", "-12°", "--°".
std::string WholeDegrees(std::optional<std::int32_t> millicelsius) {
  if (!millicelsius) return std::string("--") + kDegree;
  return Print("%d%c", (*millicelsius + (*millicelsius < 0 ? -500 : 500)) / 1000, kDegree);
}

// "61.2°", "-5.2°", "105°", "-12°", "--.-°": at most five cells.
std::string Degrees(std::optional<std::int32_t> millicelsius) {
  if (!millicelsius) return std::string("--.-") + kDegree;
  const int tenths = (*millicelsius + (*millicelsius < 0 ? -50 : 50)) / 100;
  if (tenths >= 1000 || tenths <= -100) return WholeDegrees(millicelsius);
  return Print("%s%d.%d%c", tenths < 0 ? "-" : "", std::abs(tenths) / 10, std::abs(tenths) % 10,
               kDegree);
}

std::string Volts(std::optional<std::uint32_t> millivolts) {
  if (!millivolts) return "-.--V";
  const std::uint32_t hundredths = std::min((*millivolts + 5) / 10, 999U);
  return Print("%u.%02uV", hundredths / 100, hundredths % 100);
}

// "3.98", "12.3", " 123": four cells.
std::string Load(std::optional<std::uint32_t> hundredths) {
  if (!hundredths) return "-.--";
  if (*hundredths < 1000) return Print("%u.%02u", *hundredths / 100, *hundredths % 100);
  if (*hundredths < 10000) return Print("%u.%u", *hundredths / 100, *hundredths / 10 % 10);
  return Print("%4u", std::min(*hundredths / 100, 9999U));
}

std::string Clock(std::optional<std::uint32_t> mhz) {
  return mhz ? Print("F%u", std::min(*mhz, 9999U)) : "F----";
}

// "U 1234 87%": ten cells. Of a long number the end, behind a point. A unit that still runs is not
// done, so 99 is the most.
std::string UnitAndPart(const UnitOnDisplay& unit) {
  std::string number = std::to_string(unit.unit);
  if (number.size() > 5) number = "." + number.substr(number.size() - 4);
  return Print("U%5s %2u%%", number.c_str(), std::min(unit.permille / 10, 99U));
}

// "03:12" minutes and seconds, "12h34", "3d04h": five cells.
std::string Running(std::optional<Duration> running) {
  if (!running) return "--:--";
  const long long seconds = std::max<long long>(*running / 1s, 0);
  if (seconds < 6000) return Print("%02lld:%02lld", seconds / 60, seconds % 60);
  if (seconds < 360'000) return Print("%02lldh%02lld", seconds / 3600, seconds / 60 % 60);
  return Print("%lldd%02lldh", std::min(seconds / 86'400, 9LL), seconds / 3600 % 24);
}

// ".1.23" of 192.168.1.23; of IPv6 the last group, ":beef".
std::string ShortAddress(std::string_view address) {
  if (address.empty()) return "no IP";
  const bool six = address.find(':') != std::string_view::npos;
  std::size_t at = address.rfind(six ? ':' : '.');
  if (!six && at != std::string_view::npos && at > 0) at = address.rfind('.', at - 1);
  return ToDisplay(at == std::string_view::npos ? address : address.substr(at));
}

std::string WholeAddress(std::string_view address) {
  if (address.empty()) return "no IP address";
  if (address.size() <= kDisplayColumns) return ToDisplay(address);
  return ".." + ToDisplay(address.substr(address.size() - (kDisplayColumns - 2)));
}

// Lines of at most 16 cells, cut between words where there are any.
std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::size_t end = std::min(text.size(), kDisplayColumns);
    if (end < text.size() && text[end] != ' ') {
      const std::size_t blank = text.rfind(' ', end);
      if (blank != std::string_view::npos && blank > 0) end = blank;
    }
    if (lines.size() + 1 == kMostLines && end < text.size()) {
      lines.push_back(std::string(text.substr(0, kDisplayColumns - 2)) + "..");
      break;
    }
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  }
  return lines;
}

Frame BoardPage(const DisplayView& view) {
  std::string row = Degrees(view.temperature_millicelsius);
  row.resize(6, ' ');
  row += Volts(view.core_millivolts) + " " + Load(view.load_hundredths);
  return {{RowOf(ToDisplay(view.host), ShortAddress(view.address)), RowOf(row)}};
}

Frame UnitPage(const DisplayView& view) {
  std::string row = "T" + WholeDegrees(view.temperature_millicelsius);
  row.resize(5, ' ');
  const std::string throttled =
      view.throttle_flags ? Print("thr:%X", *view.throttle_flags & 0xFU) : "thr:?";
  const DisplayRow second = RowOf(row + Clock(view.clock_mhz), throttled);
  if (view.unit) return {{RowOf(UnitAndPart(*view.unit), Running(view.unit->running)), second}};
  return {{RowOf(view.connected ? "waits for a unit" : "no server"), second}};
}

Frame TimePage(const DisplayView& view, bool heart_beats) {
  std::string time = "--.--.---- --:--";
  if (const auto& t = view.time) {
    time = Print("%02d.%02d.%04d %02d:%02d", t->day, t->month, t->year, t->hour, t->minute);
  }
  const std::string link = std::string(1, view.connected ? kLinkGlyph : kNoLinkGlyph) +
                           (view.connected ? " server" : " no server");
  return {{RowOf(time), RowOf(link, std::string(1, heart_beats ? kHeartGlyph : ' '))}};
}

Frame FanPage(const DisplayView& view) {
  const FanOnDisplay& fan = *view.fan;
  const std::string speed = fan.rpm ? Print(" %u rpm", std::min(*fan.rpm, 99'999U)) : " ---- rpm";
  const std::string power = fan.percent ? Print("%u%%", std::min(*fan.percent, 100U)) : "--%";
  const std::string own =
      std::string(1, kThermometerGlyph) + " " + Degrees(view.temperature_millicelsius);
  std::string hottest;
  if (fan.follows_millicelsius) hottest = "max " + WholeDegrees(fan.follows_millicelsius);
  return {{RowOf(std::string(1, kFanGlyph) + speed, power), RowOf(own, hottest)}};
}

Frame CubePage(const DisplayView& view) {
  std::size_t heard = 0;
  std::size_t units = 0;
  std::optional<std::int32_t> hottest;
  for (const HostOnDisplay& host : view.cube) {
    if (!host.heard) continue;
    ++heard;
    units += host.unit ? 1 : 0;
    if (host.temperature_millicelsius) {
      hottest = std::max(hottest.value_or(INT32_MIN), *host.temperature_millicelsius);
    }
  }
  return {
      {RowOf(Print("cube %zu of %zu up", heard, view.cube.size())),
       RowOf("max " + WholeDegrees(hottest), Print("%zu unit%s", units, units == 1 ? "" : "s"))}};
}

Frame HostPage(const HostOnDisplay& host) {
  const std::string name = ToDisplay(host.name);
  if (!host.heard) return {{RowOf(name), RowOf("not heard")}};
  const DisplayRow first = RowOf(name, Degrees(host.temperature_millicelsius));
  if (!host.pause.empty()) return {{first, RowOf("paused: " + ToDisplay(host.pause))}};
  return {{first, RowOf(host.unit ? UnitAndPart(*host.unit) : "no unit", Clock(host.clock_mhz))}};
}

}  // namespace

std::vector<Page> PagesOf(const DisplayView& view, bool heart_beats) {
  std::vector<Page> pages;
  const auto add = [&](PageKind kind, std::size_t which, const Frame& frame) {
    pages.push_back({{kind, static_cast<std::uint32_t>(which)}, frame});
  };
  add(PageKind::kBoard, 0, BoardPage(view));
  const std::vector<std::string> reason = Lines(ToDisplay(view.pause));
  const std::string unit = view.unit ? UnitAndPart(*view.unit).substr(7) : "";
  for (std::size_t i = 0; i < reason.size(); ++i) {
    add(PageKind::kPause, i, {{RowOf("paused", unit), RowOf(reason[i])}});
  }
  if (reason.empty()) add(PageKind::kUnit, 0, UnitPage(view));
  add(PageKind::kAddress, 0,
      {{RowOf(ToDisplay(view.host.empty() ? "no name" : view.host)),
        RowOf(WholeAddress(view.address))}});
  add(PageKind::kTime, 0, TimePage(view, heart_beats));
  if (view.fan) add(PageKind::kFan, 0, FanPage(view));
  if (!view.cube.empty()) add(PageKind::kCube, 0, CubePage(view));
  for (std::size_t i = 0; i < std::min(view.cube.size(), kMostHosts); ++i) {
    add(PageKind::kHost, i, HostPage(view.cube[i]));
  }
  return pages;
}

Frame Pager::Step(const DisplayView& view, Instant now) {
  const std::vector<Page> pages = PagesOf(view, now.us / 1'000'000 % 2 == 0);
  if (!at_) {
    at_ = pages.front().id;
    since_ = now;
  }
  const bool turn = now - since_ >= kStay;
  auto page =
      std::ranges::find_if(pages, [&](const Page& p) { return turn ? p.id > *at_ : p.id >= *at_; });
  if (page == pages.end()) page = pages.begin();
  if (page->id != *at_ || turn) since_ = now;
  at_ = page->id;
  return page->frame;
}

}  // namespace picube
