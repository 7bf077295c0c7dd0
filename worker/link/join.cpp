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
  return Encode({kOldestProtocolVersion, kRequest, std::move(enrol)});
}

std::unexpected<JoinFailure> Refusal(const Refused& refused) {
  const bool code = refused.kind == ErrorKind::kRefused;
  return std::unexpected(JoinFailure{code ? WorkerExit::kCodeUsed : WorkerExit::kFailed,
                                     {refused.kind, refused.what, refused.next}});
}

// Nothing while there is no reason to stop waiting.
std::optional<JoinFailure> Take(LinkEvent event, const std::string& endpoint) {
  switch (event) {
    case LinkEvent::kConnected:
    case LinkEvent::kDisconnected: return std::nullopt;
    case LinkEvent::kRefused:
      return Failed(WorkerExit::kCodeUsed,
                    "the server does not take this join code: it was used before, or withdrawn.",
                    "Ask the operator for a new one: picube invite.")
          .error();
    case LinkEvent::kBroken:
      return Failed(WorkerExit::kRefused,
                    "whoever answers at " + endpoint + " is not the server that made this code.",
                    "Check the network, or ask the operator for a new code.")
          .error();
  }
  return std::nullopt;
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
  ClientSocket socket(context, invitation, code.server_transport_key);
  if (const Status begun = socket.Connect(code.endpoint); !begun) {
    return std::unexpected(JoinFailure{WorkerExit::kBadCode, begun.error()});
  }
  const Bytes enrol = MakeEnrol(code, invitation, keys, request.name);
  const auto until = Clock::now() + request.patience;
  auto ask_at = Clock::time_point::max();  // earlier while a connection stands
  while (Clock::now() < until) {
    static_cast<void>(socket.Poll(std::chrono::milliseconds(200), nullptr));
    while (const auto event = socket.TakeEvent()) {
      if (auto failure = Take(*event, code.endpoint)) return std::unexpected(*std::move(failure));
      if (*event == LinkEvent::kConnected) ask_at = Clock::now();
      if (*event == LinkEvent::kDisconnected) ask_at = Clock::time_point::max();
    }
    if (Clock::now() >= ask_at) {
      static_cast<void>(socket.Send(enrol));
      ask_at = Clock::now() + kAskAgain;
    }
    while (const auto bytes = socket.Receive()) {
      const Result<Envelope> answer = Decode(*bytes);
      if (!answer) continue;
      if (const auto* enrolled = std::get_if<Enrolled>(&answer->message)) return *enrolled;
      if (const auto* refused = std::get_if<Refused>(&answer->message)) return Refusal(*refused);
    }
  }
  return Failed(WorkerExit::kUnreachable, "the server at " + code.endpoint + " does not answer.",
                "Check that it runs and that this machine can reach it, then use the code again.");
}

}  // namespace picube
