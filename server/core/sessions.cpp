// Hello, heartbeat, goodbye, and what becomes of the leases of a host that comes and goes.
#include <algorithm>

#include "server/core/impl.h"

namespace picube {

void Grid::Impl::Heard(Host& host, std::uint64_t connection) {
  host.heard = now_;
  if (!host.present) SetPresent(host, true);
  if (connection == 0 || host.connection == connection) return;
  if (host.connection == 0) ++hosts_connected_;
  Unpark(host);  // it waited on a connection that is no more
  host.unrecorded.reset();
  host.connection = connection;
  ++generation_;
  MarkHost(host);
}

void Grid::Impl::SetPresent(Host& host, bool present) {
  host.present = present;
  if (present) next_silence_ = std::min(next_silence_, now_ + options_.host_silence);
  ++generation_;
}

void Grid::Impl::Disconnect(Host& host) {
  Unpark(host);
  EndUnansweredSettings(host.Id());
  host.unrecorded.reset();  // it says hello again
  if (host.connection == 0) return;
  host.connection = 0;
  --hosts_connected_;
  ++generation_;
  MarkHost(host);
}

void Grid::Impl::Do(PeerGone& input) {
  Host* host = FindHost(input.host);
  if (host == nullptr || host->connection != input.connection) return;
  Disconnect(*host);
}

void Grid::Impl::RenewAll() {
  for (const auto& host : hosts_) {
    host->heard = now_;
    if (!host->retired && !host->present) SetPresent(*host, true);
    host->earliest = now_ + options_.least_lease;
    for (const LeaseId id : host->out) {
      Lease& lease = *leases_.Find(id.value);
      lease.named = now_;
      lease.deadline = now_ + lease.span;
      host->earliest = std::min(host->earliest, lease.deadline);
    }
    for (const LeaseId id : host->unsealed) {
      leases_.Find(id.value)->deadline = now_ + options_.least_lease;
    }
  }
  next_sweep_ = now_ + kSweepEvery;
}

void Grid::Impl::Do(TakeOver& input) {
  Emit(EpochStarted{Epoch{epoch_.value + 1}, input.restored ? kIdsSkipped : 0});
  for (const auto& host : hosts_) Disconnect(*host);
  RenewAll();
  for (auto& [id, batch] : batches_) {
    batch->units_asked = false;
    batch->merge_asked = false;
    MarkMoved(*batch);
  }
}

void Grid::Impl::EndLeases(LeaseEnd why, std::vector<LeaseId> leases) {
  if (leases.empty()) return;
  for (const LeaseId id : leases) Touch(leases_.Find(id.value)->unit);
  Emit(LeasesEnded{why, std::move(leases)});
}

void Grid::Impl::RecordHello(Host& host, std::uint64_t connection, Hello& hello) {
  host.unrecorded.reset();
  if (hello.facts != host.facts) Emit(HostDescribed{host.Id(), std::move(hello.facts)});
  std::sort(hello.leases_held.begin(), hello.leases_held.end());
  std::vector<LeaseId> lost;
  for (const LeaseId id : host.out) {
    // A Hello that comes twice does not know of what was granted between.
    if (leases_.Find(id.value)->connection == connection) continue;
    if (!std::binary_search(hello.leases_held.begin(), hello.leases_held.end(), id)) {
      lost.push_back(id);
    }
  }
  std::sort(lost.begin(), lost.end());
  EndLeases(LeaseEnd::kHostLost, std::move(lost));
}

// What hosts said of themselves while nothing could be recorded.
void Grid::Impl::RecordHellos() {
  for (const auto& host : hosts_) {
    if (!host->unrecorded) continue;
    Hello hello = std::move(*host->unrecorded);
    RecordHello(*host, host->connection, hello);
  }
}

void Grid::Impl::DoHello(Host& host, ReplyTo reply, Hello& hello) {
  if (hello.oldest_version > kProtocolVersion || hello.newest_version < kOldestProtocolVersion) {
    return Refuse(reply, ErrorKind::kRefused,
                  "This server speaks versions " + std::to_string(kOldestProtocolVersion) + " to " +
                      std::to_string(kProtocolVersion) + ", the worker " +
                      std::to_string(hello.oldest_version) + " to " +
                      std::to_string(hello.newest_version) + ".",
                  "Update the older of the two.");
  }
  host.blobs.clear();  // Hello names all that the host has
  HoldBlobs(host, std::move(hello.blobs_held));
  const std::uint16_t version = std::min(kProtocolVersion, hello.newest_version);
  if (read_only_why_.empty()) {
    RecordHello(host, reply.connection, hello);
  } else {
    host.unrecorded = std::move(hello);
  }
  host.no_work_in_row = 0;
  Send(reply, Welcome{.version = version,
                      .host = host.Id(),
                      .name = host.enrolled.name,
                      .epoch = epoch_,
                      .server_time = wall_,
                      .software = options_.software,
                      .heartbeat_ms = static_cast<std::uint32_t>(HeartbeatOf(host) / 1ms),
                      .silence_ms = static_cast<std::uint32_t>(options_.host_silence / 1ms),
                      .endpoints = options_.endpoints});
}

// Whoever cools or shows a site must hear of it before its patience ends.
Duration Grid::Impl::HeartbeatOf(const Host& host) const {
  const bool watched = host.site && !options_.sites[*host.site].master.empty();
  return watched ? std::min(options_.heartbeat, limits::kSiteHeartbeat) : options_.heartbeat;
}

std::vector<Peer> Grid::Impl::PeersOf(const Host& master) const {
  std::vector<Peer> peers;
  for (const auto& host : hosts_) {
    if (host.get() == &master || host->site != master.site || host->retired) continue;
    if (peers.size() == limits::kPeers) break;
    peers.push_back({.name = host->enrolled.name,
                     .silent_ms = static_cast<std::uint64_t>((now_ - host->heard) / 1ms),
                     .readings = host->readings,
                     .paused_why = host->paused_why,
                     .unit = host->running,
                     .permille = host->running_permille});
  }
  return peers;
}

void Grid::Impl::DoHeartbeat(Host& host, ReplyTo reply, Heartbeat& heartbeat) {
  host.readings = heartbeat.readings;
  if (!host.out.empty()) {
    host.top_milliwatts = std::max(host.top_milliwatts, host.readings.milliwatts.value_or(0));
  }
  host.paused_why = std::move(heartbeat.paused_why);
  MarkHost(host);
  Pulse pulse;
  const Duration renewal = RenewalOf(host);
  pulse.renewed_ms = static_cast<std::uint64_t>(renewal / 1ms);
  pulse.draining = host.draining;
  host.running = {};
  host.running_permille = 0;
  if (host.site && options_.sites[*host.site].master == host.enrolled.name) {
    pulse.peers = PeersOf(host);
  }
  for (const LeaseProgress& alive : heartbeat.alive) {
    Lease* lease = leases_.Find(alive.lease.value);
    if (lease == nullptr || lease->host != &host) {
      pulse.cancelled.push_back(alive.lease);
    } else if (lease->state == LeaseState::kOut) {
      lease->named = now_;
      if (!host.running || alive.permille > host.running_permille) {
        host.running = lease->unit;
        host.running_permille = alive.permille;
      }
      lease->deadline = std::max(lease->deadline, now_ + renewal);
    } else if (lease->state == LeaseState::kEnded) {
      // Ended while the host was not heard: it may finish if the unit can still use the result.
      const Unit& unit = *units_.Find(lease->unit.value);
      const Tally tally = Count(unit);
      const bool of_use = unit.state != UnitState::kFailed && Wanted(unit, tally) > 0;
      if (!of_use) pulse.cancelled.push_back(alive.lease);
    }
  }
  if (read_only_why_.empty()) EndUnnamed(host);
  Send(reply, std::move(pulse));
}

// What a host that talks no longer speaks of is lost to it: a result too large to report at once is
// named until it is here.
void Grid::Impl::EndUnnamed(Host& host) {
  std::vector<LeaseId> lost;
  for (const LeaseId id : host.out) {
    if (now_ - leases_.Find(id.value)->named >= SilenceOf(host)) lost.push_back(id);
  }
  std::sort(lost.begin(), lost.end());
  EndLeases(LeaseEnd::kHostLost, std::move(lost));
}

void Grid::Impl::DoGoodbye(Host& host, Goodbye& goodbye) {
  std::sort(goodbye.given_back.begin(), goodbye.given_back.end());
  std::vector<LeaseId> given_back;
  for (const LeaseId id : goodbye.given_back) {
    const Lease* lease = leases_.Find(id.value);
    const bool twice = !given_back.empty() && given_back.back() == id;
    if (lease == nullptr || lease->host != &host || lease->state != LeaseState::kOut || twice) {
      continue;
    }
    given_back.push_back(id);
  }
  EndLeases(LeaseEnd::kGivenBack, std::move(given_back));
  Unpark(host);
}

}  // namespace picube
