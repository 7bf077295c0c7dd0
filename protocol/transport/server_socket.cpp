#include "protocol/transport/server_socket.h"

#include <cerrno>
#include <cstring>

#include "protocol/base/limits.h"
#include "protocol/transport/context_impl.h"
#include "protocol/transport/zap.h"

namespace picube {
namespace {

// libzmq names connections by a zero byte and a 32-bit number.
constexpr std::size_t kRoutingIdBytes = 5;
constexpr std::uint64_t kConnectionMark = std::uint64_t{1} << 32;  // keeps the number from being 0

// 0 if the peer chose its name itself.
std::uint64_t ConnectionOf(const zmq::message_t& routing_id) {
  const auto* bytes = static_cast<const std::uint8_t*>(routing_id.data());
  if (routing_id.size() != kRoutingIdBytes || bytes[0] != 0) return 0;
  std::uint64_t number = 0;
  for (std::size_t i = 1; i < kRoutingIdBytes; ++i) number = number << 8 | bytes[i];
  return number | kConnectionMark;
}

void WriteRoutingId(std::uint64_t connection, std::uint8_t (&bytes)[kRoutingIdBytes]) {
  bytes[0] = 0;
  for (std::size_t i = 1; i < kRoutingIdBytes; ++i) {
    bytes[i] = static_cast<std::uint8_t>(connection >> (8 * (kRoutingIdBytes - 1 - i)) & 0xff);
  }
}

int Milliseconds(Duration span) { return static_cast<int>(span.count() / 1000); }

bool ReceiveFrame(zmq::socket_t& socket, zmq::message_t& frame) {
  for (;;) {
    if (zmq_msg_recv(frame.handle(), socket.handle(), ZMQ_DONTWAIT) >= 0) return true;
    if (zmq_errno() != EINTR) return false;
  }
}

}  // namespace

class ServerSocket::Impl {
 public:
  Impl(Context& context, const TransportKeys& keys, const ServerSocketOptions& options)
      : zap(context), failure(zap.Failure()) {
    if (!failure.empty()) return;
    try {
      MakeSocket(context, keys, options);
    } catch (const zmq::error_t& error) {
      failure = error.what();
    }
  }

  void MakeSocket(Context& context, const TransportKeys& keys, const ServerSocketOptions& options) {
    socket = zmq::socket_t(context.Internals().context, zmq::socket_type::router);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::ipv6, true);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(limits::kMessageBytes));
    socket.set(zmq::sockopt::router_mandatory, true);
    socket.set(zmq::sockopt::rcvhwm, options.receive_queue);
    socket.set(zmq::sockopt::sndhwm, options.send_queue);
    socket.set(zmq::sockopt::handshake_ivl, Milliseconds(options.handshake));
    socket.set(zmq::sockopt::heartbeat_ivl, Milliseconds(options.heartbeat));
    socket.set(zmq::sockopt::heartbeat_timeout, Milliseconds(options.heartbeat_timeout));
    socket.set(zmq::sockopt::backlog, 1024);  // a storm of reconnects after a restart
    socket.set(zmq::sockopt::zap_domain, ZapHandler::kDomain);
    socket.set(zmq::sockopt::curve_server, true);
    socket.set(zmq::sockopt::curve_secretkey,
               zmq::const_buffer(keys.secret.Data(), keys.secret.kSize));
  }

  ZapHandler zap;  // before the socket: a key question without an answerer is a "yes"
  std::string failure;
  zmq::socket_t socket;
  zmq::message_t routing_id;
  zmq::message_t body;
  std::uint64_t dropped = 0;
};

ServerSocket::ServerSocket(Context& context, const TransportKeys& keys,
                           const ServerSocketOptions& options)
    : impl_(std::make_unique<Impl>(context, keys, options)) {}
ServerSocket::~ServerSocket() = default;

Result<std::string> ServerSocket::Bind(const std::string& endpoint) {
  if (!impl_->failure.empty()) {
    return Fail(ErrorKind::kHost, "Cannot make a server socket: " + impl_->failure + ".");
  }
  if (zmq_bind(impl_->socket.handle(), endpoint.c_str()) != 0) {
    const int why = zmq_errno();
    const std::string doing = "Cannot listen on " + endpoint + ": ";
    if (why == EADDRINUSE) {
      return Fail(ErrorKind::kHost, doing + "the port is in use.",
                  "Stop the other program or choose another port.");
    }
    return Fail(ErrorKind::kHost, doing + zmq_strerror(why) + ".",
                "An endpoint looks like tcp://*:7425 or tcp://192.168.1.5:7425.");
  }
  return impl_->socket.get(zmq::sockopt::last_endpoint);
}

void ServerSocket::SetAdmitted(std::vector<TransportKey> keys) {
  impl_->zap.SetAdmitted(std::move(keys));
}

bool ServerSocket::Receive(Received& received) {
  Impl& impl = *impl_;
  for (;;) {
    if (!ReceiveFrame(impl.socket, impl.routing_id)) return false;
    bool is_whole = impl.routing_id.more() && ReceiveFrame(impl.socket, impl.body);
    // Frames of one message are there together; read all, so that the next one starts right.
    while (is_whole && impl.body.more()) {
      if (!ReceiveFrame(impl.socket, impl.body)) break;
      if (!impl.body.more()) is_whole = false;
    }
    received.connection = ConnectionOf(impl.routing_id);
    // Asked of the body: libzmq 4.3.4 loses it on the routing id's frame after a poll.
    const char* user = is_whole ? zmq_msg_gets(impl.body.handle(), "User-Id") : nullptr;
    if (received.connection != 0 && user != nullptr && FromHex(user, received.key)) {
      received.bytes = {static_cast<const char*>(impl.body.data()), impl.body.size()};
      return true;
    }
    ++impl.dropped;
  }
}

SendStatus ServerSocket::Send(std::uint64_t connection, BytesView bytes) {
  if (bytes.size() > limits::kMessageBytes) return SendStatus::kTooLarge;
  std::uint8_t routing_id[kRoutingIdBytes];
  WriteRoutingId(connection, routing_id);
  void* socket = impl_->socket.handle();
  while (zmq_send(socket, routing_id, kRoutingIdBytes, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
    if (zmq_errno() == EAGAIN) return SendStatus::kSlow;
    if (zmq_errno() != EINTR) return SendStatus::kGone;
  }
  while (zmq_send(socket, bytes.data(), bytes.size(), ZMQ_DONTWAIT) < 0) {
    if (zmq_errno() != EINTR) return SendStatus::kGone;
  }
  return SendStatus::kSent;
}

Polled ServerSocket::Poll(std::chrono::milliseconds timeout, Waker* waker) {
  zmq_pollitem_t items[] = {{impl_->socket.handle(), 0, ZMQ_POLLIN, 0},
                            {nullptr, waker != nullptr ? waker->Descriptor() : -1, ZMQ_POLLIN, 0}};
  if (zmq_poll(items, waker != nullptr ? 2 : 1, timeout.count()) <= 0) return {};
  const Polled polled{items[0].revents != 0, items[1].revents != 0};
  if (polled.woken) waker->Clear();
  return polled;
}

std::vector<ServerSocket::Denied> ServerSocket::TakeDenied() { return impl_->zap.TakeDenied(); }
std::uint64_t ServerSocket::Dropped() const { return impl_->dropped; }

}  // namespace picube
