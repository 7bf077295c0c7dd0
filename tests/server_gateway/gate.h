// A door with everything behind it but the loop: a real socket on loopback, journal, core and
// stores in a folder of their own, and clocks that the test sets. The test says when a turn reads,
// when it commits and when it sends.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/crypto/keys.h"
#include "protocol/transport/client_socket.h"
#include "protocol/transport/server_socket.h"
#include "server/gateway/door.h"
#include "server/gateway/pool.h"
#include "tests/files.h"

namespace picube::test {

inline constexpr std::chrono::seconds kPatience{20};  // only a failing test waits so long

struct Member {  // a principal that the gate knows
  HostId id;
  Keys keys;
};

class Gate;

// A connection to the gate.
class Peer {
 public:
  Peer(Gate& gate, const TransportKeys& keys, const ClientSocketOptions& options = {});
  // Sends `message` in `version`.
  void Send(std::uint16_t version, std::uint64_t request, const Message& message);
  void SendBytes(BytesView bytes);
  // The answer to `request`, as it comes; the gate turns meanwhile.
  [[nodiscard]] std::optional<Envelope> Await(std::uint64_t request);
  // Send and Await.
  [[nodiscard]] std::optional<Message> Ask(const Message& message, std::uint16_t version = 2);

 private:
  Gate& gate_;
  Context context_;
  std::unique_ptr<ClientSocket> socket_;
  std::map<std::uint64_t, Envelope> received_;
  std::uint64_t next_request_ = 1000;
};

class Gate {
 public:
  explicit Gate(const Quota::Rates& rates = {}, const ServerSocketOptions& sockets = {});

  // Reads until `least` messages have come (0: what is there), and handles them in one turn.
  void Read(std::size_t least = 0);
  // Commits, then sends what may be sent.
  void Release();
  void Turn(std::size_t least = 0) {
    Read(least);
    Release();
  }
  void Step(Input input) { decider->Step(std::move(input)); }
  void Pass(Duration span) { now_us_ += span.count(); }

  [[nodiscard]] Member Join(const std::string& name);
  // A batch of `units` units, ready to be handed out.
  BatchId Batch(std::uint64_t units);
  // The host says hello over `peer` and takes `units` leases.
  [[nodiscard]] std::vector<LeaseId> Lease(Peer& peer, std::uint32_t units);

  [[nodiscard]] const std::string& Endpoint() const { return endpoint_; }
  [[nodiscard]] const TransportKey& Key() const { return server_keys_.key; }
  [[nodiscard]] std::uint64_t LastConnection() const { return last_connection_; }

 private:
  bool crypto_ = InitCrypto().has_value();  // before the keys that the members make
  Folder folder_;
  Context context_;
  std::int64_t now_us_ = 1'000'000;
  TransportKeys server_keys_;
  std::string endpoint_;
  std::uint64_t last_connection_ = 0;

 public:
  Member boss;  // the operator
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Projection> projection;
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<Decider> decider;
  std::unique_ptr<ServerSocket> socket;
  std::unique_ptr<BlobDesk> blob_desk;
  std::unique_ptr<QueryDesk> query_desk;
  std::unique_ptr<Door> door;

 private:
  std::unique_ptr<Pool> pool_;  // last: its jobs use everything above
};

[[nodiscard]] Hello HelloOf(const std::string& software = "test");
[[nodiscard]] UnitResult ResultOf(LeaseId lease, Bytes payload);
// Signed by `keys`.
[[nodiscard]] Report ReportOf(const Keys& keys, std::vector<UnitResult> results);

}  // namespace picube::test
