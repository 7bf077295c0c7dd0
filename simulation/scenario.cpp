#include "simulation/scenario.h"

#include <algorithm>

#include "simulation/dice.h"

namespace picube::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

enum Part : std::uint64_t { kShape = 1, kHostPart = 2, kBatchPart = 3, kServerPart = 4 };

struct ProfileName {
  Profile profile;
  std::string_view name;
};
constexpr ProfileName kProfiles[] = {{Profile::kCalm, "calm"},
                                     {Profile::kFlaky, "flaky"},
                                     {Profile::kHostile, "hostile"},
                                     {Profile::kCrashy, "crashy"}};

struct PolicyText {
  PolicyKind policy;
  std::string_view name;
};
constexpr PolicyText kPolicies[] = {{PolicyKind::kRoundRobin, "round-robin"},
                                    {PolicyKind::kWeighted, "weighted"},
                                    {PolicyKind::kLeastLeases, "least-leases"},
                                    {PolicyKind::kLoad, "load"},
                                    {PolicyKind::kAdaptive, "adaptive"}};

LinkNature MakeLink(Profile profile, Rng& rng) {
  LinkNature link;
  link.delay_least = Between(rng, Duration(200), Duration(20'000));
  link.delay_spread = Between(rng, Duration(100), Duration(50'000));
  if (profile == Profile::kCalm) return link;
  const bool bad = profile == Profile::kFlaky || rng.OneIn(3);
  link.late_permille = static_cast<std::uint32_t>(rng.Below(bad ? 60 : 10));
  link.late_spread = Between(rng, Duration(1s), Duration(seconds(bad ? 90 : 10)));
  link.lost_permille = static_cast<std::uint32_t>(rng.Below(bad ? 100 : 10));
  link.doubled_permille = static_cast<std::uint32_t>(rng.Below(bad ? 100 : 20));
  if (bad || rng.OneIn(2)) link.between_drops = Between(rng, Duration(5min), Duration(1h));
  if (bad || rng.OneIn(3)) {
    link.between_partitions = Between(rng, Duration(10min), Duration(1h));
    link.partition_most = Between(rng, Duration(30s), Duration(20min));
  }
  return link;
}

void AddTroubles(HostNature& host, Profile profile, Rng& rng) {
  if (profile == Profile::kCalm) return;
  const bool crashy = profile == Profile::kCrashy;
  const bool flaky = profile == Profile::kFlaky;
  if (crashy || rng.OneIn(4)) {
    host.between_crashes = Between(rng, Duration(5min), Duration(crashy ? 40min : 3h));
  }
  if (flaky || rng.OneIn(4)) host.between_hangs = Between(rng, Duration(10min), Duration(1h));
  if (rng.OneIn(4)) host.between_absences = Between(rng, Duration(15min), Duration(2h));
  if (crashy && rng.OneIn(3)) {
    host.between_disk_troubles = Between(rng, Duration(15min), Duration(1h));
  }
  if (flaky || rng.OneIn(5)) {
    host.between_clock_jumps = Between(rng, Duration(15min), Duration(2h));
  }
  if (rng.OneIn(4)) host.host_error_permille = static_cast<std::uint32_t>(Between(rng, 5, 150));
}

HostNature MakeHost(const SimOptions& options, Profile profile, std::uint64_t number,
                    std::uint64_t owners, Duration storm) {
  Rng rng = RngFor(options.seed, kHostPart, number);
  HostNature host;
  host.name = "pi" + std::to_string(number + 1);
  host.owner = "owner" + std::to_string(number % owners + 1);
  host.flop_per_second = Between(rng, 4, 40) * 100'000'000;
  host.link = MakeLink(profile, rng);
  host.clock_origin = Between(rng, Duration(0), Duration(hours(500)));
  host.clock_drift_ppm = static_cast<std::int64_t>(rng.Below(401)) - 200;
  if (number > 0 && rng.OneIn(4)) host.joins_after = Between(rng, Duration(0), storm / 2);
  AddTroubles(host, profile, rng);
  // The first host stays, so that somebody is there to come back to.
  host.leaves_for_good = number > 0 && rng.OneIn(3);
  if (profile == Profile::kHostile && number % 3 == 1) {
    host.lies_permille = static_cast<std::uint32_t>(Between(rng, 50, 1000));
    host.colludes = options.colluders;
    host.replays = true;
  }
  return host;
}

HostNature MakeHelper(std::uint64_t number, Duration storm) {
  HostNature host;
  host.name = "anchor" + std::to_string(number + 1);
  host.owner = "helper" + std::to_string(number + 1);
  host.flop_per_second = 2'000'000'000;
  host.link.delay_least = 1ms;
  host.link.delay_spread = 1ms;
  host.joins_after = storm;
  return host;
}

Replication MakeReplication(Profile profile, std::uint64_t hosts, Rng& rng) {
  Replication replication;
  if (profile != Profile::kHostile && rng.OneIn(2)) return replication;
  replication.kind = ReplicationKind::kQuorum;
  replication.quorum = hosts >= 5 && rng.OneIn(4) ? 3 : 2;
  replication.distinct_owners = rng.OneIn(3);
  return replication;
}

BatchNature MakeBatch(const SimOptions& options, Profile profile, std::uint64_t number,
                      std::uint64_t units, std::uint64_t hosts, Duration storm) {
  Rng rng = RngFor(options.seed, kBatchPart, number);
  BatchNature batch;
  batch.name = "batch" + std::to_string(number + 1);
  batch.units = units;
  batch.cost_least = Between(rng, 1, 20) * 1'000'000'000;
  batch.cost_most = batch.cost_least * Between(rng, 1, 30);
  batch.replication = MakeReplication(profile, hosts, rng);
  batch.priority = static_cast<std::int32_t>(rng.Below(41)) - 20;
  if (rng.OneIn(3)) batch.poison_permille = static_cast<std::uint32_t>(Between(rng, 10, 100));
  if (rng.OneIn(3)) batch.blob_permille = static_cast<std::uint32_t>(Between(rng, 20, 300));
  if (rng.OneIn(2)) batch.file_bytes = Between(rng, 1, 150'000);
  batch.submitted_after = number == 0 ? Duration(5s) : Between(rng, Duration(5s), storm * 2 / 3);
  if (number > 0) {  // the first one is always worth doing
    if (rng.OneIn(6)) batch.cancelled_after = Between(rng, Duration(0), Duration(1h));
    batch.project_error = rng.OneIn(12);
    batch.split_fails = rng.OneIn(20);
  }
  batch.retried = rng.OneIn(4);
  if (rng.OneIn(4)) batch.new_priority = static_cast<std::int32_t>(rng.Below(41)) - 20;
  batch.merge_fails = number > 0 && rng.OneIn(12);
  return batch;
}

ServerNature MakeServer(Profile profile, Rng& rng) {
  ServerNature server;
  server.commit_least = Between(rng, Duration(200), Duration(20'000));
  server.commit_spread = Between(rng, Duration(100), Duration(100'000));
  server.units_ahead = Between(rng, 4, 100);
  server.units_per_split = Between(rng, 1, 40);
  server.snapshot_one_in = static_cast<std::uint32_t>(Between(rng, 5, 200));
  if (profile == Profile::kCalm) return server;
  const bool crashy = profile == Profile::kCrashy;
  if (crashy || rng.OneIn(2)) {
    server.between_crashes = Between(rng, Duration(3min), Duration(crashy ? 30min : 2h));
    server.down_most = Between(rng, Duration(1s), Duration(15min));
  }
  if (crashy || rng.OneIn(4)) {
    server.between_troubles = Between(rng, Duration(15min), Duration(2h));
    server.trouble_most = Between(rng, Duration(10s), Duration(10min));
  }
  server.between_wall_jumps = Between(rng, Duration(10min), Duration(2h));
  return server;
}

// Shares of `units`, each at least one.
std::vector<std::uint64_t> Shares(std::uint64_t units, std::uint64_t batches, Rng& rng) {
  std::vector<std::uint64_t> shares(batches, 1);
  for (std::uint64_t left = units > batches ? units - batches : 0; left > 0;) {
    const std::uint64_t part = std::min(left, Between(rng, 1, 20));
    shares[rng.Below(batches)] += part;
    left -= part;
  }
  return shares;
}

Duration QuietBound(const Scenario& scenario) {
  std::uint64_t slowest = ~std::uint64_t{0};
  for (const HostNature& host : scenario.hosts) slowest = std::min(slowest, host.flop_per_second);
  // Every copy of everything on the slowest host, and twelve hours of back-offs and deadlines.
  const auto work = seconds(4 * scenario.TotalFlop() / slowest);
  return Duration(12h) + work;
}

}  // namespace

std::string_view Name(Profile profile) { return kProfiles[static_cast<std::size_t>(profile)].name; }

std::optional<Profile> ProfileNamed(std::string_view name) {
  for (const ProfileName& entry : kProfiles) {
    if (entry.name == name) return entry.profile;
  }
  return std::nullopt;
}

std::string_view PolicyName(PolicyKind policy) {
  for (const PolicyText& entry : kPolicies) {
    if (entry.policy == policy) return entry.name;
  }
  return "unknown";
}

std::optional<PolicyKind> PolicyNamed(std::string_view name) {
  for (const PolicyText& entry : kPolicies) {
    if (entry.name == name) return entry.policy;
  }
  return std::nullopt;
}

std::uint64_t Scenario::TotalFlop() const {
  std::uint64_t flop = 0;
  for (const BatchNature& batch : batches) flop += batch.units * batch.cost_most;
  return flop;
}

Scenario MakeScenario(const SimOptions& options) {
  Rng rng = RngFor(options.seed, kShape);
  Scenario scenario;
  scenario.seed = options.seed;
  scenario.check_every = options.check_every;
  // Every throw is made, so that an option changes its own number only.
  const std::uint64_t profile = rng.Below(10);
  scenario.profile = options.profile.value_or(profile == 0  ? Profile::kCalm
                                              : profile < 4 ? Profile::kFlaky
                                              : profile < 7 ? Profile::kHostile
                                                            : Profile::kCrashy);
  const PolicyKind policy = rng.OneIn(2) ? PolicyKind::kAdaptive : kPolicies[rng.Below(5)].policy;
  scenario.policy = options.policy.value_or(policy);
  const Duration storm = Between(rng, Duration(30min), Duration(4h));
  scenario.storm = options.storm.value_or(storm);
  const std::uint64_t drawn_hosts = Between(rng, 3, 8);
  const std::uint64_t hosts = options.hosts.value_or(static_cast<std::uint32_t>(drawn_hosts));
  const std::uint64_t owners = Between(rng, std::min<std::uint64_t>(hosts, 2), hosts);
  const std::uint64_t drawn_units = Between(rng, 50, 200);
  const std::uint64_t units = options.units.value_or(static_cast<std::uint32_t>(drawn_units));
  const std::uint64_t batches = std::min(Between(rng, 1, 5), units);
  for (std::uint64_t i = 0; i < hosts; ++i) {
    scenario.hosts.push_back(MakeHost(options, scenario.profile, i, owners, scenario.storm));
  }
  const std::vector<std::uint64_t> shares = Shares(units, batches, rng);
  std::uint32_t quorum = 1;
  for (std::uint64_t i = 0; i < batches; ++i) {
    scenario.batches.push_back(
        MakeBatch(options, scenario.profile, i, shares[i], hosts, scenario.storm));
    quorum = std::max(quorum, scenario.batches.back().replication.quorum);
  }
  // Copies need hosts that have not had theirs; without replication the hosts there must do.
  for (std::uint64_t i = 0; quorum > 1 && i < quorum; ++i) {
    scenario.helpers.push_back(MakeHelper(i, scenario.storm));
  }
  Rng server_rng = RngFor(options.seed, kServerPart);
  scenario.server = MakeServer(scenario.profile, server_rng);
  scenario.quiet_bound = QuietBound(scenario);
  return scenario;
}

Scenario MakeComparison(const SimOptions& options, PolicyKind policy) {
  Scenario scenario;
  scenario.seed = options.seed;
  scenario.policy = policy;
  scenario.check_every = 1000;
  const std::uint32_t hosts = options.hosts.value_or(12);
  // From a Pi Zero to a Pi 5 and a PC: a factor of forty.
  constexpr std::uint64_t kSpeeds[] = {5, 10, 20, 30, 40, 80, 120, 200};
  for (std::uint32_t i = 0; i < hosts; ++i) {
    HostNature host = MakeHelper(i, Duration(0));
    host.name = "pi" + std::to_string(i + 1);
    host.flop_per_second = kSpeeds[i % std::size(kSpeeds)] * 100'000'000;
    scenario.hosts.push_back(host);
  }
  Rng rng = RngFor(options.seed, kShape);
  BatchNature batch;
  batch.name = "batch1";
  batch.units = options.units.value_or(2000);
  batch.cost_least = 5'000'000'000;
  batch.cost_most = 200'000'000'000;
  batch.submitted_after = 5s;
  scenario.batches.push_back(batch);
  scenario.server = MakeServer(Profile::kCalm, rng);
  scenario.server.units_ahead = limits::kUnitsAhead;
  scenario.server.units_per_split = 1000;
  scenario.quiet_bound = QuietBound(scenario);
  return scenario;
}

}  // namespace picube::sim
