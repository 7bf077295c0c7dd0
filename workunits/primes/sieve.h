// Primes of an interval, exactly: count, sum and xor mod 2^64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "workunits/primes/window.h"

namespace picube::primes {

// What Operations::Cost() of [from, to) will be with one thread, by the density of primes.
[[nodiscard]] double EstimatedCost(std::uint64_t from, std::uint64_t to);

// One crossing-out takes as long as so many multiplications and additions of a good kernel.
inline constexpr double kFlopPerOperation = 8;

// Threads that work on one interval at once, at most: each takes memory (docs/PRIMES.md).
inline constexpr int kMostThreads = 32;

// The windows that a thread sieves together: as many bytes as the largest base prime, so that
// setting base primes to them does not take longer than crossing out; 256 KiB at least, 96 MiB for
// all threads.
struct Layout {
  std::uint64_t bytes = 0;    // of a window: whole regions of Far, 8 MiB at most
  std::uint64_t windows = 1;  // of a thread
  [[nodiscard]] std::uint64_t Numbers() const { return 30 * bytes; }  // of a window
};
[[nodiscard]] Layout LayoutFor(std::uint64_t root, unsigned threads);

// Primes from 103 up to `most` (< 2^32) in pieces of a million numbers. The first pieces are kept
// (16 MB for primes below 2^26), so that the windows of a unit share them; later ones are made anew
// when asked for.
class BasePrimes {
 public:
  static constexpr std::uint64_t kPieceWidth = 30ULL << 15;  // a wheel of 32 KiB
  static constexpr std::uint64_t kKeptPieces = 64;

  explicit BasePrimes(std::uint64_t most);
  [[nodiscard]] std::uint64_t Most() const { return most_; }
  // First number of a piece.
  [[nodiscard]] static std::uint64_t Start(std::uint64_t piece) { return piece * kPieceWidth; }
  // Valid until the next call.
  const std::vector<std::uint32_t>& Piece(std::uint64_t piece);
  // One of the kept pieces that was made already; any thread.
  [[nodiscard]] const std::vector<std::uint32_t>& Kept(std::uint64_t piece) const {
    return kept_[piece];
  }
  [[nodiscard]] const Operations& Done() const { return done_; }

 private:
  void Make(std::uint64_t piece, std::vector<std::uint32_t>& primes);

  std::uint64_t most_;
  std::vector<std::uint32_t> small_;  // primes from 103 to 2^16
  Window window_;
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
