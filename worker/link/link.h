// The agent's line to its server: messages become bytes and back, reports get their signature, and
// what happens to the connection becomes agent inputs. One thread.
//
// A key that the server refuses is fatal only if it was never accepted by this process, or is
// refused several times in a row: a server that is being restarted may refuse for a moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/time.h"
#include "protocol/crypto/keys.h"
#include "protocol/transport/client_socket.h"
#include "protocol/transport/context.h"
#include "worker/core/agent_io.h"

namespace picube {

class Link {
 public:
  Link(Context& context, Keys keys, const TransportKey& server);

  // kUser: the text is no endpoint. Returns at once; Connected comes out of Receive.
  [[nodiscard]] Status Connect(const std::string& endpoint);
  // Drops the connection and makes a new one: a server that retires a host says nothing on the old
  // one, but its door refuses the next.
  void Renew();
  // Waits for the server, for `waker`, or for the time to pass.
  void Poll(std::chrono::milliseconds timeout, Waker& waker);
  // What has come in since. Messages that do not decode are dropped; `warnings` says so.
  [[nodiscard]] std::vector<agent::Input> Receive(Instant now, std::vector<std::string>& warnings);
  // Signs reports. What cannot be sent is dropped: the agent sends it again.
  void Send(agent::Send send);

 private:
  void Take(LinkEvent event, Instant now, std::vector<agent::Input>& inputs,
            std::vector<std::string>& warnings);

  Keys keys_;
  ClientSocket socket_;
  Bytes buffer_;  // reused by Send
  std::optional<Instant> reconnect_at_;
  Duration pause_;
  bool accepted_ = false;  // the server has taken our key before
  int refusals_ = 0;       // in a row
};

}  // namespace picube
