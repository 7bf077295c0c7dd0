// What goes into the agent and what comes out of it, as plain values. See worker/core/agent.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"

namespace picube::agent {

// One lease as the worker keeps it: an offer together with its terms.
struct UnitWork {
  LeaseId lease;
  UnitId unit;
  BatchId batch;
  ApplicationVersion application;
  Bounds bounds;
  Bytes parameters;
  std::vector<BlobRef> inputs;  // the batch's, in order, then the unit's own
  double cost_flop = 0;
  std::uint32_t attempts = 0;  // starts since the last checkpoint that ended with the process
  bool operator==(const UnitWork&) const = default;
};

// --- In ---------------------------------------------------------------------------------------

// Once, before anything else: what the state directory held.
struct Started {
  std::vector<UnitResult> results;  // spooled, not yet acknowledged; payload only if it is inline
  std::vector<UnitWork> leases;     // accepted, not yet finished
  std::vector<BlobRef> blobs;       // whole ones in the cache, longest unused first
  bool cache_checked = true;        // false: CacheChecked will bring the blobs
};
// The cache has been looked through; nothing is fetched before, it may be there already.
struct CacheChecked {
  std::vector<BlobRef> blobs;  // as in Started
};
struct Connected {};     // the connection is up (again): the agent says Hello
struct Disconnected {};  // it is down; the shell keeps trying
struct LinkRefused {     // the server's door refused the key
  std::string why;
};
struct FromServer {
  std::uint64_t request = 0;
  Message message;
};
// Answers OpenBlob and StoreChunk: what the cache holds of a blob now.
struct BlobState {
  Digest blob;
  std::uint64_t next_offset = 0;  // bytes there, all from the beginning
  bool complete = false;          // whole, and its hash is right
  std::optional<Error> error;     // kStore: cannot write; kLink: the hash was wrong, begun afresh
};
// Answers ReadPayload.
struct PayloadChunk {
  LeaseId lease;
  Chunk chunk;
  std::optional<Error> error;  // the payload is gone
};
struct UnitProgress {
  LeaseId lease;
  std::uint32_t permille = 0;
};
struct UnitFinished {  // the kernel returned a payload
  LeaseId lease;
  Bytes payload;
  Cost cost;
};
struct UnitFailed {  // the kernel returned, or threw, an error
  LeaseId lease;
  Error error;
  Cost cost;
};
struct UnitStopped {  // the kernel stopped because it was told to
  LeaseId lease;
};
// Answers SpoolResult.
struct ResultSpooled {
  LeaseId lease;
  Digest digest;        // of the payload, or of the error's text
  bool durable = true;  // false: the disk is full, it is kept in memory
};
struct SpoolTrouble {  // the state directory cannot be written (text), or can again (empty)
  std::string why;
};
struct BoardReadings {
  Readings readings;
};
// Right after StartUnit, each second while a unit runs, and now and then. Absent = unknown.
struct MemoryReading {
  std::optional<std::uint64_t> own_bytes;        // of this process, resident or swapped out
  std::optional<std::uint64_t> available_bytes;  // of the machine, for whoever asks
};
struct Pause {  // computing pauses (text says why) or goes on (empty)
  std::string why;
};
// How much the owner gives, besides Pause. May come before Started.
struct Allowance {
  HostFacts facts;        // offered in Hello
  std::string no_inputs;  // why none is fetched and no work asked for at present; empty = both are
  std::uint32_t threads = 1;  // offered as free cores
  std::uint64_t cache_bytes = 0;
  std::uint64_t down_bytes_per_second = 0;  // of blobs; 0 = as fast as it goes
  std::uint64_t up_bytes_per_second = 0;
};
struct StopAsked {};  // SIGTERM: end cleanly within AgentOptions::leave_within
struct Tick {};       // time has passed

using Input =
    std::variant<Started, CacheChecked, Connected, Disconnected, LinkRefused, FromServer, BlobState,
                 PayloadChunk, UnitProgress, UnitFinished, UnitFailed, UnitStopped, ResultSpooled,
                 SpoolTrouble, BoardReadings, MemoryReading, Pause, Allowance, StopAsked, Tick>;

// --- Out --------------------------------------------------------------------------------------

// Send it now. A Report comes without its signature: the shell signs every one (a list of
// `earlier`, which the agent leaves empty, then `results`).
struct Send {
  std::uint64_t request = 0;
  std::uint16_t version = kProtocolVersion;
  Message message;
};
struct KeepLease {  // durably, so that a restart finds it in Started
  UnitWork work;
};
struct DropLease {  // forget it and its checkpoint
  LeaseId lease;
};
// Start the kernel. The shell counts the attempt on disk first: a unit that ends the process must
// not do so for ever. `work.attempts` is the count including this one.
struct StartUnit {
  UnitWork work;
};
struct StopUnit {  // at its next pause; answered by UnitStopped, UnitFinished or UnitFailed
  LeaseId lease;
};
struct PauseUnits {
  bool paused = false;
};
// Keep it durably until ForgetResult; fill in the digest; answer with ResultSpooled. Replaces the
// lease and its checkpoint in one step.
struct SpoolResult {
  UnitResult result;  // its `payload` is the whole payload, of any size
};
struct ForgetResult {
  LeaseId lease;
};
// The server refuses it for good, alone too: out of the way, for people to look at.
struct SetResultAside {
  LeaseId lease;
};
struct OpenBlob {  // answered by BlobState
  BlobRef blob;
};
struct StoreChunk {  // answered by BlobState
  Chunk chunk;
};
struct DropBlob {  // whole, or as far as it has come
  Digest blob;
};
struct ReadPayload {  // answered by PayloadChunk
  LeaseId lease;
  Digest blob;
  std::uint64_t offset = 0;
};
struct MaySleep {  // nothing is to be done, and the server needs this host less for so long
  Duration span{0};
};
struct TellPeers {  // what the other hosts of the site read: this host is its master
  std::vector<Peer> peers;
};
struct Log {
  enum class Level : std::uint8_t { kDebug, kInfo, kWarning } level = Level::kInfo;
  std::string text;
};
struct Exit {  // send what is queued, then end with this code
  int code = 0;
  std::string why;
};

using Action = std::variant<Send, KeepLease, DropLease, StartUnit, StopUnit, PauseUnits,
                            SpoolResult, ForgetResult, SetResultAside, OpenBlob, StoreChunk,
                            DropBlob, ReadPayload, MaySleep, TellPeers, Log, Exit>;

}  // namespace picube::agent
