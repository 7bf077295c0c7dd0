// Canonical little-endian bytes: what unit parameters, payloads and checkpoints are made of.
#pragma once

#include <bit>
#include <cstdint>
#include <utility>

#include "protocol/base/ids.h"

namespace picube {

class ByteWriter {
 public:
  void U8(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void U32(std::uint32_t value) { Put(value, 4); }
  void U64(std::uint64_t value) { Put(value, 8); }
  void I64(std::int64_t value) { Put(static_cast<std::uint64_t>(value), 8); }
  void F32(float value) { U32(std::bit_cast<std::uint32_t>(value)); }
  void F64(double value) { U64(std::bit_cast<std::uint64_t>(value)); }
  [[nodiscard]] Bytes Take() { return std::move(bytes_); }

 private:
  void Put(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  }
  Bytes bytes_;
};

// Reading past the end gives zeros and makes Good() false for ever.
class ByteReader {
 public:
  explicit ByteReader(BytesView bytes) : bytes_(bytes) {}

  std::uint8_t U8() { return static_cast<std::uint8_t>(Get(1)); }
  std::uint32_t U32() { return static_cast<std::uint32_t>(Get(4)); }
  std::uint64_t U64() { return Get(8); }
  std::int64_t I64() { return static_cast<std::int64_t>(Get(8)); }
  float F32() { return std::bit_cast<float>(U32()); }
  double F64() { return std::bit_cast<double>(U64()); }
  [[nodiscard]] bool Good() const { return good_; }
  // Everything was read, and nothing beyond.
  [[nodiscard]] bool Done() const { return good_ && bytes_.empty(); }
  [[nodiscard]] std::size_t Left() const { return bytes_.size(); }

 private:
  std::uint64_t Get(std::size_t count) {
    if (bytes_.size() < count) {
      good_ = false;
      bytes_ = {};
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[i])) << (8 * i);
    }
    bytes_.remove_prefix(count);
    return value;
  }
  BytesView bytes_;
  bool good_ = true;
};

}  // namespace picube
