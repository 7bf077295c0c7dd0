#include "hardware/display/text.h"

#include <algorithm>
#include <utility>

namespace picube {
namespace {

constexpr Glyph kGlyphs[] = {
    {0x04, 0x0A, 0x0A, 0x0A, 0x0E, 0x1F, 0x1F, 0x0E},  // thermometer
    {0x00, 0x0A, 0x1F, 0x1F, 0x0E, 0x04, 0x00, 0x00},  // heart
    {0x00, 0x19, 0x1B, 0x04, 0x1B, 0x13, 0x00, 0x00},  // fan
    {0x00, 0x01, 0x01, 0x05, 0x05, 0x15, 0x15, 0x00},  // link: bars
    {0x00, 0x11, 0x0A, 0x04, 0x0A, 0x11, 0x00, 0x00},  // no link: a cross
};
constexpr std::string_view kGlyphsInAscii = "t*x=!";

// Latin-1 (which is Unicode there) and the ROM's code.
constexpr std::pair<std::uint8_t, std::uint8_t> kInRom[] = {
    {0xA2, 0xEC}, {0xA3, 0xED}, {0xA5, 0x5C}, {0xB0, 0xDF}, {0xB5, 0xE4}, {0xDF, 0xE2},
    {0xE4, 0xE1}, {0xF1, 0xEE}, {0xF6, 0xEF}, {0xF7, 0xFD}, {0xFC, 0xF5}};

// Of 0xC0 to 0xFF, without their accents.
constexpr std::string_view kPlain =
    "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYPsaaaaaaaceeeeiiiidnooooo/ouuuuypy";
static_assert(kPlain.size() == 64);

char CodeOf(std::uint32_t point) {
  if (point == '\\') return '/';
  if (point == '~') return '-';
  if (point >= 0x20 && point < 0x7E) return static_cast<char>(point);
  for (const auto& [latin, rom] : kInRom) {
    if (latin == point) return static_cast<char>(rom);
  }
  return point >= 0xC0 && point <= 0xFF ? kPlain[point - 0xC0] : '?';
}

// Takes one character off the front. A byte that begins none is taken alone, as none.
std::uint32_t TakePoint(std::string_view& text) {
  constexpr std::uint32_t kNone = 0xFFFFFFFF;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const std::uint8_t first = byte(0);
  std::size_t more = 0;
  std::uint32_t point = first;
  if (first >= 0xC2 && first < 0xE0) more = 1, point = first & 0x1FU;
  if (first >= 0xE0 && first < 0xF0) more = 2, point = first & 0x0FU;
  if (first >= 0xF0 && first < 0xF5) more = 3, point = first & 0x07U;
  bool good = first < 0x80 || more > 0;
  for (std::size_t i = 1; good && i <= more; ++i) {
    good = i < text.size() && (byte(i) & 0xC0U) == 0x80;
    if (good) point = (point << 6) | (byte(i) & 0x3FU);
  }
  text.remove_prefix(good ? more + 1 : 1);
  return good ? point : kNone;
}

// Latin-1, or ASCII for a glyph.
std::uint8_t Latin1Of(char code) {
  const auto byte = static_cast<std::uint8_t>(code);
  if (byte < kGlyphsInAscii.size()) return static_cast<std::uint8_t>(kGlyphsInAscii[byte]);
  for (const auto& [latin, rom] : kInRom) {
    if (rom == byte) return latin;
  }
  return byte >= 0x20 && byte < 0x7E ? byte : '?';
}

}  // namespace

std::span<const Glyph> Glyphs() { return kGlyphs; }

std::string ToDisplay(std::string_view utf8) {
  std::string codes;
  while (!utf8.empty()) codes += CodeOf(TakePoint(utf8));
  return codes;
}

DisplayRow RowOf(std::string_view left, std::string_view right) {
  DisplayRow row;
  row.fill(' ');
  right = right.substr(0, kDisplayColumns);
  const std::size_t begins = kDisplayColumns - right.size();
  std::ranges::copy(right, row.begin() + static_cast<std::ptrdiff_t>(begins));
  const std::size_t room = right.empty() || begins == 0 ? begins : begins - 1;
  std::ranges::copy(left.substr(0, room), row.begin());
  return row;
}

std::string ToLatin1(const DisplayRow& row) {
  std::string text;
  for (const char code : row) text += static_cast<char>(Latin1Of(code));
  return text;
}

std::string ToUtf8(const DisplayRow& row) {
  std::string text;
  for (const char code : row) {
    const std::uint8_t latin = Latin1Of(code);
    if (latin >= 0x80) text += static_cast<char>(0xC0U | (latin >> 6));
    text += static_cast<char>(latin >= 0x80 ? 0x80U | (latin & 0x3FU) : latin);
  }
  return text;
}

}  // namespace picube
