// The agent's line to its server: messages become bytes and back, reports get their signature, and
// what happens to the connection becomes agent inputs. One thread.
//
// It connects again by itself, when and where worker/link/reconnect.h says.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/time.h"
#include "protocol/crypto/keys.h"
#include "protocol/transport/client_socket.h"
#include "protocol/transport/context.h"
#include "worker/core/agent_io.h"
#include "worker/link/reconnect.h"

namespace picube {

class Link {
 public:
  Link(Context& context, Keys keys, const TransportKey& server, const Reconnect& reconnect);

  // The endpoints of one server, the first choice first. kUser: a text is no endpoint. Returns at
  // once; Connected comes out of Receive.
  [[nodiscard]] Status Connect(std::vector<std::string> endpoints, Instant now);
  // Drops the connection and makes a new one: a server that retires a host says nothing on the old
  // one, but its door refuses the next.
  void Renew(Instant now);
  // When Receive has something to do without an event.
  [[nodiscard]] std::optional<Instant> NextDeadline() const { return reconnect_.NextDeadline(); }
  // What the server said of its endpoints, if it is new, once.
  [[nodiscard]] std::optional<std::vector<std::string>> TakeNews() {
    return std::exchange(news_, std::nullopt);
  }
  // What the server's operator wishes to be set, once.
  [[nodiscard]] std::vector<Settings> TakeSettings() { return std::exchange(settings_, {}); }
  // Waits for the server, for `waker`, or for the time to pass.
  void Poll(std::chrono::milliseconds timeout, Waker& waker);
  // What has come in since. Messages that do not decode are dropped; `warnings` says so.
  [[nodiscard]] std::vector<agent::Input> Receive(Instant now, std::vector<std::string>& warnings);
  // Of messages, both ways, since this object was made.
  [[nodiscard]] std::uint64_t BytesMoved() const { return bytes_moved_; }
  // Signs reports. What cannot be sent is dropped: the agent sends it again.
  void Send(agent::Send send);

 private:
  void Take(LinkEvent event, Instant now, std::vector<agent::Input>& inputs,
            std::vector<std::string>& warnings);

  void Try();
  void Learn(const Welcome& welcome);

  Keys keys_;
  TransportKey server_;
  ClientSocket socket_;
  Reconnect reconnect_;
  std::vector<std::string> endpoints_;  // not empty once Connect was called
  std::vector<std::string> told_;       // by the server
  std::optional<std::vector<std::string>> news_;
  std::vector<Settings> settings_;
  Bytes buffer_;  // reused by Send
  std::uint64_t bytes_moved_ = 0;
  int cuts_ = 0;  // handshakes, in a row
};

}  // namespace picube
