#include "workunits/primes/window.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

namespace picube::primes {
namespace {

using wheel::kNext;
using wheel::kNumbers;
using wheel::kResidues;

constexpr std::uint64_t kSegment = 32768;  // bytes: the first-level cache

// Primes up to `most` are crossed out in one part of so many bytes after another: the small ones,
// with most of the multiples, within the first cache, the next within the second; larger ones hit
// such a part too seldom.
struct Tier {
  std::uint32_t most;
  std::uint64_t part;
};
constexpr std::array<Tier, 3> kTiers = {
    {{8192, kSegment}, {1U << 20, 1U << 19}, {0xFFFFFFFF, 1U << 30}}};

// Which multiples of some primes are left, on the wheel; repeats after as many bytes as the
// product of the primes.
using Pattern = std::vector<std::uint8_t>;

Pattern MakePattern(std::span<const std::uint32_t> primes) {
  std::uint32_t length = 1;
  for (const std::uint32_t p : primes) length *= p;
  Pattern pattern(length);
  for (std::uint32_t i = 0; i < length; ++i) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      const std::uint32_t n = 30 * i + kResidues[bit];
      const bool left = std::ranges::none_of(primes, [&](std::uint32_t p) { return n % p == 0; });
      pattern[i] |= static_cast<std::uint8_t>(static_cast<unsigned>(left) << bit);
    }
  }
  return pattern;
}

// All primes from 7 to 101, in pairs of patterns that stay in the first-level cache.
const std::array<Pattern, 10>& Patterns() {
  using P = std::array<std::uint32_t, 3>;
  using Q = std::array<std::uint32_t, 2>;
  static const std::array<Pattern, 10> patterns = {
      MakePattern(P{7, 23, 37}), MakePattern(P{11, 19, 31}), MakePattern(P{13, 17, 29}),
      MakePattern(Q{41, 101}),   MakePattern(Q{43, 97}),     MakePattern(Q{47, 89}),
      MakePattern(Q{53, 83}),    MakePattern(Q{59, 79}),     MakePattern(Q{61, 73}),
      MakePattern(Q{67, 71})};
  return patterns;
}

void KeepBoth(std::uint8_t* __restrict out, const std::uint8_t* __restrict a,
              const std::uint8_t* __restrict b, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] &= a[i] & b[i];
}

// out[i] &= a[(start + i) % size of a] & the same of b.
void Apply(const Pattern& a, const Pattern& b, std::uint64_t start, std::span<std::uint8_t> out) {
  std::size_t at_a = start % a.size();
  std::size_t at_b = start % b.size();
  for (std::size_t i = 0; i < out.size();) {
    const std::size_t run = std::min({a.size() - at_a, b.size() - at_b, out.size() - i});
    KeepBoth(out.data() + i, a.data() + at_a, b.data() + at_b, run);
    i += run;
    at_a = at_a + run == a.size() ? 0 : at_a + run;
    at_b = at_b + run == b.size() ? 0 : at_b + run;
  }
}

// What a byte says of its numbers: how many are left (low half) and the sum of their residues.
consteval std::array<std::uint64_t, 256> MakeCounts() {
  std::array<std::uint64_t, 256> counts{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) != 0) counts[byte] += 1 + (std::uint64_t{kResidues[bit]} << 32);
    }
  }
  return counts;
}
// Exclusive or, for a byte whose numbers begin at an even l modulo 32: bits 0 to 4 of them all;
// bits 5 and 6 say whether an odd number of them is below 32, and from 32 on.
consteval std::array<std::array<std::uint8_t, 256>, 16> MakeXors() {
  std::array<std::array<std::uint8_t, 256>, 16> xors{};
  for (std::size_t half = 0; half < 16; ++half) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        const std::size_t n = 2 * half + kResidues[bit];
        if ((byte >> bit & 1) == 0) continue;
        xors[half][byte] ^= static_cast<std::uint8_t>(n % 32 + (n < 32 ? 32U : 64U));
      }
    }
  }
  return xors;
}
constexpr std::array<std::uint64_t, 256> kCounts = MakeCounts();
constexpr std::array<std::array<std::uint8_t, 256>, 16> kXors = MakeXors();

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  count += other.count;
  sum += other.sum;
  xors ^= other.xors;
  return *this;
}

Operations& Operations::operator+=(const Operations& other) {
  crossed += other.crossed;
  placed += other.placed;
  looked += other.looked;
  return *this;
}

void Window::Start(std::uint64_t from, std::uint64_t to) {
  first_ = from / kNumbers;
  last_ = to - 1;
  bytes_.assign(last_ / kNumbers - first_ + 1, 0xFF);
  done_ = {.looked = bytes_.size()};
  for (std::uint64_t at = 0; at < bytes_.size(); at += kSegment) {
    const std::span<std::uint8_t> segment(bytes_.data() + at,
                                          std::min(kSegment, bytes_.size() - at));
    for (std::size_t i = 0; i < Patterns().size(); i += 2) {
      Apply(Patterns()[i], Patterns()[i + 1], first_ + at, segment);
    }
  }
  // The patterns' own primes are primes, and 1 is not.
  for (std::uint64_t n = 7; n <= kByPattern; n += 2) {
    const std::uint64_t byte = n / kNumbers;
    const bool on_wheel = kNext[n % kNumbers].distance == 0;
    const bool prime = on_wheel && (n == 7 || n % 7 != 0);  // below 121
    if (prime && byte >= first_ && byte - first_ < bytes_.size()) {
      bytes_[byte - first_] |= static_cast<std::uint8_t>(1U << kNext[n % kNumbers].bit);
    }
  }
  if (first_ == 0) bytes_[0] &= 0xFE;
  for (std::size_t bit = 0; bit < 8; ++bit) {
    const auto without = static_cast<std::uint8_t>(~(1U << bit));
    if (kResidues[bit] < from % kNumbers) bytes_.front() &= without;
    if (kResidues[bit] > last_ % kNumbers) bytes_.back() &= without;
  }
}

void Window::Place(std::uint32_t prime, Crossers& crossers) {
  ++done_.placed;
  const std::uint64_t begin = first_ * kNumbers;
  std::uint64_t cofactor =
      std::max<std::uint64_t>(prime, begin / prime + (begin % prime == 0 ? 0 : 1));
  const wheel::Next next = kNext[cofactor % kNumbers];
  cofactor += next.distance;
  std::uint64_t multiple = 0;
  if (__builtin_mul_overflow(cofactor, prime, &multiple) || multiple > last_) return;
  const std::uint64_t byte = multiple / kNumbers - first_;
  crossers[kNext[prime % kNumbers].bit].push_back(
      {prime, static_cast<std::uint32_t>(byte * 8 + next.bit)});
}

void Window::CrossPart(Crossers& crossers, std::uint64_t from, std::uint64_t to) {
  std::uint64_t crossed = 0;
  const auto residue = [&]<std::size_t kP>() {
    for (Crosser& crosser : crossers[kP]) {
      wheel::Place place{crosser.place / 8 - from, crosser.place % 8};
      if (place.byte >= to - from) continue;
      crossed += wheel::Cross<kP>(bytes_.data() + from, to - from, crosser.prime, place);
      crosser.place = static_cast<std::uint32_t>((place.byte + from) * 8 + place.spoke);
    }
  };
  [&]<std::size_t... kPs>(std::index_sequence<kPs...>) {
    (residue.template operator()<kPs>(), ...);
  }(std::make_index_sequence<8>());
  done_.crossed += crossed;
}

void Window::CrossOut(const std::vector<std::uint32_t>& primes) {
  for (Crossers& tier : tiers_) {
    for (auto& crossers : tier) crossers.clear();
  }
  std::size_t tier = 0;
  for (const std::uint32_t p : primes) {
    if (std::uint64_t{p} * p > last_) break;
    if (p <= kByPattern) continue;
    while (p > kTiers[tier].most) ++tier;
    Place(p, tiers_[tier]);
  }
  const std::uint64_t size = bytes_.size();
  for (std::size_t i = 0; i < kTiers.size(); ++i) {
    const bool none = std::ranges::all_of(tiers_[i], [](const auto& list) { return list.empty(); });
    for (std::uint64_t from = 0; !none && from < size; from += kTiers[i].part) {
      CrossPart(tiers_[i], from, std::min(from + kTiers[i].part, size));
    }
  }
}

namespace {

// Sixteen bytes are 480 numbers, fifteen times 32.
constexpr std::size_t kGroup = 16;

struct Counting {
  std::uint64_t counted = 0;   // numbers left, and the sum of their residues in the high half
  std::uint64_t weighted = 0;  // each number's byte in its group
  std::uint64_t groups = 0;    // each number's group, from the end
  std::uint64_t low = 0;       // exclusive or of the numbers modulo 32
  std::uint64_t high = 0;      // and of the rest
};

// `bytes` stand for the numbers from 32 h on.
void CountGroup(const std::uint8_t* bytes, std::uint64_t h, Counting& sums) {
  std::uint64_t counted = sums.counted;
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::uint64_t before = 0;
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kGroup; ++i) {
    before += counted;  // counts of earlier bytes, as often as there are bytes after them
    counted += kCounts[bytes[i]];
    const std::uint64_t x = kXors[kNumbers * i / 2 % 16][bytes[i]];
    const std::uint64_t block = h + kNumbers * i / 32;
    low ^= x;
    high ^= (block & (0 - (x >> 5 & 1))) ^ ((block + 1) & (0 - (x >> 6)));
  }
  // Byte i's numbers were added to `before` 15 - i times.
  const std::uint64_t fresh = (counted - sums.counted) & 0xFFFFFFFFU;
  const std::uint64_t added = (before - kGroup * sums.counted) & 0xFFFFFFFFU;
  sums.counted = counted;
  sums.weighted += (kGroup - 1) * fresh - added;
  sums.groups += counted & 0xFFFFFFFFU;
  sums.low ^= low;
  sums.high ^= high;
}

}  // namespace

Tally Window::Count() const {
  Counting sums;
  const std::uint64_t aligned = first_ / kGroup * kGroup;  // bytes of the whole wheel
  const std::uint64_t end = first_ + bytes_.size();
  std::uint64_t groups = 0;
  for (std::uint64_t at = aligned; at < end; at += kGroup, ++groups) {
    const std::uint64_t h = at * kNumbers / 32;
    if (at >= first_ && at + kGroup <= end) {
      CountGroup(bytes_.data() + (at - first_), h, sums);
      continue;
    }
    std::array<std::uint8_t, kGroup> edge{};
    for (std::size_t i = 0; i < kGroup; ++i) {
      if (at + i >= first_ && at + i < end) edge[i] = bytes_[at + i - first_];
    }
    CountGroup(edge.data(), h, sums);
  }
  Tally tally;
  tally.count = sums.counted & 0xFFFFFFFFU;
  // A number of group g was counted after it and each later group.
  const std::uint64_t whole = groups * tally.count - sums.groups;
  tally.sum =
      kNumbers * (aligned * tally.count + kGroup * whole + sums.weighted) + (sums.counted >> 32);
  tally.xors = sums.high * 32 + sums.low % 32;
  return tally;
}

void Window::Append(std::vector<std::uint32_t>& primes) const {
  for (std::uint64_t i = 0; i < bytes_.size(); ++i) {
    for (unsigned left = bytes_[i]; left != 0; left &= left - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(left));
      primes.push_back(static_cast<std::uint32_t>((first_ + i) * kNumbers + kResidues[bit]));
    }
  }
}

}  // namespace picube::primes
