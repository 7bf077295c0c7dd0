// Words and numbers for people: sizes, times, tables. Pure functions; nothing here asks a clock,
// a locale or a terminal.
//
// Names of hosts and batches were chosen by others, so everything printed passes `Clean`: a host
// must not be able to move the cursor of whoever looks at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/time.h"

namespace picube {

// `text` with control characters (also the C1 ones) and broken UTF-8 replaced by '?'.
[[nodiscard]] std::string Clean(std::string_view text);
// Characters of UTF-8 text; each counts as one column.
[[nodiscard]] std::size_t Columns(std::string_view text);
// Cuts to at most `columns`, ending in "…" if something was cut.
[[nodiscard]] std::string Shorten(std::string_view text, std::size_t columns);

[[nodiscard]] std::string Grouped(std::uint64_t number);    // 1234567 -> "1,234,567"
[[nodiscard]] std::string HumanBytes(std::uint64_t bytes);  // "512 B", "1.5 MiB"
[[nodiscard]] std::string HumanFlop(double flop);           // "3.2 Tflop"
[[nodiscard]] std::string HumanTime(std::uint64_t ms);  // "0.8 s", "42 s", "3 min 5 s", "2 d 4 h"
// A span that somebody chose: "1 day", "90 minutes".
[[nodiscard]] std::string HumanSpan(std::uint64_t seconds);
[[nodiscard]] std::string HumanRate(std::uint64_t milli);  // thousandths a second: "12.5/s"
// "2026-03-01 14:05" in UTC; "-" for 0.
[[nodiscard]] std::string HumanWall(WallTime time);
// RFC 3339 in UTC with milliseconds, for programs.
[[nodiscard]] std::string StampWall(WallTime time);

// "90s", "15m", "24h", "7d" or seconds without a unit. Zero if it is none of these.
[[nodiscard]] std::int64_t ParseSpanSeconds(std::string_view text);

// The candidate that is the fewest edits away, if it is near enough to be a slip; else empty.
[[nodiscard]] std::string Nearest(std::string_view word,
                                  const std::vector<std::string>& candidates);

// "  left   right", the right part wrapped at spaces to end by column 80; a left part that is too
// wide stands on a line of its own. Ends in a newline.
[[nodiscard]] std::string TwoColumns(std::string_view left, std::string_view right,
                                     std::size_t left_width = 26);

// A table of at most `width` columns: every column as wide as its widest cell, and the widest
// `flexible` column is shortened until the rest fits.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;     // aligned to the right: numbers
    bool flexible = false;  // may be shortened
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void Add(std::vector<std::string> cells);  // as many as there are columns
  [[nodiscard]] std::string Text(std::size_t width = 80) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace picube
