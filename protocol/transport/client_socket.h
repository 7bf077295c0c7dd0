// The way to a server: a ZeroMQ DEALER with CURVE. Connects again by itself after a loss, unless
// its owner wishes to say when.
//
// One thread. Messages given to Send while no connection stands are refused, not queued: what must
// arrive is kept and sent again by its owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/limits.h"
#include "protocol/base/time.h"
#include "protocol/crypto/keys.h"
#include "protocol/transport/context.h"

namespace picube {

struct ClientSocketOptions {
  Duration reconnect_least = limits::kReconnectLeast;
  Duration reconnect_most = limits::kReconnectMost;
  Duration handshake = 10s;  // a server under a storm of handshakes answers late
  Duration heartbeat = 30s;
  Duration heartbeat_timeout = 90s;
  int receive_queue = 256;
  int send_queue = 256;
  // False: every connection and attempt ends with an event, and the owner calls Reconnect().
  bool reconnects = true;
  // Events cost two inproc sockets a client; a load generator may do without.
  bool events = true;
};

// What happened to the connection.
enum class LinkEvent : std::uint8_t {
  kConnected,     // the server has accepted our key
  kDisconnected,  // the connection has ended; it is tried again
  kRefused,       // the server does not know (any more) our key; call Reconnect() to try again
  kBroken,        // whoever answers there speaks another protocol; call Reconnect() to try again
  kCut,           // the handshake was cut short or timed out: the server is going down or under a
                  // storm, or it has another key and cannot read ours; tried again as after a loss
  kFailed,        // nobody answers there; told only to an owner who reconnects
};

class ClientSocket {
 public:
  // `server` is the key the other side must prove to hold.
  ClientSocket(Context& context, const TransportKeys& keys, const TransportKey& server,
               const ClientSocketOptions& options = {});
  ~ClientSocket();
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  // Begins to connect; returns at once. kUser: the text is no endpoint.
  [[nodiscard]] Status Connect(const std::string& endpoint);
  // Drops the connection and begins anew: after kRefused or kBroken (wait before, the server counts
  // attempts), or to leave a server that does not answer.
  [[nodiscard]] Status Reconnect();
  // Another server, from then on (the keys stay).
  [[nodiscard]] Status Reconnect(const std::string& endpoint, const TransportKey& server);

  // The next event; nothing if there is none. Call after each Poll.
  [[nodiscard]] std::optional<LinkEvent> TakeEvent();

  // The next message, valid until the next Receive; nothing if none is waiting.
  [[nodiscard]] std::optional<BytesView> Receive();
  // kGone: there is no connection now.
  [[nodiscard]] SendStatus Send(BytesView bytes);

  // As ServerSocket::Poll; `readable` also for events.
  [[nodiscard]] Polled Poll(std::chrono::milliseconds timeout, Waker* waker);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
