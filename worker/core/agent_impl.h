// The agent's state and its parts; only the agent_*.cpp files include this.
//
// Each Step takes the input into the state and then calls Pump, which does whatever is due: start a
// unit, fetch a blob, put a payload, report, beat, ask, leave. So nothing depends on which input
// came first.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "worker/core/agent.h"
#include "worker/core/rate_limit.h"

namespace picube {

class Agent::Impl {
 public:
  Impl(AgentOptions options, Rng rng);

  void Step(agent::Input input, Instant now);
  std::vector<agent::Action> TakeActions() { return std::exchange(actions_, {}); }
  [[nodiscard]] std::optional<Instant> NextDeadline() const;
  void CheckInvariants() const;

  [[nodiscard]] AgentState State() const { return state_; }
  [[nodiscard]] std::optional<LeaseId> Running() const;
  [[nodiscard]] std::vector<LeaseId> Waiting() const;
  [[nodiscard]] std::vector<LeaseId> Unreported() const;
  [[nodiscard]] bool Idle() const { return !running_ && waiting_.empty() && results_.empty(); }

 private:
  enum class RequestKind : std::uint8_t { kHello, kWork, kReport, kGet, kPut };
  // At most one of each kind; of chunks several messages may be on their way, the latest last.
  struct OpenRequest {
    std::vector<std::uint64_t> ids;
    Instant sent;
    Instant give_up;
  };
  enum class Phase : std::uint8_t {
    kSpooling,  // being written; left by ResultSpooled
    kToPut,     // its payload must become a blob on the server first
    kReady,     // to be reported from `not_before` on
    kReported,  // in the open report
  };
  struct KeptResult {
    UnitResult result;  // without a payload that is not inline
    Phase phase = Phase::kSpooling;
    Instant not_before;
    bool held = false;           // in memory: the disk was full
    std::uint32_t refusals = 0;  // of reports with it; once refused it is reported alone
  };
  struct RunningUnit {
    agent::UnitWork work;
    Instant started;
    std::uint32_t permille = 0;
    std::optional<Instant> stop_by;           // told to stop: until then it must have
    bool dropped = false;                     // cancelled: whatever comes is forgotten
    std::optional<Error> over;                // the bound that it broke; its result then
    std::optional<std::uint64_t> base_bytes;  // of the process when it started
    std::optional<Instant> paused_at;
    Duration paused{};  // in all, does not count towards the bound
    std::optional<std::int32_t> top_millicelsius;
  };
  struct Fetch {  // of an input blob
    BlobRef blob;
    bool asked = false;          // OpenBlob is out
    bool opened = false;         // the shell has said where to begin
    std::uint64_t next = 0;      // bytes stored
    std::uint64_t expect = 0;    // offset of the next chunk to come; ahead of `next` while storing
    std::uint64_t asked_to = 0;  // the open GetChunk covers [next, asked_to)
    std::uint32_t failures = 0;  // of its hash
    std::uint32_t full = 0;      // times the disk had no room for it
    Instant not_before;
  };
  struct Upload {  // of a result's payload
    LeaseId lease;
    bool knows = false;                // the server has said where to begin
    bool reading = false;              // ReadPayload is out
    std::uint64_t confirmed = 0;       // bytes that the server has
    std::uint64_t sent = 0;            // bytes read and sent, at most a window ahead
    std::optional<std::uint64_t> gap;  // where a chunk was lost and has been sent again
    Instant not_before;
  };

  // agent.cpp: the machine
  void Take(agent::Started& in, Instant now);
  void Take(agent::CacheChecked& in, Instant now);
  void Take(agent::Connected& in, Instant now);
  void Take(agent::Disconnected& in, Instant now);
  void Take(agent::LinkRefused& in, Instant now);
  void Take(agent::FromServer& in, Instant now);
  void Take(agent::SpoolTrouble& in, Instant now);
  void Take(agent::BoardReadings& in, Instant now);
  void Take(agent::MemoryReading& in, Instant now);
  void Take(agent::StopAsked& in, Instant now);
  void Take(agent::Tick&, Instant) {}
  void Event(AgentEvent event, Instant now);
  void Pump(Instant now);
  void PumpLeaving(Instant now);
  void PumpOnce(Instant now);
  [[nodiscard]] bool Waits() const;
  void GiveLeasesBack();
  void End(WorkerExit code, std::string why);

  // agent_wishes.cpp: what the owner gives
  void Take(agent::Pause& in, Instant now);
  void Take(agent::Allowance& in, Instant now);
  [[nodiscard]] bool MayFetch() const { return trouble_.empty() && no_inputs_.empty(); }

  // agent_messages.cpp: requests and what the server says
  std::uint64_t Request(RequestKind kind, Message message, Duration patience, Instant now);
  void RequestMore(RequestKind kind, Message message, Instant now);
  void Extend(RequestKind kind, Instant now);
  void RestartUpload();
  void SendNow(std::uint64_t request, Message message);
  void ExpireRequests(Instant now);
  void TimedOut(RequestKind kind, Instant now);
  void Closed(RequestKind kind) { open_.erase(kind); }
  void SayHello(Instant now);
  void DropConversation();
  void PumpHeartbeat(Instant now);
  void PumpAsk(Instant now);
  [[nodiscard]] bool WantsWork() const;
  [[nodiscard]] std::uint32_t UnitsWanted() const;
  [[nodiscard]] AskWork MakeAsk(Duration wait) const;
  void TakeMessage(std::uint64_t request, Message message, Instant now);
  void On(const Welcome& m, Instant now);
  void On(const Assign& m, Instant now);
  void On(const NoWork& m, Instant now);
  void On(const Ack& m, std::uint64_t request, Instant now);
  void On(const Pulse& m, Instant now);
  void OnRefused(std::uint64_t request, const Refused& m, Instant now);
  void OnRefusedKind(RequestKind kind, const Refused& m, Instant now);
  void SetDraining(bool draining, Instant now);

  // agent_units.cpp: leases and the running unit
  void Take(agent::UnitProgress& in, Instant now);
  void Take(agent::UnitFinished& in, Instant now);
  void Take(agent::UnitFailed& in, Instant now);
  void Take(agent::UnitStopped& in, Instant now);
  void Accept(const WorkTerms& terms, const LeaseOffer& offer);
  void CancelLease(LeaseId lease, Instant now);
  void PumpUnits(Instant now);
  void FailHopeless();
  [[nodiscard]] const ApplicationVersion* Unknown(const agent::UnitWork& work) const;
  [[nodiscard]] Instant WallBound() const;
  void TellToStop(Instant now);
  void PumpRunning(Instant now);
  [[nodiscard]] bool FailTooBig(const agent::UnitWork& work);
  void EndOver(const RunningUnit& unit, Instant now);
  [[nodiscard]] bool Holds() const;  // a result in memory only
  RunningUnit TakeRunning(Instant now);
  [[nodiscard]] bool Knows(LeaseId lease) const;
  void Remember(LeaseId lease);  // that it has ended

  // agent_results.cpp: from the kernel's return to the durable Ack
  void Take(agent::ResultSpooled& in, Instant now);
  void Take(agent::PayloadChunk& in, Instant now);
  void Succeed(const agent::UnitWork& work, Bytes payload, const Cost& cost);
  void FailUnit(const agent::UnitWork& work, Error error, const Cost& cost);
  void ReportRefused(const Refused& m, Instant later);
  void CountRefusal(LeaseId lease, const std::string& why);
  void PumpReport(Instant now);
  void PumpUpload(Instant now);
  void OnPutState(const PutState& m, Instant now);
  void Forget(LeaseId lease);

  // agent_blobs.cpp: the cache of inputs
  void Take(agent::BlobState& in, Instant now);
  void PumpFetch(Instant now);
  void BeginFetch(const agent::UnitWork& work);
  void GiveUpFetch();
  void DiskFull(const Error& error, Instant now);
  void AskChunks(Instant now);
  void OnChunk(Chunk m);
  [[nodiscard]] bool Cached(const Digest& blob) const;
  [[nodiscard]] bool HasInputs(const agent::UnitWork& work) const;
  [[nodiscard]] const BlobRef* FirstMissing(const agent::UnitWork& work) const;
  [[nodiscard]] bool Pinned(const Digest& blob) const;
  [[nodiscard]] std::uint64_t CachedBytes() const;
  [[nodiscard]] bool MakeRoom(std::uint64_t bytes);
  [[nodiscard]] bool MakeRoomFor(const agent::UnitWork& work, std::uint64_t bytes);
  template <class Keep>
  [[nodiscard]] bool DropUntil(std::uint64_t bytes, const Keep& keep);
  void Touch(const agent::UnitWork& work);
  void FailWaitingOn(const Digest& blob, const Error& error);

  void Do(agent::Action action) { actions_.push_back(std::move(action)); }
  void Say(agent::Log::Level level, std::string text) { Do(agent::Log{level, std::move(text)}); }
  void Info(std::string text) { Say(agent::Log::Level::kInfo, std::move(text)); }
  void Warn(std::string text) { Say(agent::Log::Level::kWarning, std::move(text)); }
  [[nodiscard]] bool Open(RequestKind kind) const { return open_.contains(kind); }
  [[nodiscard]] bool IsOpen(RequestKind kind, std::uint64_t request) const;
  [[nodiscard]] static bool NeedsBlob(const UnitResult& result) {
    return result.outcome == Outcome::kSuccess &&
           result.payload_bytes > limits::kInlinePayloadBytes;
  }

  AgentOptions options_;
  Rng rng_;
  std::vector<ApplicationVersion> installed_;  // the facts' may be fewer: what is offered
  AgentState state_ = AgentState::kStarting;
  std::vector<agent::Action> actions_;

  // The conversation.
  bool online_ = false;  // welcomed on this connection
  std::uint16_t version_ = kProtocolVersion;
  std::uint64_t next_request_;
  std::map<RequestKind, OpenRequest> open_;
  Instant heard_;         // from the server, anything
  Instant greeted_;       // last Hello
  Instant give_up_once_;  // --once: no Welcome until then means unreachable
  Duration heartbeat_ = limits::kHeartbeat;
  Instant next_heartbeat_;
  Instant ask_not_before_;
  Readings readings_;
  std::string paused_why_;
  std::string no_inputs_;  // why none is fetched; empty = they are
  std::string trouble_;    // why nothing can be written; empty = all is well
  Instant trouble_since_;
  agent::MemoryReading memory_;

  // Units.
  std::optional<RunningUnit> running_;
  std::deque<agent::UnitWork> waiting_;  // in order of arrival
  std::deque<LeaseId> ended_;            // lately: a doubled Assign must not begin them again
  std::int64_t mean_unit_us_ = 0;        // run time of a unit, lately; 0 = unknown
  std::map<LeaseId, KeptResult> results_;

  // Blobs.
  std::vector<BlobRef> cache_;  // whole ones, longest unused first
  bool cache_checked_ = true;
  std::optional<Fetch> fetch_;
  std::optional<Upload> upload_;
  RateLimit down_;
  RateLimit up_;

  // Leaving.
  bool once_asked_ = false;  // --once: the one question has been answered
  bool once_got_work_ = false;
  Instant leave_by_;
  std::vector<LeaseId> given_back_;
};

}  // namespace picube
