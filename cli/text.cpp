#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <numeric>

#include "protocol/base/check.h"

namespace picube {
namespace {

// Bytes of the well-formed UTF-8 character at the start of `text`; 0 if it is broken.
std::size_t CharacterBytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
  if (first == 0xed && byte(1) > 0x9f) return 0;  // a surrogate
  if (first == 0xf0 && byte(1) < 0x90) return 0;  // overlong
  if (first == 0xf4 && byte(1) > 0x8f) return 0;  // beyond Unicode
  return size;
}

bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  std::vector<std::size_t> before;  // the row before `row`, for swapped neighbours
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> next(b.size() + 1);
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      next[j] = std::min({change, row[j] + 1, next[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        next[j] = std::min(next[j], before[j - 2] + 1);
      }
    }
    before = std::move(row);
    row = std::move(next);
  }
  return row[b.size()];
}

std::string Padded(std::string_view text, std::size_t width, bool right) {
  const std::size_t used = Columns(text);
  const std::string space(width > used ? width - used : 0, ' ');
  return right ? space + std::string(text) : std::string(text) + space;
}

}  // namespace

std::string Clean(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = CharacterBytes(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(size, 1));
    clean += size == 0 || IsControl(character) ? std::string_view("?") : character;
    text.remove_prefix(character.size());
  }
  return clean;
}

std::size_t Columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string Shorten(std::string_view text, std::size_t columns) {
  if (Columns(text) <= columns) return std::string(text);
  std::string cut;
  std::size_t used = 0;
  while (used + 1 < columns) {
    const std::size_t size = std::max<std::size_t>(CharacterBytes(text), 1);
    cut += text.substr(0, size);
    text.remove_prefix(size);
    ++used;
  }
  return columns == 0 ? std::string() : cut + "…";
}

std::string Grouped(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string HumanBytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string HumanFlop(double flop) {
  constexpr std::array kUnits{"flop", "kflop", "Mflop", "Gflop", "Tflop", "Pflop", "Eflop"};
  std::size_t unit = 0;
  while (flop >= 999.95 && unit + 1 < kUnits.size()) {
    flop /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", flop, kUnits[unit]);
}

std::string HumanTime(std::uint64_t ms) {
  const std::uint64_t seconds = ms / 1000;
  if (ms < 10'000) return fmt::format("{}.{} s", seconds, ms % 1000 / 100);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
  return fmt::format("{} d {} h", seconds / 86400, seconds % 86400 / 3600);
}

std::string HumanSpan(std::uint64_t seconds) {
  struct Unit {
    std::uint64_t seconds;
    const char* one;
    const char* many;
  };
  constexpr Unit kUnits[] = {
      {86400, "day", "days"}, {3600, "hour", "hours"}, {60, "minute", "minutes"}};
  for (const Unit& unit : kUnits) {
    if (seconds == 0 || seconds % unit.seconds != 0) continue;
    const std::uint64_t count = seconds / unit.seconds;
    return fmt::format("{} {}", count, count == 1 ? unit.one : unit.many);
  }
  return HumanTime(seconds * 1000);
}

std::string HumanRate(std::uint64_t milli) {
  if (milli >= 100'000) return Grouped(milli / 1000) + "/s";
  const double rate = static_cast<double>(milli) / 1000;
  return milli >= 1000 ? fmt::format("{:.1f}/s", rate) : fmt::format("{:.2f}/s", rate);
}

namespace {

struct Calendar {
  std::chrono::year_month_day day;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> clock;
};

Calendar CalendarOf(WallTime time) {
  const std::chrono::sys_time<std::chrono::milliseconds> point{std::chrono::milliseconds(time.ms)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss(point - day)};
}

}  // namespace

std::string HumanWall(WallTime time) {
  if (time.ms == 0) return "-";
  const Calendar at = CalendarOf(time);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", static_cast<int>(at.day.year()),
                     static_cast<unsigned>(at.day.month()), static_cast<unsigned>(at.day.day()),
                     at.clock.hours().count(), at.clock.minutes().count());
}

std::string StampWall(WallTime time) {
  const Calendar at = CalendarOf(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(at.day.year()),
                     static_cast<unsigned>(at.day.month()), static_cast<unsigned>(at.day.day()),
                     at.clock.hours().count(), at.clock.minutes().count(),
                     at.clock.seconds().count(), at.clock.subseconds().count());
}

std::int64_t ParseSpanSeconds(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  constexpr std::int64_t kMost = 10LL * 365 * 86400;
  if (error != std::errc() || number <= 0 || number > kMost) return 0;
  std::int64_t factor = 0;
  if (unit.empty() || unit == "s") factor = 1;
  if (unit == "m" || unit == "min") factor = 60;
  if (unit == "h") factor = 3600;
  if (unit == "d") factor = 86400;
  return number * factor > kMost ? 0 : number * factor;
}

std::string Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::max<std::size_t>(word.size() / 3, 1) + 1;  // about every third letter
  for (const std::string& candidate : candidates) {
    const std::size_t distance = EditDistance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

std::string TwoColumns(std::string_view left, std::string_view right, std::size_t left_width) {
  constexpr std::size_t kWidth = 80;
  std::string text = "  " + std::string(left);
  if (right.empty()) return text + "\n";
  const std::string indent(left_width, ' ');
  const bool own_line = Columns(text) + 1 > left_width;
  std::string line = own_line ? indent : Padded(text, left_width, /*right=*/false);
  std::string lines = own_line ? text + "\n" : "";
  bool fresh = true;  // nothing of `right` stands on `line` yet
  while (!right.empty()) {
    const std::size_t end = std::min(right.find(' '), right.size());
    const std::string_view word = right.substr(0, end);
    right.remove_prefix(std::min(end + 1, right.size()));
    if (!fresh && Columns(line) + 1 + Columns(word) > kWidth) {
      lines += line + "\n";
      line = indent;
      fresh = true;
    }
    line += (fresh ? "" : " ") + std::string(word);
    fresh = false;
  }
  return lines + line + "\n";
}

void Table::Add(std::vector<std::string> cells) {
  PICUBE_CHECK(cells.size() == columns_.size(), "a row has a cell for every column");
  for (std::string& cell : cells) cell = Clean(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Text(std::size_t width) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t widest = Columns(columns_[c].title);
    for (const auto& row : rows_) widest = std::max(widest, Columns(row[c]));
    widths.push_back(widest);
  }
  constexpr std::size_t kLeastColumn = 6;
  while (std::accumulate(widths.begin(), widths.end(), 2 * (widths.size() - 1)) > width) {
    std::size_t widest = columns_.size();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!columns_[c].flexible || widths[c] <= kLeastColumn) continue;
      if (widest == columns_.size() || widths[c] > widths[widest]) widest = c;
    }
    if (widest == columns_.size()) break;  // nothing left to shorten
    --widths[widest];
  }
  std::string text;
  const auto add_line = [&](auto&& cell_of) {
    std::string line;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::string cell = Shorten(cell_of(c), widths[c]);
      line += (c == 0 ? "" : "  ") + Padded(cell, widths[c], columns_[c].right);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_line([&](std::size_t c) { return columns_[c].title; });
  for (const auto& row : rows_) {
    add_line([&](std::size_t c) { return row[c]; });
  }
  return text;
}

}  // namespace picube
