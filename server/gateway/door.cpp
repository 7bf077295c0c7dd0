#include "server/gateway/door.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"
#include "protocol/wire/codec.h"

namespace picube {
namespace {

template <class... Ts>
bool IsOneOf(const Message& message) {
  return (std::holds_alternative<Ts>(message) || ...);
}

// What a host may send, and what an operator may.
bool HostMay(const Message& m) {
  return IsOneOf<Hello, AskWork, Report, Heartbeat, Goodbye, GetChunk, PutChunk>(m);
}
bool OperatorMay(const Message& m) {
  return IsOneOf<Submit, Query, Watch, Control, GetChunk, PutChunk>(m);
}

}  // namespace

Door::Door(ServerSocket& socket, Decider& decider, BlobStore& blobs, BlobDesk& blob_desk,
           QueryDesk& query_desk, const TransportKey& own_key, std::uint32_t messages_per_second)
    : socket_(socket),
      decider_(decider),
      blobs_(blobs),
      blob_desk_(blob_desk),
      query_desk_(query_desk),
      own_key_(own_key),
      quota_(messages_per_second) {}

void Door::Admit() {
  admitted_.clear();
  std::vector<TransportKey> keys;
  for (AdmittedKey& who : decider_.State().Admitted(decider_.Now().wall)) {
    keys.push_back(who.key);
    const TransportKey key = who.key;
    admitted_.emplace(key, std::move(who));
  }
  socket_.SetAdmitted(std::move(keys));
}

void Door::Sweep() {
  quota_.Sweep(decider_.Now().now);
  const Instant old = decider_.Now().now - 10min;
  std::erase_if(connections_, [&](const auto& entry) { return entry.second.last < old; });
}

void Door::Handle(const ServerSocket::Received& received) {
  ++counters_.messages;
  const Instant now = decider_.Now().now;
  switch (quota_.Message(received.key, now)) {
    case Quota::Verdict::kPass: break;
    case Quota::Verdict::kRefused: ++counters_.refused; return;
    case Quota::Verdict::kTooFast: {
      ++counters_.too_fast;
      const auto header = PeekHeader(received.bytes);
      if (header) {
        Refuse(received.connection, header->request, ErrorKind::kRefused,
               "too many messages a second from this key", "Send slower; nothing was done.");
      }
      return;
    }
  }
  const auto who = admitted_.find(received.key);
  if (who == admitted_.end()) {  // retired while connected: its next connect fails
    ++counters_.refused;
    return;
  }
  auto envelope = Decode(received.bytes);
  if (!envelope) {
    Malformed(received, envelope.error().what);
    return;
  }
  Connection& connection = connections_[received.connection];
  connection.version = envelope->version;
  connection.host = who->second.id;
  connection.last = now;
  Dispatch(received, who->second, std::move(*envelope));
}

void Door::Malformed(const ServerSocket::Received& received, const std::string& why) {
  ++counters_.malformed;
  const bool refused_now = quota_.Malformed(received.key, decider_.Now().now);
  const auto header = PeekHeader(received.bytes);
  if (!header && !refused_now) return;
  Refuse(received.connection, header ? header->request : 0, ErrorKind::kRefused, why,
         refused_now ? "Too many messages that cannot be understood: refused for an hour."
                     : "The message was dropped; compare the protocol versions.");
}

void Door::Dispatch(const ServerSocket::Received& received, const AdmittedKey& who,
                    Envelope envelope) {
  const std::uint64_t request = envelope.request;
  Message& message = envelope.message;
  FromPeer from{.host = who.id,
                .key = received.key,
                .reply = {received.connection, request},
                .message = {},
                .signature_valid = false,
                .blobs_missing = {}};
  const bool invited = !who.id;
  const bool allowed = invited                            ? std::holds_alternative<Enrol>(message)
                       : who.kind == PrincipalKind::kHost ? HostMay(message)
                                                          : OperatorMay(message);
  if (!allowed) {
    Refuse(received.connection, request, ErrorKind::kRefused,
           std::string(TypeName(message)) + " is not for " +
               (invited ? "an invitation"
                        : (who.kind == PrincipalKind::kHost ? "a host" : "an operator")));
    return;
  }
  if (const auto* enrol = std::get_if<Enrol>(&message)) {
    if (!VerifyEnrol(*enrol, own_key_, received.key)) {
      ++counters_.bad_signatures;
      Refuse(received.connection, request, ErrorKind::kRefused,
             "the proof of the signing key does not hold", "Make new keys and join again.");
      return;
    }
  } else if (const auto* get = std::get_if<GetChunk>(&message)) {
    blob_desk_.Get(received.connection, request, *get);
    return;
  } else if (auto* put = std::get_if<PutChunk>(&message)) {
    const bool host = who.kind == PrincipalKind::kHost;
    blob_desk_.Put(received.connection, request, std::move(*put),
                   host ? limits::kResultBytes : limits::kBlobBytes);
    return;
  } else if (const auto* query = std::get_if<Query>(&message)) {
    Send(received.connection, request, query_desk_.Answer(*query, decider_.Now().now, figures));
    return;
  } else if (const auto* watch = std::get_if<Watch>(&message)) {
    query_desk_.Watch(received.connection, request, watch->batch);
    return;
  }
  const bool is_report = std::holds_alternative<Report>(message);
  const bool is_submit = std::holds_alternative<Submit>(message);
  from.message = std::move(message);
  const auto* control = std::get_if<Control>(&from.message);
  if (control != nullptr && control->kind == ControlKind::kInvite) {
    invite(from, *control);
  } else if (is_report) {
    HandleReport(std::move(from), who);
  } else if (is_submit) {
    HandleSubmit(std::move(from));
  } else {
    decider_.Step(std::move(from));
  }
}

bool Door::DigestsHold(const Report& report) {
  for (const UnitResult& result : report.results) {
    if (result.outcome == Outcome::kError) {
      if (Hash(result.error_text) != result.digest) return false;
    } else if (result.payload_bytes == result.payload.size()) {
      if (Hash(result.payload) != result.digest) return false;
    } else if (!result.payload.empty()) {
      return false;  // neither inline nor a blob
    }
  }
  return true;
}

// Payloads that are too large for the core's memory go into the journal's transaction; those that
// have come as blobs must be here.
void Door::MoveLargePayloads(FromPeer& from) {
  for (UnitResult& result : std::get<Report>(from.message).results) {
    if (result.outcome != Outcome::kSuccess) continue;
    if (result.payload.size() > limits::kCorePayloadBytes) {
      decider_.PutSmall(result.digest, result.payload);
      result.payload = Bytes();
    } else if (result.payload_bytes > 0 && result.payload.empty() && !blobs_.Has(result.digest)) {
      from.blobs_missing.push_back(result.lease);
    }
  }
}

void Door::HandleReport(FromPeer from, const AdmittedKey& who) {
  const Report& report = std::get<Report>(from.message);
  if (!DigestsHold(report)) {
    static_cast<void>(quota_.Malformed(from.key, decider_.Now().now));
    Refuse(from.reply.connection, from.reply.request, ErrorKind::kRefused,
           "a payload of this report does not hash to its digest",
           "The worker's memory or disk may be damaged; compute the unit again.");
    return;
  }
  if (report.signature) {
    report_text_.Clear();
    AddReport(report, report_text_);
    from.signature_valid = Verify(who.signing_key, report_text_.Text(), *report.signature);
    if (!from.signature_valid) {
      ++counters_.bad_signatures;
      static_cast<void>(quota_.Malformed(from.key, decider_.Now().now));
      Refuse(from.reply.connection, from.reply.request, ErrorKind::kRefused,
             "the report's signature is not that of host " + who.name,
             "Its signing key is not the one that enrolled; join again.");
      return;
    }
  }
  MoveLargePayloads(from);
  decider_.Step(std::move(from));
}

void Door::HandleSubmit(FromPeer from) {
  for (const DatasetFile& file : std::get<Submit>(from.message).files) {
    const auto size = blobs_.Size(file.blob.hash);
    if (!size || *size != file.blob.size) {
      Refuse(from.reply.connection, from.reply.request, ErrorKind::kUser,
             "the file '" + file.name + "' has not been uploaded", "Submit it again.");
      return;
    }
  }
  decider_.Step(std::move(from));
}

void Door::Refuse(std::uint64_t connection, std::uint64_t request, ErrorKind kind, std::string what,
                  std::string next) {
  Send(connection, request, Refused{kind, std::move(what), std::move(next)});
}

void Door::Send(std::uint64_t connection, std::uint64_t request, const Message& message) {
  const auto known = connections_.find(connection);
  const bool greeting = IsOneOf<Welcome, Enrolled>(message);
  const std::uint16_t version =
      known == connections_.end() || greeting ? kOldestProtocolVersion : known->second.version;
  out_.clear();
  EncodeTo(version, request, message, out_);
  switch (socket_.Send(connection, out_)) {
    case SendStatus::kSent: return;
    case SendStatus::kTooLarge:
      out_.clear();
      EncodeTo(version, request,
               Refused{ErrorKind::kProject, "the answer is larger than a message may be", ""},
               out_);
      static_cast<void>(socket_.Send(connection, out_));
      return;
    case SendStatus::kGone:
    case SendStatus::kSlow: break;
  }
  if (known != connections_.end()) {
    const HostId host = known->second.host;
    connections_.erase(known);
    query_desk_.Gone(connection);
    if (host) decider_.Step(PeerGone{host, connection});
  }
}

}  // namespace picube
