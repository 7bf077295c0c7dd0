// What a display of 2 rows of 16 characters can show: the characters of the HD44780's usual ROM
// (code A00) and five glyphs of our own. Values; any thread.
//
// A row holds the controller's own codes: 0x20 to 0x7D are ASCII except 0x5C (the yen sign), a few
// letters lie above 0xA0, and 0 to 7 are glyphs that the program loads. Everything is turned into
// these codes once, here, so that pages count cells and not bytes.
// Source: Hitachi HD44780U data sheet, table 4 (ROM code A00).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace picube {

inline constexpr std::size_t kDisplayColumns = 16;
inline constexpr std::size_t kDisplayRows = 2;

// Codes of our glyphs; the same numbers are their places in the display's memory.
inline constexpr char kThermometerGlyph = 0;
inline constexpr char kHeartGlyph = 1;
inline constexpr char kFanGlyph = 2;
inline constexpr char kLinkGlyph = 3;
inline constexpr char kNoLinkGlyph = 4;
inline constexpr char kDegree = static_cast<char>(0xDF);

// 5 x 8 dots, a byte a line from the top, bit 4 leftmost.
using Glyph = std::array<std::uint8_t, 8>;
[[nodiscard]] std::span<const Glyph> Glyphs();

using DisplayRow = std::array<char, kDisplayColumns>;
struct Frame {
  std::array<DisplayRow, kDisplayRows> rows;
  bool operator==(const Frame&) const = default;
};

// One code a character. What the ROM lacks becomes its letter without the accent, or '?': so do
// control characters and bytes that are no UTF-8, as a host's name may have them.
[[nodiscard]] std::string ToDisplay(std::string_view utf8);

// Exactly one row: `left` from the first cell, `right` up to the last. If both do not fit, `left`
// is cut and a blank stays between. Arguments are codes.
[[nodiscard]] DisplayRow RowOf(std::string_view left, std::string_view right = {});

// For those who do not speak the ROM's codes; a glyph becomes a sign of ASCII.
[[nodiscard]] std::string ToLatin1(const DisplayRow& row);
[[nodiscard]] std::string ToUtf8(const DisplayRow& row);

}  // namespace picube
