#include "worker/link/join.h"

#include <chrono>
#include <utility>

#include "protocol/crypto/signatures.h"
#include "protocol/transport/client_socket.h"
#include "protocol/wire/codec.h"

namespace picube {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kRequest = 1;
// Below it a server that is slow to answer is asked again; the answer to either will do.
constexpr std::chrono::seconds kAskAgain{5};

std::unexpected<JoinFailure> Failed(WorkerExit code, std::string what, std::string next) {
  return std::unexpected(JoinFailure{code, {ErrorKind::kUser, std::move(what), std::move(next)}});
}

Bytes MakeEnrol(const JoinCode& code, const TransportKeys& invitation, const Keys& keys,
                const std::string& name) {
  Enrol enrol;
  enrol.kind = PrincipalKind::kHost;
  enrol.name = name;
  enrol.transport_key = keys.transport.key;
  enrol.signing_key = keys.signing.key;
  enrol.proof = SignEnrol(keys.signing, {code.server_transport_key, invitation.key,
                                         keys.transport.key, keys.signing.key, name});
  return Encode({kGreetingVersion, kRequest, std::move(enrol)});
}

std::unexpected<JoinFailure> Refusal(const Refused& refused) {
  const bool code = refused.kind == ErrorKind::kRefused;
  return std::unexpected(JoinFailure{code ? WorkerExit::kCodeUsed : WorkerExit::kFailed,
                                     {refused.kind, refused.what, refused.next}});
}

constexpr int kCutsBelieved = 3;  // handshakes cut short in a row: most likely another key
constexpr std::chrono::seconds kTryAgain{1};

// One request to the server of a join code, said again until it is answered. A refused key ends it
// at once; all else may pass, and is waited for until the patience is over.
class Caller {
 public:
  Caller(Context& context, const JoinCode& code, const TransportKeys& keys)
      : endpoint_(code.endpoint), socket_(context, keys, code.server_transport_key, Quick()) {}

  std::expected<Message, JoinFailure> Ask(const Bytes& request, Duration patience) {
    if (const Status begun = socket_.Connect(endpoint_); !begun) {
      return std::unexpected(JoinFailure{WorkerExit::kBadCode, begun.error()});
    }
    const auto until = Clock::now() + patience;
    while (Clock::now() < until) {
      static_cast<void>(socket_.Poll(std::chrono::milliseconds(100), nullptr));
      if (TakeEvents()) {
        return Failed(WorkerExit::kRefused, "the server at " + endpoint_ + " refuses the key.", {});
      }
      if (Clock::now() >= reconnect_at_) {
        reconnect_at_ = Clock::time_point::max();
        static_cast<void>(socket_.Reconnect());
      }
      if (Clock::now() >= ask_at_) {
        static_cast<void>(socket_.Send(request));
        ask_at_ = Clock::now() + kAskAgain;
      }
      while (const auto bytes = socket_.Receive()) {
        Result<Envelope> answer = Decode(*bytes);
        if (answer && answer->request == kRequest) return std::move(answer->message);
      }
    }
    return Silence();
  }

  // The patience was over with handshakes that were cut short.
  [[nodiscard]] bool Cut() const { return cuts_ >= kCutsBelieved; }

 private:
  static ClientSocketOptions Quick() {
    ClientSocketOptions options;  // a person waits
    options.reconnect_least = std::chrono::milliseconds(500);
    options.reconnect_most = std::chrono::seconds(3);
    return options;
  }

  // True if the key is refused.
  bool TakeEvents() {
    while (const auto event = socket_.TakeEvent()) {
      switch (*event) {
        case LinkEvent::kConnected:
          cuts_ = 0;
          ask_at_ = Clock::now();
          break;
        case LinkEvent::kDisconnected: ask_at_ = Clock::time_point::max(); break;
        case LinkEvent::kRefused: return true;
        case LinkEvent::kBroken: reconnect_at_ = Clock::now() + kTryAgain; [[fallthrough]];
        case LinkEvent::kCut: ++cuts_; break;
        case LinkEvent::kFailed: break;
      }
    }
    return false;
  }

  std::unexpected<JoinFailure> Silence() const {
    if (Cut()) {
      return Failed(WorkerExit::kRefused,
                    "whoever answers at " + endpoint_ +
                        " ends every handshake: it is not the server that made this code, or it is "
                        "being restarted.",
                    "Check the network and try again, or ask the operator for a new code.");
    }
    return Failed(
        WorkerExit::kUnreachable, "the server at " + endpoint_ + " does not answer.",
        "Check that it runs and that this machine can reach it, then use the code again.");
  }

  std::string endpoint_;
  ClientSocket socket_;
  Clock::time_point ask_at_ = Clock::time_point::max();  // earlier while a connection stands
  Clock::time_point reconnect_at_ = Clock::time_point::max();
  int cuts_ = 0;
};

std::unexpected<JoinFailure> Strange() {
  return Failed(WorkerExit::kFailed, "the server answers with something else than was asked.",
                "Use worker and server of the same version.");
}

}  // namespace

std::expected<JoinCode, JoinFailure> ReadJoinCode(const std::string& text, WallTime now) {
  // Read first as if no time had passed: then a failure is a mistake in the text.
  Result<JoinCode> code = ParseJoinCode(text, WallTime{0});
  if (!code) return std::unexpected(JoinFailure{WorkerExit::kBadCode, code.error()});
  if (const Result<JoinCode> fresh = ParseJoinCode(text, now); !fresh) {
    return std::unexpected(JoinFailure{WorkerExit::kCodeExpired, fresh.error()});
  }
  if (code->kind != PrincipalKind::kHost) {
    return Failed(WorkerExit::kBadCode, "this join code is for an operator, not for a worker.",
                  "Use it with: picube join CODE. For a worker: picube invite.");
  }
  return *std::move(code);
}

std::expected<Enrolled, JoinFailure> EnrolHost(Context& context, const JoinCode& code,
                                               const Keys& keys, const EnrolRequest& request) {
  const TransportKeys invitation = code.Invitation();
  Caller caller(context, code, invitation);
  auto answer = caller.Ask(MakeEnrol(code, invitation, keys, request.name), request.patience);
  if (!answer && answer.error().code == WorkerExit::kRefused && !caller.Cut()) {
    return Failed(WorkerExit::kCodeUsed,
                  "the server does not take this join code: it was used before, or withdrawn.",
                  "Ask the operator for a new one: picube invite.");
  }
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (const auto* refused = std::get_if<Refused>(&*answer)) return Refusal(*refused);
  if (auto* enrolled = std::get_if<Enrolled>(&*answer)) return std::move(*enrolled);
  return Strange();
}

std::expected<Welcome, JoinFailure> GreetHost(Context& context, const JoinCode& code,
                                              const Keys& keys, const GreetRequest& request) {
  Hello hello;
  hello.facts = request.facts;
  hello.leases_held = request.leases;
  Caller caller(context, code, keys.transport);
  auto answer =
      caller.Ask(Encode({kGreetingVersion, kRequest, std::move(hello)}), request.patience);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (const auto* refused = std::get_if<Refused>(&*answer)) return Refusal(*refused);
  if (auto* welcome = std::get_if<Welcome>(&*answer)) return std::move(*welcome);
  return Strange();
}

}  // namespace picube
