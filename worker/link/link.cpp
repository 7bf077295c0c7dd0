#include "worker/link/link.h"

#include <algorithm>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/crypto/signatures.h"
#include "protocol/wire/codec.h"

namespace picube {
namespace {

constexpr int kRefusalsBelieved = 3;
// Of one Receive: so that a flood of messages does not keep the loop from its other work.
constexpr int kMessagesATurn = 256;

}  // namespace

Link::Link(Context& context, Keys keys, const TransportKey& server)
    : keys_(std::move(keys)),
      socket_(context, keys_.transport, server),
      pause_(limits::kReconnectLeast) {}

Status Link::Connect(const std::string& endpoint) { return socket_.Connect(endpoint); }

void Link::Renew() { static_cast<void>(socket_.Reconnect()); }

void Link::Poll(std::chrono::milliseconds timeout, Waker& waker) {
  static_cast<void>(socket_.Poll(timeout, &waker));
}

std::vector<agent::Input> Link::Receive(Instant now, std::vector<std::string>& warnings) {
  std::vector<agent::Input> inputs;
  while (const auto event = socket_.TakeEvent()) Take(*event, now, inputs, warnings);
  for (int i = 0; i < kMessagesATurn; ++i) {
    const auto bytes = socket_.Receive();
    if (!bytes) break;
    Result<Envelope> envelope = Decode(*bytes);
    if (!envelope) {
      warnings.push_back("a message of the server is dropped: " + envelope.error().Text());
      continue;
    }
    inputs.emplace_back(agent::FromServer{envelope->request, std::move(envelope->message)});
  }
  if (reconnect_at_ && now >= *reconnect_at_) {
    reconnect_at_.reset();
    static_cast<void>(socket_.Reconnect());  // fails only for a text that Connect refused before
  }
  return inputs;
}

void Link::Take(LinkEvent event, Instant now, std::vector<agent::Input>& inputs,
                std::vector<std::string>& warnings) {
  switch (event) {
    case LinkEvent::kConnected:
      accepted_ = true;
      refusals_ = 0;
      pause_ = limits::kReconnectLeast;
      inputs.emplace_back(agent::Connected{});
      return;
    case LinkEvent::kDisconnected: inputs.emplace_back(agent::Disconnected{}); return;
    case LinkEvent::kRefused:
      inputs.emplace_back(agent::Disconnected{});
      if (!accepted_ || ++refusals_ >= kRefusalsBelieved) {
        inputs.emplace_back(agent::LinkRefused{
            "the server refuses this worker's key: the host was retired, or the server does not "
            "know it. Ask the server's operator for a new join code, then run: "
            "picube-worker join CODE"});
        return;
      }
      warnings.emplace_back("the server refuses this worker's key; trying again");
      break;
    case LinkEvent::kBroken:
      inputs.emplace_back(agent::Disconnected{});
      warnings.emplace_back(
          "whoever answers at the server's address does not hold the server's key; trying again. "
          "Check `server` in worker.yaml.");
      break;
  }
  reconnect_at_ = now + pause_;
  pause_ = std::min(pause_ * 2, Duration(limits::kReconnectMost));
}

void Link::Send(agent::Send send) {
  if (auto* report = std::get_if<Report>(&send.message)) {
    report->signature = SignReport(keys_.signing, *report);
  }
  buffer_.clear();
  EncodeTo(send.version, send.request, send.message, buffer_);
  static_cast<void>(socket_.Send(buffer_));
}

}  // namespace picube
