// Bytes of the core's own making inside snapshot records: unsigned numbers as LEB128, the rest as
// it is. Reading checks its bounds: a snapshot that the journal has verified can still be wrong
// only by our own mistake, so that is an assertion.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "protocol/base/check.h"
#include "protocol/base/ids.h"

namespace picube {

class Packer {
 public:
  explicit Packer(Bytes& out) : out_(out) {}
  Packer& Number(std::uint64_t value) {
    while (value >= 0x80) {
      out_ += static_cast<char>(value | 0x80);
      value >>= 7;
    }
    out_ += static_cast<char>(value);
    return *this;
  }
  Packer& Real(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int i = 0; i < 8; ++i) out_ += static_cast<char>(bits >> (8 * i));
    return *this;
  }
  Packer& Text(BytesView bytes) {
    Number(bytes.size());
    out_ += bytes;
    return *this;
  }
  template <std::size_t N, class Tag>
  Packer& Put(const Block<N, Tag>& block) {
    out_ += block.View();
    return *this;
  }

 private:
  Bytes& out_;
};

class Unpacker {
 public:
  explicit Unpacker(BytesView bytes) : bytes_(bytes) {}
  [[nodiscard]] bool AtEnd() const { return bytes_.empty(); }
  std::uint64_t Number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(Take(1)[0]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    PICUBE_CHECK(false, "a number has at most ten bytes");
  }
  double Real() {
    const BytesView eight = Take(8);
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < 8; ++i) {
      bits |= std::uint64_t{static_cast<unsigned char>(eight[i])} << (8 * i);
    }
    return std::bit_cast<double>(bits);
  }
  BytesView Text() { return Take(Number()); }
  template <std::size_t N, class Tag>
  void Get(Block<N, Tag>& block) {
    std::memcpy(block.bytes.data(), Take(N).data(), N);
  }

 private:
  BytesView Take(std::uint64_t size) {
    PICUBE_CHECK(size <= bytes_.size(), "a snapshot's own bytes are whole");
    const BytesView taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  BytesView bytes_;
};

}  // namespace picube
