// Crossing out by large base primes, which hit a window less than once in a while: over many
// windows at once, and in two steps so that no store misses the second-level cache. A multiple's
// place is first kept with those of the same region; a full list is then crossed out in one go.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "workunits/primes/window.h"

namespace picube::primes {

class Far {
 public:
  // The windows follow each other, each of kRegion * n bytes but the last; they were started, and
  // outlive the crossing out.
  void Start(std::span<Window* const> windows);
  // Multiples >= p^2 of each prime, all > 30; `primes` rise.
  void CrossOut(std::span<const std::uint32_t> primes);
  // Until then some multiples may not be crossed out yet.
  void Finish();
  [[nodiscard]] const Operations& Done() const { return done_; }

  static constexpr std::uint64_t kRegion = 1U << 18;  // bytes

 private:
  static constexpr std::uint32_t kList = 16384;  // places kept for a region

  struct Place {
    std::uint64_t byte;  // of all windows
    std::uint32_t spoke;
  };
  // The first multiple of a prime; beyond the end if there is none.
  [[nodiscard]] Place First(std::uint32_t prime) const;
  template <std::size_t kP>
  void CrossOne(std::uint32_t prime, Place place);
  void Empty(std::uint64_t region);

  std::uint64_t begin_ = 0;  // number
  std::uint64_t size_ = 0;   // bytes of all windows
  std::vector<std::uint8_t*> regions_;
  std::vector<std::uint32_t> lists_;  // kList of each region: byte * 8 + bit in it
  std::vector<std::uint32_t> counts_;
  Operations done_;
};

}  // namespace picube::primes
