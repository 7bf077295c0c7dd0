// Records of principals and batches, as changes of state.
#include <algorithm>

#include "protocol/base/check.h"
#include "server/core/impl.h"

namespace picube {

void Grid::Impl::Apply(const Record& record, Instant at) {
  now_ = at;
  std::visit([this](const auto& kind) { Do(kind); }, record);
}

void Grid::Impl::Do(const EpochStarted& record) {
  epoch_ = record.epoch;
  next_unit_ += record.skip_ids;
  next_lease_ += record.skip_ids;
}

void Grid::Impl::Do(const InvitationMade& record) {
  invitations_[record.key] = record;
  ready_out_.events.push_back(PrincipalsChanged{});
}

void Grid::Impl::Do(const InvitationEnded& record) {
  invitations_.erase(record.key);
  ready_out_.events.push_back(PrincipalsChanged{});
}

OwnerIndex Grid::Impl::InternOwner(std::string_view name) {
  const auto it = owner_index_.find(name);
  if (it != owner_index_.end()) return it->second;
  const auto index = static_cast<OwnerIndex>(owners_.size());
  owners_.push_back({.name = std::string(name)});
  owner_index_.emplace(std::string(name), index);
  return index;
}

ApplicationIndex Grid::Impl::InternApplication(const ApplicationVersion& id) {
  for (std::size_t i = 0; i < applications_.size(); ++i) {
    if (applications_[i].id == id) return static_cast<ApplicationIndex>(i);
  }
  applications_.push_back({.id = id});
  return static_cast<ApplicationIndex>(applications_.size() - 1);
}

// A host's own name before its owner's.
std::optional<std::size_t> Grid::Impl::SiteOf(const PrincipalEnrolled& host) const {
  for (std::size_t i = 0; i < options_.sites.size(); ++i) {
    if (options_.sites[i].hosts.contains(host.name)) return i;
  }
  for (std::size_t i = 0; i < options_.sites.size(); ++i) {
    if (options_.sites[i].owners.contains(host.owner)) return i;
  }
  return std::nullopt;
}

Host& Grid::Impl::AddHost(const PrincipalEnrolled& record) {
  PICUBE_CHECK(record.id.value == hosts_.size() + 1,
               "hosts are enrolled in the order of their ids");
  auto host = std::make_unique<Host>();
  host->enrolled = record;
  host->owner = InternOwner(record.owner);
  host->site = SiteOf(record);
  host->heard = now_;
  host->earliest = now_;
  names_[record.name] = record.id;
  keys_[record.transport_key] = record.id;
  hosts_.push_back(std::move(host));
  return *hosts_.back();
}

void Grid::Impl::Do(const PrincipalEnrolled& record) {
  invitations_.erase(record.invitation);
  MarkHost(AddHost(record));
  ready_out_.events.push_back(PrincipalsChanged{});
}

void Grid::Impl::Do(const HostRetired& record) {
  Host& host = *FindHost(record.host);
  host.retired = true;
  SetPresent(host, false);
  MarkHost(host);
  ready_out_.events.push_back(PrincipalsChanged{});
}

void Grid::Impl::Do(const HostDrained& record) {
  Host& host = *FindHost(record.host);
  host.draining = record.draining;
  ++generation_;
  MarkHost(host);
}

void Grid::Impl::Do(const HostDescribed& record) {
  Host& host = *FindHost(record.host);
  host.facts = record.facts;
  host.applications_seen = 0;
  host.applications.clear();
  host.cursors.clear();  // more memory or another application: anything may be possible now
  ++generation_;
  MarkHost(host);
}

std::string Grid::Impl::KeyOf(std::string_view owner, std::string_view request_key) const {
  std::string key(owner);
  key += '\0';  // owners have no such character: two different pairs never join to the same key
  key += request_key;
  return key;
}

Batch& Grid::Impl::AddBatch(const BatchSubmitted& record) {
  auto batch = std::make_unique<Batch>();
  batch->submitted = record;
  batch->application = InternApplication({record.submit.application, record.application_version});
  batch->owner = InternOwner(record.owner);
  const Replication& replication = record.submit.replication;
  batch->quorum = replication.kind == ReplicationKind::kQuorum ? replication.quorum : 1;
  if (!record.submit.request_key.empty()) {
    request_keys_[KeyOf(record.owner, record.submit.request_key)] = record.batch;
  }
  Batch& added = *batch;
  batches_[record.batch] = std::move(batch);
  return added;
}

void Grid::Impl::Do(const BatchSubmitted& record) {
  next_batch_ = record.batch.value + 1;
  MarkBatch(AddBatch(record));
}

void Grid::Impl::Do(const BatchSplit& record) {
  Batch& batch = *FindBatch(record.batch);
  batch.split = true;
  MarkBatch(batch);
  MarkMoved(batch);
}

void Grid::Impl::Do(const BatchPriority& record) {
  Batch& batch = *FindBatch(record.batch);
  batch.submitted.submit.priority = record.priority;
  MarkBatch(batch);
}

void Grid::Impl::RememberEndedKey(std::string key, BatchId batch) {
  ended_keys_.emplace_back(std::move(key), batch);
  if (ended_keys_.size() <= kEndedKeys) return;
  const auto it = request_keys_.find(ended_keys_.front().first);
  if (it != request_keys_.end() && it->second == ended_keys_.front().second) {
    request_keys_.erase(it);
  }
  ended_keys_.pop_front();
}

void Grid::Impl::Do(const BatchEnded& record) {
  Batch& batch = *FindBatch(record.batch);
  for (const auto& [first, last] : batch.ranges) {
    units_.ForEach(first, last, [this](std::uint64_t id, Unit& unit) {
      if (unit.state == UnitState::kFailed) {
        units_.Erase(id);  // closed when it failed
      } else {
        CloseUnit({id}, unit, UnitState::kCancelled, {}, {});
      }
    });
  }
  BatchArchived archived{
      .info = DescribeBatch(batch), .submit = batch.submitted.submit, .product = record.product};
  archived.info.state = record.state;
  archived.info.why = record.why;
  archived.info.finished = record.at;
  ready_out_.events.push_back(std::move(archived));
  const std::string& request_key = batch.submitted.submit.request_key;
  if (!request_key.empty()) {
    RememberEndedKey(KeyOf(batch.submitted.owner, request_key), record.batch);
  }
  UpdateReady(batch);
  batches_.erase(record.batch);
}

// --- Snapshots ---------------------------------------------------------------------------------

void Grid::Impl::Do(const StateCounters& record) {
  PICUBE_CHECK(hosts_.empty() && batches_.empty(), "a snapshot is applied to an empty grid");
  epoch_ = record.epoch;
  next_batch_ = record.next_batch;
  next_unit_ = record.next_unit;
  next_lease_ = record.next_lease;
  results_ = record.results;
}

void Grid::Impl::Do(const StateHost& record) {
  Host& host = AddHost(record.enrolled);
  host.facts = record.facts;
  host.retired = record.sums.retired;
  host.draining = record.sums.draining;
  host.results = record.sums.results;
  host.settled = record.sums.settled;
  host.disagreed = record.sums.disagreed;
  host.errors = record.sums.errors;
  host.leases_lost = record.sums.leases_lost;
  host.cpu_ms = record.sums.cpu_ms;
  host.flop = record.sums.flop;
  host.energy = record.sums.energy;
  UnpackSpeeds(host, record.speeds);
  ready_out_.events.push_back(PrincipalsChanged{});
}

void Grid::Impl::Do(const StateBatch& record) {
  Batch& batch = AddBatch(record.submitted);
  batch.split = record.split;
  batch.sums = record.sums;
  // These follow from the units, which come next.
  batch.sums.unsent = batch.sums.leased = batch.sums.checking = batch.sums.failed = 0;
}

void Grid::Impl::Do(const StateRequestKeys& record) {
  for (const StateRequestKeys::Key& key : record.keys) {
    request_keys_[key.key] = key.batch;
    RememberEndedKey(key.key, key.batch);
  }
}

}  // namespace picube
