// The worker's mind, as a pure machine: inputs and the time go in, actions come out. It never acts:
// no clock, socket, file, thread, logger or global random number. One thread only.
//
//   agent.Step(input, now);
//   for (Action& action : agent.TakeActions()) do it, in order; feed back what it answers
//
// Rules that hold whatever is lost, doubled, late or out of order:
// 1. A result is on the worker's disk before it is reported and stays there until the server has
//    said that it is on the server's disk; it is sent again after every reconnect.
// 2. A lease is on disk before its unit runs; a restart goes on with it, from its checkpoint.
// 3. A request unanswered for `request_timeout` is sent again under a new id. Answers to old ids
// are
//    used if they still say something; an Assign is taken once, because its leases are known then.
// 4. One unit runs at a time, on all threads it may use; the next ones wait with their inputs
//    fetched, so that the processor never waits for the network.
// 5. No disk, no new work: a result that cannot be written is reported from memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/base/limits.h"
#include "protocol/base/rng.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"
#include "worker/core/agent_io.h"

namespace picube {

// Exit codes of picube-worker; documented in --help. Never renumber.
enum class WorkerExit : int {
  kOk = 0,
  kFailed = 1,       // anything not named below
  kUsage = 2,        // command line or worker.yaml
  kNoWork = 3,       // --once, and the server had nothing to do
  kUnreachable = 4,  // no answer from the server
  kRefused = 5,      // the server refuses this key or this version
  kBadCode = 6,      // join code mistyped
  kCodeExpired = 7,
  kCodeUsed = 8,     // used before, or withdrawn
  kKeys = 9,         // key files: missing, damaged, or readable by others
  kStateInUse = 10,  // another worker runs on this state directory
};

struct AgentOptions {
  HostFacts facts;            // said in Hello; applications are what can be computed here
  std::uint32_t threads = 1;  // offered as free cores
  bool once = false;          // ask once, compute what comes, end
  std::uint64_t cache_bytes = 4ULL << 30;  // of input blobs
  std::uint32_t max_attempts = 3;          // of a unit that ends the process
  Duration request_timeout = std::chrono::seconds(30);
  Duration hello_timeout = std::chrono::seconds(10);
  Duration leave_within = std::chrono::milliseconds(3500);  // after StopAsked
  // A kernel that was told to stop and does not holds the worker: then the process ends.
  Duration stop_within = std::chrono::seconds(60);
  // Units shorter than this are fetched several at a time, enough to last so long.
  Duration work_ahead = std::chrono::seconds(20);
  std::uint32_t most_waiting = 64;  // units waiting at most
};

enum class AgentState : std::uint8_t {
  kStarting,  // made; left by Started
  kOffline,   // no connection; units run on; left by Connected or StopAsked
  kGreeting,  // Hello said, no Welcome yet
  kWorking,   // welcomed: asks, computes, reports
  kDraining,  // welcomed; finishes what it has and asks for no more (server's wish, or --once)
  kLeaving,   // StopAsked: the kernel stops, last results go out, leases go back
  kEnded,     // Exit has been given out; every input is ignored
};
[[nodiscard]] std::string_view Name(AgentState state);

// What can change the state; the table is in agent_state.cpp.
enum class AgentEvent : std::uint8_t {
  kStarted,
  kConnected,
  kDisconnected,
  kWelcomed,
  kSilent,  // requests go unanswered: greet again
  kDrain,
  kUndrain,
  kStop,
  kEnd,
};
// The state after the event; the same state if the event means nothing there.
[[nodiscard]] AgentState Next(AgentState state, AgentEvent event);

class Agent {
 public:
  Agent(AgentOptions options, Rng rng);
  ~Agent();
  Agent(Agent&&) noexcept;
  Agent& operator=(Agent&&) noexcept;

  // The only way in. `now` never goes back.
  void Step(agent::Input input, Instant now);
  // Everything decided since the last call, to be done in this order.
  [[nodiscard]] std::vector<agent::Action> TakeActions();
  // When to Step(Tick) at the latest; nothing while there is nothing to wait for.
  [[nodiscard]] std::optional<Instant> NextDeadline() const;
  // Recomputes every count and index; aborts on the first difference.
  void CheckInvariants() const;

  // --- For status lines, tests and the simulator. Nothing is changed.
  [[nodiscard]] AgentState State() const;
  [[nodiscard]] std::optional<LeaseId> Running() const;
  [[nodiscard]] std::vector<LeaseId> Waiting() const;     // in the order in which they will run
  [[nodiscard]] std::vector<LeaseId> Unreported() const;  // results without a durable Ack
  [[nodiscard]] bool Idle() const;                        // nothing runs, waits, or is unreported

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
