// A unit and its leases as the core keeps them, and the life of a unit.
//
// A unit's state, and whether it waits in a queue, follow from its leases alone (see Tally):
// nothing is counted twice, and restoring the leases restores everything.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"
#include "server/core/records.h"

namespace picube {

struct Batch;
struct Host;

// How one enters and leaves each state of a unit (UnitState in protocol/messages.h):
//
//   kUnsent     in: created; the last lease that was out has ended without a result; retried
//               out: a lease is granted; a late result of an ended lease arrives; limits; cancelled
//   kLeased     in: a lease is out, or its result waits for a signature; none has counted yet
//               out: a signed result arrives; all leases end; limits; cancelled
//   kChecking   in: a result has counted, and more are wanted for the quorum
//               out: enough agree; limits; cancelled. (With `single` it lasts within one step.)
//   kSettled    in: enough results agree; the unit leaves memory
//   kFailed     in: a limit was reached; the reason is kept until the batch ends
//               out: retried by the operator
//   kCancelled  in: its batch was cancelled or failed; the unit leaves memory
[[nodiscard]] bool MayBecome(UnitState from, UnitState to);
[[nodiscard]] std::string_view Name(UnitState state);
[[nodiscard]] std::string_view Name(BatchState state);
[[nodiscard]] std::string_view Name(LeaseEnd why);

// Never renumber: snapshots have it.
enum class LeaseState : std::uint8_t {
  kOut = 1,       // with its host
  kUnsealed = 2,  // its result is here, but no signature covers it yet
  kCounted = 3,   // its result counts
  kErred = 4,     // it came back with an error
  kEnded = 5,     // deadline, lost host, or never signed; a late result is still taken
};

struct Lease {
  UnitId unit;
  Host* host = nullptr;
  LeaseId older;           // the next lease of the same unit; zero after the oldest
  std::uint32_t slot = 0;  // in Host::out or Host::unsealed
  LeaseState state = LeaseState::kOut;
  LeaseEnd end = LeaseEnd::kDeadline;   // with kEnded
  Outcome outcome = Outcome::kSuccess;  // with kUnsealed: what the signature will make of it
  ErrorKind error = ErrorKind::kUnit;   // of an error
  bool speculative = false;
  Instant granted;
  Duration span{};
  Digest digest;  // with kUnsealed, kCounted
  std::uint64_t payload_bytes = 0;
  Bytes payload;  // inline payload; an error's text
  // Not durable:
  Instant deadline;
  Instant named;                 // when its host last said that it has it
  std::uint64_t connection = 0;  // over which it was granted
  std::uint64_t step = 0;        // that last saw it in a report: finds repeats within one
#ifdef PICUBE_PLANTED_BUG
  std::uint32_t repeats = 0;
#endif

  [[nodiscard]] bool EndedBadly() const {
    return state == LeaseState::kErred || state == LeaseState::kEnded;
  }
};

enum class InQueue : std::uint8_t { kNone, kFresh, kCopies };

struct Unit {
  Batch* batch = nullptr;
  std::uint64_t index = 0;  // within the batch
  double cost_flop = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t result_bytes = 0;
  LeaseId newest;              // head of the list of its leases
  std::uint64_t position = 0;  // in its queue
  std::unique_ptr<char[]> parameters;
  std::uint32_t parameters_size = 0;
  std::unique_ptr<const std::vector<BlobRef>> inputs;  // of its own; null if it has none
  UnitState state = UnitState::kUnsent;
  InQueue queue = InQueue::kNone;
  std::uint8_t wanted = 0;  // copies still to hand out
  std::uint8_t leases = 0;  // length of its list: copies that count towards the limit

  [[nodiscard]] BytesView Parameters() const { return {parameters.get(), parameters_size}; }
  void SetInputs(std::vector<BlobRef> blobs) {
    inputs.reset();
    if (!blobs.empty()) inputs = std::make_unique<const std::vector<BlobRef>>(std::move(blobs));
  }
  [[nodiscard]] std::uint64_t InputBytes() const {
    std::uint64_t bytes = 0;
    if (inputs) {
      for (const BlobRef& blob : *inputs) bytes += blob.size;
    }
    return bytes;
  }
  void SetParameters(BytesView bytes) {
    parameters_size = static_cast<std::uint32_t>(bytes.size());
    parameters.reset();
    if (bytes.empty()) return;
    parameters = std::make_unique_for_overwrite<char[]>(bytes.size());
    std::memcpy(parameters.get(), bytes.data(), bytes.size());
  }
};

// What a unit's leases amount to.
struct Tally {
  std::uint32_t out = 0;
  std::uint32_t unsealed = 0;
  std::uint32_t successes = 0;      // results that count
  std::uint32_t agreeing = 0;       // the largest group of equal ones from distinct hosts (owners)
  LeaseId canonical;                // the oldest lease of that group
  std::uint32_t errors = 0;         // that blame the unit or its application
  std::uint32_t erring_owners = 0;  // distinct owners of those
  std::uint32_t accusing_owners = 0;  // distinct owners of those that blame the application
};

// Whether the error is of the unit, whoever computes it; those of a machine or its link are not.
[[nodiscard]] constexpr bool BlamesUnit(ErrorKind kind) {
  return kind == ErrorKind::kUnit || kind == ErrorKind::kProject;
}

}  // namespace picube
