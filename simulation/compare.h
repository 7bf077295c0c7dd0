// Policies side by side: the same hosts of very different speed, the same units, no faults.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulation/scenario.h"
#include "simulation/world.h"

namespace picube::sim {

struct PolicyRun {
  PolicyKind policy = PolicyKind::kAdaptive;
  RunResult result;
};

// One run for each policy.
[[nodiscard]] std::vector<PolicyRun> ComparePolicies(const SimOptions& options);

// Seconds that the units would take if all hosts could share each of them perfectly: no policy can
// be faster.
[[nodiscard]] std::uint64_t PerfectSeconds(const SimOptions& options);

[[nodiscard]] std::string TableOf(const std::vector<PolicyRun>& runs,
                                  std::uint64_t perfect_seconds);

}  // namespace picube::sim
