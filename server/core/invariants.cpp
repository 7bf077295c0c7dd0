// Recomputes every count and index from the units and leases.
#include <algorithm>

#include "protocol/base/check.h"
#include "server/core/impl.h"

namespace picube {

void Grid::Impl::CheckUnit(UnitId id, const Unit& unit) const {
  const Tally tally = Count(unit);
  std::uint8_t leases = 0;
  LeaseId newer{UINT64_MAX};
  for (LeaseId at = unit.newest; at;) {
    const Lease* lease = leases_.Find(at.value);
    PICUBE_CHECK(lease != nullptr && lease->unit == id, "a unit's leases are its own");
    PICUBE_CHECK(at < newer && at.value < next_lease_, "leases are listed newest first");
    PICUBE_CHECK(lease->host != nullptr, "a lease has a host");
    newer = at;
    at = lease->older;
    ++leases;
  }
  PICUBE_CHECK(unit.leases == leases && leases <= limits::kMaxLeases, "leases are counted");
  if (unit.state == UnitState::kFailed) {
    PICUBE_CHECK(leases == 0 && unit.queue == InQueue::kNone, "a failed unit rests");
    PICUBE_CHECK(unit.batch->failures.contains(id), "a failed unit has a reason");
    return;
  }
  const UnitState state = tally.successes > 0              ? UnitState::kChecking
                          : tally.out + tally.unsealed > 0 ? UnitState::kLeased
                                                           : UnitState::kUnsent;
  PICUBE_CHECK(unit.state == state, "a unit's state follows from its leases");
  PICUBE_CHECK(unit.wanted == Wanted(unit, tally), "wanted copies follow from the leases");
  const InQueue queue = unit.wanted == 0 ? InQueue::kNone
                        : leases == 0    ? InQueue::kFresh
                                         : InQueue::kCopies;
  PICUBE_CHECK(unit.queue == queue, "a unit waits in the queue where it belongs");
  if (queue == InQueue::kNone) {
    // Nothing waits and nothing is out: then it has ended, and should not be here.
    PICUBE_CHECK(tally.out + tally.unsealed > 0 || !touched_.empty(), "no unit is forgotten");
    return;
  }
  const UnitQueue& in = queue == InQueue::kFresh ? unit.batch->fresh : unit.batch->copies;
  PICUBE_CHECK(
      unit.position >= in.Begin() && unit.position < in.End() && in.At(unit.position) == id,
      "a unit waits at its position");
}

void Grid::Impl::CheckBatches() const {
  std::map<const Batch*, BatchInfo> counted;
  std::map<const Batch*, std::uint64_t> queued;
  for (const auto& [id, batch] : batches_) {
    for (const auto& [first, last] : batch->ranges) {
      units_.ForEach(first, last, [&](std::uint64_t unit_id, const Unit& unit) {
        PICUBE_CHECK(unit.batch == batch.get(), "a unit lies in the ranges of its batch");
        CheckUnit({unit_id}, unit);
        BatchInfo& count = counted[batch.get()];
        count.unsent += unit.state == UnitState::kUnsent ? 1 : 0;
        count.leased += unit.state == UnitState::kLeased ? 1 : 0;
        count.checking += unit.state == UnitState::kChecking ? 1 : 0;
        count.failed += unit.state == UnitState::kFailed ? 1 : 0;
        queued[batch.get()] += unit.queue != InQueue::kNone ? 1 : 0;
      });
    }
  }
  std::uint64_t live = 0;
  for (const auto& [id, batch] : batches_) {
    const BatchInfo& sums = batch->sums;
    const BatchInfo& count = counted[batch.get()];
    PICUBE_CHECK(sums.unsent == count.unsent && sums.leased == count.leased &&
                     sums.checking == count.checking && sums.failed == count.failed,
                 "a batch's counts follow from its units");
    PICUBE_CHECK(sums.units_created == batch->Live() + sums.failed + sums.settled,
                 "no unit is lost");
    PICUBE_CHECK(batch->failures.size() == sums.failed, "each failure is kept");
    PICUBE_CHECK(batch->Queued() == queued[batch.get()], "queues hold what waits");
    const bool ready = batch->ready_slot != Batch::kNotReady;
    PICUBE_CHECK(ready == (batch->Queued() > 0), "ready batches have work");
    PICUBE_CHECK(!ready || ready_[batch->ready_slot] == batch.get(), "ready batches are listed");
    live += batch->Live() + sums.failed;
  }
  PICUBE_CHECK(live == units_.Size(), "every unit belongs to a live batch");
}

void Grid::Impl::CheckHost(const Host& host) const {
  for (std::size_t i = 0; i < host.out.size(); ++i) {
    const Lease* lease = leases_.Find(host.out[i].value);
    PICUBE_CHECK(lease != nullptr && lease->host == &host && lease->slot == i &&
                     lease->state == LeaseState::kOut,
                 "a host's leases are its own");
    PICUBE_CHECK(host.earliest <= lease->deadline, "no deadline is overlooked");
  }
  for (std::size_t i = 0; i < host.unsealed.size(); ++i) {
    const Lease* lease = leases_.Find(host.unsealed[i].value);
    PICUBE_CHECK(lease != nullptr && lease->host == &host && lease->slot == i &&
                     lease->state == LeaseState::kUnsealed,
                 "a host's unsealed results are its own");
  }
  PICUBE_CHECK(host.out.size() <= limits::kLeasesPerHost, "leases of a host are bounded");
  PICUBE_CHECK(host.unsealed.size() <= limits::kUnsealedPerHost, "unsealed results are bounded");
  PICUBE_CHECK(
      host.parked.has_value() == (host.parked && parked_.contains({host.parked->until, host.Id()})),
      "parked asks are listed");
  const auto key = keys_.find(host.enrolled.transport_key);
  PICUBE_CHECK(key != keys_.end() && key->second == host.Id(), "keys are listed");
  PICUBE_CHECK(host.retired || names_.at(host.enrolled.name) == host.Id(), "names are unique");
}

void Grid::Impl::CheckIndexes() const {
  std::uint64_t out = 0;
  std::uint64_t unsealed = 0;
  leases_.ForEach(0, UINT64_MAX, [&](std::uint64_t, const Lease& lease) {
    out += lease.state == LeaseState::kOut ? 1 : 0;
    unsealed += lease.state == LeaseState::kUnsealed ? 1 : 0;
    PICUBE_CHECK(units_.Find(lease.unit.value) != nullptr, "a lease has a unit");
  });
  std::uint64_t of_hosts = 0;
  std::uint64_t unsealed_of_hosts = 0;
  std::uint64_t connected = 0;
  std::uint64_t parked = 0;
  for (const auto& host : hosts_) {
    CheckHost(*host);
    of_hosts += host->out.size();
    unsealed_of_hosts += host->unsealed.size();
    connected += host->connection != 0 ? 1 : 0;
    parked += host->parked ? 1 : 0;
  }
  PICUBE_CHECK(out == leases_out_ && out == of_hosts, "leases out are counted");
  PICUBE_CHECK(unsealed == unsealed_ && unsealed == unsealed_of_hosts, "unsealed are counted");
  PICUBE_CHECK(connected == hosts_connected_, "connected hosts are counted");
  PICUBE_CHECK(parked == parked_.size(), "parked asks are counted");
  PICUBE_CHECK(keys_.size() == hosts_.size(), "each principal has its own key");
  for (const auto& [id, batch] : batches_) {
    const std::string& key = batch->submitted.submit.request_key;
    if (key.empty()) continue;
    PICUBE_CHECK(request_keys_.at(KeyOf(batch->submitted.owner, key)) == id,
                 "keys lead to batches");
  }
  PICUBE_CHECK(ended_keys_.size() <= kEndedKeys, "remembered keys are bounded");
}

// What a host has passed over in a queue is really nothing for it.
void Grid::Impl::CheckCursors() const {
  constexpr std::uint64_t kMost = 200'000;  // looks; large grids are checked in small
  std::uint64_t looks = 0;
  for (const auto& host : hosts_) {
    for (const QueueCursor& cursor : host->cursors) {
      const Batch* batch = FindBatch(cursor.batch);
      if (batch == nullptr) continue;
      const auto check = [&](const UnitQueue& queue, std::uint64_t before) {
        before = std::min(before, queue.End());
        for (std::uint64_t at = queue.Begin(); at < before && looks < kMost; ++at, ++looks) {
          const UnitId id = queue.At(at);
          if (!id) continue;
          const Verdict verdict = UnitVerdict(*host, *units_.Find(id.value));
          PICUBE_CHECK(verdict != Verdict::kEligible, "no host overlooks a unit");
        }
      };
      check(batch->fresh, cursor.fresh);
      if (cursor.generation == generation_) check(batch->copies, cursor.copies);
    }
  }
}

void Grid::Impl::CheckInvariants() const {
  CheckBatches();
  CheckIndexes();
  CheckCursors();
}

}  // namespace picube
