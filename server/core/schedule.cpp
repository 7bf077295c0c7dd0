// Who may have what, fair shares, queues.
#include <algorithm>
#include <array>
#include <cmath>

#include "protocol/base/check.h"
#include "server/core/impl.h"

namespace picube {
namespace {

// A step of priority is a quarter more work: 20 steps are 86 times as much.
double WeightOf(std::int32_t priority) {
  static constexpr auto kWeights = [] {
    std::array<double, 41> weights{};
    weights[20] = 1;
    for (std::size_t i = 21; i < 41; ++i) weights[i] = weights[i - 1] * 1.25;
    for (std::size_t i = 20; i-- > 0;) weights[i] = weights[i + 1] / 1.25;
    return weights;
  }();
  return kWeights[static_cast<std::size_t>(std::clamp(priority, -20, 20) + 20)];
}

// What a batch whose inputs the host holds may run ahead of others: this many of its units.
constexpr double kCachedAhead = 64;

// The most telling reason wins when several batches have one each.
void Note(Picking& picking, NoWorkReason reason) {
  const auto rank = [](NoWorkReason one) {
    switch (one) {
      case NoWorkReason::kNothingToDo: return 0;
      case NoWorkReason::kNoApplication: return 1;
      case NoWorkReason::kTooBig: return 2;
      case NoWorkReason::kHasItsCopy: return 3;
      case NoWorkReason::kHostBackoff: return 4;
      default: return 5;
    }
  };
  if (rank(reason) > rank(picking.reason)) picking.reason = reason;
}

}  // namespace

NoWorkReason ReasonOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEligible: return NoWorkReason::kNothingToDo;
    case Verdict::kNoApplication: return NoWorkReason::kNoApplication;
    case Verdict::kBackoff: return NoWorkReason::kHostBackoff;
    case Verdict::kHasCopy:
    case Verdict::kSameOwner:
    case Verdict::kOwnerErred: return NoWorkReason::kHasItsCopy;
    case Verdict::kTooBig: return NoWorkReason::kTooBig;
    case Verdict::kHostQuota: return NoWorkReason::kHostQuota;
    case Verdict::kPowerCap: return NoWorkReason::kPowerCap;
    case Verdict::kResting: return NoWorkReason::kResting;
    case Verdict::kDraining:
    case Verdict::kRetired: return NoWorkReason::kDraining;
  }
  return NoWorkReason::kNothingToDo;
}

// --- Verdicts ----------------------------------------------------------------------------------

Verdict Grid::Impl::HostVerdict(const Host& host) const {
  if (host.retired) return Verdict::kRetired;
  if (host.draining) return Verdict::kDraining;
  if (host.out.size() >= limits::kLeasesPerHost) return Verdict::kHostQuota;
  if (host.rests) return Verdict::kResting;
  if (host.site && ExceedsPower(host)) return Verdict::kPowerCap;
  return Verdict::kEligible;
}

// What a host takes while it computes: as it has said while it did; before, what its model says, or
// what a board may take at most for what it takes when idle (2.6 to 3.5 times, of those published).
double Grid::Impl::BusyWatts(const Host& host) {
  constexpr double kBusyOverIdle = 3.5;
  const double now = host.readings.milliwatts.value_or(0) / 1e3;
  if (host.top_milliwatts > 0) return std::max(now, host.top_milliwatts / 1e3);
  if (host.readings.most_milliwatts) return *host.readings.most_milliwatts / 1e3;
  return now * kBusyOverIdle;
}

// Hosts with work count as busy whatever they say now: they will be in a moment.
bool Grid::Impl::ExceedsPower(const Host& host) const {
  const double most = options_.sites[*host.site].watts;
  if (most <= 0) return false;
  double watts = BusyWatts(host);
  for (const auto& other : hosts_) {
    if (other.get() == &host || other->site != host.site || !other->present) continue;
    watts += other->out.empty() ? other->readings.milliwatts.value_or(0) / 1e3 : BusyWatts(*other);
  }
  return watts > most;
}

bool Grid::Impl::HasApplication(const Host& host, ApplicationIndex application) const {
  const ApplicationVersion& wanted = applications_[application].id;
  const auto& had = host.facts.applications;
  return std::find(had.begin(), had.end(), wanted) != had.end();
}

const Speed* Grid::Impl::SpeedOf(const Host& host, ApplicationIndex application) const {
  for (const Speed& speed : host.speeds) {
    if (speed.application == application) return &speed;
  }
  return nullptr;
}

Verdict Grid::Impl::BatchVerdict(const Host& host, const Batch& batch, Instant now) const {
  if (!HasApplication(host, batch.application)) return Verdict::kNoApplication;
  const Speed* speed = SpeedOf(host, batch.application);
  if (speed != nullptr && speed->backoff_until > now) return Verdict::kBackoff;
  return Verdict::kEligible;
}

Verdict Grid::Impl::UnitVerdict(const Host& host, const Unit& unit) const {
  if (host.facts.memory_bytes > 0 && unit.memory_bytes > host.facts.memory_bytes) {
    return Verdict::kTooBig;
  }
  if (!unit.newest) return Verdict::kEligible;
  const Verdict verdict = CopyVerdict(host, unit);
  if (verdict != Verdict::kEligible || !IsSpent(unit, host.owner)) return verdict;
  return OthersLeftToTry(unit, host.owner) ? Verdict::kOwnerErred : Verdict::kEligible;
}

// Whether the host, or with distinct owners another of its owner, has a copy already.
Verdict Grid::Impl::CopyVerdict(const Host& host, const Unit& unit) const {
  const bool distinct_owners = unit.batch->submitted.submit.replication.distinct_owners;
  bool owner_has = false;
  for (LeaseId at = unit.newest; at;) {
    const Lease& lease = *leases_.Find(at.value);
    at = lease.older;
    if (lease.host->owner != host.owner || lease.EndedBadly()) continue;
    if (lease.host == &host) return Verdict::kHasCopy;
    owner_has = true;
  }
  return owner_has && distinct_owners ? Verdict::kSameOwner : Verdict::kEligible;
}

// An owner whose machines blamed the unit, or twice did not bring a result of it, has had its turn.
bool Grid::Impl::IsSpent(const Unit& unit, OwnerIndex owner) const {
  std::uint32_t bad = 0;
  for (LeaseId at = unit.newest; at;) {
    const Lease& lease = *leases_.Find(at.value);
    at = lease.older;
    if (lease.host->owner != owner || !lease.EndedBadly()) continue;
    if (lease.state == LeaseState::kErred && BlamesUnit(lease.error)) return true;
    if (++bad >= limits::kTriesOfOwner) return true;
  }
  return false;
}

// Whether a host of another owner could take the unit, now or when it next asks.
bool Grid::Impl::OthersLeftToTry(const Unit& unit, OwnerIndex owner) const {
  for (const auto& host : hosts_) {
    if (!host->present || host->owner == owner || host->draining || !host->IsHost()) continue;
    if (host->facts.memory_bytes > 0 && unit.memory_bytes > host->facts.memory_bytes) continue;
    if (!HasApplication(*host, unit.batch->application)) continue;
    if (CopyVerdict(*host, unit) == Verdict::kEligible && !IsSpent(unit, host->owner)) return true;
  }
  return false;
}

std::uint32_t Grid::Impl::OwnersPresent(ApplicationIndex application) const {
  ApplicationState& state = applications_[application];
  if (state.generation == generation_) return state.owners_present;
  std::vector<bool> seen(owners_.size());
  state.owners_present = 0;
  for (const auto& host : hosts_) {
    if (!host->present || !host->IsHost() || seen[host->owner]) continue;
    if (!HasApplication(*host, application)) continue;
    seen[host->owner] = true;
    ++state.owners_present;
  }
  state.generation = generation_;
  return state.owners_present;
}

std::optional<double> Grid::Impl::SecondsPerFlop(const Host& host,
                                                 ApplicationIndex application) const {
  const Speed* speed = SpeedOf(host, application);
  // A mean and one standard deviation: what it takes five times of six.
  if (speed != nullptr && speed->results > 0) return speed->mean + std::sqrt(speed->variance);
  if (host.facts.benchmark_flops > 0) return 1 / host.facts.benchmark_flops;
  return {};
}

// --- Batches in fair shares --------------------------------------------------------------------

bool Grid::Impl::HoldsInputs(const Host& host, const Batch& batch) const {
  const auto& files = batch.submitted.submit.files;
  if (files.empty() || host.blobs.empty()) return false;
  return std::all_of(files.begin(), files.end(), [&](const DatasetFile& file) {
    return std::binary_search(host.blobs.begin(), host.blobs.end(), file.blob.hash);
  });
}

void Grid::Impl::Charge(Batch& batch, double flop) {
  const double work = flop + 1;  // a unit of no declared cost is an ask's worth too
  OwnerShare& owner = owners_[batch.owner];
  time_ = owner.pass;
  owner.time = batch.pass;
  owner.pass += work;
  batch.pass += work / WeightOf(batch.submitted.submit.priority);
}

// Owners share equally; an owner's batches share by priority. Takes the next out of `left`.
Batch* Grid::Impl::NextBatch(Picking& picking, std::vector<Batch*>& left) {
  if (left.empty()) return nullptr;
  struct Key {
    double owner, batch;
    BatchId id;
    auto operator<=>(const Key&) const = default;
  };
  const auto key_of = [&](const Batch& batch) {
    double ahead = 0;
    if (picking.share.prefers_cached && HoldsInputs(*picking.host, batch)) {
      const auto units = static_cast<double>(std::max<std::uint64_t>(batch.sums.units_created, 1));
      ahead = kCachedAhead * (batch.sums.flop_total / units + 1);
    }
    return Key{owners_[batch.owner].pass - ahead,
               batch.pass - ahead / WeightOf(batch.submitted.submit.priority), batch.Id()};
  };
  std::size_t best = 0;
  Key least = key_of(*left[0]);
  for (std::size_t i = 1; i < left.size(); ++i) {
    const Key key = key_of(*left[i]);
    if (key < least) {
      least = key;
      best = i;
    }
  }
  Batch* next = left[best];
  left[best] = left.back();
  left.pop_back();
  return next;
}

void Grid::Impl::Pick(Picking& picking) {
  scratch_batches_.clear();
  for (Batch* batch : ready_) {
    const Verdict verdict = BatchVerdict(*picking.host, *batch, picking.now);
    if (verdict == Verdict::kEligible) {
      scratch_batches_.push_back(batch);
    } else {
      Note(picking, ReasonOf(verdict));
    }
  }
  picking.batch_units_left = 1;  // set for each batch; until then only asks whether to go on
  while (picking.Hungry()) {
    Batch* batch = NextBatch(picking, scratch_batches_);
    if (batch == nullptr) return;
    TakeFrom(*batch, picking);
    picking.batch_units_left = 1;
  }
}

void Grid::Impl::TakeFrom(Batch& batch, Picking& picking) {
  const Host& host = *picking.host;
  const std::optional<double> estimate = SecondsPerFlop(host, batch.application);
  const Speed* speed = SpeedOf(host, batch.application);
  picking.seconds_per_flop = estimate.value_or(0);
  picking.batch_units_left = UINT32_MAX;
  if (picking.share.timed && (speed == nullptr || speed->results == 0)) {
    // Nothing measured yet: one unit a free slot, and no second round before the first is back.
    const std::uint64_t slots = std::max(picking.free_cores, 1U);
    const std::uint64_t held = host.out.size() + picking.picked.size();
    const std::uint64_t room = 2 * slots > held ? 2 * slots - held : 0;
    picking.batch_units_left = static_cast<std::uint32_t>(std::min(slots, room));
    if (picking.batch_units_left == 0) return Note(picking, NoWorkReason::kEnoughHeld);
  }
  QueueCursor& cursor = CursorOf(*picking.host, batch);
  const bool by_size = picking.share.matches_size && batch.CostsVary();
  const auto scan = by_size ? &Impl::ScanBySize : &Impl::Scan;
  (this->*scan)(batch, batch.copies, cursor.copies, picking);
  if (picking.Hungry()) (this->*scan)(batch, batch.fresh, cursor.fresh, picking);
}

QueueCursor& Grid::Impl::CursorOf(Host& host, const Batch& batch) {
  const BatchId id = batch.Id();
  auto it = std::lower_bound(host.cursors.begin(), host.cursors.end(), id,
                             [](const QueueCursor& c, BatchId other) { return c.batch < other; });
  if (it == host.cursors.end() || it->batch != id) {
    if (host.cursors.size() > 2 * batches_.size() + 16) {  // most are of batches that have ended
      std::erase_if(host.cursors, [this](const QueueCursor& c) { return !FindBatch(c.batch); });
      return CursorOf(host, batch);
    }
    it = host.cursors.insert(it, QueueCursor{.batch = id, .generation = generation_});
  }
  if (it->generation != generation_) {
    // With other owners present, a unit that came back without a result may be possible again.
    if (batch.bad_leases > 0) it->copies = 0;
    it->generation = generation_;
  }
  return *it;
}

// --- Units from one queue ----------------------------------------------------------------------

void Grid::Impl::TakeUnit(UnitId id, const Unit& unit, Batch& batch, Picking& picking) {
  const double seconds = unit.cost_flop * picking.seconds_per_flop;
  picking.picked.push_back({id, &batch, seconds, /*speculative=*/false});
  picking.seconds_left -= seconds;
  --picking.batch_units_left;
  const std::size_t bytes = unit.parameters_size + std::size_t{96};  // and what is around it
  picking.bytes_left -= std::min(picking.bytes_left, bytes);
}

// In order. Whatever is passed over here is not possible for this host until it is queued anew.
void Grid::Impl::Scan(Batch& batch, const UnitQueue& queue, std::uint64_t& cursor,
                      Picking& picking) {
  std::uint64_t position = std::max(cursor, queue.Begin());
  for (; position < queue.End() && picking.Hungry(); ++position) {
    --picking.scan_left;
    const UnitId id = queue.At(position);
    if (!id) continue;
    const Unit& unit = *units_.Find(id.value);
    const Verdict verdict = UnitVerdict(*picking.host, unit);
    if (verdict == Verdict::kEligible) {
      TakeUnit(id, unit, batch, picking);
    } else {
      Note(picking, ReasonOf(verdict));
    }
  }
  cursor = position;
}

// The same with a window of candidates: a host faster than the mean takes the big ones first.
void Grid::Impl::ScanBySize(Batch& batch, const UnitQueue& queue, std::uint64_t& cursor,
                            Picking& picking) {
  struct Candidate {
    double cost;
    std::uint64_t position;
    UnitId id;
  };
  std::vector<Candidate> window;
  std::uint64_t position = std::max(cursor, queue.Begin());
  const std::size_t wanted =
      kSizeWindow + std::min<std::size_t>(picking.share.units, limits::kLeasesPerAssign);
  for (; position < queue.End() && window.size() < wanted && picking.scan_left > 0; ++position) {
    --picking.scan_left;
    const UnitId id = queue.At(position);
    if (!id) continue;
    const Unit& unit = *units_.Find(id.value);
    const Verdict verdict = UnitVerdict(*picking.host, unit);
    if (verdict == Verdict::kEligible) {
      window.push_back({unit.cost_flop, position, id});
    } else {
      Note(picking, ReasonOf(verdict));
    }
  }
  const double mean = applications_[batch.application].mean;
  const bool fast = mean <= 0 || picking.seconds_per_flop <= mean;
  std::sort(window.begin(), window.end(), [fast](const Candidate& a, const Candidate& b) {
    if (a.cost != b.cost) return fast ? a.cost > b.cost : a.cost < b.cost;
    return a.position < b.position;
  });
  picking.scan_left = std::max<std::uint64_t>(picking.scan_left, 1);
  std::size_t taken = 0;
  for (; taken < window.size() && picking.Hungry(); ++taken) {
    TakeUnit(window[taken].id, *units_.Find(window[taken].id.value), batch, picking);
  }
  for (std::size_t i = taken; i < window.size(); ++i) {
    position = std::min(position, window[i].position);
  }
  cursor = position;
}

// --- The tail of a batch -----------------------------------------------------------------------

bool Grid::Impl::WorthCopying(const Host& host, const Lease& lease, const Unit& unit,
                              Instant now) const {
  const Host& holder = *lease.host;
  const Duration age = now - lease.granted;
  const Speed* here = SpeedOf(host, unit.batch->application);
  const Speed* there = SpeedOf(holder, unit.batch->application);
  const double estimate =
      SecondsPerFlop(holder, unit.batch->application).value_or(0) * unit.cost_flop;
  if (age < kLeastTailAge || Seconds(age) < 2 * estimate) return false;
  const bool overdue = estimate > 0 && Seconds(age) >= 4 * estimate;
  if (overdue || now - holder.heard >= 2 * options_.heartbeat) return true;
  const bool measured = here != nullptr && here->results > 0;
  const bool holder_measured = there != nullptr && there->results > 0;
  if (measured && (!holder_measured || here->mean < there->mean)) return true;
  // More reliable: fewer of its leases lost, in proportion.
  return static_cast<double>(host.leases_lost) * static_cast<double>(holder.results + 1) <
         static_cast<double>(holder.leases_lost) * static_cast<double>(host.results + 1);
}

void Grid::Impl::PickTail(Picking& picking) {
  std::size_t looked = 0;
  for (std::uint64_t id = leases_.NextFrom(0, next_lease_);
       id < next_lease_ && looked < kTailWindow; id = leases_.NextFrom(id + 1, next_lease_)) {
    ++looked;
    const Lease& lease = *leases_.Find(id);
    if (lease.state != LeaseState::kOut) continue;
    const Unit& unit = *units_.Find(lease.unit.value);
    const Batch& batch = *unit.batch;
    if (unit.wanted > 0 || batch.fresh.Live() > 0 || unit.leases + 1U >= limits::kMaxLeases) {
      continue;
    }
    if (BatchVerdict(*picking.host, batch, picking.now) != Verdict::kEligible) continue;
    if (UnitVerdict(*picking.host, unit) != Verdict::kEligible) continue;
    const Tally tally = Count(unit);
    if (tally.agreeing + tally.out + tally.unsealed > batch.quorum) continue;  // has its extra copy
    if (!WorthCopying(*picking.host, lease, unit, picking.now)) continue;
    const double seconds =
        unit.cost_flop * SecondsPerFlop(*picking.host, batch.application).value_or(0);
    picking.picked.push_back({lease.unit, unit.batch, seconds, /*speculative=*/true});
    return;
  }
}

}  // namespace picube
