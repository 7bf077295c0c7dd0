// Time: deadlines, silent hosts, long polls, expired join codes.
#include <algorithm>

#include "server/core/impl.h"

namespace picube {

std::optional<Instant> Grid::Impl::NextDeadline() const {
  std::optional<Instant> next;
  if (!parked_.empty()) next = parked_.begin()->first;
  if (!settings_asked_.empty()) {
    const Instant due = settings_asked_.begin()->second.give_up;
    next = next ? std::min(*next, due) : due;
  }
  if (!read_only_why_.empty()) return next;
  const bool sweeps = leases_out_ + unsealed_ > 0 || !invitations_.empty();
  const Instant sweep = sweeps ? next_sweep_ : std::max(next_sweep_, next_silence_);
  if (sweep.us != INT64_MAX) next = next ? std::min(*next, sweep) : sweep;
  return next;
}

void Grid::Impl::Do(Tick&) {
  if (read_only_why_.empty() && now_ >= next_sweep_) Sweep();
  ExpireParked();
  EndUnansweredSettings({});
}

void Grid::Impl::Sweep() {
  next_sweep_ = now_ + kSweepEvery;
  if (options_.scaling.On()) Scale();
  EndInvitations();
  LookForSilence();
  if (leases_out_ + unsealed_ == 0) return;
  for (const auto& host : hosts_) {
    if (host->out.empty() && host->unsealed.empty()) continue;
    SweepHost(*host);
  }
  tail_due_ = true;
}

// A host that is not heard any more is not counted on: nothing waits for it.
void Grid::Impl::LookForSilence() {
  if (now_ < next_silence_) return;
  next_silence_ = Instant{INT64_MAX};
  for (const auto& host : hosts_) {
    if (!host->present) continue;
    if (now_ - host->heard < options_.host_silence) {
      next_silence_ = std::min(next_silence_, host->heard + options_.host_silence);
      continue;
    }
    SetPresent(*host, false);
    Disconnect(*host);
  }
}

// How long a host may be silent before its leases are lost: longer for one that said it goes off
// line and computes on, up to a day.
Duration Grid::Impl::SilenceOf(const Host& host) const {
  const Duration offline = std::chrono::seconds(host.facts.offline_seconds);
  return std::max(options_.host_silence, std::min<Duration>(offline, limits::kMostOffline));
}

// Looks at the leases of a host only when one can be due: `earliest` is never too late.
void Grid::Impl::SweepHost(Host& host) {
  const bool silent = now_ - host.heard >= SilenceOf(host);
  if (!silent && host.earliest > now_) return;
  host.earliest = Instant{INT64_MAX};
  const auto due = [&](const std::vector<LeaseId>& leases) {
    std::vector<LeaseId> ended;
    for (const LeaseId id : leases) {
      const Instant deadline = leases_.Find(id.value)->deadline;
      if (silent || deadline <= now_) {
        ended.push_back(id);
      } else {
        host.earliest = std::min(host.earliest, deadline);
      }
    }
    std::sort(ended.begin(), ended.end());
    return ended;
  };
  std::vector<LeaseId> ended = due(host.out);
  std::vector<LeaseId> unsealed = due(host.unsealed);
  if (silent && ended.size() + unsealed.size() > 0) {
    Log(LogLine::Level::kWarning,
        host.enrolled.name + " is silent: " + std::to_string(ended.size()) + " leases are lost");
  }
  EndLeases(silent ? LeaseEnd::kHostLost : LeaseEnd::kDeadline, std::move(ended));
  EndLeases(LeaseEnd::kUnsealed, std::move(unsealed));
}

// --- Rest ---------------------------------------------------------------------------------------

// What is left to do, in seconds of one host as they are on average; a minute a unit while nobody
// has measured.
double Grid::Impl::QueuedSeconds() const {
  constexpr double kUnmeasured = 60;
  double seconds = 0;
  for (const auto& [id, batch] : batches_) {
    const double mean = applications_[batch->application].mean;
    const double flop = std::max(0.0, batch->sums.flop_total - batch->sums.flop_settled);
    seconds += mean > 0 ? flop * mean : kUnmeasured * static_cast<double>(batch->Live());
  }
  return seconds;
}

// At most once a second. Those rest that bring least for a joule; among equals the youngest.
void Grid::Impl::Scale() {
  if (now_ < next_scale_) return;
  next_scale_ = now_ + 1s;
  std::vector<Host*> hosts;
  for (const auto& host : hosts_) {
    if (!host->IsHost() || host->retired || host->draining) continue;
    if (host->present || host->rests) hosts.push_back(host.get());
  }
  const auto worth = [](const Host* host) {
    const EnergySums& energy = host->energy;
    return energy.millijoules > 0 ? host->flop / static_cast<double>(energy.millijoules) : 0.0;
  };
  std::stable_sort(hosts.begin(), hosts.end(), [&](const Host* a, const Host* b) {
    if (a->rests != b->rests) return b->rests;  // nobody changes places with a sleeper
    return worth(a) > worth(b);
  });
  const std::uint32_t awake =
      scaler_.Step(now_, QueuedSeconds(), static_cast<std::uint32_t>(hosts.size()));
  for (std::size_t i = 0; i < hosts.size(); ++i) LetRest(*hosts[i], i >= awake);
}

void Grid::Impl::LetRest(Host& host, bool rests) {
  if (host.rests == rests) return;
  host.rests = rests;
  MarkHost(host);
  ready_out_.events.push_back(HostRests{host.Id(), host.enrolled.name, rests});
  Log(LogLine::Level::kInfo,
      host.enrolled.name + (rests ? " rests: the queue is short" : " is needed again"));
}

}  // namespace picube
