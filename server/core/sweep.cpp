// Time: deadlines, silent hosts, long polls, expired join codes.
#include <algorithm>

#include "server/core/impl.h"

namespace picube {

std::optional<Instant> Grid::Impl::NextDeadline() const {
  std::optional<Instant> next;
  if (!parked_.empty()) next = parked_.begin()->first;
  const bool sweeps = leases_out_ + unsealed_ > 0 || !invitations_.empty();
  if (sweeps && read_only_why_.empty()) {
    next = next ? std::min(*next, next_sweep_) : next_sweep_;
  }
  return next;
}

void Grid::Impl::Do(Tick&) {
  if (read_only_why_.empty() && now_ >= next_sweep_) Sweep();
  ExpireParked();
}

void Grid::Impl::Sweep() {
  next_sweep_ = now_ + kSweepEvery;
  EndInvitations();
  if (leases_out_ + unsealed_ == 0) return;
  for (const auto& host : hosts_) {
    if (host->out.empty() && host->unsealed.empty()) continue;
    SweepHost(*host);
  }
  tail_due_ = true;
}

// Looks at the leases of a host only when one can be due: `earliest` is never too late.
void Grid::Impl::SweepHost(Host& host) {
  const bool silent = now_ - host.heard >= options_.host_silence;
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
