#include "hardware/display/pcf8574.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace picube {
namespace {

// The controller's commands.
constexpr std::uint8_t kClear = 0x01;
constexpr std::uint8_t kHome = 0x02;          // also takes a shift of the display back
constexpr std::uint8_t kWriteForward = 0x06;  // the cursor moves, the display does not
constexpr std::uint8_t kOff = 0x08;
constexpr std::uint8_t kOn = 0x0C;               // without cursor
constexpr std::uint8_t kFourBitsTwoRows = 0x28;  // 5 x 8 dots
constexpr std::uint8_t kSetGlyph = 0x40;
constexpr std::uint8_t kSetCell = 0x80;
constexpr std::uint8_t kSecondRow = 0x40;

// The data sheet's times (40 ms at 2.7 V, 4.1 ms, 100 us, 1.52 ms) and room for slow copies.
constexpr Duration kPowerUp = 50ms;
constexpr Duration kFirstWake = 5ms;
constexpr Duration kNextWake = 200us;
constexpr Duration kSlowCommand = 3ms;

}  // namespace

std::vector<std::uint8_t> UsualPcf8574Addresses() { return {0x27, 0x3F}; }

std::vector<std::uint8_t> AllPcf8574Addresses() {
  std::vector<std::uint8_t> all = UsualPcf8574Addresses();
  for (const int first : {0x20, 0x38}) {
    for (int i = 0; i < 7; ++i) all.push_back(static_cast<std::uint8_t>(first + i));
  }
  return all;
}

Pcf8574Display::Pcf8574Display(I2c& bus, Pcf8574Options options)
    : bus_(bus), options_(std::move(options)) {}

std::string Pcf8574Display::Where() const {
  if (!address_) return {};
  char text[16];
  std::snprintf(text, sizeof text, "pcf8574 0x%02X", *address_);
  return std::string(text) + " on " + bus_.Name();
}

std::uint8_t Pcf8574Display::Lines(unsigned nibble, bool is_data) const {
  const Pcf8574Pins& pins = options_.pins;
  unsigned lines =
      (is_data ? 1U << pins.rs : 0U) | (options_.backlight ? 1U << pins.backlight : 0U);
  for (unsigned i = 0; i < 4; ++i) {
    if ((nibble >> i & 1U) != 0) lines |= 1U << pins.data[i];
  }
  return static_cast<std::uint8_t>(lines);
}

void Pcf8574Display::PutNibble(unsigned nibble, bool is_data) {
  const std::uint8_t lines = Lines(nibble, is_data);
  const auto strobe = static_cast<std::uint8_t>(lines | 1U << options_.pins.e);
  bytes_.insert(bytes_.end(), {lines, strobe, lines});
}

void Pcf8574Display::Put(std::uint8_t value, bool is_data) {
  PutNibble(value >> 4, is_data);
  const std::uint8_t lines = Lines(value & 0x0FU, is_data);
  bytes_.insert(bytes_.end(), {static_cast<std::uint8_t>(lines | 1U << options_.pins.e), lines});
}

Status Pcf8574Display::Flush(Duration then_wait) {
  const Status written = bus_.Write(bytes_);
  bytes_.clear();
  if (written && then_wait > Duration{}) bus_.Wait(then_wait);
  return written;
}

// Lets a device say that it is there by one byte that does nothing to a display: E stays down.
Status Pcf8574Display::Find() {
  Status last = Fail(ErrorKind::kHost, "no address to look for a display at.");
  for (const std::uint8_t address : options_.addresses) {
    last = bus_.Open(address);
    if (!last) continue;  // no bus, or the kernel drives this device itself
    bytes_.assign({Lines(0, /*is_data=*/false)});
    last = Flush();
    if (!last) continue;
    address_ = address;
    return {};
  }
  return last;
}

// From any state, and any half of a byte, into 4 bits.
Status Pcf8574Display::Wake() {
  for (const Duration wait : {kFirstWake, kNextWake, kNextWake}) {
    PutNibble(3, /*is_data=*/false);
    if (Status woken = Flush(wait); !woken) return woken;
  }
  PutNibble(2, /*is_data=*/false);
  Command(kFourBitsTwoRows);
  return {};
}

Status Pcf8574Display::Start() {
  if (Status found = Find(); !found) return found;
  bus_.Wait(kPowerUp);
  if (Status woken = Wake(); !woken) return woken;
  Command(kOff);
  Command(kClear);
  if (Status cleared = Flush(kSlowCommand); !cleared) return cleared;
  Command(kWriteForward);
  Command(kOn);
  PutGlyphs();
  return {};
}

Status Pcf8574Display::Renew() {
  if (Status woken = Wake(); !woken) return woken;
  Command(kOn);
  Command(kWriteForward);
  Command(kHome);
  if (Status home = Flush(kSlowCommand); !home) return home;
  PutGlyphs();
  return {};
}

void Pcf8574Display::PutGlyphs() {
  Command(kSetGlyph);
  for (const Glyph& glyph : Glyphs()) {
    for (const std::uint8_t line : glyph) Put(line, /*is_data=*/true);
  }
}

Status Pcf8574Display::Draw(const Frame& frame) {
  for (std::size_t row = 0; row < kDisplayRows; ++row) {
    std::size_t cursor = kDisplayColumns;  // elsewhere
    for (std::size_t column = 0; column < kDisplayColumns; ++column) {
      const char code = frame.rows[row][column];
      if (shown_ && shown_->rows[row][column] == code) continue;
      if (cursor != column) {
        Command(static_cast<std::uint8_t>(kSetCell | (row == 0 ? 0U : kSecondRow) | column));
      }
      Put(static_cast<std::uint8_t>(code), /*is_data=*/true);
      cursor = column + 1;
    }
  }
  return bytes_.empty() ? Status{} : Flush();
}

Status Pcf8574Display::Show(const Frame& frame, Instant now) {
  if (back_off_.Waits(now)) return trouble_;
  bytes_.clear();
  Status done;
  const bool fresh = !address_.has_value();
  if (fresh || now - renewed_ >= options_.renew_every) {
    shown_.reset();
    done = fresh ? Start() : Renew();
    renewed_ = now;
  }
  if (done) done = Draw(frame);
  if (done) {
    shown_ = frame;
    back_off_.Worked();
  } else {
    address_.reset();
    back_off_.Failed(now);
  }
  trouble_ = done;
  return done;
}

}  // namespace picube
