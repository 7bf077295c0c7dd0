// Time: deadlines, silent hosts, long polls, expired join codes.
#include <algorithm>

#include "server/core/impl.h"

namespace picube {

std::optional<Instant> Grid::Impl::NextDeadline() const {
  std::optional<Instant> next;
  if (!parked_.empty()) next = parked_.begin()->first;
  if (!read_only_why_.empty()) return next;
  const bool sweeps = leases_out_ + unsealed_ > 0 || !invitations_.empty();
  const Instant sweep = sweeps ? next_sweep_ : std::max(next_sweep_, next_silence_);
  if (sweep.us != INT64_MAX) next = next ? std::min(*next, sweep) : sweep;
  return next;
}

void Grid::Impl::Do(Tick&) {
  if (read_only_why_.empty() && now_ >= next_sweep_) Sweep();
  ExpireParked();
}

void Grid::Impl::Sweep() {
  next_sweep_ = now_ + kSweepEvery;
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

}  // namespace picube
