#include "workunits/primes/sieve.h"

#include <algorithm>
#include <bit>

#include "workunits/math/parallel.h"

namespace picube::primes {
namespace {

constexpr std::uint64_t kSegmentBits = 1U << 18;  // 32 KiB: the first-level cache
constexpr std::uint64_t kPieceWidth = 1U << 22;   // numbers sieved for one piece of base primes

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  count += other.count;
  sum += other.sum;
  xors ^= other.xors;
  return *this;
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
  if (from == 0 && bits_in_use_ > 0) bits_[0] |= 1;  // 1 is not a prime
}

void Window::CrossOut(const std::vector<std::uint32_t>& primes) {
  // Bit i stands for from_ + 1 + 2 i; a step of p bits is 2 p in numbers.
  std::vector<std::uint64_t> at(primes.size());
  std::size_t used = 0;
  for (const std::uint32_t p : primes) {
    const std::uint64_t square = static_cast<std::uint64_t>(p) * p;
    if (square >= to_) break;
    if (square > from_) {
      at[used++] = (square - from_ - 1) / 2;
      continue;
    }
    const std::uint64_t past = (from_ + 1) % p;          // first odd number modulo p
    const std::uint64_t gap = past == 0 ? 0 : p - past;  // to the next multiple
    at[used++] = (gap % 2 == 0 ? gap : gap + p) / 2;
  }
  // Small primes by segments of the cache's size; larger ones hit a segment less than once.
  const auto small_end = std::lower_bound(
      primes.begin(), primes.begin() + static_cast<std::ptrdiff_t>(used), kSegmentBits);
  const auto small = static_cast<std::size_t>(small_end - primes.begin());
  for (std::size_t i = small; i < used; ++i) {
    for (std::uint64_t bit = at[i]; bit < bits_in_use_; bit += primes[i]) {
      bits_[bit / 64] |= 1ULL << (bit % 64);
    }
  }
  for (std::uint64_t end = 0; small > 0 && end < bits_in_use_;) {
    end = std::min(end + kSegmentBits, bits_in_use_);
    for (std::size_t i = 0; i < small; ++i) {
      std::uint64_t bit = at[i];
      for (; bit < end; bit += primes[i]) bits_[bit / 64] |= 1ULL << (bit % 64);
      at[i] = bit;
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

bool BasePrimes::Next(std::vector<std::uint32_t>& primes) {
  primes.clear();
  if (next_ > most_) return false;
  const std::uint64_t from = next_;  // odd
  const std::uint64_t end = std::min(most_ + 1, from + kPieceWidth);
  std::vector<std::uint8_t> composite((end - from + 1) / 2);
  for (const std::uint64_t p : small_) {
    if (p * p >= end) break;
    std::uint64_t m = std::max(p * p, (from + p - 1) / p * p);
    if (m % 2 == 0) m += p;
    for (; m < end; m += 2 * p) composite[(m - from) / 2] = 1;
  }
  for (std::size_t i = 0; i < composite.size(); ++i) {
    const std::uint64_t n = from + 2 * i;
    if (composite[i] == 0 && n < end) primes.push_back(static_cast<std::uint32_t>(n));
  }
  next_ = from + kPieceWidth;
  return true;
}

bool TallyPrimes(std::uint64_t from, std::uint64_t to, Tally& tally,
                 const std::function<int()>& threads,
                 const std::function<bool(std::uint64_t next, const Tally&)>& pause) {
  std::vector<Window> windows;
  std::vector<std::uint32_t> primes;
  // Windows begin at even numbers and hold odd ones, so an odd `from` may start one lower.
  while (from < to) {
    const int crew = std::max(1, threads());
    windows.resize(static_cast<std::size_t>(crew));
    std::size_t used = 0;
    std::uint64_t end = from;
    for (; used < windows.size() && end < to; ++used) {
      const std::uint64_t even = end & ~1ULL;
      const std::uint64_t next = to - even < Window::kNumbers ? to : even + Window::kNumbers;
      windows[used].Start(even, next);
      end = next;
    }
    BasePrimes base(IntegerRoot(end - 1));
    while (base.Next(primes)) {
      if (!pause(from, tally)) return false;
      math::ParallelFor(crew, used,
                        [&](std::size_t i, std::size_t) { windows[i].CrossOut(primes); });
    }
    if (!pause(from, tally)) return false;
    std::vector<Tally> found(used);
    math::ParallelFor(crew, used,
                      [&](std::size_t i, std::size_t) { found[i] = windows[i].Count(); });
    for (const Tally& one : found) tally += one;
    if (from <= 2 && end > 2) tally += {1, 2, 2};
    from = end;
  }
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
