#include "cli/zmq_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include "protocol/transport/client_socket.h"
#include "protocol/wire/codec.h"

namespace picube {
namespace {

// More than one transfer has on its way; the oldest go first, their owner sends them again.
constexpr std::size_t kQueued = 64;
// Handshakes cut short in a row. One or two are a server that goes down or is under a storm.
constexpr int kCutsBelieved = 4;

class ZmqLink final : public Link {
 public:
  ZmqLink(Context& context, const ServerAddress& server, const TransportKeys& keys)
      : endpoint_(server.endpoint),
        // A person waits: come back sooner than a worker would.
        socket_(context, keys, server.key, {.reconnect_least = 200ms, .reconnect_most = 3s}) {}

  Status Connect() { return socket_.Connect(endpoint_); }

  Status Send(const Envelope& envelope) override {
    Bytes bytes = Encode(envelope);
    if (bytes.size() > limits::kMessageBytes) {
      return Fail(ErrorKind::kUser, "the request is larger than a message may be.",
                  "Give fewer or shorter parameters.");
    }
    if (std::find(queue_.begin(), queue_.end(), bytes) == queue_.end()) {
      queue_.push_back(std::move(bytes));
    }
    if (queue_.size() > kQueued) queue_.pop_front();
    Flush();
    return {};
  }

  Result<std::optional<Envelope>> Receive(Duration wait) override {
    const auto until = std::chrono::steady_clock::now() + wait;
    while (true) {
      if (Status events = TakeEvents(); !events) return std::unexpected(events.error());
      Flush();
      while (const std::optional<BytesView> bytes = socket_.Receive()) {
        if (Result<Envelope> envelope = Decode(*bytes)) return std::move(*envelope);
      }
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) return std::nullopt;
      constexpr std::chrono::milliseconds kTurn{250};  // a full send queue is tried again
      static_cast<void>(socket_.Poll(std::min(left, kTurn), nullptr));
    }
  }

  std::string Endpoint() const override { return endpoint_; }

 private:
  void Flush() {
    while (!queue_.empty() && socket_.Send(queue_.front()) == SendStatus::kSent) {
      queue_.pop_front();
    }
  }

  Status TakeEvents() {
    while (const std::optional<LinkEvent> event = socket_.TakeEvent()) {
      if (*event == LinkEvent::kRefused) {
        return Fail(ErrorKind::kRefused,
                    fmt::format("the server at {} does not know this key (any more).", endpoint_),
                    "Ask its operator for a new code (`picube invite --operator`) and join again.");
      }
      if (*event == LinkEvent::kConnected) cuts_ = 0;
      if (*event == LinkEvent::kCut) ++cuts_;
      if (*event == LinkEvent::kBroken || cuts_ >= kCutsBelieved) {
        return Fail(ErrorKind::kRefused,
                    fmt::format("whatever answers at {} ends every handshake: it is not the server "
                                "that this key belongs to, or it is being restarted.",
                                endpoint_),
                    "Try again; check the address; if the server was set up anew, join it with a "
                    "new code.");
      }
    }
    return {};
  }

  std::string endpoint_;
  ClientSocket socket_;
  std::deque<Bytes> queue_;
  int cuts_ = 0;  // in a row
};

}  // namespace

Result<std::unique_ptr<Link>> ConnectZmq(Context& context, const ServerAddress& server,
                                         const TransportKeys& keys) {
  auto link = std::make_unique<ZmqLink>(context, server, keys);
  if (Status connected = link->Connect(); !connected) return std::unexpected(connected.error());
  return link;
}

}  // namespace picube
