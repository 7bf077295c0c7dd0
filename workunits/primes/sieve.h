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

// Where the time goes, counted; with more than eight threads base primes are made less often.
struct Operations {
  std::uint64_t crossed = 0;  // odd multiples, in windows and among the base primes
  std::uint64_t placed = 0;   // base primes set to a window: a division each
  std::uint64_t looked = 0;   // numbers looked at, in windows and among the base primes

  Operations& operator+=(const Operations& other);
  // In units of one crossing-out: a division is taken for eight of them, a look for an eighth.
  [[nodiscard]] double Cost() const {
    return static_cast<double>(crossed) + 8 * static_cast<double>(placed) +
           static_cast<double>(looked) / 8;
  }
};
// What Operations::Cost() of [from, to) will be with one thread, by the density of primes.
[[nodiscard]] double EstimatedCost(std::uint64_t from, std::uint64_t to);

// Threads that work on one interval at once, at most: each takes memory (docs/PRIMES.md).
inline constexpr int kMostThreads = 32;

// One window of odd numbers, a bit each, crossed out by base primes in rising order.
class Window {
 public:
  // Numbers of a window: 512 KiB of bits; four times that where a window needs so many base primes
  // that setting them to it takes longer than crossing out.
  static constexpr std::uint64_t kNarrow = 1ULL << 23;
  static constexpr std::uint64_t kWide = 1ULL << 25;
  [[nodiscard]] static std::uint64_t NumbersFor(std::uint64_t root) {
    return root < (1ULL << 26) ? kNarrow : kWide;
  }

  // Odd numbers of [from, to); to - from <= kWide; `from` even.
  void Start(std::uint64_t from, std::uint64_t to);
  // Crosses out odd multiples >= p^2 of each odd prime p.
  void CrossOut(const std::vector<std::uint32_t>& primes);
  [[nodiscard]] const Operations& Done() const { return done_; }
  // What is left: the odd primes of the window, once all base primes were crossed out.
  [[nodiscard]] Tally Count() const;

 private:
  std::uint64_t from_ = 0;
  std::uint64_t to_ = 0;
  std::uint64_t bits_in_use_ = 0;
  std::vector<std::uint64_t> bits_;  // 1 = crossed out
  std::vector<std::uint32_t> at_;    // next multiple of each base prime, as a bit
  Operations done_;
};

// Odd primes up to `most` (< 2^32) in pieces of a million numbers. The first pieces are kept (16 MB
// for primes below 2^26), so that the windows of a unit share them; later ones are made anew when
// asked for.
class BasePrimes {
 public:
  static constexpr std::uint64_t kPieceWidth = 1U << 20;
  static constexpr std::uint64_t kKeptPieces = 64;

  explicit BasePrimes(std::uint64_t most);
  [[nodiscard]] std::uint64_t Most() const { return most_; }
  // First number of a piece; odd.
  [[nodiscard]] static std::uint64_t Start(std::uint64_t piece) { return 3 + piece * kPieceWidth; }
  // Valid until the next call.
  const std::vector<std::uint32_t>& Piece(std::uint64_t piece);
  [[nodiscard]] const Operations& Done() const { return done_; }

 private:
  void Make(std::uint64_t piece, std::vector<std::uint32_t>& primes);

  std::uint64_t most_;
  std::vector<std::uint32_t> small_;  // odd primes below 2^16
  std::vector<std::vector<std::uint32_t>> kept_;
  std::vector<std::uint32_t> passing_;
  Operations done_;
};

// The greatest r with r * r <= n.
[[nodiscard]] std::uint64_t IntegerRoot(std::uint64_t n);

// The whole interval [from, to), `threads` windows at a time. `pause` is called between pieces of
// work with the first number that is not counted yet and the tally below it; false stops.
// Returns false if stopped. `operations`, if given, is raised by what was done.
bool TallyPrimes(std::uint64_t from, std::uint64_t to, Tally& tally,
                 const std::function<int()>& threads,
                 const std::function<bool(std::uint64_t next, const Tally&)>& pause,
                 Operations* operations = nullptr);

namespace twin {
[[nodiscard]] Tally Count(std::uint64_t from, std::uint64_t to);  // by trial division
}

}  // namespace picube::primes
