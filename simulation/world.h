// One run: a scenario played from beginning to end, with its faults, and the verdict.
//
// One thread a world; several worlds may run at once.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>

#include "protocol/base/time.h"
#include "simulation/ledger.h"
#include "simulation/scenario.h"

namespace picube::sim {

struct RunResult {
  std::string failure;  // empty = every rule held
  std::uint64_t log_hash = 0;
  std::uint64_t log_lines = 0;
  Duration virtual_time{};
  Duration makespan{};                     // until the last batch ended
  std::uint32_t utilisation_permille = 0;  // of the hosts' time until then, computing
  RunCounts counts;
};

// Plays the scenario. `log_file` is borrowed and may be null.
[[nodiscard]] RunResult Play(const Scenario& scenario, std::FILE* log_file = nullptr);

}  // namespace picube::sim
