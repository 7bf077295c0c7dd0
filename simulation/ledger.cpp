#include "simulation/ledger.h"

#include <algorithm>
#include <variant>

#include "protocol/base/limits.h"

namespace picube::sim {
namespace {

template <class Map, class Key>
auto* Find(Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

std::string UnitText(UnitId unit) { return "unit " + std::to_string(unit.value); }
std::string LeaseText(LeaseId lease) { return "lease " + std::to_string(lease.value); }

}  // namespace

const Ledger::Unit* Ledger::FindUnit(UnitId unit) const { return Find(units_, unit); }
const Ledger::Lease* Ledger::FindLease(LeaseId lease) const { return Find(leases_, lease); }
const Ledger::Host* Ledger::FindHost(HostId host) const { return Find(hosts_, host); }

bool Ledger::UnitIsOver(const Unit& unit) const {
  return unit.state == UnitState::kSettled || unit.state == UnitState::kFailed ||
         unit.state == UnitState::kCancelled;
}

const Replication& Ledger::ReplicationOf(const Unit& unit) const {
  return scenario_.batches[batches_.at(unit.batch).nature].replication;
}

void Ledger::OnRow(std::span<const Record> records, std::size_t owners) {
  ++counts_.rows;
  owners_ = owners;
  for (const Record& record : records) {
    std::visit([this](const auto& fact) { On(fact); }, record);
  }
}

// --- Principals
// -------------------------------------------------------------------------------------

void Ledger::On(const EpochStarted& record) {
  stage_.Require(record.epoch > epoch_, "the epoch did not rise");
  epoch_ = record.epoch;
  next_unit_ += record.skip_ids;
  next_lease_ += record.skip_ids;
  ++counts_.server_starts;
}

void Ledger::On(const PrincipalEnrolled& record) {
  for (const auto& [id, host] : hosts_) {
    stage_.Require(id < record.id, "a host's id was given out twice, or out of order");
    stage_.Require(host.name != record.name, "two hosts have one name");
  }
  hosts_[record.id] = Host{.name = record.name, .owner = record.owner};
}

void Ledger::On(const HostRetired& record) {
  if (Host* host = Find(hosts_, record.host)) host->retired = true;
}

// --- Batches and units
// ------------------------------------------------------------------------------

void Ledger::On(const BatchSubmitted& record) {
  stage_.Require(batches_.empty() || batches_.rbegin()->first < record.batch,
                 "a batch's id was given out twice, or out of order");
  stage_.Require(request_keys_.insert(record.submit.request_key).second,
                 "a submission that was sent again became a second batch");
  Batch& batch = batches_[record.batch];
  while (batch.nature < scenario_.batches.size() &&
         scenario_.batches[batch.nature].name != record.submit.name) {
    ++batch.nature;
  }
  if (batch.nature == scenario_.batches.size()) {
    batch.nature = 0;
    stage_.Fail("a batch that nobody submitted");
  }
}

void Ledger::On(const UnitsCreated& record) {
  Batch* batch = Find(batches_, record.batch);
  if (batch == nullptr || batch->split || batch->ended) {
    return stage_.Fail("units of a batch that takes none");
  }
  stage_.Require(record.first.value == next_unit_, "unit ids do not follow each other");
  for (const UnitsCreated::Unit& made : record.units) {
    const UnitId id{next_unit_++};
    const std::uint64_t index = batch->created++;
    const UnitNature nature = MakeUnit(scenario_, batch->nature, index);
    stage_.Require(made.parameters == EncodeUnit(nature),
                   "a unit was skipped, doubled or altered by the splitter's way");
    batch->units.push_back(id);
    Unit& unit = units_[id];
    unit.batch = record.batch;
    unit.index = index;
    unit.honest = SimDigest(HonestPayload(made.parameters));
  }
}

void Ledger::On(const BatchSplit& record) {
  Batch* batch = Find(batches_, record.batch);
  if (batch == nullptr) return stage_.Fail("an unknown batch was split");
  stage_.Require(batch->created == scenario_.batches[batch->nature].units,
                 "a batch counts as split before all of its units were made");
  batch->split = true;
}

Ledger::Unit* Ledger::LiveUnit(UnitId id, std::string_view what) {
  Unit* unit = Find(units_, id);
  if (unit == nullptr) {
    stage_.Fail(std::string(what) + ": unknown " + UnitText(id));
  } else if (UnitIsOver(*unit)) {
    stage_.Fail(std::string(what) + ": " + UnitText(id) + " had ended");
    unit = nullptr;
  }
  return unit;
}

// --- Leases
// -----------------------------------------------------------------------------------------

void Ledger::On(const LeasesGranted& record) {
  Host* host = Find(hosts_, record.host);
  if (host == nullptr || host->retired) return stage_.Fail("a lease for a host that is not one");
  stage_.Require(record.first.value == next_lease_, "lease ids do not follow each other");
  for (const LeasesGranted::Grant& grant : record.grants) {
    Grant(record.host, LeaseId{next_lease_++}, grant);
    ++host->live_leases;
  }
  stage_.Require(host->live_leases <= limits::kLeasesPerHost, "a host has too many leases");
}

void Ledger::Grant(HostId host, LeaseId id, const LeasesGranted::Grant& grant) {
  ++counts_.leases;
  Lease& lease = leases_[id];
  lease.unit = grant.unit;
  lease.host = host;
  Unit* unit = LiveUnit(grant.unit, "a lease was granted");
  if (unit == nullptr) return;
  stage_.Require(++unit->copies <= limits::kMaxLeases, "a unit was handed out too often");
  stage_.Require(grant.span > Duration(0), "a lease without a span");
  for (const LeaseId other_id : unit->leases) {
    const Lease& other = leases_.at(other_id);
    if (!other.live && !(other.received && other.outcome == Outcome::kSuccess)) continue;
    stage_.Require(other.host != host, "a host has two copies of " + UnitText(grant.unit));
    if (ReplicationOf(*unit).distinct_owners) {
      stage_.Require(hosts_.at(other.host).owner != hosts_.at(host).owner,
                     "an owner has two copies of " + UnitText(grant.unit));
    }
  }
  unit->leases.push_back(id);
}

void Ledger::EndLease(Lease& lease) {
  if (!lease.live) return;
  lease.live = false;
  Host& host = hosts_.at(lease.host);
  stage_.Require(host.live_leases > 0, "a host has fewer than no leases");
  --host.live_leases;
}

// What is still out for a unit that has ended binds its hosts no more.
void Ledger::EndUnit(Unit& unit, UnitState state) {
  unit.state = state;
  for (const LeaseId id : unit.leases) EndLease(leases_.at(id));
}

void Ledger::On(const LeasesEnded& record) {
  for (const LeaseId id : record.leases) {
    Lease* lease = Find(leases_, id);
    if (lease == nullptr) {
      stage_.Fail("an unknown lease ended: " + LeaseText(id));
      continue;
    }
    const bool unsealed = record.why == LeaseEnd::kUnsealed && lease->received && !lease->sealed;
    stage_.Require(lease->live || unsealed || UnitIsOver(units_.at(lease->unit)),
                   LeaseText(id) + " ended twice");
    if (record.why == LeaseEnd::kDeadline || record.why == LeaseEnd::kHostLost) {
      ++counts_.leases_lost;
    }
    EndLease(*lease);
    // A copy that was handed back, or is needed no more, does not count against the unit.
    const bool nobodys_fault = record.why == LeaseEnd::kGivenBack ||
                               record.why == LeaseEnd::kCancelled ||
                               record.why == LeaseEnd::kRetired;
    Unit& unit = units_.at(lease->unit);
    if (nobodys_fault && unit.copies > 0) --unit.copies;
  }
}

// --- Results
// ----------------------------------------------------------------------------------------

void Ledger::On(const ResultsReceived& record) {
  for (const UnitResult& result : record.results) Receive(record.host, record.sealed, result);
}

void Ledger::Receive(HostId host, bool sealed, const UnitResult& result) {
  ++counts_.results;
  Lease* lease = Find(leases_, result.lease);
  if (lease == nullptr) return stage_.Fail("a result for unknown " + LeaseText(result.lease));
  stage_.Require(lease->host == host, "a result for another host's " + LeaseText(result.lease));
  stage_.Require(!lease->received, "the result of " + LeaseText(result.lease) + " counted twice");
  EndLease(*lease);
  lease->received = true;
  lease->sealed = sealed;
  lease->outcome = result.outcome;
  lease->error = result.error_kind;
  lease->digest = result.digest;
  if (result.outcome == Outcome::kError && result.error_kind == ErrorKind::kProject) {
    batches_.at(units_.at(lease->unit).batch).project_error = true;
  }
}

void Ledger::On(const ResultsSealed& record) {
  for (const LeaseId id : record.leases) {
    Lease* lease = Find(leases_, id);
    if (lease == nullptr || !lease->received || lease->sealed || lease->host != record.host) {
      stage_.Fail("a seal for no result: " + LeaseText(id));
      continue;
    }
    lease->sealed = true;
  }
}

void Ledger::On(const UnitsSettled& record) {
  for (const UnitsSettled::Settled& settled : record.units) {
    Settle(settled.unit, settled.canonical);
  }
}

void Ledger::Settle(UnitId id, LeaseId canonical) {
  Unit* unit = LiveUnit(id, "a unit was settled");
  if (unit == nullptr) return;
  const Lease* winner = Find(leases_, canonical);
  if (winner == nullptr || winner->unit != id || !winner->received) {
    return stage_.Fail(UnitText(id) + " was settled on a result that is not its own");
  }
  std::set<HostId> hosts;
  std::set<std::string> owners;
  for (const LeaseId lease_id : unit->leases) {
    const Lease& lease = leases_.at(lease_id);
    if (!lease.Counts() || lease.digest != winner->digest) continue;
    hosts.insert(lease.host);
    owners.insert(hosts_.at(lease.host).owner);
  }
  const Replication& replication = ReplicationOf(*unit);
  const std::size_t agree = replication.distinct_owners ? owners.size() : hosts.size();
  stage_.Require(agree >= replication.quorum,
                 UnitText(id) + " was settled by fewer results than its quorum");
  EndUnit(*unit, UnitState::kSettled);
  unit->canonical = canonical;
  ++counts_.settled;
  CountCopies(*unit);
  CheckHonest(id, *unit, replication);
}

// Each copy is set against the result that was believed.
void Ledger::CountCopies(const Unit& unit) {
  const Digest& believed = leases_.at(unit.canonical).digest;
  for (const LeaseId id : unit.leases) {
    const Lease& lease = leases_.at(id);
    if (!lease.Counts()) continue;
    Host& host = hosts_.at(lease.host);
    ++(lease.digest == believed ? host.settled : host.disagreed);
  }
}

void Ledger::On(const UnitFailed& record) {
  Unit* unit = LiveUnit(record.unit, "a unit failed");
  if (unit == nullptr) return;
  stage_.Require(!record.why.empty(), UnitText(record.unit) + " failed without a reason");
  CheckFailed(record.unit, *unit);
  EndUnit(*unit, UnitState::kFailed);
  ++counts_.failed;
}

void Ledger::On(const UnitsRetried& record) {
  for (const UnitId id : record.units) {
    Unit* unit = Find(units_, id);
    if (unit == nullptr || unit->state != UnitState::kFailed) {
      stage_.Fail(UnitText(id) + " was retried though it had not failed");
      continue;
    }
    unit->state = UnitState::kUnsent;
    unit->copies = 0;
    unit->leases.clear();  // whatever was returned counts no more
    --counts_.failed;
  }
}

void Ledger::On(const BatchEnded& record) {
  Batch* batch = Find(batches_, record.batch);
  if (batch == nullptr || batch->ended) return stage_.Fail("a batch ended that was not live");
  batch->ended = record.state;
  batch->why = record.why;
  CheckBroken(*batch);
  for (const UnitId id : batch->units) {
    Unit& unit = units_.at(id);
    if (UnitIsOver(unit)) continue;
    stage_.Require(record.state != BatchState::kDone,
                   "a batch is done, but its " + UnitText(id) + " had not ended");
    EndUnit(unit, UnitState::kCancelled);
  }
  if (record.state != BatchState::kDone) return;
  stage_.Require(batch->split, "a batch is done before it was split");
}

// --- Messages
// ---------------------------------------------------------------------------------------

void Ledger::OnReleased(HostId host, const Message& message) {
  if (const auto* welcome = std::get_if<Welcome>(&message)) {
    stage_.Require(welcome->epoch == epoch_, "a Welcome of an epoch that is not durable");
    stage_.Require(welcome->host == host, "a Welcome for another host");
  } else if (const auto* assign = std::get_if<Assign>(&message)) {
    CheckAssign(host, *assign);
  } else if (const auto* ack = std::get_if<Ack>(&message)) {
    CheckAck(host, *ack);
  } else if (const auto* submitted = std::get_if<Submitted>(&message)) {
    stage_.Require(batches_.contains(submitted->batch), "a submission that is not durable");
  } else if (const auto* enrolled = std::get_if<Enrolled>(&message)) {
    stage_.Require(hosts_.contains(enrolled->id), "an enrolment that is not durable");
  }
}

void Ledger::CheckAssign(HostId host, const Assign& assign) {
  for (const LeaseOffer& offer : assign.leases) {
    const Lease* lease = FindLease(offer.lease);
    stage_.Require(lease != nullptr && lease->host == host && lease->unit == offer.unit,
                   LeaseText(offer.lease) + " was offered but is not durably this host's");
    stage_.Require(offer.terms < assign.terms.size(), "a lease without terms");
  }
}

void Ledger::CheckAck(HostId host, const Ack& ack) {
  for (const LeaseId id : ack.durable) {
    const Lease* lease = FindLease(id);
    if (lease == nullptr) {
      stage_.Fail(LeaseText(id) + " was acknowledged but is not durable");
      continue;
    }
    if (lease->received || lease->host != host) continue;  // another's: acknowledged, no effect
    const Unit& unit = units_.at(lease->unit);
    stage_.Require(UnitIsOver(unit) || !lease->live,
                   "the result of live " + LeaseText(id) + " was acknowledged but is not durable");
  }
  if (ack.assign) CheckAssign(host, *ack.assign);
}

}  // namespace picube::sim
