// Chooses a display: LCDd if it answers, else one on the I2C bus, else none; and goes on looking.
// The first to work is kept from then on, and mends itself if it fails. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "hardware/display/display.h"
#include "hardware/display/lcdd.h"

namespace picube {

class AutoDisplay : public Display {
 public:
  // LCDd has so long to answer before the bus is looked at: while it runs, the bus is its own.
  static constexpr Duration kLcddFirst = 3s;

  // `direct` may be nothing: then only LCDd is looked for.
  AutoDisplay(std::unique_ptr<LcddDisplay> lcdd, std::unique_ptr<Display> direct);
  // No error while nothing has been found: a machine without a display is a good machine.
  [[nodiscard]] Status Show(const Frame& frame, Instant now) override;
  [[nodiscard]] std::string Where() const override;

 private:
  std::unique_ptr<LcddDisplay> lcdd_;
  std::unique_ptr<Display> direct_;
  Display* chosen_ = nullptr;  // one of these two
  std::optional<Instant> began_;
};

}  // namespace picube
