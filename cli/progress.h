// Progress for people: one line that is drawn over itself on a terminal, and plain lines, few and
// whole, where there is none (a log, a pipe).
//
// `BarLine` is pure. `ProgressLine` is told the time with every update; it belongs to one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "protocol/base/time.h"

namespace picube {

struct Progress {
  std::string label;          // "batch 3", "upload recording.sah"
  std::uint64_t done = 0;     // of `total`, in whatever it counts
  std::uint64_t total = 0;    // 0 = not known yet
  std::string amount;         // "312 of 1,024 units"
  std::string rate;           // "12.5/s"; empty = not known
  std::uint64_t left_ms = 0;  // 0 = not known
  std::string note;           // "2 failed"
};

// "batch 3 [#####-----]  50%  512 of 1,024 units  12.5/s  41 s left": at most `width` columns. The
// bar takes what is left over, and goes first when room is short. `width` 0 = no bar, no cut.
[[nodiscard]] std::string BarLine(const Progress& progress, std::size_t width);

// The whole percent done; never 100 before everything is.
[[nodiscard]] unsigned Percent(std::uint64_t done, std::uint64_t total);

class ProgressLine {
 public:
  struct Style {
    bool terminal = false;    // draw over the same line
    std::size_t width = 80;   // of the terminal
    Duration redraw = 100ms;  // on a terminal, at most so often
    Duration lines = 5s;      // elsewhere, at most so often
  };
  ProgressLine(std::ostream& out, Style style) : out_(out), style_(style) {}
  // Erases what it drew, so that an error starts on a clean line.
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Shows `progress` if it is time to.
  void Show(const Progress& progress, Instant now);
  // Shows it in any case and ends the line.
  void Finish(const Progress& progress);
  void Clear();

 private:
  std::ostream& out_;
  Style style_;
  std::optional<Instant> shown_;
  std::string last_;
  bool drawn_ = false;
};

}  // namespace picube
