// What stands between strangers' bytes and the core: decodes, counts, checks signatures and
// digests, and sends each message to the desk that answers it. Loop thread only.
//
// Answers that follow from a decision come out of the core after they are durable; answers about
// blobs and queries change nothing and go out at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/crypto/keys.h"
#include "protocol/crypto/signatures.h"
#include "protocol/messages.h"
#include "protocol/transport/server_socket.h"
#include "server/gateway/blob_desk.h"
#include "server/gateway/connections.h"
#include "server/gateway/decider.h"
#include "server/gateway/query_desk.h"
#include "server/gateway/quota.h"
#include "server/store/blob_store.h"

namespace picube {

class Door {
 public:
  Door(ServerSocket& socket, Decider& decider, BlobStore& blobs, BlobDesk& blob_desk,
       QueryDesk& query_desk, const TransportKey& own_key, const Quota::Rates& rates);

  // One message, as it came.
  void Handle(const ServerSocket::Received& received);
  // Sends one, in the version in which it was asked. Nothing goes to a connection that is not known
  // (any more); one that turns out to be gone is reported to the core and to the desks.
  void Send(const ReplyTo& reply, const Message& message);
  // The set of known keys has changed.
  void Admit();
  // Forgets connections that have been quiet; once a minute is enough.
  void Sweep();

  // What the server says of itself in answers to kServer.
  QueryDesk::ServerFigures figures;
  // Makes the keys of an invitation that an operator asks for, and steps MadeInvitation.
  std::function<void(const FromPeer&, const Control&)> invite;

  struct Counters {
    std::uint64_t messages = 0;
    std::uint64_t malformed = 0;
    std::uint64_t too_fast = 0;
    std::uint64_t refused = 0;
    std::uint64_t bad_signatures = 0;
    std::uint64_t unsayable = 0;  // answers that the asked version cannot carry
  };
  [[nodiscard]] const Counters& Count() const { return counters_; }
  [[nodiscard]] std::size_t KnownConnections() const { return connections_.Size(); }
  // One line about what was turned away since the last call; empty if nothing was.
  [[nodiscard]] std::string TakeComplaint();

 private:
  [[nodiscard]] bool WithinQuota(const ServerSocket::Received& received, const AdmittedKey& who);
  [[nodiscard]] bool AnsweredHere(const FromPeer& from, const AdmittedKey& who, Message& message);
  void Dispatch(FromPeer from, const AdmittedKey& who, Message message);
  void Refuse(const ReplyTo& reply, ErrorKind kind, std::string what, std::string next = {});
  void Malformed(const ServerSocket::Received& received, const std::string& why);
  void HandleReport(FromPeer from, const AdmittedKey& who);
  void HandleSubmit(FromPeer from);
  [[nodiscard]] bool DigestsHold(const Report& report);
  void KeepPayloads(FromPeer& from);
  [[nodiscard]] bool KeepPayload(const FromPeer& from, UnitResult& result);
  void Encode(const ReplyTo& reply, std::uint16_t version, const Message& message);
  void Gone(std::uint64_t connection, HostId host);

  ServerSocket& socket_;
  Decider& decider_;
  BlobStore& blobs_;
  BlobDesk& blob_desk_;
  QueryDesk& query_desk_;
  TransportKey own_key_;
  Quota quota_;
  std::unordered_map<TransportKey, AdmittedKey> admitted_;
  Connections connections_;
  ReportText report_text_;  // reused
  Bytes out_;               // reused
  Counters counters_;
  Counters complained_;  // of which TakeComplaint has told
};

}  // namespace picube
