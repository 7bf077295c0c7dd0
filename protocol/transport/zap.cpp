#include "protocol/transport/zap.h"

#include <array>
#include <csignal>
#include <cstring>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/transport/context_impl.h"

namespace picube {
namespace {

constexpr const char* kZapEndpoint = "inproc://zeromq.zap.01";
constexpr std::size_t kAddresses = 1024;  // told apart; a flood from more is counted as one

// Frames of a request, in order.
enum ZapFrame : std::size_t {
  kVersion,
  kRequest,
  kZapDomain,
  kAddress,
  kRoutingId,
  kMechanism,
  kCredentials,
  kFrames
};

BytesView View(const zmq::message_t& message) {
  return {static_cast<const char*>(message.data()), message.size()};
}

// All frames of one message; those beyond kFrames are thrown away. False if there is none.
bool ReceiveFrames(void* socket, std::array<zmq::message_t, kFrames>& frames) {
  zmq::message_t extra;
  std::size_t count = 0;
  for (bool more = true; more; ++count) {
    zmq::message_t& frame = count < kFrames ? frames[count] : extra;
    if (zmq_msg_recv(frame.handle(), socket, ZMQ_DONTWAIT) < 0) return false;
    more = frame.more();
  }
  return true;
}

void SendFrame(void* socket, BytesView bytes, bool more) {
  (void)zmq_send(socket, bytes.data(), bytes.size(), more ? ZMQ_SNDMORE : 0);
}

}  // namespace

ZapHandler::ZapHandler(Context& context) {
  void* replier = zmq_socket(context.Internals().context.handle(), ZMQ_REP);
  if (replier == nullptr || zmq_bind(replier, kZapEndpoint) != 0) {
    failure_ = zmq_strerror(zmq_errno());
    if (replier != nullptr) zmq_close(replier);
    return;
  }
  // Signals are the main thread's business.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::jthread([this, replier] { Run(replier); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ZapHandler::~ZapHandler() { stop_.Wake(); }

void ZapHandler::Run(void* replier) {
  zmq_pollitem_t items[] = {{replier, 0, ZMQ_POLLIN, 0},
                            {nullptr, stop_.Descriptor(), ZMQ_POLLIN, 0}};
  for (;;) {
    if (zmq_poll(items, 2, -1) < 0) {
      if (zmq_errno() == EINTR) continue;
      break;  // the context ends
    }
    if (items[1].revents != 0) break;
    if (items[0].revents != 0) AnswerOne(replier);
  }
  const int no_linger = 0;
  (void)zmq_setsockopt(replier, ZMQ_LINGER, &no_linger, sizeof no_linger);
  zmq_close(replier);
}

void ZapHandler::AnswerOne(void* replier) {
  std::array<zmq::message_t, kFrames> frames;
  if (!ReceiveFrames(replier, frames)) return;
  const bool admitted = Decide(View(frames[kZapDomain]), View(frames[kMechanism]),
                               View(frames[kCredentials]), View(frames[kAddress]));
  SendFrame(replier, "1.0", true);
  SendFrame(replier, View(frames[kRequest]), true);
  SendFrame(replier, admitted ? "200" : "400", true);
  SendFrame(replier, admitted ? "OK" : "unknown key", true);
  // The user id of every message of the connection: the key that it proved to hold.
  SendFrame(replier, admitted ? ToHex(View(frames[kCredentials])) : "", true);
  SendFrame(replier, "", false);
}

bool ZapHandler::Decide(BytesView domain, BytesView mechanism, BytesView credentials,
                        BytesView address) {
  TransportKey key;
  const bool is_key =
      domain == kDomain && mechanism == "CURVE" && credentials.size() == TransportKey::kSize;
  if (is_key) std::memcpy(key.bytes.data(), credentials.data(), TransportKey::kSize);
  const std::scoped_lock lock(mutex_);
  if (is_key && admitted_.contains(key)) return true;
  std::string from(address);
  if (denied_.size() >= kAddresses && !denied_.contains(from)) from.clear();
  ++denied_[from].count;
  return false;
}

void ZapHandler::SetAdmitted(std::vector<TransportKey> keys) {
  std::unordered_set<TransportKey> fresh(keys.begin(), keys.end());
  const std::scoped_lock lock(mutex_);
  admitted_.swap(fresh);
}

std::vector<ServerSocket::Denied> ZapHandler::TakeDenied() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<ServerSocket::Denied> taken;
  const std::scoped_lock lock(mutex_);
  for (auto at = denied_.begin(); at != denied_.end();) {
    auto& [address, attempts] = *at;
    if (now < attempts.quiet_until) {
      ++at;
    } else if (attempts.count == 0) {  // nothing for a whole minute
      at = denied_.erase(at);
    } else {
      taken.push_back({address, attempts.count});
      attempts = {0, now + limits::kLogAddressEvery};
      ++at;
    }
  }
  return taken;
}

}  // namespace picube
