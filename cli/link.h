// The way to the server, as narrow as it can be: envelopes out, envelopes in. `ZmqLink` is the real
// one; tests bring a scripted one.
//
// One thread. A link never connects anew by itself as far as its user can see: what was sent may be
// lost, and answers may come twice or late; `Client` copes with it.
#pragma once

#include <optional>
#include <string>

#include "protocol/base/error.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"

namespace picube {

class Link {
 public:
  virtual ~Link() = default;
  // Hands the envelope over for sending; does not wait for it to arrive.
  virtual Status Send(const Envelope& envelope) = 0;
  // The next envelope from the server, or nothing when `wait` has passed.
  virtual Result<std::optional<Envelope>> Receive(Duration wait) = 0;
  // "tcp://cube.local:7710", for errors.
  [[nodiscard]] virtual std::string Endpoint() const = 0;
};

}  // namespace picube
