// A live batch as the core keeps it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/limits.h"
#include "protocol/messages.h"
#include "server/core/host.h"
#include "server/core/records.h"
#include "server/core/unit_queue.h"

namespace picube {

struct Batch {
  // Durable.
  BatchSubmitted submitted;
  bool split = false;  // all its units exist
  // Counts only. unsent, leased, checking and failed follow from the units.
  BatchInfo sums;
  std::map<UnitId, std::string> failures;  // why each failed unit failed

  // Follows from the above.
  ApplicationIndex application = 0;
  OwnerIndex owner = 0;
  std::uint32_t quorum = 1;
  UnitQueue fresh;                                              // never handed out
  UnitQueue copies;                                             // want another copy
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;  // [first, last) unit ids
  std::uint64_t input_bytes = 0;  // of units in memory; a shared one counts for each
  std::uint64_t bad_leases = 0;   // that came to nothing: then eligibility may come back

  // Only in this process.
  static constexpr std::size_t kNotReady = SIZE_MAX;
  std::size_t ready_slot = kNotReady;  // in Impl::ready_: some unit waits for a host
  double pass = 0;                     // stride scheduling: work given, over weight
  double least_cost = 0, most_cost = 0;
  bool units_asked = false;  // the splitter has been asked and has not answered
  bool merge_asked = false;
  bool moved = false;  // in Impl::moved_
  bool dirty = false;

  [[nodiscard]] BatchId Id() const { return submitted.batch; }
  [[nodiscard]] std::uint64_t Live() const { return sums.unsent + sums.leased + sums.checking; }
  [[nodiscard]] std::uint64_t Queued() const { return fresh.Live() + copies.Live(); }
  [[nodiscard]] bool CostsVary() const { return least_cost < most_cost; }
  [[nodiscard]] BatchState State() const {
    if (!split) return BatchState::kSplitting;
    return Live() > 0 ? BatchState::kRunning : BatchState::kMerging;
  }
};

}  // namespace picube
