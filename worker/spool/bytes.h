// Little-endian fields for the spool's records. A reader that runs out of bytes, or meets a length
// that cannot be, gives zeros from then on and says so in Good(): check it once, at the end.
#pragma once

#include <bit>
#include <cstdint>
#include <utility>

#include "protocol/base/ids.h"

namespace picube {

class ByteWriter {
 public:
  void U8(std::uint8_t v) { Put(v, 1); }
  void U32(std::uint32_t v) { Put(v, 4); }
  void U64(std::uint64_t v) { Put(v, 8); }
  void F64(double v) { U64(std::bit_cast<std::uint64_t>(v)); }
  void Text(BytesView text) {
    U64(text.size());
    bytes_ += text;
  }
  template <std::size_t N, class Tag>
  void Block(const picube::Block<N, Tag>& block) {
    bytes_ += block.View();
  }
  [[nodiscard]] Bytes Take() { return std::exchange(bytes_, {}); }

 private:
  void Put(std::uint64_t v, int size) {
    for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<char>((v >> (8 * i)) & 0xff));
  }
  Bytes bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(BytesView bytes) : rest_(bytes) {}
  std::uint8_t U8() { return static_cast<std::uint8_t>(Get(1)); }
  std::uint32_t U32() { return static_cast<std::uint32_t>(Get(4)); }
  std::uint64_t U64() { return Get(8); }
  double F64() { return std::bit_cast<double>(U64()); }
  Bytes Text() { return Bytes(Cut(U64())); }
  template <class B>
  B Block() {
    B block;
    const BytesView bytes = Cut(B::kSize);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      block.bytes[i] = static_cast<std::uint8_t>(bytes[i]);
    }
    return block;
  }
  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }
  // True if everything asked for was there and nothing is left.
  [[nodiscard]] bool Good() const { return good_ && rest_.empty(); }

 private:
  BytesView Cut(std::uint64_t size) {
    if (!good_ || size > rest_.size()) {
      good_ = false;
      return {};
    }
    const BytesView cut = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return cut;
  }
  std::uint64_t Get(std::size_t size) {
    const BytesView bytes = Cut(size);
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      v |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
    }
    return v;
  }
  BytesView rest_;
  bool good_ = true;
};

}  // namespace picube
