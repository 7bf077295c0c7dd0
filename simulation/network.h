// The network: links between peers (workers, operators) and the one server, with everything that
// goes wrong on links. Messages pass through the wire codec as they would through a socket.
//
// A peer connects, gets a connection, sends and receives on it until it breaks. A connection may
// end for one side long before the other side hears of it, or without its ever hearing. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/rng.h"
#include "protocol/messages.h"
#include "simulation/scenario.h"
#include "simulation/stage.h"

namespace picube::sim {

// What the network calls on a peer. A peer that is down ignores the call.
class PeerEnd {
 public:
  virtual ~PeerEnd() = default;
  virtual void OnConnected() = 0;
  virtual void OnConnectRefused() = 0;  // the server's door does not know the key
  virtual void OnConnectFailed() = 0;   // nobody there; try again later
  virtual void OnDisconnected() = 0;
  virtual void OnMessage(const Envelope& envelope) = 0;
};

class ServerEnd {
 public:
  virtual ~ServerEnd() = default;
  [[nodiscard]] virtual bool Up() const = 0;
  [[nodiscard]] virtual bool Admits(const TransportKey& key) const = 0;
  virtual void OnOpened(std::uint64_t connection, const TransportKey& key) = 0;
  virtual void OnClosed(std::uint64_t connection) = 0;
  virtual void OnMessage(std::uint64_t connection, const Envelope& envelope) = 0;
};

class Network {
 public:
  using LinkId = std::size_t;

  explicit Network(Stage& stage) : stage_(stage) {}

  void SetServer(ServerEnd* server) { server_ = server; }
  // `peer` is borrowed for the network's life. Faults of the link begin at once.
  LinkId AddLink(std::string name, const LinkNature& nature, Rng rng, PeerEnd* peer);

  // Begins to connect; ends with one of PeerEnd's OnConnect… calls. An older connection is closed.
  void Connect(LinkId link, const TransportKey& key);
  // The peer's process ended: the server may hear of it.
  void Close(LinkId link);
  [[nodiscard]] bool Connected(LinkId link) const { return links_[link].connection != 0; }
  void SendToServer(LinkId link, const Envelope& envelope);
  void SendToPeer(std::uint64_t connection, const Envelope& envelope);
  // The server's process ended: every connection breaks; some peers hear of it at once.
  void ServerGone();
  // From now on nothing is lost, doubled, late or cut.
  void EndFaults();

 private:
  struct Link {
    std::string name;
    LinkNature nature;
    Rng rng;
    PeerEnd* peer = nullptr;
    std::uint64_t connection = 0;  // as the peer sees it; 0 = none
    std::uint64_t attempt = 0;     // a newer attempt makes an older one void
    bool cut_up = false;           // to the server
    bool cut_down = false;
    std::uint64_t cut_number = 0;
  };
  struct Connection {
    LinkId link = 0;
    bool server_open = true;
  };

  void Attempt(LinkId link, const TransportKey& key, std::uint64_t attempt);
  void Transmit(Link& link, bool up, std::uint64_t connection, const Envelope& envelope);
  void Deliver(bool up, std::uint64_t connection, BytesView frame);
  void EndForServer(std::uint64_t connection);
  void EndForPeer(LinkId link, std::uint64_t connection);
  void Break(LinkId link);
  void ScheduleDrop(LinkId link);
  void SchedulePartition(LinkId link);
  void Cut(LinkId link);
  [[nodiscard]] Duration Delay(Link& link);

  Stage& stage_;
  ServerEnd* server_ = nullptr;
  std::vector<Link> links_;
  std::map<std::uint64_t, Connection> connections_;
  std::uint64_t next_connection_ = 1;
  bool faults_ = true;
};

}  // namespace picube::sim
