// Benchmarks of the whole server; each prints one JSON line a case. See README.md.
#pragma once

#include <string>

#include "tests/bench/load.h"

namespace picube::bench {

struct DispatchCase {
  std::uint32_t per_exchange = 16;
  std::uint32_t quorum = 1;
  double seconds = 60;
  double rate = 0;
};
// Returns the measured results a second.
double Dispatch(const DispatchCase& one);
// A million live units: memory, and the time to restart with them.
void Memory(std::uint64_t units);

}  // namespace picube::bench
