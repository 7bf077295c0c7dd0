#include "protocol/transport/client_socket.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/transport/context_impl.h"

namespace picube {
namespace {

constexpr int kEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_CLOSED;

int Milliseconds(Duration span) { return static_cast<int>(span.count() / 1000); }

// A name that no other monitor of the context has.
std::string MonitorEndpoint() {
  static std::atomic<std::uint64_t> made = 0;
  return "inproc://picube-monitor-" + std::to_string(++made);
}

}  // namespace

class ClientSocket::Impl {
 public:
  Impl(Context& shared, const TransportKeys& own, const TransportKey& peer,
       const ClientSocketOptions& how)
      : context(shared.Internals().context), keys(Copy(own)), server(peer), options(how) {}
  ~Impl() { Close(); }

  void Close() {
    connected = false;
    if (socket) (void)zmq_socket_monitor(socket.handle(), nullptr, 0);
    monitor.close();
    socket.close();
  }

  Status Open() {
    Close();
    try {
      MakeSocket();
      if (options.events) Watch();
      socket.connect(endpoint);
    } catch (const zmq::error_t& error) {
      const ErrorKind kind = error.num() == EINVAL || error.num() == EPROTONOSUPPORT
                                 ? ErrorKind::kUser
                                 : ErrorKind::kHost;
      const std::string why = error.what();
      Close();
      return Fail(kind, "Cannot connect to " + endpoint + ": " + why + ".",
                  "An endpoint looks like tcp://cube.local:7425.");
    }
    return {};
  }

  void MakeSocket() {
    socket = zmq::socket_t(context, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::ipv6, true);
    socket.set(zmq::sockopt::immediate, true);  // nothing is queued for a server that is away
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(limits::kMessageBytes));
    socket.set(zmq::sockopt::rcvhwm, options.receive_queue);
    socket.set(zmq::sockopt::sndhwm, options.send_queue);
    const int never = -1;
    socket.set(zmq::sockopt::reconnect_ivl,
               options.reconnects ? Milliseconds(options.reconnect_least) : never);
    if (options.reconnects) {
      socket.set(zmq::sockopt::reconnect_ivl_max, Milliseconds(options.reconnect_most));
    }
    socket.set(zmq::sockopt::handshake_ivl, Milliseconds(options.handshake));
    socket.set(zmq::sockopt::heartbeat_ivl, Milliseconds(options.heartbeat));
    socket.set(zmq::sockopt::heartbeat_timeout, Milliseconds(options.heartbeat_timeout));
    socket.set(zmq::sockopt::curve_serverkey, zmq::const_buffer(server.bytes.data(), server.kSize));
    socket.set(zmq::sockopt::curve_publickey,
               zmq::const_buffer(keys.key.bytes.data(), keys.key.kSize));
    socket.set(zmq::sockopt::curve_secretkey,
               zmq::const_buffer(keys.secret.Data(), keys.secret.kSize));
  }

  void Watch() {
    const std::string name = MonitorEndpoint();
    if (zmq_socket_monitor(socket.handle(), name.c_str(), kEvents) != 0) throw zmq::error_t();
    monitor = zmq::socket_t(context, zmq::socket_type::pair);
    monitor.set(zmq::sockopt::linger, 0);
    monitor.connect(name);
  }

  // The number of the next event, 0 if there is none. Two frames: number and value, endpoint.
  int NextEvent() {
    if (!monitor) return 0;
    zmq::message_t number;
    zmq::message_t address;
    while (zmq_msg_recv(number.handle(), monitor.handle(), ZMQ_DONTWAIT) < 0) {
      if (zmq_errno() != EINTR) return 0;
    }
    if (number.more()) (void)zmq_msg_recv(address.handle(), monitor.handle(), ZMQ_DONTWAIT);
    std::uint16_t event = 0;
    if (number.size() >= sizeof event) std::memcpy(&event, number.data(), sizeof event);
    return event;
  }

  zmq::context_t& context;
  TransportKeys keys;
  TransportKey server;
  ClientSocketOptions options;
  std::string endpoint;
  zmq::socket_t socket;
  zmq::socket_t monitor;
  zmq::message_t message;
  bool connected = false;  // as far as events told
};

ClientSocket::ClientSocket(Context& context, const TransportKeys& keys, const TransportKey& server,
                           const ClientSocketOptions& options)
    : impl_(std::make_unique<Impl>(context, keys, server, options)) {}
ClientSocket::~ClientSocket() = default;

Status ClientSocket::Connect(const std::string& endpoint) {
  impl_->endpoint = endpoint;
  return impl_->Open();
}

Status ClientSocket::Reconnect() { return impl_->Open(); }

Status ClientSocket::Reconnect(const std::string& endpoint, const TransportKey& server) {
  impl_->endpoint = endpoint;
  impl_->server = server;
  return impl_->Open();
}

std::optional<LinkEvent> ClientSocket::TakeEvent() {
  for (;;) {
    switch (impl_->NextEvent()) {
      case 0: return std::nullopt;
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: impl_->connected = true; return LinkEvent::kConnected;
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return LinkEvent::kRefused;
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: return LinkEvent::kBroken;
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return LinkEvent::kCut;
      case ZMQ_EVENT_CLOSED:  // an attempt at TCP; a connection that was made is "disconnected"
        if (impl_->options.reconnects) continue;
        return LinkEvent::kFailed;
      case ZMQ_EVENT_DISCONNECTED:
        // Also comes after a failed handshake, which has told its own event.
        if (!std::exchange(impl_->connected, false)) continue;
        return LinkEvent::kDisconnected;
      default: continue;
    }
  }
}

std::optional<BytesView> ClientSocket::Receive() {
  zmq::message_t& message = impl_->message;
  if (!impl_->socket) return std::nullopt;
  bool is_part = false;  // of a message of several frames, which no server sends: dropped
  for (;;) {
    if (zmq_msg_recv(message.handle(), impl_->socket.handle(), ZMQ_DONTWAIT) < 0) {
      if (zmq_errno() == EINTR) continue;
      return std::nullopt;
    }
    const bool is_alone = !is_part && !message.more();
    is_part = message.more();
    if (is_alone) return BytesView(static_cast<const char*>(message.data()), message.size());
  }
}

SendStatus ClientSocket::Send(BytesView bytes) {
  if (bytes.size() > limits::kMessageBytes) return SendStatus::kTooLarge;
  if (!impl_->socket) return SendStatus::kGone;
  while (zmq_send(impl_->socket.handle(), bytes.data(), bytes.size(), ZMQ_DONTWAIT) < 0) {
    if (zmq_errno() == EAGAIN) return impl_->connected ? SendStatus::kSlow : SendStatus::kGone;
    if (zmq_errno() != EINTR) return SendStatus::kGone;
  }
  return SendStatus::kSent;
}

Polled ClientSocket::Poll(std::chrono::milliseconds timeout, Waker* waker) {
  zmq_pollitem_t items[3] = {};
  int count = 0;
  const auto add = [&](void* socket, int descriptor) {
    items[count++] = {socket, descriptor, ZMQ_POLLIN, 0};
  };
  if (waker != nullptr) add(nullptr, waker->Descriptor());
  if (impl_->socket) add(impl_->socket.handle(), 0);
  if (impl_->monitor) add(impl_->monitor.handle(), 0);
  if (zmq_poll(items, count, timeout.count()) <= 0) return {};
  Polled polled;
  for (int i = 0; i < count; ++i) {
    if (items[i].revents == 0) continue;
    (items[i].socket == nullptr ? polled.woken : polled.readable) = true;
  }
  if (polled.woken) waker->Clear();
  return polled;
}

}  // namespace picube
