// The server's door: a ZeroMQ ROUTER with CURVE. Only peers whose transport key is admitted get
// through (ZAP); every message that comes out of Receive is from the key that it names.
//
// Thread rule: Bind, Receive, Send and Poll from one thread; SetAdmitted and TakeDenied from any.
// A small thread of its own answers libzmq's questions about keys, so a long turn of the owner's
// loop does not let handshakes run into their timeout. One ServerSocket a Context (the key
// questions of a context have one address).
//
// Rules:
// - No frame above limits::kMessageBytes; a peer that sends one is disconnected by libzmq.
// - A message is one frame; others are dropped and counted.
// - A peer may not choose its routing id: messages of such peers are dropped and counted.
// - A connection's number is never used again while the process runs. Connections end silently
//   (libzmq tells a ROUTER nothing): Send says kGone, and silence is the core's business.
// - A key that is no longer admitted keeps its open connection (a ROUTER cannot kick): the owner
//   refuses its messages, and its next connect fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/crypto/keys.h"
#include "protocol/transport/context.h"

namespace picube {

struct ServerSocketOptions {
  // Messages waiting per peer before libzmq stops reading from it, or Send says kSlow. They count
  // messages, not bytes: 64 of 128 KiB are 8 MiB a peer at worst.
  int receive_queue = 64;
  int send_queue = 256;
  Duration handshake = 2s;  // a connection that has not shown its key by then is closed
  Duration heartbeat = 30s;
  Duration heartbeat_timeout = 90s;  // a dead TCP connection is closed
};

class ServerSocket {
 public:
  // Throws nothing; a failure to make sockets shows in Bind.
  ServerSocket(Context& context, const TransportKeys& keys,
               const ServerSocketOptions& options = {});
  ~ServerSocket();
  ServerSocket(const ServerSocket&) = delete;
  ServerSocket& operator=(const ServerSocket&) = delete;

  // "tcp://*:7425", "tcp://[::]:7425", "tcp://127.0.0.1:*" (any free port). Returns the endpoint
  // with its real port. From then on whoever is not admitted is told so, and may give up for good:
  // SetAdmitted first. kHost: the port is in use, the address is not ours, the text is no
  // endpoint.
  [[nodiscard]] Result<std::string> Bind(const std::string& endpoint);

  // Replaces the set of keys that may connect.
  void SetAdmitted(std::vector<TransportKey> keys);

  struct Received {
    std::uint64_t connection = 0;  // never 0
    TransportKey key;              // who sent it
    BytesView bytes;               // valid until the next Receive
  };
  // The next message; false if none is waiting. Never blocks.
  [[nodiscard]] bool Receive(Received& received);

  // Queues one message. Never blocks.
  [[nodiscard]] SendStatus Send(std::uint64_t connection, BytesView bytes);

  // Waits until a message is there, `waker` is woken (may be nullptr), or `timeout` is over.
  // Negative timeout = for ever. A signal ends it early.
  [[nodiscard]] Polled Poll(std::chrono::milliseconds timeout, Waker* waker);

  // Connection attempts turned away since the last call; an address appears at most once a minute
  // with what has gathered since. Bounded: beyond 1024 addresses they are counted together as "".
  struct Denied {
    std::string address;
    std::uint64_t attempts = 0;
  };
  [[nodiscard]] std::vector<Denied> TakeDenied();
  // Messages dropped for their form (several frames, a chosen routing id, no key), ever.
  [[nodiscard]] std::uint64_t Dropped() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
