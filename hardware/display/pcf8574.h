// A display of 16 x 2 characters with an HD44780 behind a PCF8574 (the usual I2C backpack), driven
// directly. One thread; a call blocks for the bus: 2 ms a second, 50 ms once a minute.
//
// Rules, with their reasons:
// - Only cells that have changed are written.
// - A nibble lost on the way shifts everything after it into garbage, and the controller cannot be
//   asked. So every `renew_every` the controller is brought back from any state (3-3-3-2), set up,
//   its glyphs and its text written again, without clearing it: people see nothing of it. Hence
//   garbage stays for `renew_every` and one call at most.
// - Every byte on the bus is one state of the controller's lines. A character takes five: high
//   nibble set up, E up, E down, low nibble with E up, E down. The first gives RS its time before
//   E, and keeps 45 us between two characters at 400 kHz, where the controller needs 41.
// Source: Hitachi HD44780U data sheet, figure 24 (4-bit start), table 6 (times).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hardware/display/display.h"
#include "hardware/display/i2c.h"

namespace picube {

// Which of P0 to P7 leads to which pin of the display. Backpacks differ.
struct Pcf8574Pins {
  std::uint8_t rs = 0, rw = 1, e = 2, backlight = 3;
  std::array<std::uint8_t, 4> data = {4, 5, 6, 7};  // D4 to D7
  bool operator==(const Pcf8574Pins&) const = default;
};

struct Pcf8574Options {
  std::vector<std::uint8_t> addresses;  // tried in this order; the first that acknowledges is it
  Pcf8574Pins pins;
  bool backlight = true;
  Duration renew_every = std::chrono::seconds(60);
};

// The two that backpacks leave the factory with, and all that the chips PCF8574 (0x20 to 0x27) and
// PCF8574A (0x38 to 0x3F) can have, those two first.
[[nodiscard]] std::vector<std::uint8_t> UsualPcf8574Addresses();
[[nodiscard]] std::vector<std::uint8_t> AllPcf8574Addresses();

class Pcf8574Display : public Display {
 public:
  // `bus` is borrowed.
  Pcf8574Display(I2c& bus, Pcf8574Options options);
  [[nodiscard]] Status Show(const Frame& frame, Instant now) override;
  [[nodiscard]] std::string Where() const override;

 private:
  [[nodiscard]] Status Find();
  [[nodiscard]] Status Start();
  [[nodiscard]] Status Renew();
  [[nodiscard]] Status Wake();
  [[nodiscard]] Status Draw(const Frame& frame);
  [[nodiscard]] std::uint8_t Lines(unsigned nibble, bool is_data) const;
  void PutNibble(unsigned nibble, bool is_data);
  void Put(std::uint8_t value, bool is_data);
  void Command(std::uint8_t command) { Put(command, /*is_data=*/false); }
  void PutGlyphs();
  [[nodiscard]] Status Flush(Duration then_wait = {});

  I2c& bus_;
  Pcf8574Options options_;
  std::optional<std::uint8_t> address_;  // found, and it has not failed since
  std::optional<Frame> shown_;           // nothing: not known
  Instant renewed_{};
  BackOff back_off_{std::chrono::seconds(60)};
  Status trouble_;
  std::vector<std::uint8_t> bytes_;  // of the next transfer
};

}  // namespace picube
