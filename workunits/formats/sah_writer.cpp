#include "workunits/formats/sah.h"

namespace picube {
namespace {

constexpr std::size_t kLineCharacters = 64;

// Zero becomes 0x60: a blank at the end of a line would not survive every editor.
char Character(std::uint32_t six_bits) {
  return static_cast<char>(six_bits == 0 ? 0x60 : 0x20 + six_bits);
}

}  // namespace

std::string WriteSah(std::string_view header_text, const std::vector<std::uint8_t>& packed) {
  std::string data;
  std::size_t in_line = 0;
  const auto put = [&](std::uint32_t six_bits) {
    data.push_back(Character(six_bits));
    if (++in_line == kLineCharacters) {
      data.push_back('\n');
      in_line = 0;
    }
  };
  // Bytes are swapped in pairs in the file, and the last group of three is filled with zeros.
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return (i ^ 1U) < packed.size() ? packed[i ^ 1U] : 0;
  };
  for (std::size_t i = 0; i < packed.size(); i += 3) {
    const std::uint32_t three = byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16;
    for (int k = 0; k < 4; ++k) put(three >> (6 * k) & 0x3f);
  }
  if (in_line != 0) data.push_back('\n');
  return "<workunit>\n" + std::string(header_text) +
         "\n<data length=" + std::to_string(data.size()) + " encoding=\"x-setiathome\">\n" + data +
         "</data>\n</workunit>\n";
}

}  // namespace picube
