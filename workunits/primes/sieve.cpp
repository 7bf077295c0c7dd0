#include "workunits/primes/sieve.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "workunits/math/parallel.h"

namespace picube::primes {
namespace {

constexpr std::size_t kWideTogether = 8;          // windows for which base primes are made
constexpr std::uint64_t kSegmentBits = 1U << 18;  // 32 KiB: the first-level cache

// Sum of 1/p over the odd primes up to n, by Mertens; for n above a few dozen.
double OddReciprocals(double n) { return std::log(std::log(std::max(n, 30.0))) + 0.2615 - 0.5; }
// Primes up to n, by Legendre; within 1 % above a thousand.
double PrimesUpTo(double n) { return n < 30 ? n / 3 : n / (std::log(n) - 1.08366); }
// Of making the base primes of `numbers` numbers up to `root`.
double CostOfBase(double numbers, double root) {
  return numbers / 2 * OddReciprocals(std::sqrt(root)) + numbers / 16;
}

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

double EstimatedCost(std::uint64_t from, std::uint64_t to) {
  const std::uint64_t root = IntegerRoot(to - 1);
  const auto width = static_cast<double>(to - from);
  const double windows = std::ceil(width / static_cast<double>(Window::NumbersFor(root)));
  const auto most = static_cast<double>(root);
  constexpr auto kKept = static_cast<double>(BasePrimes::kPieceWidth * BasePrimes::kKeptPieces);
  const double once = std::min(most, kKept);
  return width / 2 * OddReciprocals(most) + width / 16 + 8 * windows * PrimesUpTo(most) +
         CostOfBase(once, once) +
         std::ceil(windows / kWideTogether) * CostOfBase(most - once, most);
}

std::uint64_t IntegerRoot(std::uint64_t n) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = 1ULL << 31; bit != 0; bit >>= 1) {
    const std::uint64_t next = root | bit;
    if (next * next <= n) root = next;
  }
  return root;
}

void Window::Start(std::uint64_t from, std::uint64_t to) {
  from_ = from;
  to_ = to;
  bits_in_use_ = (to - from) / 2;  // odd numbers from + 1, from + 3, ...
  bits_.assign((bits_in_use_ + 63) / 64, 0);
  done_ = {.looked = bits_in_use_};
  if (from == 0 && bits_in_use_ > 0) bits_[0] |= 1;  // 1 is not a prime
}

void Window::CrossOut(const std::vector<std::uint32_t>& primes) {
  // Bit i stands for from_ + 1 + 2 i; a step of p bits is 2 p in numbers.
  at_.resize(primes.size());
  std::size_t used = 0;
  for (const std::uint32_t p : primes) {
    const std::uint64_t square = static_cast<std::uint64_t>(p) * p;
    if (square >= to_) break;
    std::uint64_t bit = (square - from_ - 1) / 2;
    if (square <= from_) {
      const std::uint64_t past = (from_ + 1) % p;          // first odd number modulo p
      const std::uint64_t gap = past == 0 ? 0 : p - past;  // to the next multiple
      bit = (gap % 2 == 0 ? gap : gap + p) / 2;
    }
    if (bit < bits_in_use_) done_.crossed += (bits_in_use_ - bit - 1) / p + 1;
    at_[used++] = static_cast<std::uint32_t>(bit);
  }
  done_.placed += used;
  // Small primes by segments of the cache's size; larger ones hit a segment less than once.
  const auto small_end = std::lower_bound(
      primes.begin(), primes.begin() + static_cast<std::ptrdiff_t>(used), kSegmentBits);
  const auto small = static_cast<std::size_t>(small_end - primes.begin());
  for (std::size_t i = small; i < used; ++i) {
    for (std::uint64_t bit = at_[i]; bit < bits_in_use_; bit += primes[i]) {
      bits_[bit / 64] |= 1ULL << (bit % 64);
    }
  }
  for (std::uint64_t end = 0; small > 0 && end < bits_in_use_;) {
    end = std::min(end + kSegmentBits, bits_in_use_);
    for (std::size_t i = 0; i < small; ++i) {
      std::uint64_t bit = at_[i];
      for (; bit < end; bit += primes[i]) bits_[bit / 64] |= 1ULL << (bit % 64);
      at_[i] = static_cast<std::uint32_t>(bit);
    }
  }
}

Tally Window::Count() const {
  Tally tally;
  for (std::uint64_t i = 0; i < bits_.size(); ++i) {
    std::uint64_t left = ~bits_[i];
    if (i + 1 == bits_.size() && bits_in_use_ % 64 != 0) left &= (1ULL << (bits_in_use_ % 64)) - 1;
    tally.count += static_cast<std::uint64_t>(std::popcount(left));
    for (; left != 0; left &= left - 1) {
      const auto bit = i * 64 + static_cast<std::uint64_t>(std::countr_zero(left));
      const std::uint64_t prime = from_ + 1 + 2 * bit;
      tally.sum += prime;
      tally.xors ^= prime;
    }
  }
  return tally;
}

BasePrimes::BasePrimes(std::uint64_t most) : most_(most) {
  std::vector<bool> composite(1U << 16);
  for (std::uint32_t p = 3; p < composite.size(); p += 2) {
    if (composite[p]) continue;
    small_.push_back(p);
    for (std::uint64_t m = std::uint64_t{p} * p; m < composite.size(); m += 2 * p) {
      composite[m] = true;
    }
  }
}

const std::vector<std::uint32_t>& BasePrimes::Piece(std::uint64_t piece) {
  while (kept_.size() <= std::min(piece, kKeptPieces - 1)) {
    const std::uint64_t next = kept_.size();
    Make(next, kept_.emplace_back());
  }
  if (piece < kKeptPieces) return kept_[piece];
  Make(piece, passing_);
  return passing_;
}

void BasePrimes::Make(std::uint64_t piece, std::vector<std::uint32_t>& primes) {
  primes.clear();
  const std::uint64_t from = Start(piece);
  const std::uint64_t end = std::min(Start(piece + 1), most_ + 1);
  std::vector<std::uint8_t> composite((end - from + 1) / 2);
  for (const std::uint64_t p : small_) {
    if (p * p >= end) break;
    std::uint64_t m = std::max(p * p, (from + p - 1) / p * p);
    if (m % 2 == 0) m += p;
    if (m < end) done_.crossed += (end - m - 1) / (2 * p) + 1;
    for (; m < end; m += 2 * p) composite[(m - from) / 2] = 1;
  }
  done_.looked += composite.size();
  for (std::size_t i = 0; i < composite.size(); ++i) {
    const std::uint64_t n = from + 2 * i;
    if (composite[i] == 0 && n < end) primes.push_back(static_cast<std::uint32_t>(n));
  }
}

bool TallyPrimes(std::uint64_t from, std::uint64_t to, Tally& tally,
                 const std::function<int()>& threads,
                 const std::function<bool(std::uint64_t next, const Tally&)>& pause,
                 Operations* operations) {
  std::vector<Window> windows;
  BasePrimes base(IntegerRoot(to - (to > 0)));
  const std::uint64_t numbers = Window::NumbersFor(base.Most());
  // Windows begin at even numbers and hold odd ones, so an odd `from` may start one lower.
  while (from < to) {
    const int crew = std::clamp(threads(), 1, kMostThreads);
    // Base primes that are not kept are made for several windows at once, whoever crosses out.
    windows.resize(std::max<std::size_t>(static_cast<std::size_t>(crew),
                                         numbers == Window::kWide ? kWideTogether : 1));
    std::size_t used = 0;
    std::uint64_t end = from;
    for (; used < windows.size() && end < to; ++used) {
      const std::uint64_t even = end & ~1ULL;
      const std::uint64_t next = to - even < numbers ? to : even + numbers;
      windows[used].Start(even, next);
      end = next;
    }
    const std::uint64_t root = IntegerRoot(end - 1);
    for (std::uint64_t piece = 0; BasePrimes::Start(piece) <= root; ++piece) {
      const std::vector<std::uint32_t>& primes = base.Piece(piece);
      if (!pause(from, tally)) return false;
      math::ParallelFor(crew, used,
                        [&](std::size_t i, std::size_t) { windows[i].CrossOut(primes); });
    }
    if (!pause(from, tally)) return false;
    std::vector<Tally> found(used);
    math::ParallelFor(crew, used,
                      [&](std::size_t i, std::size_t) { found[i] = windows[i].Count(); });
    for (const Tally& one : found) tally += one;
    for (std::size_t i = 0; operations != nullptr && i < used; ++i) {
      *operations += windows[i].Done();
    }
    if (from <= 2 && end > 2) tally += {1, 2, 2};
    from = end;
  }
  if (operations != nullptr) *operations += base.Done();
  return true;
}

namespace twin {

Tally Count(std::uint64_t from, std::uint64_t to) {
  Tally tally;
  for (std::uint64_t n = std::max<std::uint64_t>(from, 2); n < to; ++n) {
    bool prime = true;
    for (std::uint64_t d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
    if (prime) tally += {1, n, n};
  }
  return tally;
}

}  // namespace twin

}  // namespace picube::primes
