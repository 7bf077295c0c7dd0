// Chance, in integers only: helpers over the one generator that the grid uses.
#pragma once

#include <cstdint>

#include "protocol/base/rng.h"
#include "protocol/base/time.h"

namespace picube::sim {

// Uniform in [least, most].
[[nodiscard]] inline std::uint64_t Between(Rng& rng, std::uint64_t least, std::uint64_t most) {
  return least + rng.Below(most - least + 1);
}
[[nodiscard]] inline Duration Between(Rng& rng, Duration least, Duration most) {
  return Duration(static_cast<std::int64_t>(Between(rng, static_cast<std::uint64_t>(least.count()),
                                                    static_cast<std::uint64_t>(most.count()))));
}
// True in `permille` of a thousand cases.
[[nodiscard]] inline bool Chance(Rng& rng, std::uint32_t permille) {
  return rng.Below(1000) < permille;
}
// Mostly near `least`, sometimes far: the least of two throws, as queues on real links behave.
[[nodiscard]] inline Duration Skewed(Rng& rng, Duration least, Duration spread) {
  const Duration a = Between(rng, Duration(0), spread);
  const Duration b = Between(rng, Duration(0), spread);
  return least + (a < b ? a : b);
}
// A generator for the part `name` of a run: parts do not shift each other when one is added.
[[nodiscard]] inline Rng RngFor(std::uint64_t seed, std::uint64_t part, std::uint64_t number = 0) {
  return Rng(Mix64(Mix64(seed) ^ Mix64(part * 0x9e3779b97f4a7c15U + number)));
}

}  // namespace picube::sim
