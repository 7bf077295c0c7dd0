// Records are facts: what the core decided, in the order in which it decided. A journal row holds
// the records of one commit with the instant at which they were made; `Grid::Apply` of all of them
// is the state. A snapshot is a list of records too (the State… kinds), so restoring has one path.
//
// Records leave the process: never renumber, never change the meaning of a field; add new kinds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"

namespace picube {

struct EpochStarted {  // a server took over
  Epoch epoch;
  std::uint64_t skip_ids = 0;  // this many unit and lease ids are left out from here on
};
struct InvitationMade {  // a one-time join code; its transport key may connect once
  TransportKey key;
  PrincipalKind kind = PrincipalKind::kHost;
  std::string owner;
  WallTime expires;
};
struct InvitationEnded {  // expired
  TransportKey key;
};
struct PrincipalEnrolled {  // a host or an operator is known from now on; ends the invitation
  HostId id;
  PrincipalKind kind = PrincipalKind::kHost;
  TransportKey invitation;  // zero for the operator made with the server's state
  std::string name;
  std::string owner;
  TransportKey transport_key;
  SigningKey signing_key;
};
struct HostRetired {
  HostId host;
};
struct HostDrained {
  HostId host;
  bool draining = false;
};
struct HostDescribed {  // its facts have changed
  HostId host;
  HostFacts facts;
};
struct BatchSubmitted {
  BatchId batch;
  Submit submit;
  std::uint32_t application_version = 0;
  std::string owner;
  WallTime at;
};
struct UnitsCreated {  // `units` follow each other in id and in index within the batch
  BatchId batch;
  UnitId first;
  struct Unit {
    Bytes parameters;
    double cost_flop = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t result_bytes = 0;
    std::vector<BlobRef> inputs;  // besides the batch's files
  };
  std::vector<Unit> units;
};
struct BatchSplit {  // all its units exist
  BatchId batch;
};
struct BatchPriority {
  BatchId batch;
  std::int32_t priority = 0;
};
struct LeasesGranted {  // lease ids follow each other
  HostId host;
  LeaseId first;
  struct Grant {
    UnitId unit;
    Duration span{};  // until the deadline
    bool speculative = false;
  };
  std::vector<Grant> grants;
};
enum class LeaseEnd : std::uint8_t {  // never renumber
  kDeadline = 1,
  kHostLost = 2,  // silent, or reconnected without it
  kGivenBack = 3,
  kCancelled = 4,  // its unit no longer needs it
  kRetired = 5,    // its host was retired
  kUnsealed = 6,   // its result was never signed
};
struct LeasesEnded {
  LeaseEnd why = LeaseEnd::kDeadline;
  std::vector<LeaseId> leases;
};
struct ResultsReceived {  // acknowledged when durable; each lease at most once
  HostId host;
  bool sealed = false;
  std::vector<UnitResult> results;  // payloads above kCorePayloadBytes are left out: they are blobs
};
struct ResultsSealed {  // a signature covers results received before
  HostId host;
  std::vector<LeaseId> leases;
};
struct UnitsSettled {
  struct Settled {
    UnitId unit;
    LeaseId canonical;
  };
  std::vector<Settled> units;
};
struct UnitFailed {
  UnitId unit;
  std::string why;
};
struct UnitsRetried {  // failed units become unsent again, their counts forgotten
  std::vector<UnitId> units;
};
struct BatchEnded {  // the product is there, or never will be; the batch leaves memory
  BatchId batch;
  BatchState state = BatchState::kDone;
  std::string why;
  std::vector<ProductFile> product;
  WallTime at;
};

// --- State kinds: only in snapshots ------------------------------------------------------------

struct StateCounters {  // ids given out so far and sums since the first start
  Epoch epoch;
  std::uint64_t next_batch = 1, next_unit = 1, next_lease = 1, next_host = 1;
  std::uint64_t results = 0;
};
struct StateHost {
  PrincipalEnrolled enrolled;
  HostFacts facts;
  HostInfo sums;  // counts only; facts, readings and connection are not used
  Bytes speeds;   // estimates per application and back-offs, as server/core encodes them
};
struct StateBatch {
  BatchSubmitted submitted;
  BatchInfo sums;
  bool split = false;
};
struct StateUnits {  // live units of one batch; anything a unit's record history has left behind
  BatchId batch;
  std::vector<Bytes> units;  // as server/core encodes them
};
struct StateLeases {
  std::vector<Bytes> leases;
};

struct StateRequestKeys {  // of batches that have ended, oldest first: a late resend makes no new
                           // one
  struct Key {
    std::string key;  // owner and request key, as server/core joins them
    BatchId batch;
  };
  std::vector<Key> keys;
};

using Record =
    std::variant<EpochStarted, InvitationMade, InvitationEnded, PrincipalEnrolled, HostRetired,
                 HostDrained, HostDescribed, BatchSubmitted, UnitsCreated, BatchSplit,
                 BatchPriority, LeasesGranted, LeasesEnded, ResultsReceived, ResultsSealed,
                 UnitsSettled, UnitFailed, UnitsRetried, BatchEnded, StateCounters, StateHost,
                 StateBatch, StateUnits, StateLeases, StateRequestKeys>;

}  // namespace picube
