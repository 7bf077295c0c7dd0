// A principal as the core keeps it: what is durable, and what only this process knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"
#include "server/core/grid.h"
#include "server/core/records.h"

namespace picube {

// An application at one version, or an owner, by order of first appearance. Never leaves the
// process: snapshots and hashes use names.
using ApplicationIndex = std::uint32_t;
using OwnerIndex = std::uint32_t;

// What a host does with one application: measured, durable.
struct Speed {
  ApplicationIndex application = 0;
  std::uint64_t results = 0;          // measured
  double mean = 0;                    // seconds of wall time per declared flop
  double variance = 0;                // of that
  std::uint32_t failures_in_row = 0;  // host errors since the last result
  Instant backoff_until;

  // A running mean that forgets: each new value weighs at least 1/16.
  void Add(double seconds_per_flop) {
    ++results;
    const double weight = results < 16 ? 1.0 / static_cast<double>(results) : 1.0 / 16;
    const double off = seconds_per_flop - mean;
    mean = mean + weight * off;
    variance = (1 - weight) * (variance + weight * off * off);
  }
};

// "No unit of this batch's queues before these positions can go to the host."
struct QueueCursor {
  BatchId batch;
  std::uint64_t fresh = 0;
  std::uint64_t copies = 0;
  std::uint64_t generation = 0;  // of the set of present hosts, see Impl::generation_
};

struct ParkedAsk {  // waits for work until then
  ReplyTo reply;
  AskWork ask;
  Instant until;
  NoWorkReason reason = NoWorkReason::kNothingToDo;  // when it was parked
};

struct Host {
  // Durable.
  PrincipalEnrolled enrolled;
  OwnerIndex owner = 0;
  bool retired = false;
  bool draining = false;
  HostFacts facts;
  std::uint64_t results = 0, settled = 0, disagreed = 0, errors = 0, leases_lost = 0, cpu_ms = 0;
  double flop = 0;
  EnergySums energy;
  std::vector<Speed> speeds;  // few: one for each application it has computed

  // Follows from the leases.
  std::vector<LeaseId> out;
  std::vector<LeaseId> unsealed;

  // Only in this process.
  std::uint64_t connection = 0;  // 0 = not connected
  bool present = false;          // heard within the silence: it may yet ask
  Instant heard;
  Instant earliest;  // no deadline of its leases is before this
  Readings readings;
  std::string paused_why;
  bool rests = false;  // the queue is short: it is given no work
  UnitId running;      // as the last heartbeat said
  std::uint32_t running_permille = 0;
  std::uint32_t top_milliwatts = 0;  // greatest that it said while it had work
  std::optional<std::size_t> site;   // index into the options' sites
  std::vector<Digest> blobs;         // sorted
  std::vector<QueueCursor> cursors;
  std::vector<ApplicationIndex> applications;  // sorted; of the first `applications_seen`
  std::size_t applications_seen = 0;
  std::optional<ParkedAsk> parked;
  std::optional<Hello> unrecorded;  // said while nothing could be recorded
  std::uint32_t no_work_in_row = 0;
  std::uint64_t served = 0;     // units given since the start, for the policies
  std::uint64_t last_turn = 0;  // when in the order of answers
  bool dirty = false;

  [[nodiscard]] HostId Id() const { return enrolled.id; }
  [[nodiscard]] bool IsHost() const { return enrolled.kind == PrincipalKind::kHost; }
};

}  // namespace picube
