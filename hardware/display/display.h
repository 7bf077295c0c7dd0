// A little display, whatever hangs behind it. One thread.
#pragma once

#include <string>
#include <utility>

#include "hardware/display/text.h"
#include "protocol/base/error.h"
#include "protocol/base/time.h"

namespace picube {

// Seconds between two tries of something that failed: 1, 2, 4 .. `most`. A value.
class BackOff {
 public:
  explicit BackOff(Duration most) : most_(most) {}
  [[nodiscard]] bool Waits(Instant now) const { return now < until_; }
  void Failed(Instant now) {
    until_ = now + next_;
    next_ = next_ * 2 < most_ ? next_ * 2 : most_;
  }
  void Worked() { *this = BackOff(most_); }

 private:
  Duration most_;
  Duration next_ = 1s;
  Instant until_{};
};

class Display {
 public:
  virtual ~Display() = default;
  // Draws what has changed; to be called about once a second. A display that fails is tried again
  // by later calls, at most once a minute in the end; until it works the same kHost error comes
  // back.
  [[nodiscard]] virtual Status Show(const Frame& frame, Instant now) = 0;
  // For people: "pcf8574 0x27 on /dev/i2c-1". Empty: nothing is drawn on (yet).
  [[nodiscard]] virtual std::string Where() const = 0;
};

class NoDisplay : public Display {
 public:
  [[nodiscard]] Status Show(const Frame&, Instant) override { return {}; }
  [[nodiscard]] std::string Where() const override { return {}; }
};

// Each new frame as one line of text, "[picube-03  .1.23|61.2° 1.20V 3.98]".
class ConsoleDisplay : public Display {
 public:
  using Print = void (*)(const std::string& line);
  explicit ConsoleDisplay(Print print) : print_(print) {}
  [[nodiscard]] Status Show(const Frame& frame, Instant) override {
    const std::string line = "[" + ToUtf8(frame.rows[0]) + "|" + ToUtf8(frame.rows[1]) + "]";
    if (line != std::exchange(last_, line)) print_(line);
    return {};
  }
  [[nodiscard]] std::string Where() const override { return "console"; }

 private:
  Print print_;
  std::string last_;
};

}  // namespace picube
