#include "simulation/compare.h"

#include <cstdio>

#include "simulation/payload.h"

namespace picube::sim {

std::vector<PolicyRun> ComparePolicies(const SimOptions& options) {
  std::vector<PolicyRun> runs;
  for (const PolicyKind policy :
       {PolicyKind::kRoundRobin, PolicyKind::kWeighted, PolicyKind::kLeastLeases, PolicyKind::kLoad,
        PolicyKind::kAdaptive}) {
    runs.push_back({policy, Play(MakeComparison(options, policy))});
  }
  return runs;
}

std::uint64_t PerfectSeconds(const SimOptions& options) {
  const Scenario scenario = MakeComparison(options, PolicyKind::kAdaptive);
  std::uint64_t flop = 0;
  for (std::uint64_t index = 0; index < scenario.batches.front().units; ++index) {
    flop += MakeUnit(scenario, 0, index).flop;
  }
  std::uint64_t flop_per_second = 0;
  for (const HostNature& host : scenario.hosts) flop_per_second += host.flop_per_second;
  return flop_per_second == 0 ? 0 : flop / flop_per_second;
}

std::string TableOf(const std::vector<PolicyRun>& runs, std::uint64_t perfect_seconds) {
  std::string table = "policy        makespan_s  of_perfect  utilisation  leases  leases_lost\n";
  for (const PolicyRun& run : runs) {
    const std::int64_t seconds = run.result.makespan.count() / 1'000'000;
    const double ratio = static_cast<double>(seconds) / static_cast<double>(perfect_seconds);
    char line[160];
    std::snprintf(line, sizeof line, "%-12s %11lld %10.2fx %11.1f%% %7llu %12llu%s%s\n",
                  std::string(PolicyName(run.policy)).c_str(), static_cast<long long>(seconds),
                  ratio, run.result.utilisation_permille / 10.0,
                  static_cast<unsigned long long>(run.result.counts.leases),
                  static_cast<unsigned long long>(run.result.counts.leases_lost),
                  run.result.failure.empty() ? "" : "  FAILED: ", run.result.failure.c_str());
    table += line;
  }
  return table;
}

}  // namespace picube::sim
