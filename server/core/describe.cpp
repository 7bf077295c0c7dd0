// Descriptions for people and programs.
#include <algorithm>

#include "server/core/impl.h"

namespace picube {

BatchInfo Grid::Impl::DescribeBatch(const Batch& batch) const {
  BatchInfo info = batch.sums;
  const Submit& submit = batch.submitted.submit;
  info.id = batch.Id();
  info.name = submit.name;
  info.application = {submit.application, batch.submitted.application_version};
  info.state = batch.State();
  info.owner = batch.submitted.owner;
  info.replication = submit.replication;
  info.priority = submit.priority;
  info.units_total = batch.split ? batch.sums.units_created : 0;
  info.submitted = batch.submitted.at;
  return info;
}

HostInfo Grid::Impl::DescribeHost(const Host& host, Instant now) const {
  HostInfo info;
  info.id = host.Id();
  info.kind = host.enrolled.kind;
  info.name = host.enrolled.name;
  info.owner = host.enrolled.owner;
  info.retired = host.retired;
  info.connected = host.connection != 0;
  info.draining = host.draining;
  info.silent_ms = now > host.heard ? static_cast<std::uint64_t>((now - host.heard) / 1ms) : 0;
  info.facts = host.facts;
  info.readings = host.readings;
  info.paused_why = host.paused_why;
  info.leases = host.out.size();
  info.results = host.results;
  info.settled = host.settled;
  info.disagreed = host.disagreed;
  info.errors = host.errors;
  info.leases_lost = host.leases_lost;
  info.cpu_ms = host.cpu_ms;
  info.flop = host.flop;
  info.energy = host.energy;
  if (host.site) info.site = options_.sites[*host.site].name;
  return info;
}

ServerInfo Grid::Impl::DescribeServer() const {
  ServerInfo info;
  info.software = options_.software;
  info.epoch = epoch_;
  info.policy = policy_->Name();
  info.read_only = !read_only_why_.empty();
  info.why = read_only_why_;
  info.hosts_connected = hosts_connected_;
  info.batches_live = batches_.size();
  info.units_live = units_.Size();
  info.leases_live = leases_out_;
  info.results = results_;
  return info;
}

std::vector<AdmittedKey> Grid::Impl::Admitted(WallTime now) const {
  std::vector<AdmittedKey> keys;
  for (const auto& host : hosts_) {
    if (host->retired) continue;
    keys.push_back({host->enrolled.transport_key, host->Id(), host->enrolled.kind,
                    host->enrolled.signing_key, host->enrolled.name});
  }
  for (const auto& [key, invitation] : invitations_) {
    if (invitation.expires <= now) continue;
    keys.push_back({.key = key, .id = {}, .kind = invitation.kind, .signing_key = {}, .name = {}});
  }
  return keys;
}

std::optional<HostId> Grid::Impl::FindHostByName(std::string_view name) const {
  const auto it = names_.find(name);
  if (it == names_.end()) return {};
  return it->second;
}

void Grid::Impl::ReferencedBlobs(const std::function<void(const Digest&)>& callback) const {
  for (const auto& [id, batch] : batches_) {
    for (const DatasetFile& file : batch->submitted.submit.files) callback(file.blob.hash);
  }
  units_.ForEach(1, next_unit_, [&](std::uint64_t, const Unit& unit) {
    if (!unit.inputs) return;
    for (const BlobRef& blob : *unit.inputs) callback(blob.hash);
  });
  leases_.ForEach(1, next_lease_, [&](std::uint64_t, const Lease& lease) {
    if (lease.payload_bytes > limits::kCorePayloadBytes) callback(lease.digest);
  });
}

}  // namespace picube
