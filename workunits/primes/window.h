// A window of the sieve: the numbers of an interval on the wheel of 30, crossed out by base primes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
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
  // Primes up to here are crossed out by patterns when a window starts, and base primes may leave
  // them out.
  static constexpr std::uint32_t kByPattern = 101;

  // Numbers of [from, to) that 2, 3 and 5 do not divide; from < to, at most 2^32 bits.
  void Start(std::uint64_t from, std::uint64_t to);
  // Crosses out the multiples >= p^2 of each prime p > 101. `primes` rise and are below 2^32.
  void CrossOut(const std::vector<std::uint32_t>& primes);
  [[nodiscard]] const Operations& Done() const { return done_; }
  // The wheel's bytes, and which is the first: number / 30.
  [[nodiscard]] std::span<std::uint8_t> Bytes() { return bytes_; }
  [[nodiscard]] std::uint64_t First() const { return first_; }
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
