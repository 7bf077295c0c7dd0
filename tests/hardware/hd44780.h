// An HD44780 with its PCF8574 on a bus, in virtual time: takes the bytes that a driver writes, acts
// on E's falling edge, and counts what the data sheet forbids. Judges the driver; knows nothing of
// it.
//
// Modelled: power-up, 8 and 4 bits, both memories with their wrap-around, shift of the display, the
// busy times at 270 kHz (4.1 ms and 100 us after the first two wakes from power-up), RS before E,
// data held while E is high. Not modelled: reading (RW is refused as a violation).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "hardware/display/i2c.h"
#include "hardware/display/pcf8574.h"

namespace picube::test {

class Hd44780 : public I2c {
 public:
  struct Options {
    std::uint8_t address = 0x27;
    std::int64_t bus_hz = 100'000;
    Pcf8574Pins pins;
  };
  explicit Hd44780(const Options& options);

  // --- The bus
  [[nodiscard]] Status Open(std::uint8_t address) override;
  [[nodiscard]] Status Write(std::span<const std::uint8_t> bytes) override;
  void Wait(Duration time) override { now_ns_ += time.count() * 1000; }
  [[nodiscard]] std::string Name() const override { return "/dev/i2c-1"; }

  // --- Faults
  bool present = true;  // acknowledges
  bool bus_there = true;
  std::function<bool()> loses_byte;  // asked for each byte; the controller does not see a lost one
  void PowerCycle();

  // --- What people see, and what the judge counted
  [[nodiscard]] DisplayRow Row(int row) const;  // all blank while it is off
  [[nodiscard]] Frame Shown() const { return {{Row(0), Row(1)}}; }
  [[nodiscard]] Glyph GlyphAt(int place) const;
  [[nodiscard]] bool Backlight() const { return Bit(options_.pins.backlight); }
  [[nodiscard]] int Violations() const { return violations_; }
  [[nodiscard]] const std::string& FirstViolation() const { return first_violation_; }
  [[nodiscard]] std::uint64_t BytesWritten() const { return bytes_; }
  [[nodiscard]] std::int64_t Nanoseconds() const { return now_ns_; }  // since it was made
  [[nodiscard]] int BlankTimes() const { return blank_times_; }       // clears, and switchings off
  [[nodiscard]] std::optional<std::uint8_t> LastAddress() const { return opened_; }

 private:
  [[nodiscard]] bool Bit(unsigned which) const { return (port_ >> which & 1U) != 0; }
  [[nodiscard]] unsigned Nibble(std::uint8_t port) const;
  void TakePort(std::uint8_t port);
  void Latch(unsigned nibble, bool is_data);
  void Execute(std::uint8_t value, bool is_data);
  void Command(std::uint8_t value);
  void FunctionSet(std::uint8_t value);
  void Advance();
  void Busy(std::int64_t ns) { busy_until_ns_ = now_ns_ + ns; }
  void Violation(const char* what);

  Options options_;
  std::int64_t now_ns_ = 0;
  std::int64_t busy_until_ns_ = 0;
  std::uint8_t port_ = 0;
  std::optional<std::uint8_t> opened_;
  std::uint64_t bytes_ = 0;
  int violations_ = 0;
  std::string first_violation_;
  int blank_times_ = 0;

  bool four_bits_ = false;
  std::optional<unsigned> high_;  // half of a byte
  int wakes_ = 0;                 // since power-up
  bool two_rows_ = false;
  bool on_ = false;
  bool forward_ = true;
  bool shifts_ = false;
  int shift_ = 0;
  bool to_glyphs_ = false;
  int cursor_ = 0;
  int glyph_cursor_ = 0;
  std::array<char, 0x80> cells_{};
  std::array<std::uint8_t, 64> glyphs_{};
};

}  // namespace picube::test
