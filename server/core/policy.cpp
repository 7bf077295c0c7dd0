#include "server/core/policy.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace picube {
namespace {

// Hosts in turn, one unit each: who was served longest ago comes first.
class RoundRobin : public Policy {
 public:
  std::string_view Name() const override { return "round-robin"; }
  Share ShareOf(const PolicyHost&, std::uint32_t most_units) const override {
    return {.units = std::min(most_units, 1U)};
  }
  double Rank(const PolicyHost& host) const override { return static_cast<double>(host.last_turn); }
};

// In proportion to the weight that the owner of the server gives a host by name.
class Weighted : public Policy {
 public:
  std::string_view Name() const override { return "weighted"; }
  Share ShareOf(const PolicyHost& host, std::uint32_t most_units) const override {
    return {.units = std::min(most_units, std::max(host.weight, 1U))};
  }
  double Rank(const PolicyHost& host) const override {
    return static_cast<double>(host.served) / static_cast<double>(std::max(host.weight, 1U));
  }
};

// The host with the fewest leases out comes first, and none is filled beyond one unit a core.
class LeastLeases : public Policy {
 public:
  std::string_view Name() const override { return "least-leases"; }
  Share ShareOf(const PolicyHost& host, std::uint32_t most_units) const override {
    const std::uint64_t full = 2ULL * std::max(host.cores, 1U);  // one running, one at hand
    if (host.leases_out >= full) return {};
    return {.units = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(most_units, full - host.leases_out))};
  }
  double Rank(const PolicyHost& host) const override {
    return static_cast<double>(host.leases_out);
  }
};

// The host with the lowest load now comes first; one that is fully loaded gets one unit.
class Load : public Policy {
 public:
  std::string_view Name() const override { return "load"; }
  Share ShareOf(const PolicyHost& host, std::uint32_t most_units) const override {
    const std::uint32_t idle_permille = host.load_permille >= 1000 ? 0 : 1000 - host.load_permille;
    const std::uint64_t idle = std::uint64_t{host.cores} * idle_permille / 1000;
    return {.units = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(most_units, std::max<std::uint64_t>(idle, 1)))};
  }
  double Rank(const PolicyHost& host) const override {
    return static_cast<double>(host.load_permille);
  }
};

// Enough for `work_ahead` at the speed that the host will have: the measured one, times what heat
// will make of it.
class Adaptive : public Policy {
 public:
  explicit Adaptive(Duration work_ahead) : work_ahead_(Seconds(work_ahead)) {}
  std::string_view Name() const override { return "adaptive"; }
  Share ShareOf(const PolicyHost& host, std::uint32_t most_units) const override {
    const double ahead = work_ahead_ * host.outlook;
    if (host.held_seconds >= ahead) return {};
    return {.units = most_units,
            .seconds = ahead - host.held_seconds,
            .timed = true,
            .prefers_cached = true,
            .matches_size = true};
  }
  double Rank(const PolicyHost& host) const override { return host.held_seconds; }

 private:
  double work_ahead_;
};

}  // namespace

std::unique_ptr<Policy> MakePolicy(PolicyKind kind, Duration work_ahead) {
  switch (kind) {
    case PolicyKind::kRoundRobin: return std::make_unique<RoundRobin>();
    case PolicyKind::kWeighted: return std::make_unique<Weighted>();
    case PolicyKind::kLeastLeases: return std::make_unique<LeastLeases>();
    case PolicyKind::kLoad: return std::make_unique<Load>();
    case PolicyKind::kAdaptive: return std::make_unique<Adaptive>(work_ahead);
  }
  PICUBE_CHECK(false, "every policy is made here");
}

}  // namespace picube
