// Records of units, leases and results, as changes of state.
#include <algorithm>

#include "protocol/base/check.h"
#include "server/core/impl.h"

namespace picube {
namespace {

std::uint64_t& CountOf(BatchInfo& sums, UnitState state) {
  switch (state) {
    case UnitState::kUnsent: return sums.unsent;
    case UnitState::kLeased: return sums.leased;
    case UnitState::kChecking: return sums.checking;
    case UnitState::kSettled: return sums.settled;
    case UnitState::kFailed: return sums.failed;
    case UnitState::kCancelled: return sums.cancelled;
  }
  PICUBE_CHECK(false, "every state is counted");
}

}  // namespace

// --- States and queues -------------------------------------------------------------------------

void Grid::Impl::SetState(Unit& unit, UnitState state) {
  if (unit.state == state) return;
  PICUBE_CHECK(MayBecome(unit.state, state), "a unit's state changes as unit.h says");
  --CountOf(unit.batch->sums, unit.state);
  ++CountOf(unit.batch->sums, state);
  unit.state = state;
}

void Grid::Impl::Enqueue(UnitId id, Unit& unit, InQueue queue) {
  Batch& batch = *unit.batch;
  unit.position = (queue == InQueue::kFresh ? batch.fresh : batch.copies).Push(id);
  unit.queue = queue;
  work_appeared_ = true;
}

void Grid::Impl::CompactIfSparse(UnitQueue& queue) {
  if (!queue.Sparse()) return;
  const std::uint64_t end = queue.End();
  for (std::uint64_t position = queue.Begin(); position < end; ++position) {
    if (position < queue.Begin()) continue;  // went with a removal at the front
    const UnitId id = queue.At(position);
    if (!id) continue;
    queue.Remove(position);
    units_.Find(id.value)->position = queue.Push(id);
  }
}

void Grid::Impl::Dequeue(Unit& unit) {
  if (unit.queue == InQueue::kNone) return;
  UnitQueue& queue = unit.queue == InQueue::kFresh ? unit.batch->fresh : unit.batch->copies;
  queue.Remove(unit.position);
  unit.queue = InQueue::kNone;
  CompactIfSparse(queue);
}

void Grid::Impl::Refresh(UnitId id, Unit& unit, bool again) {
  const Tally tally = Count(unit);
  SetState(unit, tally.successes > 0              ? UnitState::kChecking
                 : tally.out + tally.unsealed > 0 ? UnitState::kLeased
                                                  : UnitState::kUnsent);
  unit.wanted = static_cast<std::uint8_t>(Wanted(unit, tally));
  const InQueue queue = unit.wanted == 0   ? InQueue::kNone
                        : unit.leases == 0 ? InQueue::kFresh
                                           : InQueue::kCopies;
  if (queue != unit.queue || (again && queue != InQueue::kNone)) {
    Dequeue(unit);
    if (queue != InQueue::kNone) Enqueue(id, unit, queue);
    UpdateReady(*unit.batch);
  }
  MarkBatch(*unit.batch);
}

void Grid::Impl::UpdateReady(Batch& batch) {
  const bool is = batch.ready_slot != Batch::kNotReady;
  const bool should = batch.Queued() > 0;
  if (is == should) return;
  if (should) {
    OwnerShare& owner = owners_[batch.owner];
    // Who comes back after a rest does not get what it did not ask for meanwhile.
    owner.pass = std::max(owner.pass, time_);
    batch.pass = std::max(batch.pass, owner.time);
    batch.ready_slot = ready_.size();
    ready_.push_back(&batch);
    return;
  }
  ready_[batch.ready_slot] = ready_.back();
  ready_[batch.ready_slot]->ready_slot = batch.ready_slot;
  ready_.pop_back();
  batch.ready_slot = Batch::kNotReady;
}

void Grid::Impl::MarkMoved(Batch& batch) {
  if (batch.moved) return;
  batch.moved = true;
  moved_.push_back(batch.Id());
}

// --- Units -------------------------------------------------------------------------------------

void Grid::Impl::AddUnit(Batch& batch, std::uint64_t id, Unit&& unit) {
  if (!batch.ranges.empty() && batch.ranges.back().second == id) {
    ++batch.ranges.back().second;
  } else {
    batch.ranges.emplace_back(id, id + 1);
  }
  const bool first = batch.most_cost == 0;
  batch.least_cost = first ? unit.cost_flop : std::min(batch.least_cost, unit.cost_flop);
  batch.most_cost = std::max(batch.most_cost, unit.cost_flop);
  unit.batch = &batch;
  batch.input_bytes += unit.InputBytes();
  ++CountOf(batch.sums, unit.state);
  Unit& added = units_.Insert(id);
  added = std::move(unit);
  if (added.state == UnitState::kFailed) return;
  added.wanted = static_cast<std::uint8_t>(batch.quorum);
  Enqueue({id}, added, InQueue::kFresh);
}

void Grid::Impl::Do(const UnitsCreated& record) {
  Batch& batch = *FindBatch(record.batch);
  std::uint64_t id = record.first.value;
  for (const UnitsCreated::Unit& made : record.units) {
    Unit unit;
    unit.index = batch.sums.units_created++;
    unit.cost_flop = made.cost_flop;
    unit.memory_bytes = made.memory_bytes;
    unit.result_bytes = made.result_bytes;
    unit.SetParameters(made.parameters);
    unit.SetInputs(made.inputs);
    batch.sums.flop_total += made.cost_flop;
    AddUnit(batch, id++, std::move(unit));
  }
  next_unit_ = id;
  UpdateReady(batch);
  MarkBatch(batch);
}

// Each copy is set against the canonical result: its host earns it or has lost.
void Grid::Impl::CreditCopies(UnitId id, Unit& unit, LeaseId canonical) {
  Batch& batch = *unit.batch;
  const Digest digest = leases_.Find(canonical.value)->digest;
  for (LeaseId at = unit.newest; at;) {
    const Lease& lease = *leases_.Find(at.value);
    if (lease.state == LeaseState::kCounted) {
      Host& host = *lease.host;
      if (lease.digest == digest) {
        ++host.settled;
        host.flop += unit.cost_flop;
      } else {
        ++host.disagreed;
        ++batch.sums.disagreed;
        ready_out_.events.push_back(ResultDisagreed{id, at, host.Id(), lease.digest, digest});
      }
      MarkHost(host);
    }
    at = lease.older;
  }
  batch.sums.flop_settled += unit.cost_flop;
}

// Leases that are still out when their unit ends.
void Grid::Impl::NoteCalledOff(const Unit& unit) {
  for (LeaseId at = unit.newest; at;) {
    const Lease& lease = *leases_.Find(at.value);
    if (lease.state == LeaseState::kOut) NoteOver(at, lease, unit, nullptr);
    at = lease.older;
  }
}

void Grid::Impl::CloseUnit(UnitId id, Unit& unit, UnitState state, LeaseId canonical,
                           std::string why) {
  Batch& batch = *unit.batch;
  NoteCalledOff(unit);
  UnitClosed& closed =
      std::get<UnitClosed>(ready_out_.events.emplace_back(std::in_place_type<UnitClosed>));
  closed.unit = id;
  closed.batch = batch.Id();
  closed.index = unit.index;
  closed.state = state;
  closed.leases = unit.leases;
  closed.why = std::move(why);
  for (LeaseId at = unit.newest; at;) {
    Lease& lease = *leases_.Find(at.value);
    if (lease.state == LeaseState::kErred) ++closed.errors;
    if (at == canonical) {
      closed.canonical = at;
      closed.host = lease.host->Id();
      closed.digest = lease.digest;
      closed.payload_bytes = lease.payload_bytes;
      closed.payload = std::move(lease.payload);
    }
    const LeaseId older = lease.older;
    LeaveHost(lease);
    leases_.Erase(at.value);
    at = older;
  }
  unit.newest = {};
  unit.leases = 0;
  unit.wanted = 0;
  Dequeue(unit);
  UpdateReady(batch);
  SetState(unit, state);
  if (state != UnitState::kFailed) {
    batch.input_bytes -= unit.InputBytes();
    units_.Erase(id.value);
  }
  if (batch.Live() == 0 || !batch.split) MarkMoved(batch);
  MarkBatch(batch);
}

void Grid::Impl::Do(const UnitsSettled& record) {
  for (const UnitsSettled::Settled& settled : record.units) {
    Unit& unit = *units_.Find(settled.unit.value);
    CreditCopies(settled.unit, unit, settled.canonical);
    CloseUnit(settled.unit, unit, UnitState::kSettled, settled.canonical, {});
  }
}

void Grid::Impl::Do(const UnitFailed& record) {
  Unit& unit = *units_.Find(record.unit.value);
  unit.batch->failures[record.unit] = record.why;
  CloseUnit(record.unit, unit, UnitState::kFailed, {}, record.why);
}

void Grid::Impl::Do(const UnitsRetried& record) {
  for (const UnitId id : record.units) {
    Unit& unit = *units_.Find(id.value);
    unit.batch->failures.erase(id);
    Refresh(id, unit, /*again=*/true);
  }
}

// --- Leases ------------------------------------------------------------------------------------

void Grid::Impl::Enlist(std::vector<LeaseId>& list, LeaseId id, Lease& lease) {
  lease.slot = static_cast<std::uint32_t>(list.size());
  list.push_back(id);
}

void Grid::Impl::Delist(std::vector<LeaseId>& list, Lease& lease) {
  const LeaseId last = list.back();
  list[lease.slot] = last;
  leases_.Find(last.value)->slot = lease.slot;
  list.pop_back();
}

void Grid::Impl::LeaveHost(Lease& lease) {
  if (lease.state == LeaseState::kOut) {
    Delist(lease.host->out, lease);
    --leases_out_;
  } else if (lease.state == LeaseState::kUnsealed) {
    Delist(lease.host->unsealed, lease);
    --unsealed_;
  }
}

void Grid::Impl::EraseLease(LeaseId id, Unit& unit) {
  Lease& lease = *leases_.Find(id.value);
  if (unit.newest == id) {
    unit.newest = lease.older;
  } else {
    Lease* newer = leases_.Find(unit.newest.value);
    while (newer->older != id) newer = leases_.Find(newer->older.value);
    newer->older = lease.older;
  }
  --unit.leases;
  LeaveHost(lease);
  leases_.Erase(id.value);
}

void Grid::Impl::NoteOver(LeaseId id, const Lease& lease, const Unit& unit,
                          const UnitResult* result) {
  std::vector<Event>& events = ready_out_.events;
  if (events.empty() || !std::holds_alternative<LeasesOver>(events.back())) {
    events.emplace_back(std::in_place_type<LeasesOver>);
  }
  LeaseOver& over = std::get<LeasesOver>(events.back()).leases.emplace_back();
  over.lease = id;
  over.unit = lease.unit;
  over.batch = unit.batch->Id();
  over.index = unit.index;
  over.host = lease.host->Id();
  over.held = now_ - lease.granted;
  over.cost_flop = unit.cost_flop;
  if (result == nullptr) return;
  over.returned = true;
  over.succeeded = result->outcome == Outcome::kSuccess;
  over.cost = result->cost;
}

bool Grid::Impl::HasBadLease(const Unit& unit) const {
  if (unit.batch->bad_leases == 0) return false;
  for (LeaseId at = unit.newest; at;) {
    const Lease& lease = *leases_.Find(at.value);
    if (lease.EndedBadly()) return true;
    at = lease.older;
  }
  return false;
}

void Grid::Impl::Do(const LeasesGranted& record) {
  Host& host = *FindHost(record.host);
  std::uint64_t id = record.first.value;
  for (const LeasesGranted::Grant& grant : record.grants) {
    Unit& unit = *units_.Find(grant.unit.value);
    Lease& lease = leases_.Insert(id);
    lease.unit = grant.unit;
    lease.host = &host;
    lease.older = unit.newest;
    lease.speculative = grant.speculative;
    lease.granted = lease.named = now_;
    lease.span = grant.span;
    lease.deadline = now_ + grant.span;
    if (host.out.empty() && host.unsealed.empty()) host.earliest = lease.deadline;
    host.earliest = std::min(host.earliest, lease.deadline);
    unit.newest = {id};
    ++unit.leases;
    Enlist(host.out, {id}, lease);
    ++leases_out_;
    // With this host gone from those who could try, an owner that had its turn may be next.
    Refresh(grant.unit, unit, /*again=*/HasBadLease(unit));
    ++id;
  }
  next_lease_ = id;
  MarkHost(host);
}

void Grid::Impl::Do(const LeasesEnded& record) {
  const bool lost = record.why == LeaseEnd::kDeadline || record.why == LeaseEnd::kHostLost ||
                    record.why == LeaseEnd::kUnsealed;
  for (const LeaseId id : record.leases) {
    Lease& lease = *leases_.Find(id.value);
    const UnitId unit_id = lease.unit;
    Unit& unit = *units_.Find(unit_id.value);
    MarkHost(*lease.host);
    NoteOver(id, lease, unit, nullptr);
    if (lost) {
      ++lease.host->leases_lost;
      ++unit.batch->sums.leases_lost;
      LeaveHost(lease);
      lease.state = LeaseState::kEnded;
      lease.end = record.why;
      ++unit.batch->bad_leases;
      lease.payload = {};
      lease.payload_bytes = 0;
      lease.digest = {};
    } else {
      EraseLease(id, unit);
    }
    Refresh(unit_id, unit, /*again=*/true);
  }
}

}  // namespace picube
