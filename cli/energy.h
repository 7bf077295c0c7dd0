// What computing took in joules, and what that costs by somebody's own tariff. Pure.
//
// Two figures of everything: `full` is all that the boards took while they computed, `marginal`
// what they took more than when idle. Each is as good as the worst source that it is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/messages.h"

namespace picube {

struct Tariff {
  std::optional<double> euro_per_kwh;
  std::optional<double> grams_per_kwh;  // of CO2
};

// Of a host, an owner, a site or a batch.
struct EnergyRow {
  std::string name;
  double flop = 0;            // of settled results
  std::uint64_t results = 0;  // settled units; of a batch too
  std::uint64_t cpu_ms = 0;
  EnergySums energy;

  [[nodiscard]] double Kwh() const { return static_cast<double>(energy.millijoules) / 3.6e9; }
  // Nothing: no energy is known.
  [[nodiscard]] std::optional<double> JoulesPerUnit() const;
  [[nodiscard]] std::optional<double> MarginalPerUnit() const;
  [[nodiscard]] std::optional<double> FlopPerJoule() const;  // flop/s for each watt
  [[nodiscard]] std::string Source() const;                  // "model", "ina+model", "-"
  [[nodiscard]] int ErrorPercent() const;                    // of the worst source
};

struct EnergyView {
  std::vector<EnergyRow> hosts, owners, sites, batches;
  EnergyRow total;  // of the hosts
};
[[nodiscard]] EnergyView EnergyOf(const std::vector<HostInfo>& hosts,
                                  const std::vector<BatchInfo>& batches);

[[nodiscard]] std::string EnergyText(const EnergyView& view, const Tariff& tariff);
[[nodiscard]] std::string EnergyJson(const EnergyView& view, const Tariff& tariff);

}  // namespace picube
