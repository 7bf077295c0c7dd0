// A window of the sieve: the numbers of an interval on the wheel of 30, crossed out by base primes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "workunits/primes/wheel.h"

namespace picube::primes {

struct Tally {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;   // mod 2^64
  std::uint64_t xors = 0;  // exclusive or of all

  Tally& operator+=(const Tally& other);
  bool operator==(const Tally&) const = default;
};

// Where the time goes, counted; with more than eight threads base primes are made less often.
struct Operations {
  std::uint64_t crossed = 0;  // multiples, in windows and among the base primes
  std::uint64_t placed = 0;   // base primes set to a window: a division each
  std::uint64_t looked = 0;   // bytes of the wheel, made and looked at, of both

  Operations& operator+=(const Operations& other);
  // In units of one crossing-out: a division is taken for eight of them, a byte for three.
  [[nodiscard]] double Cost() const {
    return static_cast<double>(crossed) + 8 * static_cast<double>(placed) +
           3 * static_cast<double>(looked);
  }
};

// One thread at a time.
class Window {
 public:
  // Numbers of a window, a multiple of 30: as many bytes of the wheel as the largest base prime, so
  // that setting base primes to a window does not take longer than crossing out; 256 KiB at least,
  // 8 MiB at most, and 96 MiB for all threads.
  static constexpr std::uint64_t kNarrow = 30ULL << 18;
  static constexpr std::uint64_t kWide = 30ULL << 23;
  [[nodiscard]] static std::uint64_t NumbersFor(std::uint64_t root, unsigned threads) {
    const std::uint64_t share = 30 * ((96ULL << 20) / threads);
    return std::min(std::clamp(30 * root, kNarrow, kWide), std::max(share, kNarrow));
  }
  // Primes up to here are crossed out by patterns when a window starts, and base primes may leave
  // them out.
  static constexpr std::uint32_t kByPattern = 101;

  // Numbers of [from, to) that 2, 3 and 5 do not divide; from < to, at most kWide numbers.
  void Start(std::uint64_t from, std::uint64_t to);
  // Crosses out the multiples >= p^2 of each prime p > 101. `primes` rise and are below 2^32.
  void CrossOut(const std::vector<std::uint32_t>& primes);
  [[nodiscard]] const Operations& Done() const { return done_; }
  // What is left: the primes of the window but 2, 3, 5, once all base primes were crossed out.
  [[nodiscard]] Tally Count() const;
  // The same, one after another.
  void Append(std::vector<std::uint32_t>& primes) const;

 private:
  struct Crosser {
    std::uint32_t prime;
    std::uint32_t place;  // byte * 8 + spoke
  };
  using Crossers = std::array<std::vector<Crosser>, 8>;  // by the prime's residue

  void Place(std::uint32_t prime, Crossers& crossers);
  void CrossPart(Crossers& crossers, std::uint64_t from, std::uint64_t to);

  std::uint64_t first_ = 0;          // byte of the whole wheel: number / 30
  std::uint64_t last_ = 0;           // the last number
  std::vector<std::uint8_t> bytes_;  // a bit is 1 as long as nothing crossed it out
  std::array<Crossers, 3> tiers_;    // by size, see CrossOut
  Operations done_;
};

}  // namespace picube::primes
