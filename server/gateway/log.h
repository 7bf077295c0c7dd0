// How the server writes its log: one line for each thing said, whatever hosts put into names and
// errors, and a few lines a minute at most about one and the same thing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/time.h"

namespace picube {

// Control characters as \n, \t or \xNN: nobody can forge a line, or paint on a terminal.
[[nodiscard]] std::string OneLine(std::string_view text);

// Lines of the default logger: time, level, text as OneLine makes it.
void SetLogFormat();

// A state with two sides that may turn quickly. Its turns are said at most a few times a minute,
// and what is said last is how it is. A value.
class TurnsToSay {
 public:
  static constexpr std::uint32_t kMost = 4;
  static constexpr Duration kWithin = 1min;

  explicit TurnsToSay(bool side = false) : said_(side), seen_(side) {}
  // True if it is to be said now that the state is `side`. Ask every turn of the loop.
  [[nodiscard]] bool Due(bool side, Instant now);
  // Turns since the last Due that were not said, when Due has just returned true.
  [[nodiscard]] std::uint64_t Unsaid() const { return unsaid_; }

 private:
  bool said_;
  bool seen_;
  Instant since_;  // of the lines counted
  std::uint32_t lines_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t unsaid_ = 0;
};

}  // namespace picube
