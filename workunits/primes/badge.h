// The event of the well-known processor test "sysbench cpu": primes below a bound by trial
// division in 64-bit integers, the divisor compared with a square root in double each turn. It
// measures integer division alone: good for a badge that can be compared with published ones, never
// for scheduling. 32-bit systems divide by a subroutine, 25 times slower, and are not comparable.
#pragma once

#include <cstdint>

namespace picube::primes {

inline constexpr std::uint64_t kBadgeMost = 10'000;  // of most published figures

// One event: how many of 3 .. most - 1 are primes.
[[nodiscard]] std::uint64_t BadgeEvent(std::uint64_t most);

}  // namespace picube::primes
