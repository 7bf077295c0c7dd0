// A display that the kernel drives (charlcd, for instance by the overlay hd44780-i2c-lcd): /dev/lcd
// takes text and escape sequences. One thread; a write blocks for the bus.
//
// The device can be open once only, so it is kept open.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "hardware/display/display.h"

namespace picube {

class CharlcdDisplay : public Display {
 public:
  // `root` / dev / lcd
  explicit CharlcdDisplay(const std::filesystem::path& root);
  ~CharlcdDisplay() override;
  CharlcdDisplay(const CharlcdDisplay&) = delete;
  CharlcdDisplay& operator=(const CharlcdDisplay&) = delete;

  [[nodiscard]] Status Show(const Frame& frame, Instant now) override;
  [[nodiscard]] std::string Where() const override;

 private:
  [[nodiscard]] Status Draw(const Frame& frame);

  std::filesystem::path path_;
  int file_ = -1;
  std::optional<Frame> shown_;
  BackOff back_off_{std::chrono::seconds(60)};
  Status trouble_;
};

}  // namespace picube
