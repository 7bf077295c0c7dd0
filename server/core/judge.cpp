// What a unit's leases amount to; settling and failing.
#include <algorithm>
#include <array>
#include <map>

#include "protocol/base/check.h"
#include "server/core/impl.h"

namespace picube {

Tally Grid::Impl::Count(const Unit& unit) const {
  Tally tally;
  std::array<const Lease*, limits::kMaxLeases> counted{};  // newest first
  std::array<LeaseId, limits::kMaxLeases> ids{};
  std::array<OwnerIndex, limits::kMaxLeases> erring{};
  std::array<OwnerIndex, limits::kMaxLeases> accusing{};
  const auto count_owner = [](auto& owners, std::uint32_t& size, OwnerIndex owner) {
    const auto end = owners.begin() + size;
    if (std::find(owners.begin(), end, owner) == end) owners[size++] = owner;
  };
  for (LeaseId at = unit.newest; at;) {
    const Lease& lease = *leases_.Find(at.value);
    switch (lease.state) {
      case LeaseState::kOut: ++tally.out; break;
      case LeaseState::kUnsealed: ++tally.unsealed; break;
      case LeaseState::kEnded: break;
      case LeaseState::kCounted:
        counted[tally.successes] = &lease;
        ids[tally.successes++] = at;
        break;
      case LeaseState::kErred: {
        if (!BlamesUnit(lease.error)) break;
        ++tally.errors;
        count_owner(erring, tally.erring_owners, lease.host->owner);
        if (lease.error == ErrorKind::kProject) {
          count_owner(accusing, tally.accusing_owners, lease.host->owner);
        }
        break;
      }
    }
    at = lease.older;
  }
  const bool by_owner = unit.batch->submitted.submit.replication.distinct_owners;
  for (std::uint32_t i = tally.successes; i-- > 0;) {  // the oldest first: it is the canonical one
    std::uint32_t agreeing = 0;
    for (std::uint32_t j = 0; j <= i; ++j) {
      if (counted[j]->digest != counted[i]->digest) continue;
      bool again = false;  // by a host (owner) that is among them already
      for (std::uint32_t k = j + 1; k <= i; ++k) {
        const bool same = by_owner ? counted[k]->host->owner == counted[j]->host->owner
                                   : counted[k]->host == counted[j]->host;
        again = again || (same && counted[k]->digest == counted[i]->digest);
      }
      if (!again) ++agreeing;
#ifdef PICUBE_PLANTED_BUG
      agreeing += counted[j]->repeats;
#endif
    }
    if (agreeing <= tally.agreeing) continue;
    tally.agreeing = agreeing;
    tally.canonical = ids[i];
  }
  return tally;
}

std::uint32_t Grid::Impl::Wanted(const Unit& unit, const Tally& tally) const {
  if (tally.successes >= limits::kMaxSuccesses) return 0;
  if (tally.erring_owners >= limits::kMaxErrors) return 0;
  const std::uint32_t here = tally.agreeing + tally.out + tally.unsealed;
  const std::uint32_t want = unit.batch->quorum > here ? unit.batch->quorum - here : 0;
  return std::min(want, limits::kMaxLeases - unit.leases);
}

// A bug of the application stops its batch when two owners meet it in the same unit: one alone may
// lie, and another's result for that unit refutes it. Where only one owner computes, its word does.
bool Grid::Impl::ApplicationIsBroken(const Unit& unit, const Tally& tally) const {
  if (tally.accusing_owners == 0) return false;
  return tally.accusing_owners >= 2 || OwnersPresent(unit.batch->application) <= 1;
}

std::string Grid::Impl::LastError(const Unit& unit) const {
  for (LeaseId at = unit.newest; at;) {
    const Lease& lease = *leases_.Find(at.value);
    if (lease.state == LeaseState::kErred && !lease.payload.empty()) return lease.payload;
    at = lease.older;
  }
  return {};
}

std::optional<std::string> Grid::Impl::WhyFails(const Unit& unit, const Tally& tally) const {
  const auto last_error = [&] {
    const std::string text = LastError(unit);
    return text.empty() ? text : "; the last error: " + text;
  };
  if (tally.erring_owners >= limits::kMaxErrors) {
    return std::to_string(tally.erring_owners) + " owners report that the unit is bad" +
           last_error();
  }
  if (tally.agreeing >= unit.batch->quorum || tally.out + tally.unsealed > 0) return {};
#ifdef PICUBE_PLANTED_IMPATIENCE
  if (unit.leases > 0 && tally.successes == 0) return "its lease was lost";
#endif
  if (tally.successes >= limits::kMaxSuccesses) {
    return std::to_string(tally.successes) + " results came back and no " +
           std::to_string(unit.batch->quorum) + " of them agree";
  }
  if (unit.leases < limits::kMaxLeases) return {};
  return "handed out " + std::to_string(unit.leases) + " times with " +
         std::to_string(tally.successes) + " results, " + std::to_string(tally.agreeing) +
         " of them equal where " + std::to_string(unit.batch->quorum) + " are wanted" +
         last_error();
}

void Grid::Impl::CancelLeases(const Unit& unit) {
  for (LeaseId at = unit.newest; at;) {
    const Lease& lease = *leases_.Find(at.value);
    if (lease.state == LeaseState::kOut && lease.host->connection != 0) {
      cancels_[lease.host->Id()].push_back(at);
    }
    at = lease.older;
  }
}

void Grid::Impl::JudgeTouched() {
  if (touched_.empty()) return;
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  UnitsSettled settled;
  std::vector<UnitFailed> failed;
  std::map<BatchId, std::string> broken;  // and the error that says so
  for (const UnitId id : touched_) {
    const Unit* unit = units_.Find(id.value);
    if (unit == nullptr || unit->state == UnitState::kFailed) continue;
    const Tally tally = Count(*unit);
    if (tally.agreeing >= unit->batch->quorum) {
      settled.units.push_back({id, tally.canonical});
    } else if (ApplicationIsBroken(*unit, tally)) {
      broken.emplace(unit->batch->Id(), LastError(*unit));
      continue;
    } else if (std::optional<std::string> why = WhyFails(*unit, tally)) {
      failed.push_back({id, std::move(*why)});
    } else {
      continue;
    }
    if (tally.out > 0) CancelLeases(*unit);
  }
  touched_.clear();
  if (!settled.units.empty()) Emit(std::move(settled));
  for (UnitFailed& one : failed) Emit(std::move(one));
  for (auto& [id, text] : broken) {
    Batch& batch = *FindBatch(id);
    EndBatch(batch, BatchState::kFailed,
             "application " + batch.submitted.submit.application + " is broken: " + text, {});
  }
}

}  // namespace picube
