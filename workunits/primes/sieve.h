// Primes of an interval, exactly: count, sum and xor mod 2^64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace picube::primes {

struct Tally {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;   // mod 2^64
  std::uint64_t xors = 0;  // exclusive or of all

  Tally& operator+=(const Tally& other);
  bool operator==(const Tally&) const = default;
};

// One window of odd numbers, a bit each, crossed out by base primes in rising order.
class Window {
 public:
  static constexpr std::uint64_t kNumbers = 1ULL << 23;  // width; 512 KiB of bits

  // Odd numbers of [from, to); to - from <= kNumbers; `from` even.
  void Start(std::uint64_t from, std::uint64_t to);
  // Crosses out odd multiples >= p^2 of each odd prime p.
  void CrossOut(const std::vector<std::uint32_t>& primes);
  // What is left: the odd primes of the window, once all base primes were crossed out.
  [[nodiscard]] Tally Count() const;

 private:
  std::uint64_t from_ = 0;
  std::uint64_t to_ = 0;
  std::uint64_t bits_in_use_ = 0;
  std::vector<std::uint64_t> bits_;  // 1 = crossed out
};

// Odd primes up to `most` (< 2^32) in rising order, piece by piece, so that memory stays small.
class BasePrimes {
 public:
  explicit BasePrimes(std::uint64_t most);
  // Fills `primes` with the next piece; false after the last.
  bool Next(std::vector<std::uint32_t>& primes);

 private:
  std::uint64_t most_;
  std::uint64_t next_ = 3;
  std::vector<std::uint32_t> small_;  // odd primes below 2^16
};

// The greatest r with r * r <= n.
[[nodiscard]] std::uint64_t IntegerRoot(std::uint64_t n);

// The whole interval [from, to), `threads` windows at a time. `pause` is called between pieces of
// work with the first number that is not counted yet and the tally below it; false stops.
// Returns false if stopped.
bool TallyPrimes(std::uint64_t from, std::uint64_t to, Tally& tally,
                 const std::function<int()>& threads,
                 const std::function<bool(std::uint64_t next, const Tally&)>& pause);

namespace twin {
[[nodiscard]] Tally Count(std::uint64_t from, std::uint64_t to);  // by trial division
}

}  // namespace picube::primes
