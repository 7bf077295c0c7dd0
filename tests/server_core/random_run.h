// A random life of a grid, judged by the naive twin: hosts come and go, report right, wrong, twice,
// late, unsigned or not at all; the operator meddles; the server restarts. Every choice is taken
// from a list of bytes, so that a seed or a fuzzer can drive it; it ends with the bytes.
#pragma once

#include <cstdint>
#include <span>

#include "server/core/grid.h"

namespace picube::test {

struct RunFigures {  // that a run did something
  std::uint64_t steps = 0;
  std::uint64_t granted = 0;
  std::uint64_t settled = 0;
  std::uint64_t failed = 0;
  std::uint64_t restarts = 0;
};

// `compare_restored`: after each step a new grid is made from the journal and one from a snapshot,
// and their hashes compared. Aborts on the first difference.
RunFigures RandomRun(std::span<const std::uint8_t> choices, bool compare_restored);

}  // namespace picube::test
