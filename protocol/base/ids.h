// Names of the things a grid talks about, as types that cannot be mixed up.
//
// Every id is a number given out once by the server core, in order, never used again. Zero means
// "none". Ids leave the process in messages, in the journal and on the command line.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace picube {

// A strong 64-bit id. `Tag` only tells the kinds apart.
template <class Tag>
struct Id {
  std::uint64_t value = 0;

  [[nodiscard]] constexpr explicit operator bool() const { return value != 0; }
  constexpr auto operator<=>(const Id&) const = default;
};

using BatchId = Id<struct BatchTag>;  // one submission
using UnitId = Id<struct UnitTag>;    // one work unit; numbered through all batches
using LeaseId = Id<struct LeaseTag>;  // one unit handed to one host once
using HostId = Id<struct HostTag>;    // one worker machine, or one operator: a known key
using Epoch = Id<struct EpochTag>;    // raised by every start of the server

// Raw bytes of a payload, a parameter block or a message. Not text.
using Bytes = std::string;
using BytesView = std::string_view;

// A fixed-size block of bytes with a kind: digests, keys, signatures.
template <std::size_t N, class Tag>
struct Block {
  std::array<std::uint8_t, N> bytes{};

  static constexpr std::size_t kSize = N;
  constexpr auto operator<=>(const Block&) const = default;
  [[nodiscard]] bool IsZero() const { return *this == Block{}; }
  [[nodiscard]] BytesView View() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

using Digest = Block<32, struct DigestTag>;              // BLAKE2b-256 of some bytes
using TransportKey = Block<32, struct TransportKeyTag>;  // Curve25519 public key
using SigningKey = Block<32, struct SigningKeyTag>;      // Ed25519 public key
using Signature = Block<64, struct SignatureTag>;        // Ed25519 signature

// Lower-case hexadecimal, two characters a byte.
[[nodiscard]] std::string ToHex(BytesView bytes);
template <std::size_t N, class Tag>
[[nodiscard]] std::string ToHex(const Block<N, Tag>& block) {
  return ToHex(block.View());
}
// Fills `out` from exactly 2*size hexadecimal digits; false (and `out` unchanged) otherwise.
[[nodiscard]] bool FromHex(std::string_view hex, std::uint8_t* out, std::size_t size);
template <std::size_t N, class Tag>
[[nodiscard]] bool FromHex(std::string_view hex, Block<N, Tag>& out) {
  return FromHex(hex, out.bytes.data(), N);
}

}  // namespace picube

template <class Tag>
struct std::hash<picube::Id<Tag>> {
  std::size_t operator()(const picube::Id<Tag>& id) const noexcept {
    std::uint64_t x = id.value * 0x9e3779b97f4a7c15U;  // ids are dense: spread them
    return static_cast<std::size_t>(x ^ (x >> 32));
  }
};
template <std::size_t N, class Tag>
struct std::hash<picube::Block<N, Tag>> {
  std::size_t operator()(const picube::Block<N, Tag>& block) const noexcept {
    std::uint64_t x = 0;  // digests and keys are uniform already
    std::memcpy(&x, block.bytes.data(), sizeof x);
    return static_cast<std::size_t>(x);
  }
};
