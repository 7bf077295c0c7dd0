#include "worker/link/link.h"

#include <algorithm>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/crypto/signatures.h"
#include "protocol/wire/codec.h"

namespace picube {
namespace {

constexpr int kCutsSaid = 3;  // handshakes cut short in a row: no accident any more
// Of one Receive: so that a flood of messages does not keep the loop from its other work.
constexpr int kMessagesATurn = 256;

ClientSocketOptions OwnReconnects() {
  ClientSocketOptions options;
  options.reconnects = false;
  return options;
}

}  // namespace

Link::Link(Context& context, Keys keys, const TransportKey& server, const Reconnect& reconnect)
    : keys_(std::move(keys)),
      server_(server),
      socket_(context, keys_.transport, server, OwnReconnects()),
      reconnect_(reconnect) {}

Status Link::Connect(std::vector<std::string> endpoints, Instant now) {
  endpoints_ = std::move(endpoints);
  told_.assign(endpoints_.begin() + 1, endpoints_.end());
  reconnect_.Begin(now);
  return socket_.Connect(endpoints_.front());
}

void Link::Renew(Instant now) {
  reconnect_.Begin(now);
  Try();
}

void Link::Try() {
  // Fails only for a text that is no endpoint: the next one has its turn in time.
  static_cast<void>(socket_.Reconnect(endpoints_[reconnect_.Endpoint(endpoints_.size())], server_));
}

// The one joined by stays first; the server's own list follows.
void Link::Learn(const Welcome& welcome) {
  if (welcome.endpoints.empty() || welcome.endpoints == told_) return;
  told_ = welcome.endpoints;
  const std::string here = endpoints_[reconnect_.Endpoint(endpoints_.size())];
  endpoints_.resize(1);
  for (const std::string& endpoint : told_) {
    if (std::ranges::find(endpoints_, endpoint) == endpoints_.end()) endpoints_.push_back(endpoint);
  }
  const auto at = std::ranges::find(endpoints_, here);
  reconnect_.StayAt(at == endpoints_.end() ? 0 : static_cast<std::size_t>(at - endpoints_.begin()));
  news_ = told_;
}

void Link::Poll(std::chrono::milliseconds timeout, Waker& waker) {
  static_cast<void>(socket_.Poll(timeout, &waker));
}

std::vector<agent::Input> Link::Receive(Instant now, std::vector<std::string>& warnings) {
  std::vector<agent::Input> inputs;
  while (const auto event = socket_.TakeEvent()) Take(*event, now, inputs, warnings);
  for (int i = 0; i < kMessagesATurn; ++i) {
    const auto bytes = socket_.Receive();
    if (!bytes) break;
    bytes_moved_ += bytes->size();
    Result<Envelope> envelope = Decode(*bytes);
    if (!envelope) {
      warnings.push_back("a message of the server is dropped: " + envelope.error().Text());
      continue;
    }
    if (const auto* welcome = std::get_if<Welcome>(&envelope->message)) Learn(*welcome);
    if (auto* settings = std::get_if<Settings>(&envelope->message)) {
      settings_.push_back(std::move(*settings));
      continue;
    }
    inputs.emplace_back(agent::FromServer{envelope->request, std::move(envelope->message)});
  }
  if (reconnect_.Due(now)) Try();
  return inputs;
}

void Link::Take(LinkEvent event, Instant now, std::vector<agent::Input>& inputs,
                std::vector<std::string>& warnings) {
  const std::string& here = endpoints_[reconnect_.Endpoint(endpoints_.size())];
  switch (event) {
    case LinkEvent::kConnected:
      reconnect_.Connected();
      cuts_ = 0;
      inputs.emplace_back(agent::Connected{});
      return;
    case LinkEvent::kDisconnected:
      reconnect_.Lost(now);
      inputs.emplace_back(agent::Disconnected{});
      return;
    case LinkEvent::kFailed: return reconnect_.Failed(now);
    case LinkEvent::kCut:
      reconnect_.Failed(now);
      if (++cuts_ % kCutsSaid != 0) return;
      warnings.push_back("the server at " + here +
                         " ends every handshake: it is going down or overloaded, or it is not the "
                         "server that this worker joined (another key); trying again. Check "
                         "`server` in worker.yaml.");
      return;
    case LinkEvent::kRefused:
      inputs.emplace_back(agent::Disconnected{});
      if (!reconnect_.Refused(now)) {
        warnings.emplace_back("the server refuses this worker's key; trying again");
        return;
      }
      inputs.emplace_back(agent::LinkRefused{
          "the server refuses this worker's key: the host was retired, or the server does not "
          "know it. Ask the server's operator for a new join code, then run: "
          "picube-worker join CODE"});
      return;
    case LinkEvent::kBroken:
      reconnect_.Failed(now);
      inputs.emplace_back(agent::Disconnected{});
      warnings.emplace_back(
          "whoever answers at the server's address speaks another protocol; trying again. "
          "Check `server` in worker.yaml.");
      return;
  }
}

void Link::Send(agent::Send send) {
  if (auto* report = std::get_if<Report>(&send.message)) {
    report->signature = SignReport(keys_.signing, *report);
  }
  buffer_.clear();
  EncodeTo(send.version, send.request, send.message, buffer_);
  bytes_moved_ += buffer_.size();
  static_cast<void>(socket_.Send(buffer_));
}

}  // namespace picube
