// The rules of the grid, as a pure machine: inputs and the time go in, records, messages and events
// come out. It never acts: no clock, socket, file, thread, logger or global random number.
//
//   grid.Step(input, moment);            decide; records are applied to memory at once
//   Ready ready = grid.TakeReady();      1. make ready.records durable, as one row
//                                        2. send ready.messages  3. publish ready.events
//
// Restore = Apply the records of the last snapshot, then those of every later row, then
// `Step(TakeOver{…})`, which starts a new epoch. One thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/limits.h"
#include "protocol/base/rng.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"
#include "server/core/records.h"
#include "server/core/scaling.h"

namespace picube {

// --- Options -----------------------------------------------------------------------------------

// Never renumber.
enum class PolicyKind : std::uint8_t {
  kRoundRobin = 1,
  kWeighted = 2,
  kLeastLeases = 3,
  kLoad = 4,
  kAdaptive = 5,
};

struct GridOptions {
  PolicyKind policy = PolicyKind::kAdaptive;
  std::map<std::string, std::uint32_t> weights;  // by host name, for `weighted`; default 1
  struct Site {                                  // hosts that share a place, and perhaps a fuse
    std::string name;
    std::set<std::string, std::less<>> hosts;   // by name
    std::set<std::string, std::less<>> owners;  // whose hosts all belong to it
    std::string master;                         // is told what the others read; empty = nobody
    double watts = 0;  // that they may take together; 0 = as much as they like
  };
  std::vector<Site> sites;
  ScalingOptions scaling;
  Duration host_silence = limits::kHostSilence;
  Duration heartbeat = limits::kHeartbeat;
  Duration least_lease = limits::kLeastLease;
  Duration work_ahead = limits::kWorkAhead;
  std::size_t units_ahead = limits::kUnitsAhead;
  std::string software;                // "picube-server 0.1.0"
  std::vector<std::string> endpoints;  // told to workers
  // Version of each application the server can split and merge.
  std::map<std::string, std::uint32_t, std::less<>> applications;
  // Those whose workers are not given the dataset's files: their units bring all that is needed.
  std::set<std::string, std::less<>> keep_dataset;
};

// --- In ----------------------------------------------------------------------------------------

// Where an answer goes: a connection as the shell numbers it, the request it answers, and the
// protocol version in which that came. The core hands all three back and looks at none.
struct ReplyTo {
  std::uint64_t connection = 0;  // 0 = nobody
  std::uint64_t request = 0;
  std::uint16_t version = 0;  // 0 = the connection's own
};

// A message of an enrolled principal (or of an open invitation, for Enrol). Signatures and payload
// digests have been checked by the shell; `signature_valid` says how the report's turned out.
struct FromPeer {
  HostId host;       // zero for an invitation
  TransportKey key;  // the transport key the peer proved to hold
  ReplyTo reply;
  Message message;
  bool signature_valid = false;        // Report: `earlier` and `results` are covered
  std::vector<LeaseId> blobs_missing;  // Report: results whose blob has not been put
};
struct PeerGone {  // its connection ended
  HostId host;
  std::uint64_t connection = 0;
};
struct TakeOver {  // this process begins to decide: new epoch
  // The state is that of an older backup: ids that were given out after it must not be given again.
  bool restored = false;
};
struct MadeInvitation {  // the shell made the key pair; the core makes it count
  TransportKey key;
  PrincipalKind kind = PrincipalKind::kHost;
  std::string owner;
  WallTime expires;
  ReplyTo reply;     // answered with Done{code} when durable; 0 = nobody
  std::string code;  // not kept
};
struct FirstOperator {  // made with the server's state
  std::string name;
  TransportKey transport_key;
  SigningKey signing_key;
};
struct SplitStep {  // from the splitter: the next units of a batch
  BatchId batch;
  std::vector<UnitsCreated::Unit> units;
  bool last = false;
};
struct SplitFailed {
  BatchId batch;
  Error error;
};
struct ProductReady {  // from the merger
  BatchId batch;
  std::vector<ProductFile> product;
};
struct MergeFailed {
  BatchId batch;
  Error error;
};
struct Tick {};        // time has passed: deadlines, lost hosts, long polls
struct StoreTrouble {  // the shell cannot write (text not empty), or can again (empty)
  std::string why;
};

using Input = std::variant<FromPeer, PeerGone, TakeOver, MadeInvitation, FirstOperator, SplitStep,
                           SplitFailed, ProductReady, MergeFailed, Tick, StoreTrouble>;

// --- Out ---------------------------------------------------------------------------------------

struct Outgoing {
  std::uint64_t connection = 0;
  std::uint64_t request = 0;  // 0 for a push
  Message message;
  std::uint16_t version = 0;  // in which it was asked; 0 for a push: the connection's own
};

// A unit has ended; goes to the projection. Made by Apply, so a replay makes it again.
struct UnitClosed {
  UnitId unit;
  BatchId batch;
  std::uint64_t index = 0;  // within the batch
  UnitState state = UnitState::kSettled;
  LeaseId canonical;
  HostId host;  // of the canonical result
  Digest digest;
  std::uint64_t payload_bytes = 0;
  Bytes payload;  // empty if payload_bytes > limits::kCorePayloadBytes: it is a blob
  std::uint32_t leases = 0;
  std::uint32_t errors = 0;
  std::string why;  // of a failure
};
// A host's result lost against the canonical one: shown, logged, counted.
struct ResultDisagreed {
  UnitId unit;
  LeaseId lease;
  HostId host;
  Digest digest;
  Digest canonical;
};
// Leases that have ended, each with its result or without: what reports are made from. A lease that
// ended without one comes again if its result is late; the last word counts. Made by Apply.
struct LeaseOver {
  LeaseId lease;
  UnitId unit;
  BatchId batch;
  std::uint64_t index = 0;  // of the unit within the batch
  HostId host;
  Duration held{};         // since it was granted; not while no server ran
  bool returned = false;   // with a result: the rest is known
  bool succeeded = false;  // that is no error
  double cost_flop = 0;    // of the unit, declared
  Cost cost;
};
struct LeasesOver {
  std::vector<LeaseOver> leases;
};
struct BatchChanged {  // describe it anew; the shell does so at most once a second a batch
  BatchId batch;
};
struct BatchArchived {  // has left memory; `info` is its last description
  BatchInfo info;
  Submit submit;
  std::vector<ProductFile> product;
};
struct HostChanged {
  HostId host;
};
struct WantUnits {  // the splitter should bring more of this batch, from unit `from` on
  BatchId batch;
  std::uint64_t from = 0;
};
struct WantMerge {  // every unit of the batch has ended
  BatchId batch;
};
struct HostRests {  // it is not needed now and may be switched off, or is needed again
  HostId host;
  std::string name;
  bool rests = false;
};
struct PrincipalsChanged {};  // the set of admitted transport keys has changed: ask Admitted()
struct LogLine {
  enum class Level : std::uint8_t { kInfo, kWarning } level = Level::kInfo;
  std::string text;
};

using Event =
    std::variant<UnitClosed, ResultDisagreed, LeasesOver, BatchChanged, BatchArchived, HostChanged,
                 HostRests, WantUnits, WantMerge, PrincipalsChanged, LogLine>;

struct Ready {
  std::vector<Record> records;
  std::vector<Outgoing> messages;
  std::vector<Event> events;

  [[nodiscard]] bool Empty() const { return records.empty() && messages.empty() && events.empty(); }
};

// A transport key that may connect, and who it is.
struct AdmittedKey {
  TransportKey key;
  HostId id;  // zero for an invitation
  PrincipalKind kind = PrincipalKind::kHost;
  SigningKey signing_key;  // zero for an invitation
  std::string name;
};

class Grid {
 public:
  Grid(GridOptions options, Rng rng);
  ~Grid();
  Grid(const Grid&) = delete;
  Grid& operator=(const Grid&) = delete;

  // Told to workers from now on; where the server listens is known last.
  void SetEndpoints(std::vector<std::string> endpoints);

  // The only way in.
  void Step(Input input, Moment moment);
  // Everything decided since the last call.
  [[nodiscard]] Ready TakeReady();
  // The same, into buffers that are cleared and reused.
  void TakeReady(Ready& into);
  // When to Step(Tick) at the latest; nothing while there is nothing to wait for.
  [[nodiscard]] std::optional<Instant> NextDeadline() const;

  // The only code that changes durable state. `at` is the instant of the record's row. Events that
  // follow from the record (UnitClosed, BatchArchived, …) are queued for TakeReady.
  void Apply(const Record& record, Instant at);
  // The whole durable state as records of bounded size, in an order that Apply accepts.
  void WriteSnapshot(const std::function<void(const Record&)>& sink) const;

  // Recomputes every count and index from the units and leases; aborts on the first difference.
  void CheckInvariants() const;
  // A hash of the durable state: equal after restore to what it was before.
  [[nodiscard]] std::uint64_t StateHash() const;

  // --- Descriptions: what queries are answered from. Nothing is changed.
  [[nodiscard]] std::optional<BatchInfo> DescribeBatch(BatchId batch) const;
  [[nodiscard]] const Submit* SubmissionOf(BatchId batch) const;
  [[nodiscard]] std::optional<HostInfo> DescribeHost(HostId host, Instant now) const;
  [[nodiscard]] std::optional<HostId> FindHost(std::string_view name) const;
  [[nodiscard]] std::vector<BatchId> LiveBatches() const;  // ascending
  [[nodiscard]] std::vector<HostId> Hosts() const;         // ascending; operators too
  [[nodiscard]] ServerInfo DescribeServer() const;         // uptime and rate are the shell's
  [[nodiscard]] std::vector<AdmittedKey> Admitted(WallTime now) const;
  // Blobs that live batches and results name: datasets, and payloads above kCorePayloadBytes.
  void ReferencedBlobs(const std::function<void(const Digest&)>& callback) const;
  // What a report of `host` with this result would come to now, if its signature is as said: the
  // shell keeps large payloads for results that will be recorded, and for no others.
  enum class ResultUse : std::uint8_t {
    kNone,     // not the host's lease, or it has its result, or nothing can be recorded now
    kAsError,  // recorded, but its payload is larger than the unit may have
    kKept,
  };
  [[nodiscard]] ResultUse UseOf(HostId host, const UnitResult& result, bool sealed) const;
  // Why something is as it is; empty headline = not live here (ask the projection).
  [[nodiscard]] Answer ExplainUnit(UnitId unit, Instant now) const;
  [[nodiscard]] Answer ExplainHost(HostId host, Instant now) const;
  [[nodiscard]] Answer ExplainBatch(BatchId batch, Instant now) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
