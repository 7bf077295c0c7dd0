#include "tests/server_core/naive_twin.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace picube::test {

// --- The rules ---------------------------------------------------------------------------------

NaiveTwin::Verdict NaiveTwin::Judge(const Unit& unit) const {
  using enum Lease::State;
  const Batch& batch = batches_.at(unit.batch);
  Verdict verdict;
  std::map<Digest, std::set<std::string>> groups;  // who agrees on what
  std::map<Digest, LeaseId> oldest;
  std::set<std::string> erring;
  std::set<std::string> accusing;
  for (const LeaseId id : unit.leases) {
    const Lease& lease = leases_.at(id);
    const std::string& owner = hosts_.at(lease.host).owner;
    if (lease.state == kOut) ++verdict.out;
    if (lease.state == kUnsigned) ++verdict.waiting;
    const bool project = lease.state == kErred && lease.error == ErrorKind::kProject;
    if (project) accusing.insert(owner);
    if (project || (lease.state == kErred && lease.error == ErrorKind::kUnit)) erring.insert(owner);
    if (lease.state != kCounted) continue;
    ++verdict.successes;
    groups[lease.digest].insert(batch.distinct_owners ? owner : std::to_string(lease.host.value));
    if (!oldest.contains(lease.digest)) oldest[lease.digest] = id;
  }
  for (const auto& [digest, who] : groups) {
    const auto size = static_cast<std::uint32_t>(who.size());
    const bool better =
        size > verdict.agreeing || (size == verdict.agreeing && oldest[digest] < verdict.canonical);
    if (!better) continue;
    verdict.agreeing = size;
    verdict.canonical = oldest[digest];
  }
  verdict.errors = static_cast<std::uint32_t>(erring.size());
  verdict.settles = verdict.agreeing >= batch.quorum;
  verdict.stops = !verdict.settles && !accusing.empty() &&
                  (accusing.size() >= 2 || OwnersPresent(batch.application, 1min).size() <= 1);
  const bool tried =
      unit.leases.size() >= limits::kMaxLeases || verdict.successes >= limits::kMaxSuccesses;
  verdict.fails = !verdict.settles && (verdict.errors >= limits::kMaxErrors ||
                                       (tried && verdict.out + verdict.waiting == 0));
  const std::uint32_t here = verdict.agreeing + verdict.out + verdict.waiting;
  if (!tried && verdict.errors < limits::kMaxErrors && here < batch.quorum) {
    verdict.wanted = std::min(batch.quorum - here,
                              limits::kMaxLeases - static_cast<std::uint32_t>(unit.leases.size()));
  }
  return verdict;
}

bool NaiveTwin::HasApplication(const Host& host, const std::string& application) const {
  const auto& had = host.facts.applications;
  return std::find(had.begin(), had.end(), ApplicationVersion{application, 1}) != had.end();
}

Duration NaiveTwin::SilenceOf(const Host& host) const {
  const Duration offline = std::chrono::seconds(host.facts.offline_seconds);
  return std::max(options_.host_silence, std::min<Duration>(offline, 24h));
}

// Owners with a worker that was heard within the silence; the core may take a second to notice.
std::set<std::string> NaiveTwin::OwnersPresent(const std::string& application,
                                               Duration grace) const {
  std::set<std::string> owners;
  for (const auto& [id, host] : hosts_) {
    if (!host.worker || host.retired) continue;
    if (moment_.now - host.heard >= options_.host_silence + grace) continue;
    if (HasApplication(host, application)) owners.insert(host.owner);
  }
  return owners;
}

bool NaiveTwin::IsSpent(const Unit& unit, const std::string& owner) const {
  using enum Lease::State;
  int bad = 0;
  for (const LeaseId id : unit.leases) {
    const Lease& lease = leases_.at(id);
    if (hosts_.at(lease.host).owner != owner) continue;
    const bool blames = lease.error == ErrorKind::kUnit || lease.error == ErrorKind::kProject;
    if (lease.state == kErred && blames) return true;
    bad += lease.state == kErred || lease.state == kEnded ? 1 : 0;
  }
  return bad >= 2;
}

bool NaiveTwin::CanHold(HostId id, const Unit& unit) const {
  using enum Lease::State;
  const Host& host = hosts_.at(id);
  const Batch& batch = batches_.at(unit.batch);
  if (!HasApplication(host, batch.application)) return false;
  if (host.facts.memory_bytes > 0 && unit.memory_bytes > host.facts.memory_bytes) return false;
  for (const LeaseId lease_id : unit.leases) {
    const Lease& lease = leases_.at(lease_id);
    if (lease.state == kErred || lease.state == kEnded) continue;
    if (lease.host == id) return false;
    if (batch.distinct_owners && hosts_.at(lease.host).owner == host.owner) return false;
  }
  return true;
}

// `certain`: only hosts that are there for sure count as others that could try.
bool NaiveTwin::MayHave(HostId id, const Unit& unit, bool certain) const {
  if (!CanHold(id, unit)) return false;
  const std::string& owner = hosts_.at(id).owner;
  if (!IsSpent(unit, owner)) return true;
  for (const auto& [other_id, other] : hosts_) {
    if (!other.worker || other.retired || other.draining || other.owner == owner) continue;
    if (certain && moment_.now - other.heard >= options_.host_silence) continue;
    if (CanHold(other_id, unit) && !IsSpent(unit, other.owner)) return false;
  }
  return true;
}

// --- Before a step -----------------------------------------------------------------------------

void NaiveTwin::Heard(HostId id, std::uint64_t connection) {
  Host& host = hosts_.at(id);
  host.heard = moment_.now;
  if (connection == 0 || host.connection == connection) return;
  host.connection = connection;
  host.granted_here.clear();
  host.unrecorded.reset();
}

void NaiveTwin::RenewAll() {
  for (auto& [id, host] : hosts_) host.heard = moment_.now;
  for (auto& [id, lease] : leases_) lease.named = moment_.now;
}

void NaiveTwin::Before(const Input& input, Moment moment) {
  moment_ = moment;
  held_ = input;
  input_ = &held_;
  must_end_.clear();
  durable_.clear();
  not_taken_.clear();
  report_refused_ = false;
  if (mended_) {
    for (auto& [id, host] : hosts_) host.unrecorded.reset();
  }
  mended_ = false;
  if (const auto* trouble = std::get_if<StoreTrouble>(&input)) {
    mended_ = read_only_ && trouble->why.empty();
    if (mended_) RenewAll();
    read_only_ = !trouble->why.empty();
  }
  if (std::holds_alternative<TakeOver>(input)) {
    read_only_ = false;  // a new process
    RenewAll();
    for (auto& [id, host] : hosts_) {
      host.connection = 0;
      host.unrecorded.reset();
    }
  }
  if (const auto* gone = std::get_if<PeerGone>(&input)) {
    const auto it = hosts_.find(gone->host);
    if (it != hosts_.end() && it->second.connection == gone->connection) {
      it->second.connection = 0;
      it->second.unrecorded.reset();
    }
  }
  const auto* peer = std::get_if<FromPeer>(&input);
  if (peer == nullptr || !hosts_.contains(peer->host)) return;
  const Host& host = hosts_.at(peer->host);
  if (host.retired || !host.worker) return;
  // While read-only only Hello and Heartbeat are heard.
  const bool heard = !read_only_ || std::holds_alternative<Hello>(peer->message) ||
                     std::holds_alternative<Heartbeat>(peer->message);
  if (heard) Heard(peer->host, peer->reply.connection);
  const auto* hello = std::get_if<Hello>(&peer->message);
  if (hello != nullptr && read_only_) hosts_.at(peer->host).unrecorded = *hello;
  if (const auto* beat = std::get_if<Heartbeat>(&peer->message)) {
    for (const LeaseProgress& alive : beat->alive) {
      const auto lease = leases_.find(alive.lease);
      if (lease == leases_.end() || lease->second.host != peer->host) continue;
      if (lease->second.state == Lease::State::kOut) lease->second.named = moment.now;
    }
  }
  if (const auto* report = std::get_if<Report>(&peer->message)) ExpectReport(*peer, *report);
}

void NaiveTwin::ExpectReport(const FromPeer& input, const Report& report) {
  using enum Lease::State;
  if (read_only_) {
    for (const UnitResult& result : report.results) not_taken_.insert(result.lease);
    return;
  }
  if (report.signature && !input.signature_valid) {
    report_refused_ = true;
    return;
  }
  std::set<LeaseId> seen;
  std::size_t waiting = 0;
  for (const auto& [id, lease] : leases_) {
    waiting += lease.host == input.host && lease.state == kUnsigned ? 1U : 0U;
  }
  const std::size_t before = waiting;
  for (const UnitResult& result : report.results) {
    const auto it = leases_.find(result.lease);
    if (!result.lease || result.lease >= next_lease_) {
      not_taken_.insert(result.lease);
    } else if (it == leases_.end()) {
      durable_.insert(result.lease);
    } else if (it->second.host != input.host) {
      not_taken_.insert(result.lease);
    } else if (seen.contains(result.lease)) {
      continue;
    } else if (it->second.state != kOut && it->second.state != kEnded) {
      durable_.insert(result.lease);
    } else if (OneOf(input.blobs_missing, result.lease) ||
               (!result.payload.empty() && result.payload.size() != result.payload_bytes) ||
               (!input.signature_valid && before >= limits::kUnsealedPerHost)) {
      not_taken_.insert(result.lease);
    } else {
      durable_.insert(result.lease);
      seen.insert(result.lease);
    }
  }
}

bool NaiveTwin::OneOf(const std::vector<LeaseId>& leases, LeaseId lease) const {
  return std::find(leases.begin(), leases.end(), lease) != leases.end();
}

// --- After a step ------------------------------------------------------------------------------

void NaiveTwin::After(const std::vector<Record>& records, const std::vector<Outgoing>& messages,
                      const Grid& grid) {
  PICUBE_CHECK(!read_only_ || records.empty(), "twin: nothing is recorded while read-only");
  for (const Record& record : records) Check(record);
  CheckEnds();
  CheckAnswers(messages);
  CheckDescriptions(grid);
}

void NaiveTwin::CloseUnit(UnitId id) {
  for (const LeaseId lease : units_.at(id).leases) leases_.erase(lease);
  units_.at(id).leases.clear();
  must_end_.erase(id);
}

void NaiveTwin::Take(const UnitResult& result, bool sealed) {
  Lease& lease = leases_.at(result.lease);
  lease.outcome = result.outcome;
  lease.error = result.error_kind;
  lease.digest = result.digest;
  lease.state = !sealed                             ? Lease::State::kUnsigned
                : result.outcome == Outcome::kError ? Lease::State::kErred
                                                    : Lease::State::kCounted;
  const std::string& application = batches_.at(units_.at(lease.unit).batch).application;
  Host& host = hosts_.at(lease.host);
  if (result.outcome == Outcome::kSuccess) {
    host.failed_at.erase(application);
    host.failed_once.erase(application);
  } else if (result.error_kind == ErrorKind::kHost ||
             (result.error_kind == ErrorKind::kLink && host.failed_once.contains(application))) {
    host.failed_at[application] = moment_.now;
    host.failed_once.insert(application);
  } else if (result.error_kind == ErrorKind::kLink) {
    host.failed_once.insert(application);
  }
}

void NaiveTwin::Check(const Record& record) {
  std::visit([this](const auto& kind) { Do(kind); }, record);
}

void NaiveTwin::Do(const PrincipalEnrolled& record) {
  Host& host = hosts_[record.id];
  host.owner = record.owner;
  host.worker = record.kind == PrincipalKind::kHost;
  host.heard = moment_.now;
}

void NaiveTwin::Do(const HostRetired& record) {
  hosts_.at(record.host).retired = true;
  hosts_.at(record.host).connection = 0;
}

void NaiveTwin::Do(const HostDrained& record) { hosts_.at(record.host).draining = record.draining; }

void NaiveTwin::Do(const HostDescribed& record) { hosts_.at(record.host).facts = record.facts; }

void NaiveTwin::Do(const BatchSubmitted& record) {
  const Replication& replication = record.submit.replication;
  Batch& batch = batches_[record.batch];
  batch.application = record.submit.application;
  batch.quorum = replication.kind == ReplicationKind::kQuorum ? replication.quorum : 1;
  batch.distinct_owners = replication.distinct_owners;
}

void NaiveTwin::Do(const UnitsCreated& record) {
  PICUBE_CHECK(record.first == next_unit_, "twin: unit ids follow each other");
  for (const UnitsCreated::Unit& unit : record.units) {
    units_[next_unit_] = {record.batch, unit.memory_bytes, unit.result_bytes, false, {}};
    ++next_unit_.value;
    ++batches_.at(record.batch).created;
  }
}

void NaiveTwin::Do(const BatchSplit& record) { batches_.at(record.batch).split = true; }

void NaiveTwin::Do(const ResultsReceived& record) {
  for (const UnitResult& result : record.results) {
    PICUBE_CHECK(durable_.contains(result.lease), "twin: only what may be taken is taken");
    const Lease& lease = leases_.at(result.lease);
    PICUBE_CHECK(lease.host == record.host, "twin: a host reports its own leases");
    PICUBE_CHECK(lease.state == Lease::State::kOut || lease.state == Lease::State::kEnded,
                 "twin: a result is accepted once a lease");
    Take(result, record.sealed);
    if (record.sealed) must_end_.insert(lease.unit);
  }
}

void NaiveTwin::Do(const ResultsSealed& record) {
  for (const LeaseId id : record.leases) {
    Lease& lease = leases_.at(id);
    PICUBE_CHECK(lease.state == Lease::State::kUnsigned, "twin: what waits is sealed");
    lease.state = lease.outcome == Outcome::kError ? Lease::State::kErred : Lease::State::kCounted;
    must_end_.insert(lease.unit);
  }
}

void NaiveTwin::Do(const UnitsSettled& record) {
  for (const UnitsSettled::Settled& one : record.units) {
    const Unit& unit = units_.at(one.unit);
    const Verdict verdict = Judge(unit);
    PICUBE_CHECK(verdict.settles, "twin: a unit settles when enough distinct hosts agree");
    PICUBE_CHECK(verdict.canonical == one.canonical, "twin: the oldest is the canonical one");
    ++batches_.at(unit.batch).settled;
    CloseUnit(one.unit);
    units_.erase(one.unit);
  }
}

void NaiveTwin::Do(const UnitFailed& record) {
  Unit& unit = units_.at(record.unit);
  PICUBE_CHECK(Judge(unit).fails, "twin: a unit fails when a limit is reached");
  CloseUnit(record.unit);
  unit.failed = true;
  ++batches_.at(unit.batch).failed;
}

void NaiveTwin::Do(const UnitsRetried& record) {
  for (const UnitId id : record.units) {
    PICUBE_CHECK(units_.at(id).failed, "twin: what failed is retried");
    units_.at(id).failed = false;
    --batches_.at(units_.at(id).batch).failed;
  }
}

void NaiveTwin::Do(const BatchEnded& record) {
  for (auto it = units_.begin(); it != units_.end();) {
    const auto next = std::next(it);
    if (it->second.batch == record.batch) {
      CloseUnit(it->first);
      units_.erase(it);
    }
    it = next;
  }
  batches_.erase(record.batch);
}

void NaiveTwin::Do(const LeasesGranted& record) {
  const Host& host = hosts_.at(record.host);
  PICUBE_CHECK(host.worker && !host.retired && !host.draining, "twin: this host gets work");
  PICUBE_CHECK(record.first == next_lease_, "twin: lease ids follow each other");
  PICUBE_CHECK(record.grants.size() <= limits::kLeasesPerAssign, "twin: an answer is bounded");
  for (const LeasesGranted::Grant& grant : record.grants) {
    Unit& unit = units_.at(grant.unit);
    const Verdict verdict = Judge(unit);
    PICUBE_CHECK(!unit.failed, "twin: a failed unit rests");
    PICUBE_CHECK(MayHave(record.host, unit, /*certain=*/true),
                 "twin: this host may have this unit");
    PICUBE_CHECK(grant.span >= options_.least_lease, "twin: a lease lasts a while");
    const auto failed_at = host.failed_at.find(batches_.at(unit.batch).application);
    PICUBE_CHECK(failed_at == host.failed_at.end() ||
                     moment_.now - failed_at->second >= limits::kHostBackoffLeast,
                 "twin: a host rests after an error of the machine");
    if (grant.speculative) {
      PICUBE_CHECK(verdict.wanted == 0 && verdict.out > 0, "twin: a tail copy is an extra one");
    } else {
      PICUBE_CHECK(verdict.wanted > 0, "twin: a copy is wanted");
    }
    leases_[next_lease_] = {grant.unit, record.host, Lease::State::kOut, {}, {}, {}, moment_.now};
    hosts_.at(record.host).granted_here.insert(next_lease_);
    unit.leases.push_back(next_lease_);
    PICUBE_CHECK(unit.leases.size() <= limits::kMaxLeases, "twin: copies are bounded");
    ++next_lease_.value;
  }
}

void NaiveTwin::Do(const LeasesEnded& record) {
  for (const LeaseId id : record.leases) {
    Lease& lease = leases_.at(id);
    const Host& host = hosts_.at(lease.host);
    const bool silent =
        moment_.now - host.heard >= SilenceOf(host) || moment_.now - lease.named >= SilenceOf(host);
    const auto* peer = std::get_if<FromPeer>(input_);
    const auto* hello =
        peer == nullptr || peer->host != lease.host ? nullptr : std::get_if<Hello>(&peer->message);
    if (mended_ && host.unrecorded) hello = &*host.unrecorded;
    const auto* goodbye = peer == nullptr ? nullptr : std::get_if<Goodbye>(&peer->message);
    must_end_.insert(lease.unit);
    auto& of_unit = units_.at(lease.unit).leases;
    if (record.why == LeaseEnd::kUnsealed) {
      PICUBE_CHECK(lease.state == Lease::State::kUnsigned, "twin: it was not signed");
      lease.state = Lease::State::kEnded;
      continue;
    }
    PICUBE_CHECK(lease.state == Lease::State::kOut || record.why == LeaseEnd::kRetired,
                 "twin: what is out ends");
    if (record.why == LeaseEnd::kHostLost) {
      const bool unnamed =
          hello != nullptr && !OneOf(hello->leases_held, id) && !host.granted_here.contains(id);
      PICUBE_CHECK(silent || unnamed,
                   "twin: the host is silent, names it no more or came back without it");
    }
    if (record.why == LeaseEnd::kGivenBack) {
      PICUBE_CHECK(goodbye != nullptr && peer->host == lease.host && OneOf(goodbye->given_back, id),
                   "twin: the host gave it back");
    }
    if (record.why == LeaseEnd::kDeadline || record.why == LeaseEnd::kHostLost) {
      lease.state = Lease::State::kEnded;
    } else {
      std::erase(of_unit, id);
      leases_.erase(id);
    }
  }
}

// Whatever had to settle or fail in this step has done so.
void NaiveTwin::CheckEnds() {
  for (const UnitId id : must_end_) {
    const auto it = units_.find(id);
    if (it == units_.end() || it->second.failed) continue;
    const Verdict verdict = Judge(it->second);
    PICUBE_CHECK(!verdict.settles, "twin: enough agree, so it had to settle");
    PICUBE_CHECK(!verdict.fails, "twin: a limit is reached, so it had to fail");
    PICUBE_CHECK(!verdict.stops, "twin: the application is broken, so its batch had to end");
  }
  if (!std::holds_alternative<Tick>(*input_) || read_only_) return;
  for (const auto& [id, lease] : leases_) {
    if (lease.state != Lease::State::kOut) continue;
    const Duration silence = moment_.now - hosts_.at(lease.host).heard;
    PICUBE_CHECK(silence < SilenceOf(hosts_.at(lease.host)) + 1s,
                 "twin: a silent host loses its leases");
  }
}

void NaiveTwin::CheckAnswers(const std::vector<Outgoing>& messages) const {
  const auto* peer = std::get_if<FromPeer>(input_);
  if (peer == nullptr || !hosts_.contains(peer->host)) return;
  const bool reported = std::holds_alternative<Report>(peer->message);
  for (const Outgoing& outgoing : messages) {
    if (outgoing.request != peer->reply.request) continue;
    if (outgoing.connection != peer->reply.connection) continue;
    if (const auto* no_work = std::get_if<NoWork>(&outgoing.message)) {
      CheckNoWork(peer->host, *no_work);
    }
    const auto* ack = std::get_if<Ack>(&outgoing.message);
    if (ack == nullptr) continue;
    PICUBE_CHECK(reported && !report_refused_, "twin: only a report is acknowledged");
    const std::set<LeaseId> durable(ack->durable.begin(), ack->durable.end());
    PICUBE_CHECK(durable == durable_, "twin: what is durable is acknowledged");
    std::set<LeaseId> not_taken;
    for (const NotTaken& one : ack->not_taken) not_taken.insert(one.lease);
    PICUBE_CHECK(not_taken == not_taken_, "twin: what cannot be taken is said");
    if (ack->no_work) CheckNoWork(peer->host, *ack->no_work);
  }
}

// "There is nothing for you" has to be true by looking at every unit.
void NaiveTwin::CheckNoWork(HostId id, const NoWork& no_work) const {
  const Host& host = hosts_.at(id);
  switch (no_work.reason) {
    case NoWorkReason::kReadOnly: return PICUBE_CHECK(read_only_, "twin: the server can write");
    case NoWorkReason::kDraining:
      return PICUBE_CHECK(host.draining, "twin: nobody drains this host");
    case NoWorkReason::kEnoughHeld:
    case NoWorkReason::kHostQuota: return;
    default: break;
  }
  for (const auto& [unit_id, unit] : units_) {
    if (unit.failed || Judge(unit).wanted == 0) continue;
    if (host.failed_at.contains(batches_.at(unit.batch).application)) continue;  // may rest
    PICUBE_CHECK(!MayHave(id, unit, /*certain=*/false), "twin: there is work for this host");
  }
}

void NaiveTwin::CheckDescriptions(const Grid& grid) const {
  PICUBE_CHECK(grid.LiveBatches().size() == batches_.size(), "twin: the same batches live");
  for (const auto& [id, batch] : batches_) {
    const std::optional<BatchInfo> info = grid.DescribeBatch(id);
    PICUBE_CHECK(info.has_value(), "twin: the batch lives");
    std::uint64_t unsent = 0;
    std::uint64_t leased = 0;
    std::uint64_t checking = 0;
    for (const auto& [unit_id, unit] : units_) {
      if (unit.batch != id || unit.failed) continue;
      const Verdict verdict = Judge(unit);
      if (verdict.successes > 0) {
        ++checking;
      } else if (verdict.out + verdict.waiting > 0) {
        ++leased;
      } else {
        ++unsent;
      }
    }
    PICUBE_CHECK(info->unsent == unsent && info->leased == leased && info->checking == checking,
                 "twin: units are counted by state");
    PICUBE_CHECK(info->settled == batch.settled && info->failed == batch.failed,
                 "twin: ended units are counted");
    PICUBE_CHECK(info->units_created == batch.created, "twin: made units are counted");
  }
  PICUBE_CHECK(grid.DescribeServer().units_live == units_.size(), "twin: no unit is lost");
}

}  // namespace picube::test
