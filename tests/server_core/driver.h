// Drives a Grid in the words of the domain, for tests. After every step the invariants are checked,
// every record is kept as a journal would keep it, and the messages are kept by who got them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/core/grid.h"

namespace picube::test {

Digest DigestOf(std::string_view text);  // any digest, different for different texts
TransportKey KeyOf(std::uint64_t number);

struct Journalled {
  Instant at;
  std::vector<Record> records;
};

class Driver {
 public:
  explicit Driver(GridOptions options = DefaultOptions());
  static GridOptions DefaultOptions();  // applications "count" and "sum" at version 1, adaptive

  // --- People and machines
  HostId Join(const std::string& name, const std::string& owner);  // a worker; says Hello
  // Says Hello on a new connection.
  void Connect(HostId host, std::vector<LeaseId> held = {});
  void Disconnect(HostId host);
  static HostFacts DefaultFacts();   // four cores, 1 GiB, both applications, no benchmark
  HostFacts facts = DefaultFacts();  // told in the next Hello

  // --- Batches
  BatchId Submit(Submit submit);
  BatchId Batch(std::uint64_t units, std::uint32_t quorum = 1, double cost = 1e9);
  void Split(BatchId batch, std::uint64_t units, bool last, double cost = 1e9);

  // The operator says so.
  void Order(ControlKind kind, std::uint64_t id, const std::string& text = {},
             std::int64_t number = 0);

  // --- Work
  static AskWork AskFor(std::uint32_t most, std::uint32_t wait_ms = 0);
  std::vector<LeaseOffer> Ask(HostId host, std::uint32_t most = 16, std::uint32_t wait_ms = 0);
  Ack Return(HostId host, LeaseId lease, const std::string& payload, bool sealed = true);
  Ack Fail(HostId host, LeaseId lease, ErrorKind kind, const std::string& text);
  Ack Send(HostId host, Report report, bool signature_valid);
  static UnitResult ResultOf(LeaseId lease, const std::string& payload);

  // --- Time
  void Advance(Duration span);  // in one jump, then a Tick
  void Run(Duration span);      // second by second; connected hosts send heartbeats
  void Beat(HostId host, std::vector<LeaseId> alive = {});

  // --- Raw
  void Step(Input input);
  void From(HostId host, Message message, bool signature_valid = false);
  // The last message of type T to the host (or operator); aborts if there was none since the last
  // step that sent any.
  template <class T>
  const T* Last(HostId host) const {
    const T* found = nullptr;
    for (const Outgoing& outgoing : messages) {
      const auto it = connections.find(host);
      if (it == connections.end() || outgoing.connection != it->second) continue;
      if (const T* message = std::get_if<T>(&outgoing.message)) found = message;
    }
    return found;
  }
  // Events of type T since the driver began.
  template <class T>
  std::vector<T> Events() const {
    std::vector<T> found;
    for (const Event& event : events) {
      if (const T* one = std::get_if<T>(&event)) found.push_back(*one);
    }
    return found;
  }

  // A new grid from the journal alone; its hash must be that of the present one.
  std::unique_ptr<Grid> Restored() const;
  std::unique_ptr<Grid> RestoredFromSnapshot() const;
  // Crash and restart: the grid goes on from its journal, hosts are not connected.
  void Restart(bool restored = false);

  BatchInfo Info(BatchId batch) const { return grid->DescribeBatch(batch).value_or(BatchInfo{}); }
  HostInfo Info(HostId host) const { return *grid->DescribeHost(host, moment.now); }

  GridOptions options;
  std::unique_ptr<Grid> grid;
  Moment moment{.now = {1'000'000}, .wall = {1'700'000'000'000}};
  HostId boss;  // the operator
  std::map<HostId, std::uint64_t> connections;
  std::vector<Outgoing> messages;  // of the last step
  std::vector<Record> records;     // of the last step
  std::vector<Event> events;       // of all steps
  std::vector<Journalled> journal;
  bool check = true;

 private:
  std::uint64_t next_connection_ = 1;
  std::uint64_t next_request_ = 1;
  std::uint64_t next_key_ = 1;
};

}  // namespace picube::test
