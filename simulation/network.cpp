#include "simulation/network.h"

#include <utility>

#include "protocol/base/limits.h"
#include "protocol/wire/codec.h"
#include "simulation/dice.h"

namespace picube::sim {
namespace {

constexpr Duration kConnectFails = 5s;    // until a peer gives up an attempt
constexpr Duration kSilenceBreaks = 90s;  // the transport's own heartbeat timeout

}  // namespace

Network::LinkId Network::AddLink(std::string name, const LinkNature& nature, Rng rng,
                                 PeerEnd* peer) {
  links_.push_back(Link{.name = std::move(name), .nature = nature, .rng = rng, .peer = peer});
  const LinkId link = links_.size() - 1;
  if (nature.between_drops > Duration(0)) ScheduleDrop(link);
  if (nature.between_partitions > Duration(0)) SchedulePartition(link);
  return link;
}

Duration Network::Delay(Link& link) {
  return Skewed(link.rng, link.nature.delay_least, link.nature.delay_spread);
}

// --- Connections
// ------------------------------------------------------------------------------------

void Network::Connect(LinkId link, const TransportKey& key) {
  Close(link);
  const std::uint64_t attempt = ++links_[link].attempt;
  stage_.queue.After(2 * Delay(links_[link]),
                     [this, link, key, attempt] { Attempt(link, key, attempt); });
}

void Network::Attempt(LinkId id, const TransportKey& key, std::uint64_t attempt) {
  Link& link = links_[id];
  if (link.attempt != attempt) return;
  if (!server_->Up() || link.cut_up || link.cut_down) {
    stage_.queue.After(kConnectFails, [this, id, attempt] {
      if (links_[id].attempt == attempt) links_[id].peer->OnConnectFailed();
    });
    return;
  }
  if (!server_->Admits(key)) {
    stage_.Note(link.name, "refused at the door");
    link.peer->OnConnectRefused();
    return;
  }
  link.connection = next_connection_++;
  connections_[link.connection] = Connection{.link = id};
  stage_.Note(link.name, "connection " + std::to_string(link.connection));
  server_->OnOpened(link.connection, key);
  link.peer->OnConnected();
}

void Network::Close(LinkId id) {
  Link& link = links_[id];
  ++link.attempt;
  const std::uint64_t connection = std::exchange(link.connection, 0);
  if (connection == 0) return;
  // One time in four the server never hears of it.
  if (faults_ && link.rng.OneIn(4)) {
    connections_.erase(connection);
    return;
  }
  stage_.queue.After(Delay(link), [this, connection] { EndForServer(connection); });
}

void Network::EndForServer(std::uint64_t connection) {
  const auto found = connections_.find(connection);
  if (found == connections_.end() || !found->second.server_open) return;
  found->second.server_open = false;
  if (server_->Up()) server_->OnClosed(connection);
  if (links_[found->second.link].connection != connection) connections_.erase(found);
}

void Network::EndForPeer(LinkId id, std::uint64_t connection) {
  Link& link = links_[id];
  if (link.connection != connection) return;
  link.connection = 0;
  stage_.Note(link.name, "disconnected");
  const auto found = connections_.find(connection);
  if (found != connections_.end() && !found->second.server_open) connections_.erase(found);
  link.peer->OnDisconnected();
}

void Network::Break(LinkId id) {
  Link& link = links_[id];
  const std::uint64_t connection = link.connection;
  if (connection == 0) return;
  // Each side hears of it in its own time; until then it talks into nothing.
  const Duration for_peer = Between(link.rng, Duration(0), Duration(5s));
  const Duration for_server = Between(link.rng, Duration(0), Duration(30s));
  stage_.queue.After(for_peer, [this, id, connection] { EndForPeer(id, connection); });
  stage_.queue.After(for_server, [this, connection] { EndForServer(connection); });
}

void Network::ServerGone() {
  for (LinkId id = 0; id < links_.size(); ++id) {
    Link& link = links_[id];
    const std::uint64_t connection = link.connection;
    if (connection == 0) continue;
    connections_[connection].server_open = false;
    // A killed process closes its sockets; a machine without power says nothing.
    const Duration wait =
        link.rng.OneIn(3) ? Between(link.rng, Duration(1s), kSilenceBreaks) : Delay(link);
    stage_.queue.After(wait, [this, id, connection] { EndForPeer(id, connection); });
  }
  std::erase_if(connections_, [this](const auto& entry) {
    return links_[entry.second.link].connection != entry.first;
  });
}

// --- Messages
// ---------------------------------------------------------------------------------------

void Network::SendToServer(LinkId id, const Envelope& envelope) {
  Link& link = links_[id];
  if (link.connection != 0) Transmit(link, /*up=*/true, link.connection, envelope);
}

void Network::SendToPeer(std::uint64_t connection, const Envelope& envelope) {
  const auto found = connections_.find(connection);
  if (found == connections_.end() || !found->second.server_open) return;
  Transmit(links_[found->second.link], /*up=*/false, connection, envelope);
}

void Network::Transmit(Link& link, bool up, std::uint64_t connection, const Envelope& envelope) {
  const LinkNature& nature = link.nature;
  const bool lost = faults_ && Chance(link.rng, nature.lost_permille);
  const bool doubled = faults_ && Chance(link.rng, nature.doubled_permille);
  if (lost) {
    stage_.Note(link.name, up ? "lost to server" : "lost to peer");
    return;
  }
  // Bytes, as a socket would carry them: what the codec does to a message is part of the run.
  const Bytes frame = Encode(envelope);
  if (frame.size() > limits::kMessageBytes) {
    return stage_.Fail("a message is larger than any socket takes");
  }
  for (int copy = 0; copy < (doubled ? 2 : 1); ++copy) {
    Duration delay = Delay(link);
    if (faults_ && Chance(link.rng, nature.late_permille)) {
      delay += Between(link.rng, Duration(0), nature.late_spread);
    }
    stage_.queue.After(delay, [this, up, connection, frame] { Deliver(up, connection, frame); });
  }
}

void Network::Deliver(bool up, std::uint64_t connection, BytesView frame) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  Link& link = links_[found->second.link];
  if (up ? link.cut_up : link.cut_down) return;
  const bool open = up ? found->second.server_open && server_->Up() : link.connection == connection;
  if (!open) return;
  const Result<Envelope> envelope = Decode(frame);
  if (!envelope) return stage_.Fail("the wire codec: " + envelope.error().what);
  std::string what(up ? "to server " : "to peer ");
  what += TypeName(envelope->message);
  what += ' ';
  what += std::to_string(HashBytes(frame));
  stage_.Note(link.name, what);
  if (up) {
    server_->OnMessage(connection, *envelope);
  } else {
    link.peer->OnMessage(*envelope);
  }
}

// --- Faults
// -----------------------------------------------------------------------------------------

void Network::ScheduleDrop(LinkId id) {
  Link& link = links_[id];
  const Duration wait = Between(link.rng, Duration(0), 2 * link.nature.between_drops);
  stage_.queue.After(wait, [this, id] {
    if (!faults_) return;
    Break(id);
    ScheduleDrop(id);
  });
}

void Network::SchedulePartition(LinkId id) {
  Link& link = links_[id];
  const Duration wait = Between(link.rng, Duration(0), 2 * link.nature.between_partitions);
  stage_.queue.After(wait, [this, id] {
    if (!faults_) return;
    Cut(id);
    SchedulePartition(id);
  });
}

void Network::Cut(LinkId id) {
  Link& link = links_[id];
  const std::uint64_t ways = link.rng.Below(4);  // half of all cuts are in both directions
  link.cut_up = ways != 0;
  link.cut_down = ways != 1;
  const std::uint64_t number = ++link.cut_number;
  const Duration span = Between(link.rng, Duration(1s), link.nature.partition_most);
  const std::uint64_t connection = link.connection;
  stage_.Note(link.name, ways == 0 ? "cut to peer" : ways == 1 ? "cut to server" : "cut");
  if (span > kSilenceBreaks && connection != 0) {
    stage_.queue.After(kSilenceBreaks, [this, id, connection] {
      EndForPeer(id, connection);
      EndForServer(connection);
    });
  }
  stage_.queue.After(span, [this, id, number] {
    Link& cut = links_[id];
    if (cut.cut_number != number) return;
    cut.cut_up = false;
    cut.cut_down = false;
    stage_.Note(cut.name, "healed");
  });
}

void Network::EndFaults() {
  faults_ = false;
  for (Link& link : links_) {
    link.cut_up = false;
    link.cut_down = false;
  }
}

}  // namespace picube::sim
