// Whether what the core decided follows from the facts that are durable.
#include <algorithm>
#include <set>

#include "protocol/base/limits.h"
#include "simulation/ledger.h"

namespace picube::sim {
namespace {

std::string UnitText(UnitId unit) { return "unit " + std::to_string(unit.value); }

}  // namespace

void Ledger::CheckHonest(UnitId id, const Unit& unit, const Replication& replication) {
  const Digest& digest = leases_.at(unit.canonical).digest;
  if (digest == unit.honest) return;
  ++counts_.wrong;
  if (replication.quorum < 2) return;  // one result is believed: a lie among them stays unseen
  for (const LeaseId lease_id : unit.leases) {
    const Lease& lease = leases_.at(lease_id);
    if (!lease.received || lease.digest != digest) continue;
    const std::string& name = hosts_.at(lease.host).name;
    const auto nature = std::ranges::find(scenario_.hosts, name, &HostNature::name);
    stage_.Require(nature != scenario_.hosts.end() && MayTell(*nature, unit, digest),
                   UnitText(id) + " was settled on a lie that none of its hosts told");
  }
}

// Colluders tell one lie about a unit. Those who send old reports again may agree by chance too:
// they all report what another unit came to, honestly or not.
bool Ledger::MayTell(const HostNature& liar, const Unit& unit, const Digest& digest) const {
  const auto parameters = [this](const Unit& of) {
    return EncodeUnit(MakeUnit(scenario_, batches_.at(of.batch).nature, of.index));
  };
  if (liar.colludes && digest == SimDigest(ForgedPayload(parameters(unit), kColludersSalt))) {
    return true;
  }
  if (!liar.replays) return false;
  return std::ranges::any_of(units_, [&](const auto& entry) {
    const Unit& other = entry.second;
    if (&other == &unit) return false;
    if (digest == other.honest) return true;
    const Bytes bytes = parameters(other);
    if (digest == SimDigest(ForgedPayload(bytes, kColludersSalt))) return true;
    for (std::size_t host = 0; host < scenario_.hosts.size(); ++host) {
      if (digest == SimDigest(ForgedPayload(bytes, LiarsSalt(host)))) return true;
    }
    return false;
  });
}

// A unit may be given up when enough owners blame it, or, with nothing out any more, when it was
// handed out as often as it may be or when as many results as may differ do.
void Ledger::CheckFailed(UnitId id, const Unit& unit) {
  std::set<std::string> blaming;
  std::uint32_t successes = 0;
  bool waits = false;
  for (const LeaseId lease_id : unit.leases) {
    const Lease& lease = leases_.at(lease_id);
    if (lease.Blames()) blaming.insert(hosts_.at(lease.host).owner);
    if (lease.Counts()) ++successes;
    waits = waits || lease.live;
  }
  if (blaming.size() >= limits::kMaxErrors) return;
  const bool used_up = unit.copies >= limits::kMaxLeases || successes >= limits::kMaxSuccesses;
  stage_.Require(used_up && !waits, UnitText(id) + " was given up after " +
                                        std::to_string(unit.copies) + " leases, " +
                                        std::to_string(successes) + " results and errors of " +
                                        std::to_string(blaming.size()) + " owners" +
                                        (waits ? ", with one still out" : ""));
}

// A batch may be stopped for its application when two owners met the bug in one unit, or when one
// met it while no other owner had a host.
void Ledger::CheckBroken(const Batch& batch) {
  if (batch.ended != BatchState::kFailed || !batch.why.contains("is broken")) return;
  std::size_t most = 0;
  for (const UnitId id : batch.units) {
    std::set<std::string> accusing;
    for (const LeaseId lease_id : units_.at(id).leases) {
      const Lease& lease = leases_.at(lease_id);
      if (!lease.Blames() || lease.error != ErrorKind::kProject) continue;
      accusing.insert(hosts_.at(lease.host).owner);
    }
    most = std::max(most, accusing.size());
  }
  stage_.Require(most >= 2 || (most == 1 && owners_ <= 1),
                 "a batch was stopped on the word of " + std::to_string(most) + " owners while " +
                     std::to_string(owners_) + " had hosts");
}

}  // namespace picube::sim
