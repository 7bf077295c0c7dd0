// Every message that travels, as plain values. `protocol/wire` turns them into bytes and back;
// docs/PROTOCOL.md shows each with a worked dump. Nothing here decides anything.
//
// A conversation is requests and answers: an answer carries its request's id. The server may push
// `Cancel`, `Drain`, `Settings` and `BatchProgress` (to a watcher) with request id 0 at any time.
// Numbers that leave the process (message types, enum values, field keys) are never renumbered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/lease_info.h"
#include "protocol/parts.h"

namespace picube {

// Version 2 may defer signatures (Report::earlier) and ask within a report (Report::ask).
// Version 1 signs every report and asks separately. A server talks both.
inline constexpr std::uint16_t kProtocolVersion = 2;
inline constexpr std::uint16_t kOldestProtocolVersion = 1;
// Enrol, Enrolled, Hello, Welcome and Refused are understood in this version by every program, so
// that two can find out which versions they share. Never raised; those five never use newer fields.
inline constexpr std::uint16_t kGreetingVersion = 1;

// --- Joining -------------------------------------------------------------------------------------

enum class PrincipalKind : std::uint8_t { kHost = 1, kOperator = 2 };

// Sent over a connection whose transport key belongs to the invitation: good once.
struct Enrol {
  PrincipalKind kind = PrincipalKind::kHost;
  std::string name;  // wished for; the server makes it unique
  TransportKey transport_key;
  SigningKey signing_key;
  Signature proof;  // by signing_key over EnrolProofText (protocol/crypto)
  bool operator==(const Enrol&) const = default;
};
struct Enrolled {
  HostId id;
  std::string name;  // as the server knows it
  std::string owner;
  bool operator==(const Enrolled&) const = default;
};

// --- Worker to server ----------------------------------------------------------------------------

struct Hello {
  std::uint16_t oldest_version = kOldestProtocolVersion;
  std::uint16_t newest_version = kProtocolVersion;
  HostFacts facts;
  std::vector<Digest> blobs_held;
  std::vector<LeaseId> leases_held;  // running, waiting or spooled; leases not named are lost
  bool operator==(const Hello&) const = default;
};
struct Welcome {
  std::uint16_t version = kProtocolVersion;  // what both will speak
  HostId host;
  std::string name;
  Epoch epoch;
  WallTime server_time;
  std::string software;  // "picube-server 0.1.0"
  std::uint32_t heartbeat_ms = 0;
  std::uint32_t silence_ms = 0;  // after so long without a heartbeat leases are presumed lost
  std::vector<std::string> endpoints;
  bool operator==(const Welcome&) const = default;
};

struct AskWork {
  std::uint32_t free_cores = 1;
  std::uint32_t most_units = 1;      // at most so many leases
  std::uint64_t held_ms = 0;         // work at hand, by the worker's own estimate
  std::uint32_t wait_ms = 0;         // long poll: answer NoWork only after this; 0 = at once
  std::vector<Digest> cached_blobs;  // may be cut to the most recent
  bool operator==(const AskWork&) const = default;
};

struct WorkTerms {  // shared by the leases of one batch in one Assign
  BatchId batch;
  ApplicationVersion application;
  Bounds bounds;
  std::vector<BlobRef> inputs;  // every unit of the batch needs these
  bool operator==(const WorkTerms&) const = default;
};
struct LeaseOffer {
  LeaseId lease;
  UnitId unit;
  std::uint32_t terms = 0;        // index into Assign::terms
  Bytes parameters;               // for Application::Compute, opaque to the grid
  std::vector<BlobRef> inputs;    // besides the batch's
  double cost_flop = 0;           // declared
  std::uint64_t deadline_ms = 0;  // from now on the receiver's clock
  bool operator==(const LeaseOffer&) const = default;
};
struct Assign {
  Epoch epoch;
  std::vector<WorkTerms> terms;
  std::vector<LeaseOffer> leases;
  bool operator==(const Assign&) const = default;
};

enum class NoWorkReason : std::uint8_t {
  kNothingToDo = 1,    // no batch has a unit to hand out
  kNoApplication = 2,  // there is work, but for applications this host does not have
  kHasItsCopy = 3,     // what is left needs another host: this one has its copy already
  kEnoughHeld = 4,     // the host holds enough work
  kHostBackoff = 5,    // the host failed lately; wait
  kHostQuota = 6,      // too many leases out
  kDraining = 7,       // the operator drains this host or the server
  kReadOnly = 8,       // the server cannot write its journal now
  kTooBig = 9,         // what is left exceeds the host's memory or disk
  kPowerCap = 10,      // one more busy host would take its site above its watts
  kResting = 11,       // the queue is short: fewer hosts do
};
struct NoWork {
  NoWorkReason reason = NoWorkReason::kNothingToDo;
  std::uint32_t ask_again_ms = 0;
  std::uint32_t rest_ms = 0;  // kResting: it may sleep for so long, if it can wake by itself
  bool operator==(const NoWork&) const = default;
};

enum class Outcome : std::uint8_t { kSuccess = 1, kError = 2 };
struct UnitResult {
  LeaseId lease;
  Outcome outcome = Outcome::kSuccess;
  Digest digest;                    // of the payload; of the error's text for an error
  std::uint64_t payload_bytes = 0;  // size of the payload
  Bytes payload;  // empty above kInlinePayloadBytes: the blob `digest` has been put before
  Cost cost;
  ErrorKind error_kind = ErrorKind::kUnit;  // with kError
  std::string error_text;                   // with kError
  bool operator==(const UnitResult&) const = default;
};
struct SealedResult {  // a result reported earlier without a signature, now covered by one
  LeaseId lease;
  Digest digest;
  bool operator==(const SealedResult&) const = default;
};
struct Report {
  std::vector<UnitResult> results;
  std::vector<SealedResult> earlier;
  // By the host's signing key over ReportText: (lease, digest) of `earlier`, then of `results`.
  // Without it results are kept and acknowledged, but count for nothing until a later one seals
  // them.
  std::optional<Signature> signature;
  std::optional<AskWork> ask;
  bool operator==(const Report&) const = default;
};
struct NotTaken {
  LeaseId lease;
  std::string why;     // "unknown lease", "no such blob", "too large"
  bool again = false;  // true: send it again later; false: drop it
  bool operator==(const NotTaken&) const = default;
};
struct Ack {
  std::vector<LeaseId> durable;  // on the server's disk: the worker may forget them
  std::vector<NotTaken> not_taken;
  std::optional<Assign> assign;  // answers Report::ask
  std::optional<NoWork> no_work;
  bool operator==(const Ack&) const = default;
};
struct LeaseProgress {
  LeaseId lease;
  std::uint32_t permille = 0;
  bool operator==(const LeaseProgress&) const = default;
};
struct Heartbeat {
  std::vector<LeaseProgress> alive;  // running or waiting on the worker: their leases are renewed
  Readings readings;
  std::string paused_why;  // empty = not paused
  bool operator==(const Heartbeat&) const = default;
};
struct Peer {  // another host of the same site, for the display and the fan of its master
  std::string name;
  std::uint64_t silent_ms = 0;  // since the server last heard it
  Readings readings;
  std::string paused_why;
  UnitId unit;  // that it computes; 0 = none
  std::uint32_t permille = 0;
  bool operator==(const Peer&) const = default;
};
struct Pulse {
  std::uint64_t renewed_ms = 0;    // leases alive are good for so long from now
  std::vector<LeaseId> cancelled;  // of those named alive: stop and drop them
  bool draining = false;
  std::vector<Peer> peers;  // for the master of a site only
  bool operator==(const Pulse&) const = default;
};
struct Goodbye {
  std::vector<LeaseId> given_back;
  bool operator==(const Goodbye&) const = default;
};

// --- Blobs, either way ---------------------------------------------------------------------------

struct GetChunk {
  Digest blob;
  std::uint64_t offset = 0;
  std::uint32_t credit = 1;  // send up to so many chunks, one answer each
  bool operator==(const GetChunk&) const = default;
};
enum class Compression : std::uint8_t { kNone = 0, kZstd = 1 };
struct Chunk {
  Digest blob;
  std::uint64_t offset = 0;  // in the uncompressed blob
  std::uint64_t total = 0;   // size of the whole blob
  Compression compression = Compression::kNone;
  Bytes data;  // at most kChunkBytes when uncompressed
  bool operator==(const Chunk&) const = default;
};
struct PutChunk {
  Chunk chunk;  // an empty one with total > 0 asks where to resume
  bool operator==(const PutChunk&) const = default;
};
struct PutState {
  Digest blob;
  std::uint64_t next_offset = 0;  // send from here
  bool complete = false;          // whole, checked and durable
  bool operator==(const PutState&) const = default;
};

// --- Pushed by the server ------------------------------------------------------------------------

struct Cancel {
  std::vector<LeaseId> leases;  // stop them; nothing need be reported
  bool operator==(const Cancel&) const = default;
};
struct Drain {  // finish what runs, report it, ask for no more
  std::string why;
  bool operator==(const Drain&) const = default;
};

struct Settings {  // put these into worker.yaml and keep to them; answered by SettingsTaken
  std::uint64_t token = 0;         // the answer repeats it
  std::vector<std::string> lines;  // "threads: 2", "wishes.hours: 22:00-06:00"; no value = remove
  bool operator==(const Settings&) const = default;
};
struct SettingsTaken {
  std::uint64_t token = 0;
  bool taken = false;
  std::string text;  // what holds now, or why nothing has changed
  bool operator==(const SettingsTaken&) const = default;
};

// --- From operators ------------------------------------------------------------------------------

enum class ReplicationKind : std::uint8_t { kSingle = 1, kQuorum = 2 };
struct Replication {
  ReplicationKind kind = ReplicationKind::kSingle;
  std::uint32_t quorum = 1;      // agreeing results wanted; 1 for kSingle
  bool distinct_owners = false;  // copies go to different owners, not just different hosts
  bool operator==(const Replication&) const = default;
};
struct DatasetFile {
  std::string name;  // as the user calls it, without folders
  BlobRef blob;
  bool operator==(const DatasetFile&) const = default;
};
struct Submit {
  std::string name;  // of the batch; empty = made from application and file
  std::string application;
  std::map<std::string, std::string> parameters;
  std::vector<DatasetFile> files;  // put as blobs before
  Replication replication;
  std::int32_t priority = 0;  // -20 … 20, higher first
  std::string request_key;    // the same key again answers with the batch it made: safe to resend
  bool operator==(const Submit&) const = default;
};
struct Submitted {
  BatchId batch;
  bool operator==(const Submitted&) const = default;
};

// Leaves the process: never renumber.
enum class BatchState : std::uint8_t {
  kSplitting = 1,  // units are still being made (others may run already)
  kRunning = 2,    // all units exist
  kMerging = 3,    // every unit has ended; the product is being written
  kDone = 4,       // the product is there
  kFailed = 5,     // could not be split or merged, or its application is broken; reason kept
  kCancelled = 6,
};
// Leaves the process: never renumber. Transitions in server/core/unit.h.
enum class UnitState : std::uint8_t {
  kUnsent = 1,
  kLeased = 2,
  kChecking = 3,
  kSettled = 4,
  kFailed = 5,
  kCancelled = 6,
};

struct BatchInfo {
  BatchId id;
  std::string name;
  ApplicationVersion application;
  BatchState state = BatchState::kSplitting;
  std::string why;  // for kFailed
  std::string owner;
  Replication replication;
  std::int32_t priority = 0;
  std::uint64_t units_total = 0;  // known once split; 0 before
  std::uint64_t units_created = 0;
  std::uint64_t unsent = 0;
  std::uint64_t leased = 0;
  std::uint64_t checking = 0;
  std::uint64_t settled = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t results = 0;      // received, of any kind
  std::uint64_t disagreed = 0;    // results that lost against the canonical one
  std::uint64_t leases_lost = 0;  // deadline passed or host lost
  double flop_total = 0;          // declared, of units created
  double flop_settled = 0;
  std::uint64_t cpu_ms = 0;  // spent on all results
  WallTime submitted;
  WallTime finished;  // 0 while it runs
  EnergySums energy;  // spent on all results
  bool operator==(const BatchInfo&) const = default;
};
struct HostInfo {
  HostId id;
  PrincipalKind kind = PrincipalKind::kHost;
  std::string name;
  std::string owner;
  bool retired = false;
  bool connected = false;
  bool draining = false;
  std::uint64_t silent_ms = 0;  // since last heard of
  HostFacts facts;
  Readings readings;
  std::string paused_why;
  std::uint64_t leases = 0;
  std::uint64_t results = 0;
  std::uint64_t settled = 0;    // results that agreed with the canonical one
  std::uint64_t disagreed = 0;  // results that lost: wrong, or forged
  std::uint64_t errors = 0;
  std::uint64_t leases_lost = 0;
  std::uint64_t cpu_ms = 0;
  double flop = 0;  // declared cost of settled results
  EnergySums energy;
  std::string site;  // as server.yaml says; empty = none
  bool operator==(const HostInfo&) const = default;
};
struct ServerInfo {
  std::string software;
  Epoch epoch;
  std::uint64_t uptime_ms = 0;
  std::string policy;
  bool read_only = false;
  std::string why;  // for read_only
  std::uint64_t hosts_connected = 0;
  std::uint64_t batches_live = 0;
  std::uint64_t units_live = 0;
  std::uint64_t leases_live = 0;
  std::uint64_t results = 0;             // since the first start
  std::uint64_t results_per_second = 0;  // over the last minute
  bool operator==(const ServerInfo&) const = default;
};
struct ProductFile {
  std::string name;  // "signals.csv"
  std::string what;  // "the signals found, one a line"
  BlobRef blob;
  bool operator==(const ProductFile&) const = default;
};

enum class QueryKind : std::uint8_t {
  kServer = 1,
  kBatches = 2,       // all, newest first; `id` = only below this one (paging)
  kBatch = 3,         // id
  kHosts = 4,         // all, by id; `id` = only above this one (paging)
  kProduct = 5,       // id of a batch
  kExplainUnit = 6,   // id
  kExplainHost = 7,   // id, or name
  kExplainBatch = 8,  // id
  kReport = 9,        // id of a batch: its leases that have ended; `after` = only units above it
};
struct Query {
  QueryKind kind = QueryKind::kServer;
  std::uint64_t id = 0;
  std::string name;
  std::uint64_t after = 0;
  bool operator==(const Query&) const = default;
};
// One finding of `explain`: why something is as it is, from the predicates the scheduler uses.
struct Reason {
  std::string code;  // stable, for programs: "waits_for_second_copy"
  std::string text;  // a sentence for people
  bool operator==(const Reason&) const = default;
};
struct Answer {  // to a Query; the kind says which parts are filled
  std::optional<ServerInfo> server;
  std::vector<BatchInfo> batches;
  std::vector<HostInfo> hosts;
  std::vector<ProductFile> product;
  std::string headline;  // of an explanation: "unit 17 of batch 2 is checking"
  std::vector<Reason> reasons;
  bool more = false;  // ask again for the next rows
  std::vector<LeaseInfo> leases = {};
  bool operator==(const Answer&) const = default;
};
struct Watch {  // a BatchProgress now, on each change (at most two a second) and at the end
  BatchId batch;
  bool operator==(const Watch&) const = default;
};
struct BatchProgress {
  BatchInfo batch;
  std::uint64_t results_per_second_milli = 0;  // thousandths, lately
  std::uint64_t left_ms = 0;                   // estimate; 0 = unknown
  bool last = false;                           // the batch has ended
  bool operator==(const BatchProgress&) const = default;
};

enum class ControlKind : std::uint8_t {
  kCancelBatch = 1,  // id
  kSetPriority = 2,  // id, number
  kRetryFailed = 3,  // id of a batch: its failed units become unsent again
  kInvite = 4,       // text = owner, number = validity in seconds, principal = kind
  kRetireHost = 5,   // name or id
  kDrainHost = 6,    // name or id; number = 1 drain, 0 undo
  kSetHost = 7,      // name or id; settings. Answered when the host has answered
};
struct Control {
  ControlKind kind = ControlKind::kCancelBatch;
  std::uint64_t id = 0;
  std::string text;
  std::int64_t number = 0;
  PrincipalKind principal = PrincipalKind::kHost;
  std::vector<std::string> settings;  // as Settings::lines
  bool operator==(const Control&) const = default;
};
struct Done {
  std::string text;  // what was done; for kInvite the join code
  bool operator==(const Done&) const = default;
};

// The answer "no" to any request.
struct Refused {
  ErrorKind kind = ErrorKind::kRefused;
  std::string what;
  std::string next;
  bool operator==(const Refused&) const = default;
};

// Never renumber: the index of an alternative is not its type on the wire; the codec has the table.
using Message = std::variant<Enrol, Enrolled, Hello, Welcome, AskWork, Assign, NoWork, Report, Ack,
                             Heartbeat, Pulse, Goodbye, GetChunk, Chunk, PutChunk, PutState, Cancel,
                             Drain, Submit, Submitted, Query, Answer, Watch, BatchProgress, Control,
                             Done, Refused, Settings, SettingsTaken>;

struct Envelope {
  std::uint16_t version = kProtocolVersion;
  std::uint64_t request = 0;  // chosen by who asks; the answer repeats it; 0 for pushes
  Message message;
  bool operator==(const Envelope&) const = default;
};

}  // namespace picube
