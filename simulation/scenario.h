// What a run is made of: every number of it follows from the seed and the options, in integers.
//
// Values only; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/time.h"
#include "protocol/messages.h"
#include "server/core/grid.h"

namespace picube::sim {

enum class Profile : std::uint8_t {
  kCalm,     // a good network, no crashes, honest hosts
  kFlaky,    // lossy links, partitions, hangs, clocks that jump, few crashes
  kHostile,  // a third of the hosts forge results; replays and reports for others' leases
  kCrashy,   // server and workers die often, disks fill up
};
[[nodiscard]] std::string_view Name(Profile profile);
[[nodiscard]] std::optional<Profile> ProfileNamed(std::string_view name);
[[nodiscard]] std::string_view PolicyName(PolicyKind policy);
[[nodiscard]] std::optional<PolicyKind> PolicyNamed(std::string_view name);

struct SimOptions {
  std::uint64_t seed = 1;
  std::optional<Profile> profile{};      // absent = chosen by the seed
  std::optional<PolicyKind> policy{};    // absent = chosen by the seed
  std::optional<std::uint32_t> hosts{};  // absent = 3 to 8
  std::optional<std::uint32_t> units{};  // in all batches; absent = 50 to 200
  std::optional<Duration> storm{};  // how long faults happen; absent = half an hour to four hours
  bool colluders = false;           // liars of two owners agree on their lies
  std::uint32_t check_every = 1;    // steps between two checks of all invariants
};

struct LinkNature {
  Duration delay_least{};
  Duration delay_spread{};
  std::uint32_t late_permille = 0;  // messages held back so that later ones overtake them
  Duration late_spread{};
  std::uint32_t lost_permille = 0;
  std::uint32_t doubled_permille = 0;
  Duration between_drops{};       // of the connection; 0 = never
  Duration between_partitions{};  // 0 = never
  Duration partition_most{};
};

struct HostNature {
  std::string name;
  std::string owner;
  std::uint64_t flop_per_second = 1'000'000'000;
  LinkNature link;
  Duration joins_after{};
  Duration clock_origin{};           // its own clock began so long ago
  std::int64_t clock_drift_ppm = 0;  // its own clock is fast (+) or slow (-)
  std::uint32_t lies_permille = 0;   // of its results are forged
  bool colludes = false;             // its lies equal those of other colluders
  bool replays = false;              // repeats old reports and reports for others' leases
  std::uint32_t host_error_permille = 0;
  Duration between_crashes{};   // kill -9; 0 = never
  Duration between_hangs{};     // silent, with the connection up
  Duration between_absences{};  // says Goodbye and comes back later
  Duration between_disk_troubles{};
  Duration between_clock_jumps{};  // as after a suspend; never back
  bool leaves_for_good = false;    // its first absence does not end
};

struct BatchNature {
  std::string name;
  std::uint64_t units = 0;
  std::uint64_t cost_least = 0;  // flop
  std::uint64_t cost_most = 0;
  Replication replication;
  std::int32_t priority = 0;
  std::uint32_t poison_permille = 0;  // units that are bad input for every host
  std::uint32_t blob_permille = 0;    // payloads too large for a report
  bool project_error = false;         // its application breaks at some unit
  bool split_fails = false;
  bool merge_fails = false;
  std::uint64_t file_bytes = 0;  // of its dataset's one file; 0 = no file
  Duration submitted_after{};
  std::optional<Duration> cancelled_after;  // from its submission
  bool retried = false;                     // the operator retries its failed units
  std::optional<std::int32_t> new_priority;
};

struct ServerNature {
  Duration commit_least{};
  Duration commit_spread{};
  Duration between_crashes{};  // 0 = never
  Duration down_most{};
  Duration between_troubles{};  // of the disk
  Duration trouble_most{};
  Duration between_wall_jumps{};
  std::uint32_t snapshot_one_in = 0;  // commits; 0 = never
  std::size_t units_ahead = 0;
  std::uint64_t units_per_split = 0;
};

struct Scenario {
  std::uint64_t seed = 0;
  Profile profile = Profile::kCalm;
  PolicyKind policy = PolicyKind::kAdaptive;
  Duration storm{};        // faults happen until here
  Duration quiet_bound{};  // after the storm everything ends within this
  ServerNature server;
  std::vector<HostNature> hosts;
  std::vector<HostNature> helpers;  // honest hosts that join when the storm is over
  std::vector<BatchNature> batches;
  std::uint32_t check_every = 1;

  // Longest time for which one host would compute all of it once.
  [[nodiscard]] std::uint64_t TotalFlop() const;
};

[[nodiscard]] Scenario MakeScenario(const SimOptions& options);

// Hosts of very different speed, one large batch, no faults: where policies differ.
[[nodiscard]] Scenario MakeComparison(const SimOptions& options, PolicyKind policy);

}  // namespace picube::sim
