// Where the time of a batch went, and what its nodes were good for: a pure function of its leases.
//
// The time of each node from the submission of the batch to its end is divided without rest, so
// the parts of all nodes add up to nodes × makespan. A node computes one unit at a time. Of a lease
// it is known when it was granted and when its result arrived, and how long was computed, but not
// when: each computation is laid as late as it may be, before the arrival of its result and before
// the computation after it. What is left of the node's time, by the first that is true:
//
//   a lease was out that ended without a result   kLost     (checks)
//   a lease was out that brought one              kNetwork  inputs under way, results on their way,
//                                                           or other batches' units before it
//   no lease of this batch was out                kBefore, kBetween, kAfter
//
// Speeds are declared work over wall time. Batches without declared work count a unit as 1.
//
// Sources. Serial share measured: A. H. Karp, H. P. Flatt, Measuring parallel processor
// performance, CACM 33 (1990) 539: f = (1/S − 1/n) / (1 − 1/n), which is the law of G. M. Amdahl
// (AFIPS 1967), S = 1 / (f + (1 − f)/n), solved for f. Profile of parallelism: D. L. Eager,
// J. Zahorjan, E. D. Lazowska, Speedup versus efficiency in parallel systems, IEEE Transactions on
// Computers 38 (1989) 408. Scaled speed-up: J. L. Gustafson, Reevaluating Amdahl's law, CACM 31
// (1988) 532.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace picube::report {

// Leaves the process as a name (Name); the order is that of tables and bars.
enum class Part : std::uint8_t {
  kUseful,     // computing what was believed, at the node's own best speed
  kSlower,     // the rest of that time: slower than its own best (heat, other programs)
  kCopies,     // results that agreed with the one believed
  kDisagreed,  // results that lost against it
  kErrors,
  kLost,     // leases that ended without a result
  kUnused,   // results of units that failed, were cancelled or have not settled yet
  kNetwork,  // a unit at hand and not computed
  kBefore,   // no unit: before the first one
  kBetween,
  kAfter,  // after the last one
};
inline constexpr std::size_t kParts = 11;
[[nodiscard]] std::string_view Name(Part part);

// Milliseconds of one node, or of several.
struct Times {
  std::array<std::int64_t, kParts> ms{};
  [[nodiscard]] std::int64_t& operator[](Part part) { return ms[static_cast<std::size_t>(part)]; }
  [[nodiscard]] std::int64_t operator[](Part part) const {
    return ms[static_cast<std::size_t>(part)];
  }
  [[nodiscard]] std::int64_t Total() const {
    return std::accumulate(ms.begin(), ms.end(), std::int64_t{0});
  }
  // What the parts mean together.
  [[nodiscard]] std::int64_t Useful() const { return (*this)[Part::kUseful]; }
  [[nodiscard]] std::int64_t Slower() const { return (*this)[Part::kSlower]; }
  [[nodiscard]] std::int64_t Checks() const;
  [[nodiscard]] std::int64_t Network() const { return (*this)[Part::kNetwork]; }
  [[nodiscard]] std::int64_t Waiting() const;
  [[nodiscard]] std::int64_t Computing() const;  // anything
  Times& operator+=(const Times& other);
  bool operator==(const Times&) const = default;
};

enum class Fate : std::uint8_t { kCanonical, kCopy, kDisagreed, kError, kLost, kUnused };

struct Row {  // one lease of the batch that has ended
  std::uint64_t host = 0;
  std::int64_t granted_ms = 0;  // since any origin, the batch's times too
  std::int64_t ended_ms = 0;
  std::int64_t wall_ms = 0;  // computed for so long, by the host's word
  std::int64_t cpu_ms = 0;
  Fate fate = Fate::kCanonical;
  double flop = 0;  // declared for the unit
  std::optional<std::int32_t> top_millicelsius;
};
struct Host {
  std::uint64_t id = 0;
  std::string name;
  std::uint32_t cores = 0;
};
struct Input {
  std::vector<Row> rows;
  std::vector<Host> hosts;  // those of the rows; others do not matter
  std::int64_t submitted_ms = 0;
  std::int64_t finished_ms = 0;  // 0: it still runs; the report goes to the newest row
};

struct Node {  // a host that had a lease of the batch
  Host host;
  Times times;
  std::uint64_t results = 0;  // of any kind
  std::uint64_t units = 0;    // whose believed result is its own
  double work = 0;            // of its results that were believed
  double speed = 0;           // work a second while it computed right results; 0 = unknown
  std::int64_t cpu_ms = 0;
  std::optional<std::int32_t> top_millicelsius;
};

// A node that the batch is compared with.
struct Reference {
  std::string name;  // "mean", or of the host
  double speed = 0;
  double one_node_ms = 0;  // T1: the believed work at this speed
  double speed_up = 0;     // T1 / makespan
  double equivalent = 0;   // all nodes' speeds / this one's: the most that speed_up can be
};

struct Report {
  std::int64_t makespan_ms = 0;
  std::vector<Node> nodes;  // by id
  Times total;
  bool in_units = false;    // no work was declared: a unit counts as 1
  double work = 0;          // believed
  std::uint64_t units = 0;  // believed
  std::int64_t cpu_ms = 0;
  // Only if a node's speed is known.
  std::optional<Reference> mean, fastest, slowest;
  double efficiency = 0;  // speed-up against the mean node / nodes
  // Only with two nodes or more. `serial_share` is measured from the speed-up: everything that was
  // lost counts as serial. `profile_share` is fitted to `profile`, by least squares over all
  // numbers of nodes: only what could not be shared out (the server alone, the first units, the
  // tail) counts.
  std::optional<double> serial_share, profile_share;
  // n − profile_share (n − 1): of a batch n times as large whose serial part is no longer.
  std::optional<double> scaled_speed_up;
  // profile[n − 1]: speed-up that the batch would have had on n nodes, from the time during which
  // k of them computed: T(n) = Σ t_k max(1, k / n), S(n) = T(1) / T(n).
  std::vector<double> profile;
};

[[nodiscard]] Report MakeReport(const Input& input);

// Amdahl's law, and the share that makes it give `speed_up` with n > 1 nodes (from 0 to 1).
[[nodiscard]] double AmdahlSpeedUp(double serial_share, double nodes);
[[nodiscard]] double SerialShareOf(double speed_up, double nodes);

}  // namespace picube::report
