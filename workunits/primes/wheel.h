// The wheel of 30: a byte stands for thirty numbers, a bit for each residue that 2, 3 and 5 do not
// divide. Multiples of a prime p that are left are p k for k on the wheel; eight of them, p bytes
// in all, cross one bit of the same eight (byte, bit) pairs, whatever p is modulo 30 decides.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace picube::primes::wheel {

inline constexpr std::uint64_t kNumbers = 30;  // of a byte
inline constexpr std::array<std::uint8_t, 8> kResidues = {1, 7, 11, 13, 17, 19, 23, 29};
inline constexpr std::array<std::uint8_t, 8> kSteps = {6, 4, 2, 4, 2, 4, 6, 2};  // to the next one

// For each n modulo 30: the bit of the first residue >= n (0 for 30 and 1), and how far it is.
struct Next {
  std::uint8_t bit;
  std::uint8_t distance;
};
consteval std::array<Next, 30> MakeNext() {
  std::array<Next, 30> next{};
  for (std::uint8_t n = 0; n < 30; ++n) {
    std::uint8_t bit = 0;
    while (bit < 8 && kResidues[bit] < n) ++bit;
    next[n] = {static_cast<std::uint8_t>(bit % 8), static_cast<std::uint8_t>(kResidues[bit] - n)};
  }
  return next;
}
inline constexpr std::array<Next, 30> kNext = MakeNext();

// A multiple p k with p at residue kResidues[kP] and k at kResidues[j]: its bit, as what is left of
// a byte, and the bytes to the next multiple beyond (p / 30) kSteps[j].
struct Spoke {
  std::uint8_t keep;
  std::uint8_t extra;
};
consteval std::array<std::array<Spoke, 8>, 8> MakeSpokes() {
  std::array<std::array<Spoke, 8>, 8> spokes{};
  for (std::size_t p = 0; p < 8; ++p) {
    for (std::size_t j = 0; j < 8; ++j) {
      const unsigned at = kResidues[p] * kResidues[j] % 30U;
      spokes[p][j] = {static_cast<std::uint8_t>(~(1U << kNext[at].bit)),
                      static_cast<std::uint8_t>((at + kResidues[p] * kSteps[j]) / 30U)};
    }
  }
  return spokes;
}
inline constexpr std::array<std::array<Spoke, 8>, 8> kSpokes = MakeSpokes();

// The next multiple of a prime in a window: its byte, and where its cofactor is on the wheel.
struct Place {
  std::uint64_t byte = 0;
  std::uint32_t spoke = 0;
};

// Crosses out the multiples of a prime of residue kResidues[kP] from `place` on, in [0, size); the
// place is then the first one past it. Returns how many.
template <std::size_t kP>
std::uint64_t Cross(std::uint8_t* bytes, std::uint64_t size, std::uint32_t prime, Place& place) {
  constexpr const std::array<Spoke, 8>& kSpoke = kSpokes[kP];
  const std::uint64_t q = prime / 30;
  std::uint64_t crossed = 0;
  std::uint64_t at = place.byte;
  std::uint32_t j = place.spoke;
  const auto one = [&] {
    bytes[at] &= kSpoke[j].keep;
    at += q * kSteps[j] + kSpoke[j].extra;
    j = (j + 1) % 8;
    ++crossed;
  };
  while (j != 0 && at < size) one();
  if (at < size) {
    const std::uint64_t at1 = 6 * q + kSpoke[0].extra;
    const std::uint64_t at2 = at1 + 4 * q + kSpoke[1].extra;
    const std::uint64_t at3 = at2 + 2 * q + kSpoke[2].extra;
    const std::uint64_t at4 = at3 + 4 * q + kSpoke[3].extra;
    const std::uint64_t at5 = at4 + 2 * q + kSpoke[4].extra;
    const std::uint64_t at6 = at5 + 4 * q + kSpoke[5].extra;
    const std::uint64_t at7 = at6 + 6 * q + kSpoke[6].extra;
    for (; at + at7 < size; at += prime) {
      std::uint8_t* const b = bytes + at;
      b[0] &= kSpoke[0].keep;
      b[at1] &= kSpoke[1].keep;
      b[at2] &= kSpoke[2].keep;
      b[at3] &= kSpoke[3].keep;
      b[at4] &= kSpoke[4].keep;
      b[at5] &= kSpoke[5].keep;
      b[at6] &= kSpoke[6].keep;
      b[at7] &= kSpoke[7].keep;
      crossed += 8;
    }
    while (at < size) one();
  }
  place = {at, j};
  return crossed;
}

}  // namespace picube::primes::wheel
