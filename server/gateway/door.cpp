#include "server/gateway/door.h"

#include <unordered_set>
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
  return IsOneOf<Hello, AskWork, Report, Heartbeat, Goodbye, GetChunk, PutChunk, SettingsTaken>(m);
}
bool OperatorMay(const Message& m) {
  return IsOneOf<Submit, Query, Watch, Control, GetChunk, PutChunk>(m);
}

}  // namespace

Door::Door(ServerSocket& socket, Decider& decider, BlobStore& blobs, BlobDesk& blob_desk,
           QueryDesk& query_desk, const TransportKey& own_key, const Quota::Rates& rates)
    : socket_(socket),
      decider_(decider),
      blobs_(blobs),
      blob_desk_(blob_desk),
      query_desk_(query_desk),
      own_key_(own_key),
      quota_(rates) {}

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
  const Instant now = decider_.Now().now;
  quota_.Sweep(now);
  blob_desk_.Sweep(now);
  for (const auto& quiet : connections_.Sweep(now)) Gone(quiet.connection, quiet.host);
}

void Door::Handle(const ServerSocket::Received& received) {
  ++counters_.messages;
  const auto who = admitted_.find(received.key);
  if (who == admitted_.end()) {  // retired while connected: its next connect fails
    ++counters_.refused;
    return;
  }
  std::vector<Connections::Forgotten> forgotten;
  Connections::Known& connection = connections_.Heard(
      received.connection, received.key, who->second.id, decider_.Now().now, forgotten);
  for (const auto& quiet : forgotten) Gone(quiet.connection, quiet.host);
  if (!WithinQuota(received, who->second)) return;
  auto envelope = Decode(received.bytes);
  if (!envelope) return Malformed(received, envelope.error().what);
  connection.version = envelope->version;
  Dispatch({.host = who->second.id,
            .key = received.key,
            .reply = {received.connection, envelope->request, envelope->version},
            .message = {},
            .signature_valid = false,
            .blobs_missing = {}},
           who->second, std::move(envelope->message));
}

bool Door::WithinQuota(const ServerSocket::Received& received, const AdmittedKey& who) {
  // An operator brings datasets as fast as the disk takes them; they are bounded by it alone.
  const bool counted = who.kind == PrincipalKind::kHost;
  const auto verdict =
      quota_.Message(received.key, counted ? received.bytes.size() : 0, decider_.Now().now);
  if (verdict == Quota::Verdict::kPass) return true;
  if (verdict == Quota::Verdict::kRefused) {
    ++counters_.refused;
    return false;
  }
  ++counters_.too_fast;
  const auto header = PeekHeader(received.bytes);
  if (!header) return false;
  Refuse({received.connection, header->request, kGreetingVersion}, ErrorKind::kRefused,
         verdict == Quota::Verdict::kTooMuch ? "too many bytes a second from this key"
                                             : "too many messages a second from this key",
         "Send slower; nothing was done.");
  return false;
}

void Door::Malformed(const ServerSocket::Received& received, const std::string& why) {
  ++counters_.malformed;
  const bool refused_now = quota_.Malformed(received.key, decider_.Now().now);
  const auto header = PeekHeader(received.bytes);
  if (!header && !refused_now) return;
  Refuse({received.connection, header ? header->request : 0, kGreetingVersion}, ErrorKind::kRefused,
         why,
         refused_now ? "Too many messages that cannot be understood: refused for an hour."
                     : "The message was dropped; compare the protocol versions.");
}

void Door::Dispatch(FromPeer from, const AdmittedKey& who, Message message) {
  const bool invited = !who.id;
  const bool allowed = invited                            ? std::holds_alternative<Enrol>(message)
                       : who.kind == PrincipalKind::kHost ? HostMay(message)
                                                          : OperatorMay(message);
  if (!allowed) {
    return Refuse(from.reply, ErrorKind::kRefused,
                  std::string(TypeName(message)) + " is not for " +
                      (invited ? "an invitation"
                               : (who.kind == PrincipalKind::kHost ? "a host" : "an operator")));
  }
  if (AnsweredHere(from, who, message)) return;
  from.message = std::move(message);
  const auto* control = std::get_if<Control>(&from.message);
  if (control != nullptr && control->kind == ControlKind::kInvite) {
    invite(from, *control);
  } else if (std::holds_alternative<Report>(from.message)) {
    HandleReport(std::move(from), who);
  } else if (std::holds_alternative<Submit>(from.message)) {
    HandleSubmit(std::move(from));
  } else {
    decider_.Step(std::move(from));
  }
}

// What changes nothing, and what must not reach the core.
bool Door::AnsweredHere(const FromPeer& from, const AdmittedKey& who, Message& message) {
  const BlobDesk::Peer peer{who.id, who.kind == PrincipalKind::kHost};
  if (const auto* enrol = std::get_if<Enrol>(&message)) {
    if (VerifyEnrol(*enrol, own_key_, from.key)) return false;
    ++counters_.bad_signatures;
    Refuse(from.reply, ErrorKind::kRefused, "the proof of the signing key does not hold",
           "Make new keys and join again.");
  } else if (const auto* get = std::get_if<GetChunk>(&message)) {
    blob_desk_.Get(from.reply, peer, *get);
  } else if (auto* put = std::get_if<PutChunk>(&message)) {
    blob_desk_.Put(from.reply, peer, std::move(*put), decider_.Now().now);
  } else if (const auto* query = std::get_if<Query>(&message)) {
    Send(from.reply, query_desk_.Answer(*query, decider_.Now().now, figures));
  } else if (const auto* watch = std::get_if<Watch>(&message)) {
    query_desk_.Watch(from.reply, watch->batch);
  } else {
    return false;
  }
  return true;
}

bool Door::DigestsHold(const Report& report) {
  for (const UnitResult& result : report.results) {
    if (result.outcome == Outcome::kError) {
      if (Hash(result.error_text) != result.digest) return false;
    } else if (result.payload_bytes == result.payload.size()) {
      if (Hash(result.payload) != result.digest) return false;
    } else if (!result.payload.empty() || result.payload_bytes <= limits::kInlinePayloadBytes) {
      return false;  // neither inline nor a blob
    }
  }
  return true;
}

// Payloads that are too large for the core's memory go into the journal's transaction; those that
// have come as blobs must be here. Nothing is kept of a result that will not be recorded: whoever
// invents leases must not fill the disk.
void Door::KeepPayloads(FromPeer& from) {
  auto& results = std::get<Report>(from.message).results;
  std::unordered_set<LeaseId> seen;
  for (UnitResult& result : results) {
    if (result.outcome != Outcome::kSuccess) continue;
    if (result.payload_bytes <= limits::kCorePayloadBytes) continue;
    // Of two results for one lease the first counts.
    const bool again = !seen.insert(result.lease).second;
    if (!again && !KeepPayload(from, result)) from.blobs_missing.push_back(result.lease);
    result.payload = Bytes();
  }
}

// False if the core must not record the result.
bool Door::KeepPayload(const FromPeer& from, UnitResult& result) {
  switch (decider_.State().UseOf(from.host, result, from.signature_valid)) {
    case Grid::ResultUse::kNone: return false;
    case Grid::ResultUse::kAsError: return true;
    case Grid::ResultUse::kKept: break;
  }
  if (!result.payload.empty()) {
    decider_.PutSmall(result.digest, result.payload);
    return true;
  }
  // Touched first: what is there then stays for a day.
  if (!blobs_.Touch(result.digest)) return false;
  const auto size = blobs_.Size(result.digest);
  if (!size || *size != result.payload_bytes) return false;
  blob_desk_.Named(from.host, result.digest);
  return true;
}

void Door::HandleReport(FromPeer from, const AdmittedKey& who) {
  const Report& report = std::get<Report>(from.message);
  if (!DigestsHold(report)) {
    static_cast<void>(quota_.Malformed(from.key, decider_.Now().now));
    Refuse(from.reply, ErrorKind::kRefused, "a payload of this report does not hash to its digest",
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
      Refuse(from.reply, ErrorKind::kRefused,
             "the report's signature is not that of host " + who.name,
             "Its signing key is not the one that enrolled; join again.");
      return;
    }
  }
  KeepPayloads(from);
  decider_.Step(std::move(from));
}

void Door::HandleSubmit(FromPeer from) {
  for (const DatasetFile& file : std::get<Submit>(from.message).files) {
    // Touched first: what is there then stays for a day, and its batch names it from now on.
    const bool there = blobs_.Touch(file.blob.hash);
    if (!there || blobs_.Size(file.blob.hash) != file.blob.size) {
      Refuse(from.reply, ErrorKind::kUser, "the file '" + file.name + "' has not been uploaded",
             "Submit it again.");
      return;
    }
  }
  decider_.Step(std::move(from));
}

void Door::Refuse(const ReplyTo& reply, ErrorKind kind, std::string what, std::string next) {
  Send(reply, Refused{kind, std::move(what), std::move(next)});
}

// Into `out_`: the message, or that it cannot be said.
void Door::Encode(const ReplyTo& reply, std::uint16_t version, const Message& message) {
  out_.clear();
  const Status encoded = TryEncodeTo(version, reply.request, message, out_);
  if (encoded) return;
  ++counters_.unsayable;
  if (reply.request == 0) return;  // a push: nobody waits for it
  EncodeTo(kGreetingVersion, reply.request,
           Refused{ErrorKind::kRefused, encoded.error().what, "Update the older side."}, out_);
}

void Door::Send(const ReplyTo& reply, const Message& message) {
  const Connections::Known* known = connections_.Find(reply.connection);
  if (known == nullptr) return query_desk_.Gone(reply.connection);
  const std::uint16_t asked = reply.version != 0 ? reply.version : known->version;
  Encode(reply, IsOneOf<Welcome, Enrolled>(message) ? kGreetingVersion : asked, message);
  if (out_.empty()) return;
  SendStatus sent = socket_.Send(reply.connection, out_);
  if (sent == SendStatus::kTooLarge) {
    Encode(reply, kGreetingVersion,
           Refused{ErrorKind::kProject, "the answer is larger than a message may be", ""});
    sent = socket_.Send(reply.connection, out_);
  }
  if (sent == SendStatus::kSent) return;
  const HostId host = known->host;
  connections_.Forget(reply.connection);
  Gone(reply.connection, host);
}

void Door::Gone(std::uint64_t connection, HostId host) {
  query_desk_.Gone(connection);
  if (host) decider_.Step(PeerGone{host, connection});
}

std::string Door::TakeComplaint() {
  std::string line;
  const auto tell = [&](std::uint64_t Counters::* counter, std::string_view what) {
    const std::uint64_t more = counters_.*counter - complained_.*counter;
    if (more == 0) return;
    line += (line.empty() ? "turned away: " : ", ") + std::to_string(more) + " ";
    line += what;
  };
  tell(&Counters::malformed, "malformed messages");
  tell(&Counters::too_fast, "above a quota");
  tell(&Counters::bad_signatures, "with a wrong signature");
  tell(&Counters::refused, "of refused or retired keys");
  tell(&Counters::unsayable, "whose answer their version cannot carry");
  complained_ = counters_;
  return line;
}

}  // namespace picube
