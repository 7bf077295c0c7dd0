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
#include "server/gateway/decider.h"
#include "server/gateway/query_desk.h"
#include "server/gateway/quota.h"
#include "server/store/blob_store.h"

namespace picube {

class Door {
 public:
  Door(ServerSocket& socket, Decider& decider, BlobStore& blobs, BlobDesk& blob_desk,
       QueryDesk& query_desk, const TransportKey& own_key, std::uint32_t messages_per_second);

  // One message, as it came.
  void Handle(const ServerSocket::Received& received);
  // Sends one; a connection that is gone is reported to the core and to the desks.
  void Send(std::uint64_t connection, std::uint64_t request, const Message& message);
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
  };
  [[nodiscard]] const Counters& Count() const { return counters_; }

 private:
  struct Connection {
    std::uint16_t version = kOldestProtocolVersion;
    HostId host;
    Instant last;
  };

  void Dispatch(const ServerSocket::Received& received, const AdmittedKey& who, Envelope envelope);
  void Refuse(std::uint64_t connection, std::uint64_t request, ErrorKind kind, std::string what,
              std::string next = {});
  void Malformed(const ServerSocket::Received& received, const std::string& why);
  void HandleReport(FromPeer from, const AdmittedKey& who);
  void HandleSubmit(FromPeer from);
  [[nodiscard]] bool DigestsHold(const Report& report);
  void MoveLargePayloads(FromPeer& from);

  ServerSocket& socket_;
  Decider& decider_;
  BlobStore& blobs_;
  BlobDesk& blob_desk_;
  QueryDesk& query_desk_;
  TransportKey own_key_;
  Quota quota_;
  std::unordered_map<TransportKey, AdmittedKey> admitted_;
  std::unordered_map<std::uint64_t, Connection> connections_;
  ReportText report_text_;  // reused
  Bytes out_;               // reused
  Counters counters_;
};

}  // namespace picube
