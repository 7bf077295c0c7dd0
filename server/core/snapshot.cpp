// The durable state as records, and its hash.
#include <algorithm>

#include "protocol/base/check.h"
#include "server/core/impl.h"
#include "server/core/packer.h"

namespace picube {

// --- Hosts -------------------------------------------------------------------------------------

Bytes Grid::Impl::PackSpeeds(const Host& host) const {
  std::vector<const Speed*> speeds;
  for (const Speed& speed : host.speeds) speeds.push_back(&speed);
  // By name: the order in which applications were first seen is this process's own.
  std::sort(speeds.begin(), speeds.end(), [this](const Speed* a, const Speed* b) {
    const ApplicationVersion& left = applications_[a->application].id;
    const ApplicationVersion& right = applications_[b->application].id;
    return std::tie(left.name, left.version) < std::tie(right.name, right.version);
  });
  Bytes bytes;
  Packer out(bytes);
  for (const Speed* speed : speeds) {
    const ApplicationVersion& id = applications_[speed->application].id;
    out.Text(id.name).Number(id.version).Number(speed->results).Real(speed->mean);
    out.Real(speed->variance).Number(speed->failures_in_row);
    out.Number(static_cast<std::uint64_t>(speed->backoff_until.us));
  }
  return bytes;
}

void Grid::Impl::UnpackSpeeds(Host& host, BytesView bytes) {
  Unpacker in(bytes);
  while (!in.AtEnd()) {
    ApplicationVersion id;
    id.name = in.Text();
    id.version = static_cast<std::uint32_t>(in.Number());
    Speed& speed = host.speeds.emplace_back();
    speed.application = InternApplication(id);
    speed.results = in.Number();
    speed.mean = in.Real();
    speed.variance = in.Real();
    speed.failures_in_row = static_cast<std::uint32_t>(in.Number());
    speed.backoff_until = {static_cast<std::int64_t>(in.Number())};
  }
}

StateHost Grid::Impl::Pack(const Host& host) const {
  StateHost record;
  record.enrolled = host.enrolled;
  record.facts = host.facts;
  record.speeds = PackSpeeds(host);
  record.sums.id = host.Id();
  record.sums.kind = host.enrolled.kind;
  record.sums.retired = host.retired;
  record.sums.draining = host.draining;
  record.sums.results = host.results;
  record.sums.settled = host.settled;
  record.sums.disagreed = host.disagreed;
  record.sums.errors = host.errors;
  record.sums.leases_lost = host.leases_lost;
  record.sums.cpu_ms = host.cpu_ms;
  record.sums.flop = host.flop;
  record.sums.energy = host.energy;
  return record;
}

// --- Units and leases --------------------------------------------------------------------------

// Parts that a packed unit may have. Never renumber.
constexpr std::uint64_t kHasFailed = 1;
constexpr std::uint64_t kHasInputs = 2;

void Grid::Impl::PackUnit(Bytes& bytes, std::uint64_t id, const Unit& unit) const {
  const bool failed = unit.state == UnitState::kFailed;
  Packer out(bytes);
  out.Number(id).Number(unit.index).Real(unit.cost_flop).Number(unit.memory_bytes);
  out.Number(unit.result_bytes).Text(unit.Parameters());
  out.Number((failed ? kHasFailed : 0) | (unit.inputs ? kHasInputs : 0));
  if (failed) out.Text(unit.batch->failures.at({id}));
  if (!unit.inputs) return;
  out.Number(unit.inputs->size());
  for (const BlobRef& blob : *unit.inputs) out.Put(blob.hash).Number(blob.size);
}

void Grid::Impl::RestoreUnit(Batch& batch, Unpacker& in) {
  const std::uint64_t id = in.Number();
  Unit unit;
  unit.index = in.Number();
  unit.cost_flop = in.Real();
  unit.memory_bytes = in.Number();
  unit.result_bytes = in.Number();
  unit.SetParameters(in.Text());
  const std::uint64_t parts = in.Number();
  if ((parts & kHasFailed) != 0) {
    unit.state = UnitState::kFailed;
    batch.failures[{id}] = in.Text();
  }
  if ((parts & kHasInputs) != 0) {
    std::vector<BlobRef> inputs(std::min<std::uint64_t>(in.Number(), limits::kInputsPerUnit));
    for (BlobRef& blob : inputs) {
      in.Get(blob.hash);
      blob.size = in.Number();
    }
    unit.SetInputs(std::move(inputs));
  }
  AddUnit(batch, id, std::move(unit));
}

void Grid::Impl::Do(const StateUnits& record) {
  Batch& batch = *FindBatch(record.batch);
  for (const Bytes& units : record.units) {
    Unpacker in(units);
    while (!in.AtEnd()) RestoreUnit(batch, in);
  }
  UpdateReady(batch);
}

void Grid::Impl::PackLease(Bytes& bytes, std::uint64_t id, const Lease& lease) const {
  Packer out(bytes);
  out.Number(id).Number(lease.unit.value).Number(lease.host->Id().value);
  out.Number(static_cast<std::uint64_t>(lease.state));
  out.Number(static_cast<std::uint64_t>(lease.end));
  out.Number(static_cast<std::uint64_t>(lease.outcome));
  out.Number(static_cast<std::uint64_t>(lease.error)).Number(lease.speculative ? 1 : 0);
  out.Number(static_cast<std::uint64_t>(lease.granted.us));
  out.Number(static_cast<std::uint64_t>(lease.span.count()));
  out.Put(lease.digest).Number(lease.payload_bytes).Text(lease.payload);
}

void Grid::Impl::RestoreLease(Unpacker& in) {
  const std::uint64_t id = in.Number();
  Lease& lease = leases_.Insert(id);
  lease.unit = {in.Number()};
  lease.host = FindHost(HostId{in.Number()});
  lease.state = static_cast<LeaseState>(in.Number());
  lease.end = static_cast<LeaseEnd>(in.Number());
  lease.outcome = static_cast<Outcome>(in.Number());
  lease.error = static_cast<ErrorKind>(in.Number());
  lease.speculative = in.Number() != 0;
  lease.granted = {static_cast<std::int64_t>(in.Number())};
  lease.span = Duration(static_cast<std::int64_t>(in.Number()));
  in.Get(lease.digest);
  lease.payload_bytes = in.Number();
  lease.payload = in.Text();
  Unit* unit = units_.Find(lease.unit.value);
  PICUBE_CHECK(unit != nullptr && lease.host != nullptr, "a lease follows its unit and host");
  lease.older = unit->newest;
  unit->newest = {id};
  ++unit->leases;
  Host& host = *lease.host;
  host.earliest = now_;  // the take-over sets deadlines anew
  lease.deadline = now_ + lease.span;
  if (lease.state == LeaseState::kOut) {
    Enlist(host.out, {id}, lease);
    ++leases_out_;
  } else if (lease.state == LeaseState::kUnsealed) {
    Enlist(host.unsealed, {id}, lease);
    ++unsealed_;
  } else if (lease.EndedBadly()) {
    ++unit->batch->bad_leases;
  }
  Refresh(lease.unit, *unit, /*again=*/false);
}

void Grid::Impl::Do(const StateLeases& record) {
  for (const Bytes& leases : record.leases) {
    Unpacker in(leases);
    while (!in.AtEnd()) RestoreLease(in);
  }
}

// --- Everything --------------------------------------------------------------------------------

void Grid::Impl::WriteUnits(const Batch& batch,
                            const std::function<void(const Record&)>& sink) const {
  StateUnits record{batch.Id(), {Bytes{}}};
  std::size_t units = 0;
  const auto flush = [&] {
    if (units == 0) return;
    Record full(std::move(record));
    sink(full);
    record = {batch.Id(), {Bytes{}}};
    units = 0;
  };
  for (const auto& [first, last] : batch.ranges) {
    units_.ForEach(first, last, [&](std::uint64_t id, const Unit& unit) {
      PackUnit(record.units[0], id, unit);
      if (++units == kStateChunk) flush();
    });
  }
  flush();
}

void Grid::Impl::WriteLeases(const std::function<void(const Record&)>& sink) const {
  StateLeases record{{Bytes{}}};
  std::size_t leases = 0;
  const auto flush = [&] {
    if (leases == 0) return;
    Record full(std::move(record));
    sink(full);
    record = {{Bytes{}}};
    leases = 0;
  };
  leases_.ForEach(0, next_lease_, [&](std::uint64_t id, const Lease& lease) {
    PackLease(record.leases[0], id, lease);
    if (++leases == kStateChunk) flush();
  });
  flush();
}

void Grid::Impl::WriteSnapshot(const std::function<void(const Record&)>& sink) const {
  sink(StateCounters{.epoch = epoch_,
                     .next_batch = next_batch_,
                     .next_unit = next_unit_,
                     .next_lease = next_lease_,
                     .next_host = hosts_.size() + 1,
                     .results = results_});
  for (const auto& [key, invitation] : invitations_) sink(invitation);
  for (const auto& host : hosts_) sink(Pack(*host));
  StateRequestKeys keys;
  for (const auto& [key, batch] : ended_keys_) {
    keys.keys.push_back({key, batch});
    if (keys.keys.size() < kStateChunk) continue;
    sink(Record(std::move(keys)));
    keys = {};
  }
  if (!keys.keys.empty()) sink(Record(std::move(keys)));
  for (const auto& [id, batch] : batches_) {
    sink(StateBatch{batch->submitted, batch->sums, batch->split});
    WriteUnits(*batch, sink);
  }
  WriteLeases(sink);
}

// --- Hash --------------------------------------------------------------------------------------

namespace {

// Packs the snapshot kinds that are not bytes already. What is not durable is left out.
class StateBytes {
 public:
  explicit StateBytes(Bytes& bytes) : out_(bytes) {}

  void operator()(const StateCounters& r) {
    out_.Number(r.epoch.value).Number(r.next_batch).Number(r.next_unit).Number(r.next_lease);
    out_.Number(r.next_host).Number(r.results);
  }
  void operator()(const InvitationMade& r) {
    out_.Put(r.key).Number(static_cast<std::uint64_t>(r.kind)).Text(r.owner);
    out_.Number(static_cast<std::uint64_t>(r.expires.ms));
  }
  void operator()(const StateHost& r) {
    out_.Number(r.enrolled.id.value).Number(static_cast<std::uint64_t>(r.enrolled.kind));
    out_.Put(r.enrolled.invitation).Text(r.enrolled.name).Text(r.enrolled.owner);
    out_.Put(r.enrolled.transport_key).Put(r.enrolled.signing_key);
    const HostFacts& facts = r.facts;
    out_.Text(facts.software).Text(facts.board).Text(facts.isa).Text(facts.os);
    out_.Number(facts.cores).Number(facts.memory_bytes).Number(facts.disk_bytes);
    out_.Real(facts.benchmark_flops).Number(facts.applications.size());
    for (const ApplicationVersion& id : facts.applications) out_.Text(id.name).Number(id.version);
    out_.Number(facts.offline_seconds);
    const HostInfo& sums = r.sums;
    out_.Number(sums.retired ? 1 : 0).Number(sums.draining ? 1 : 0).Number(sums.results);
    out_.Number(sums.settled).Number(sums.disagreed).Number(sums.errors);
    out_.Number(sums.leases_lost).Number(sums.cpu_ms).Real(sums.flop).Text(r.speeds);
    Put(sums.energy);
  }
  void operator()(const StateRequestKeys& r) {
    for (const StateRequestKeys::Key& key : r.keys) out_.Text(key.key).Number(key.batch.value);
  }
  void operator()(const StateBatch& r) {
    const Submit& submit = r.submitted.submit;
    out_.Number(r.submitted.batch.value).Text(submit.name).Text(submit.application);
    for (const auto& [name, value] : submit.parameters) out_.Text(name).Text(value);
    for (const DatasetFile& file : submit.files) {
      out_.Text(file.name).Put(file.blob.hash).Number(file.blob.size);
    }
    out_.Number(static_cast<std::uint64_t>(submit.replication.kind));
    out_.Number(submit.replication.quorum).Number(submit.replication.distinct_owners ? 1 : 0);
    out_.Number(static_cast<std::uint64_t>(submit.priority)).Text(submit.request_key);
    out_.Number(r.submitted.application_version).Text(r.submitted.owner);
    out_.Number(static_cast<std::uint64_t>(r.submitted.at.ms)).Number(r.split ? 1 : 0);
    const BatchInfo& sums = r.sums;
    out_.Number(sums.units_created).Number(sums.unsent).Number(sums.leased);
    out_.Number(sums.checking).Number(sums.settled).Number(sums.failed).Number(sums.cancelled);
    out_.Number(sums.results).Number(sums.disagreed).Number(sums.leases_lost);
    out_.Real(sums.flop_total).Real(sums.flop_settled).Number(sums.cpu_ms);
    Put(sums.energy);
  }
  void operator()(const StateUnits& r) {
    for (const Bytes& units : r.units) out_.Text(units);
  }
  void operator()(const StateLeases& r) {
    for (const Bytes& leases : r.leases) out_.Text(leases);
  }
  template <class Other>
  void operator()(const Other&) {
    PICUBE_CHECK(false, "a snapshot has no other records");
  }

 private:
  void Put(const EnergySums& energy) {
    if (energy.results == 0) return;
    out_.Number(energy.results).Number(energy.millijoules).Number(energy.marginal_millijoules);
    out_.Number(energy.sources);
  }

  Packer out_;
};

}  // namespace

std::uint64_t Grid::Impl::StateHash() const {
  std::uint64_t hash = 0;
  Bytes bytes;
  WriteSnapshot([&](const Record& record) {
    bytes.clear();
    std::visit(StateBytes(bytes), record);
    hash = Mix64(hash ^ record.index());
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
      std::uint64_t word = 0;
      const std::size_t size = std::min<std::size_t>(8, bytes.size() - at);
      for (std::size_t i = 0; i < size; ++i) {
        word |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
      }
      hash = Mix64(hash ^ word);
    }
    hash = Mix64(hash ^ bytes.size());
  });
  return hash;
}

}  // namespace picube
