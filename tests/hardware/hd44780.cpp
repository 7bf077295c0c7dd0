#include "tests/hardware/hd44780.h"

#include <utility>

namespace picube::test {
namespace {

constexpr std::int64_t kPowerUpNs = 40'000'000;
constexpr std::int64_t kFirstWakeNs = 4'100'000;
constexpr std::int64_t kSecondWakeNs = 100'000;
constexpr std::int64_t kSlowNs = 1'520'000;
constexpr std::int64_t kCommandNs = 37'000;
constexpr std::int64_t kDataNs = 41'000;  // with the 4 us in which the address moves
constexpr int kRowCells = 40;
constexpr int kSecondRow = 0x40;

}  // namespace

Hd44780::Hd44780(const Options& options) : options_(options) { PowerCycle(); }

void Hd44780::PowerCycle() {
  cells_.fill(static_cast<char>(0xA5));  // whatever was in there
  glyphs_.fill(0x15);
  four_bits_ = two_rows_ = on_ = to_glyphs_ = shifts_ = false;
  forward_ = true;
  high_.reset();
  wakes_ = shift_ = cursor_ = glyph_cursor_ = 0;
  port_ = 0xFF;  // the PCF8574 begins with all lines up
  Busy(kPowerUpNs);
}

void Hd44780::Violation(const char* what) {
  if (violations_++ > 0) return;
  first_violation_ =
      std::string(what) + " at " + std::to_string(now_ns_) + " ns, byte " + std::to_string(bytes_);
}

Status Hd44780::Open(std::uint8_t address) {
  if (!bus_there) return Fail(ErrorKind::kHost, "cannot open /dev/i2c-1: No such device.");
  opened_ = address;
  return {};
}

Status Hd44780::Write(std::span<const std::uint8_t> bytes) {
  const std::int64_t byte_ns = 9'000'000'000 / options_.bus_hz;  // 8 bits and the acknowledge
  now_ns_ += byte_ns;                                            // the address
  if (!bus_there || !present || opened_ != options_.address) {
    return Fail(ErrorKind::kHost, "nothing acknowledges on /dev/i2c-1: Remote I/O error.");
  }
  for (const std::uint8_t byte : bytes) {
    now_ns_ += byte_ns;
    ++bytes_;
    if (!loses_byte || !loses_byte()) TakePort(byte);
  }
  return {};
}

unsigned Hd44780::Nibble(std::uint8_t port) const {
  unsigned nibble = 0;
  for (unsigned i = 0; i < 4; ++i) nibble |= (port >> options_.pins.data[i] & 1U) << i;
  return nibble;
}

void Hd44780::TakePort(std::uint8_t port) {
  const Pcf8574Pins& pins = options_.pins;
  const auto line = [](std::uint8_t of, unsigned which) { return (of >> which & 1U) != 0; };
  const bool was_up = line(port_, pins.e);
  const bool is_up = line(port, pins.e);
  const std::uint8_t before = port_;
  port_ = port;
  if (is_up && line(port, pins.rw)) Violation("a read is asked for");
  if (!was_up && is_up) {
    if (now_ns_ < busy_until_ns_ && !high_) Violation("E rises while the controller is busy");
    if (line(before, pins.rs) != line(port, pins.rs)) Violation("RS changes together with E");
  }
  if (was_up && before != 0xFF) {
    if (Nibble(before) != Nibble(port)) Violation("data change while E is high");
    if (line(before, pins.rs) != line(port, pins.rs)) Violation("RS changes while E is high");
  }
  // The very first byte takes the lines down from power-up, with RW high: a read, that nobody sees.
  if (was_up && !is_up && !line(before, pins.rw)) Latch(Nibble(port), line(port, pins.rs));
}

void Hd44780::Latch(unsigned nibble, bool is_data) {
  if (!four_bits_) {
    Execute(static_cast<std::uint8_t>(nibble << 4), is_data);
    return;
  }
  if (!high_) {
    high_ = nibble;
    return;
  }
  const auto value = static_cast<std::uint8_t>(*high_ << 4 | nibble);
  high_.reset();
  Execute(value, is_data);
}

void Hd44780::Execute(std::uint8_t value, bool is_data) {
  Busy(is_data ? kDataNs : kCommandNs);
  if (!is_data) return Command(value);
  if (to_glyphs_) {
    glyphs_[static_cast<std::size_t>(glyph_cursor_)] = value & 0x1FU;
    glyph_cursor_ = (glyph_cursor_ + (forward_ ? 1 : 63)) % 64;
    return;
  }
  cells_[static_cast<std::size_t>(cursor_)] = static_cast<char>(value);
  Advance();
  if (shifts_) shift_ += forward_ ? 1 : -1;
}

void Hd44780::Advance() {
  cursor_ += forward_ ? 1 : -1;
  if (cursor_ == kRowCells) cursor_ = kSecondRow;
  if (cursor_ == kSecondRow + kRowCells) cursor_ = 0;
  if (cursor_ == -1) cursor_ = kSecondRow + kRowCells - 1;
  if (cursor_ == kSecondRow - 1) cursor_ = kRowCells - 1;
}

void Hd44780::FunctionSet(std::uint8_t value) {
  four_bits_ = (value & 0x10U) == 0;
  two_rows_ = (value & 0x08U) != 0;
  ++wakes_;
  if (wakes_ == 1) Busy(kFirstWakeNs);
  if (wakes_ == 2) Busy(kSecondWakeNs);
}

void Hd44780::Command(std::uint8_t value) {
  if ((value & 0x80U) != 0) {
    const int at = value & 0x7F;
    to_glyphs_ = false;
    cursor_ = at % kSecondRow < kRowCells ? at : at - at % kSecondRow;
  } else if ((value & 0x40U) != 0) {
    to_glyphs_ = true;
    glyph_cursor_ = value & 0x3F;
  } else if ((value & 0x20U) != 0) {
    FunctionSet(value);
  } else if ((value & 0x10U) != 0) {
    const int step = (value & 0x04U) != 0 ? -1 : 1;
    if ((value & 0x08U) != 0) {
      shift_ += step;
    } else {
      const bool was = std::exchange(forward_, step < 0);
      Advance();
      forward_ = was;
    }
  } else if ((value & 0x08U) != 0) {
    const bool was = std::exchange(on_, (value & 0x04U) != 0);
    if (was && !on_) ++blank_times_;
  } else if ((value & 0x04U) != 0) {
    forward_ = (value & 0x02U) != 0;
    shifts_ = (value & 0x01U) != 0;
  } else if (value != 0) {
    Busy(kSlowNs);
    to_glyphs_ = false;
    cursor_ = shift_ = 0;
    if ((value & 0x02U) != 0) return;
    cells_.fill(' ');
    forward_ = true;
    ++blank_times_;
  }
}

DisplayRow Hd44780::Row(int row) const {
  DisplayRow shown;
  shown.fill(' ');
  if (!on_ || (row == 1 && !two_rows_)) return shown;
  for (int i = 0; i < static_cast<int>(kDisplayColumns); ++i) {
    const int cell = ((i + shift_) % kRowCells + kRowCells) % kRowCells;
    shown[static_cast<std::size_t>(i)] = cells_[static_cast<std::size_t>(row * kSecondRow + cell)];
  }
  return shown;
}

Glyph Hd44780::GlyphAt(int place) const {
  Glyph glyph;
  for (std::size_t i = 0; i < glyph.size(); ++i) {
    glyph[i] = glyphs_[static_cast<std::size_t>(place) * 8 + i];
  }
  return glyph;
}

}  // namespace picube::test
