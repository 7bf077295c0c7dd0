#include "workunits/primes/badge.h"

#include <cmath>

namespace picube::primes {

std::uint64_t BadgeEvent(std::uint64_t most) {
  std::uint64_t count = 0;
  for (std::uint64_t candidate = 3; candidate < most; ++candidate) {
    const double root = std::sqrt(static_cast<double>(candidate));
    std::uint64_t divisor = 2;
    for (; static_cast<double>(divisor) <= root; ++divisor) {
      if (candidate % divisor == 0) break;
    }
    if (static_cast<double>(divisor) > root) ++count;
  }
  return count;
}

}  // namespace picube::primes
