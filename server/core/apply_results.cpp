// Records of results, as changes of state.
#include <algorithm>

#include "protocol/base/check.h"
#include "server/core/impl.h"

namespace picube {
namespace {

// What a peer claims is bounded before it is added up: ten years of one core.
constexpr std::uint64_t kMostMs = 10ULL * 366 * 24 * 3600 * 1000;

// And no board takes a kilowatt for ten years.
constexpr std::uint64_t kMostMillijoules = 1000 * kMostMs;

void AddEnergy(EnergySums& sums, const Cost& cost) {
  if (cost.energy_source == EnergySource::kNone) return;
  ++sums.results;
  sums.millijoules += std::min(cost.millijoules, kMostMillijoules);
  sums.marginal_millijoules += std::min(cost.marginal_millijoules, kMostMillijoules);
  sums.sources |= 1U << static_cast<std::uint32_t>(cost.energy_source);
}

Speed& SpeedFor(Host& host, ApplicationIndex application) {
  for (Speed& speed : host.speeds) {
    if (speed.application == application) return speed;
  }
  Speed& speed = host.speeds.emplace_back();
  speed.application = application;
  return speed;
}

}  // namespace

void Grid::Impl::NoteSpeed(Host& host, const Batch& batch, const Unit& unit,
                           const UnitResult& result) {
  Speed& speed = SpeedFor(host, batch.application);
  speed.failures_in_row = 0;
  speed.backoff_until = {};
  if (!(unit.cost_flop > 0)) return;
  const double seconds = static_cast<double>(std::min(result.cost.wall_ms, kMostMs)) / 1e3;
  const double seconds_per_flop = seconds / unit.cost_flop;
  speed.Add(seconds_per_flop);
  ApplicationState& application = applications_[batch.application];
  ++application.results;
  application.mean += (seconds_per_flop - application.mean) /
                      static_cast<double>(std::min<std::uint64_t>(application.results, 256));
}

void Grid::Impl::NoteHostError(Host& host, const Batch& batch, LeaseId lease) {
  Speed& speed = SpeedFor(host, batch.application);
  Duration most = limits::kHostBackoffLeast;
  for (std::uint32_t i = 0; i < speed.failures_in_row && most < limits::kHostBackoffMost; ++i) {
    most *= 2;
  }
  most = std::min(most, limits::kHostBackoffMost);
  ++speed.failures_in_row;
  // Full jitter above the least, drawn from the lease's id: a replay must come to the same.
  const auto range = static_cast<std::uint64_t>((most - limits::kHostBackoffLeast).count()) + 1;
  const auto jitter = static_cast<std::int64_t>(Mix64(lease.value) % range);
  speed.backoff_until = now_ + limits::kHostBackoffLeast + Duration(jitter);
}

// A link that breaks once is tried again at once; one that stays broken is the machine's trouble.
void Grid::Impl::NoteLinkError(Host& host, const Batch& batch, LeaseId lease) {
  Speed& speed = SpeedFor(host, batch.application);
  if (speed.failures_in_row > 0) return NoteHostError(host, batch, lease);
  speed.failures_in_row = 1;
}

void Grid::Impl::CountResult(Lease& lease, Batch& batch) {
  if (lease.outcome == Outcome::kSuccess) {
    lease.state = LeaseState::kCounted;
    return;
  }
  lease.state = LeaseState::kErred;
  ++batch.bad_leases;
}

void Grid::Impl::ReceiveResult(Host& host, const UnitResult& result, bool sealed) {
  Lease& lease = *leases_.Find(result.lease.value);
  Unit& unit = *units_.Find(lease.unit.value);
  Batch& batch = *unit.batch;
  ++results_;
  ++host.results;
  ++batch.sums.results;
  const std::uint64_t cpu_ms = std::min(result.cost.cpu_ms, kMostMs);
  host.cpu_ms += cpu_ms;
  batch.sums.cpu_ms += cpu_ms;
  AddEnergy(host.energy, result.cost);
  AddEnergy(batch.sums.energy, result.cost);
#ifdef PICUBE_PLANTED_BUG
  if (lease.state == LeaseState::kCounted) {  // the mistake: the same report once more
    ++lease.repeats;
    Refresh(lease.unit, unit, /*again=*/false);
    return;
  }
#endif
  NoteOver(result.lease, lease, unit, &result);
  LeaveHost(lease);
  lease.outcome = result.outcome;
  lease.error = result.error_kind;
  lease.digest = result.digest;
  if (result.outcome == Outcome::kSuccess) {
    lease.payload_bytes = result.payload_bytes;
    lease.payload = result.payload;
    NoteSpeed(host, batch, unit, result);
  } else {
    lease.payload = result.error_text;
    ++host.errors;
    if (result.error_kind == ErrorKind::kHost) NoteHostError(host, batch, result.lease);
    if (result.error_kind == ErrorKind::kLink) NoteLinkError(host, batch, result.lease);
  }
  if (sealed) {
    CountResult(lease, batch);
  } else {
    lease.state = LeaseState::kUnsealed;
    lease.deadline = now_ + options_.least_lease;
    if (host.out.empty() && host.unsealed.empty()) host.earliest = lease.deadline;
    host.earliest = std::min(host.earliest, lease.deadline);
    Enlist(host.unsealed, result.lease, lease);
    ++unsealed_;
  }
  // A late result takes its host from those who could still try: see LeasesGranted.
  const bool again = result.outcome != Outcome::kSuccess || HasBadLease(unit);
  Refresh(lease.unit, unit, again);
}

void Grid::Impl::Do(const ResultsReceived& record) {
  Host& host = *FindHost(record.host);
  for (const UnitResult& result : record.results) ReceiveResult(host, result, record.sealed);
  MarkHost(host);
}

void Grid::Impl::Do(const ResultsSealed& record) {
  for (const LeaseId id : record.leases) {
    Lease& lease = *leases_.Find(id.value);
    Unit& unit = *units_.Find(lease.unit.value);
    LeaveHost(lease);
    CountResult(lease, *unit.batch);
    Refresh(lease.unit, unit, /*again=*/lease.outcome != Outcome::kSuccess);
  }
}

}  // namespace picube
