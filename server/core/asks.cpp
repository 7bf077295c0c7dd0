// Asks for work: answered, or parked until there is some.
#include <algorithm>

#include "protocol/base/check.h"
#include "server/core/impl.h"

namespace picube {

namespace {

// Whatever a host says of itself, it gets no less than a quarter and no more than twice as much.
constexpr double kLeastOutlook = 0.25;
constexpr double kMostOutlook = 2;
// The firmware takes a quarter to a half off the clock; what was measured is a mean over cool and
// hot times, so a quarter less is given to those that say nothing better.
constexpr double kThrottledOutlook = 0.75;

double OutlookOf(const Readings& readings) {
  constexpr std::uint32_t kThrottledNow = 0x6;  // bits 1 and 2 of the firmware's get_throttled
  if (readings.outlook_permille) {
    return std::clamp(*readings.outlook_permille / 1000.0, kLeastOutlook, kMostOutlook);
  }
  return (readings.throttle_flags.value_or(0) & kThrottledNow) != 0 ? kThrottledOutlook : 1;
}

}  // namespace

PolicyHost Grid::Impl::ViewOf(const Host& host, const AskWork* ask) const {
  PolicyHost view;
  view.cores = std::max(host.facts.cores, 1U);
  view.leases_out = host.out.size();
  view.load_permille = host.readings.load_permille.value_or(0);
  view.served = host.served;
  view.last_turn = host.last_turn;
  view.outlook = OutlookOf(host.readings);
  if (ask != nullptr) {
    view.free_cores = ask->free_cores;
    view.held_seconds = static_cast<double>(ask->held_ms) / 1e3;
  }
  if (!options_.weights.empty()) {
    const auto it = options_.weights.find(host.enrolled.name);
    if (it != options_.weights.end()) view.weight = it->second;
  }
  return view;
}

// A renewal lasts as long as the host may be out of reach.
Duration Grid::Impl::RenewalOf(const Host& host) const {
  const Duration silence = SilenceOf(host);
  return silence > options_.host_silence ? std::max(options_.least_lease, silence)
                                         : options_.least_lease;
}

// What a host claims of its speed makes no lease longer than a unit may run.
Duration Grid::Impl::LeaseSpan(const Host& host, double seconds) const {
  constexpr double kMost = 86'400;
  const double span = std::min(kMost, seconds * limits::kLeaseFactor);
  return std::max(RenewalOf(host), FromSeconds(span > 0 ? span : 0));
}

void Grid::Impl::HoldBlobs(Host& host, std::vector<Digest>&& blobs) {
  if (blobs.empty()) return;
  host.blobs = std::move(blobs);
  if (host.blobs.size() > limits::kBlobsAnnounced) host.blobs.resize(limits::kBlobsAnnounced);
  std::sort(host.blobs.begin(), host.blobs.end());
}

void Grid::Impl::DoAsk(Host& host, ReplyTo reply, AskWork& ask) {
  HoldBlobs(host, std::move(ask.cached_blobs));
  if (host.parked) AnswerParked(host, host.parked->reason);  // one ask a host waits at a time
  Assign assign;
  NoWork no_work;
  if (TryAssign(host, ask, assign, no_work)) return Send(reply, std::move(assign));
  // A reason that only the asker can mend is told at once.
  const bool waits = no_work.reason == NoWorkReason::kNothingToDo ||
                     no_work.reason == NoWorkReason::kNoApplication ||
                     no_work.reason == NoWorkReason::kHasItsCopy ||
                     no_work.reason == NoWorkReason::kTooBig;
  if (waits && ask.wait_ms > 0) return Park(host, reply, std::move(ask), no_work.reason);
  Send(reply, no_work);
}

bool Grid::Impl::TryAssign(Host& host, const AskWork& ask, Assign& assign, NoWork& no_work) {
  if (options_.scaling.On()) Scale();
  const Verdict verdict = HostVerdict(host);
  if (verdict != Verdict::kEligible) {
    no_work = NoWorkFor(host, ReasonOf(verdict));
    return false;
  }
  const std::size_t most =
      std::min({static_cast<std::size_t>(ask.most_units), limits::kLeasesPerAssign,
                limits::kLeasesPerHost - host.out.size()});
  Picking picking;
  picking.host = &host;
  picking.free_cores = ask.free_cores;
  picking.now = now_;
  picking.share = policy_->ShareOf(ViewOf(host, &ask), static_cast<std::uint32_t>(most));
  picking.seconds_left = picking.share.seconds;
  picking.picked = std::move(scratch_picked_);
  picking.picked.clear();
  if (picking.share.units == 0) {
    picking.reason = NoWorkReason::kEnoughHeld;
  } else {
    Pick(picking);
    if (picking.picked.empty()) PickTail(picking);
  }
  const bool found = !picking.picked.empty();
  if (found) {
    assign = Grant(host, picking);
  } else {
    no_work = NoWorkFor(host, picking.reason);
  }
  scratch_picked_ = std::move(picking.picked);
  return found;
}

Assign Grid::Impl::Grant(Host& host, Picking& picking) {
  LeasesGranted record{host.Id(), LeaseId{next_lease_}, {}};
  record.grants.reserve(picking.picked.size());
  Assign assign;
  assign.epoch = epoch_;
  assign.leases.reserve(picking.picked.size());
  const Batch* of_terms = nullptr;  // units of one batch follow each other
  std::uint64_t lease = next_lease_;
  for (const Picked& picked : picking.picked) {
    const Unit& unit = *units_.Find(picked.unit.value);
    if (picked.batch != of_terms) {
      of_terms = picked.batch;
      const Submit& submit = of_terms->submitted.submit;
      WorkTerms& terms = assign.terms.emplace_back();
      terms.batch = of_terms->Id();
      terms.application = {submit.application, of_terms->submitted.application_version};
      terms.bounds.memory_bytes = 0;
      terms.bounds.result_bytes = 0;
      if (!options_.keep_dataset.contains(submit.application)) {
        for (const DatasetFile& file : submit.files) terms.inputs.push_back(file.blob);
      }
    }
    Bounds& bounds = assign.terms.back().bounds;
    bounds.memory_bytes = std::max(bounds.memory_bytes, unit.memory_bytes);
    bounds.result_bytes = std::max(bounds.result_bytes, unit.result_bytes);
    const Duration span = LeaseSpan(host, picked.seconds);
    record.grants.push_back({picked.unit, span, picked.speculative});
    LeaseOffer& offer = assign.leases.emplace_back();
    offer.lease = {lease++};
    offer.unit = picked.unit;
    offer.terms = static_cast<std::uint32_t>(assign.terms.size() - 1);
    offer.parameters = unit.Parameters();
    if (unit.inputs) offer.inputs = *unit.inputs;
    offer.cost_flop = unit.cost_flop;
    offer.deadline_ms = static_cast<std::uint64_t>(span / 1ms);
    Charge(*picked.batch, unit.cost_flop);
  }
  Emit(std::move(record));
  for (const LeaseOffer& offer : assign.leases) {
    leases_.Find(offer.lease.value)->connection = host.connection;
  }
  host.served += picking.picked.size();
  host.last_turn = ++turns_;
  host.no_work_in_row = 0;
  return assign;
}

NoWork Grid::Impl::NoWorkFor(Host& host, NoWorkReason reason) {
  // Exponential with full jitter, so that hosts which ran dry together do not come back together.
  std::uint64_t most_ms = 1000ULL << std::min(host.no_work_in_row, 6U);
  most_ms = std::min<std::uint64_t>(most_ms, limits::kLongPoll / 1ms);
  std::uint64_t ms = 200 + rng_.Below(most_ms);
  if (reason == NoWorkReason::kHostBackoff) {
    Instant until{};
    for (const Speed& speed : host.speeds) {
      if (speed.backoff_until <= now_) continue;
      until = until.us == 0 ? speed.backoff_until : std::min(until, speed.backoff_until);
    }
    if (until > now_) ms += static_cast<std::uint64_t>((until - now_) / 1ms);
  }
  ++host.no_work_in_row;
  NoWork answer{.reason = reason, .ask_again_ms = static_cast<std::uint32_t>(ms)};
  if (reason == NoWorkReason::kResting) {
    answer.ask_again_ms = static_cast<std::uint32_t>(limits::kRestPoll / 1ms);
    answer.rest_ms = static_cast<std::uint32_t>(limits::kRest / 1ms);
  }
  return answer;
}

// --- Long polls --------------------------------------------------------------------------------

void Grid::Impl::Park(Host& host, ReplyTo reply, AskWork&& ask, NoWorkReason reason) {
  const Duration wait =
      std::min<Duration>(std::chrono::milliseconds(ask.wait_ms), limits::kLongPoll);
  host.parked = ParkedAsk{reply, std::move(ask), now_ + wait, reason};
  parked_.emplace(host.parked->until, host.Id());
}

void Grid::Impl::Unpark(Host& host) {
  if (!host.parked) return;
  parked_.erase({host.parked->until, host.Id()});
  host.parked.reset();
}

void Grid::Impl::AnswerParked(Host& host, NoWorkReason reason) {
  if (!host.parked) return;
  const ReplyTo reply = host.parked->reply;
  Unpark(host);
  host.no_work_in_row = 0;  // it has waited its time already
  Send(reply, NoWorkFor(host, reason));
}

void Grid::Impl::ExpireParked() {
  while (!parked_.empty() && parked_.begin()->first <= now_) {
    Host& host = *FindHost(parked_.begin()->second);
    AnswerParked(host, read_only_why_.empty() ? host.parked->reason : NoWorkReason::kReadOnly);
  }
}

// Work has appeared, or a tail copy may be due: hosts that wait are served in the order of the
// policy, as long as it lasts.
void Grid::Impl::ServeParked() {
  const bool tail = std::exchange(tail_due_, false);
  work_appeared_ = false;
  if (parked_.empty()) return;
  std::vector<std::pair<double, HostId>> order;
  order.reserve(parked_.size());
  for (const auto& [until, id] : parked_) {
    const Host& host = *FindHost(id);
    order.emplace_back(policy_->Rank(ViewOf(host, &host.parked->ask)), id);
  }
  const auto later = std::greater<std::pair<double, HostId>>{};
  std::make_heap(order.begin(), order.end(), later);
  while (!order.empty()) {
    if (ready_.empty() && !tail) return;
    std::pop_heap(order.begin(), order.end(), later);
    Host& host = *FindHost(order.back().second);
    order.pop_back();
    Assign assign;
    NoWork no_work;
    if (TryAssign(host, host.parked->ask, assign, no_work)) {
      const ReplyTo reply = host.parked->reply;
      Unpark(host);
      Send(reply, std::move(assign));
    } else {
      --host.no_work_in_row;  // it was not answered
      host.parked->reason = no_work.reason;
    }
  }
}

}  // namespace picube
