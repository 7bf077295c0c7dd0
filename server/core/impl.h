// The inside of Grid. Split over files by concern; this header is only for them.
//
//   grid.cpp       doors: Step, TakeReady, who may send what
//   apply.cpp      records of principals and batches, as changes of state
//   apply_units.cpp  records of units and leases; apply_results.cpp those of results
//   principals.cpp invitations, enrolment, retiring, draining
//   batches.cpp    submission, splitting, merging, cancelling, retrying
//   reports.cpp    results and signatures
//   judge.cpp      what a unit's leases amount to; settling and failing
//   asks.cpp       asks for work, long polls, answers
//   schedule.cpp   fair shares, queues, who may have what
//   sessions.cpp   hello, heartbeat, goodbye
//   sweep.cpp      time: deadlines, silence, long polls
//   snapshot.cpp, describe.cpp, explain.cpp, invariants.cpp as they say
//
// Rule: durable state changes only in Apply… functions. Decisions call Emit(record), which applies
// the record and queues it. What is marked "only in this process" may change anywhere.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/core/batch.h"
#include "server/core/grid.h"
#include "server/core/host.h"
#include "server/core/paged_table.h"
#include "server/core/policy.h"
#include "server/core/unit.h"

namespace picube {

inline constexpr Duration kSweepEvery = 1s;
// A unit is not copied at the tail before its lease has been out for this long: the other copy
// would only have begun when the first comes back.
inline constexpr Duration kLeastTailAge = 10s;
inline constexpr std::size_t kTailWindow = 1024;    // oldest leases looked at for a tail copy
inline constexpr std::uint64_t kScanPerAsk = 4096;  // queue entries one ask looks at
inline constexpr std::size_t kSizeWindow = 16;      // candidates when sizes are matched to speeds
inline constexpr std::size_t kAssignBytes = 96 * 1024;  // of one Assign: within one message
inline constexpr std::size_t kEndedKeys = limits::kLiveBatches;  // request keys remembered after
// Unit and lease ids left out after a restore: more than were given out since the backup. Two weeks
// of 50 leases a second; the gap costs 8 bytes of memory for 256 ids while older ones are live.
inline constexpr std::uint64_t kIdsSkipped = 1ULL << 26;
inline constexpr std::size_t kStateChunk = 1000;  // units or leases in one snapshot record

// Why a unit, a batch or a host does not get together with another. Scheduler and explain use the
// same functions.
enum class Verdict : std::uint8_t {
  kEligible,
  kNoApplication,  // the host does not have the batch's application in its version
  kBackoff,        // the host failed lately with this application
  kHasCopy,        // the host has a copy of the unit out, or has returned one
  kSameOwner,      // another host of its owner has, and owners must be distinct
  kOwnerErred,     // its owner has tried or blamed the unit, and others can still try
  kTooBig,         // the unit exceeds the host's memory
  kHostQuota,
  kDraining,
  kRetired,
  kResting,   // the queue is short: others do
  kPowerCap,  // with one more busy host its site would take too many watts
};

[[nodiscard]] NoWorkReason ReasonOf(Verdict verdict);

struct OwnerShare {  // stride scheduling between owners
  std::string name;
  double pass = 0;
  double time = 0;  // pass of the batch served last
};

struct ApplicationState {
  ApplicationVersion id;
  double mean = 0;  // seconds per flop over all hosts, lately; only in this process
  std::uint64_t results = 0;
  std::uint64_t generation = UINT64_MAX;  // for which owners_present is right
  std::uint32_t owners_present = 0;
};

struct Picked {
  UnitId unit;
  Batch* batch = nullptr;
  double seconds = 0;  // estimate
  bool speculative = false;
};

// One ask while it is being answered.
struct Picking {
  Host* host = nullptr;
  Share share;
  std::uint32_t free_cores = 1;
  Instant now;
  double seconds_left = 0;
  std::size_t bytes_left = kAssignBytes;
  std::uint64_t scan_left = kScanPerAsk;
  std::uint32_t batch_units_left = 0;  // for a batch whose application was never measured here
  double seconds_per_flop = 0;         // of the batch at hand
  std::vector<Picked> picked;
  NoWorkReason reason = NoWorkReason::kNothingToDo;

  [[nodiscard]] bool Hungry() const {
    return picked.size() < share.units && batch_units_left > 0 && scan_left > 0 && bytes_left > 0 &&
           (!share.timed || seconds_left > 0);
  }
};

class Grid::Impl {
 public:
  Impl(GridOptions options, Rng rng);

  // --- grid.cpp
  void Step(Input input, Moment moment);
  void TakeReady(Ready& into);
  void SetEndpoints(std::vector<std::string> told) { options_.endpoints = std::move(told); }
  void Emit(Record record);
  void Send(ReplyTo reply, Message message);
  void Push(const Host& host, Message message);
  void Refuse(ReplyTo reply, ErrorKind kind, std::string what, std::string next = {});
  void Log(LogLine::Level level, std::string text);
  void MarkBatch(Batch& batch);
  void MarkHost(Host& host);

  // --- apply.cpp, apply_units.cpp
  void Apply(const Record& record, Instant at);

  // --- snapshot.cpp
  void WriteSnapshot(const std::function<void(const Record&)>& sink) const;
  std::uint64_t StateHash() const;
  // --- invariants.cpp
  void CheckInvariants() const;
  // --- describe.cpp
  BatchInfo DescribeBatch(const Batch& batch) const;
  HostInfo DescribeHost(const Host& host, Instant now) const;
  ServerInfo DescribeServer() const;
  std::vector<AdmittedKey> Admitted(WallTime now) const;
  void ReferencedBlobs(const std::function<void(const Digest&)>& callback) const;
  // --- reports.cpp
  ResultUse UseOf(HostId id, const UnitResult& result, bool sealed) const;
  // --- explain.cpp
  Answer ExplainUnit(UnitId unit, Instant now) const;
  Answer ExplainHost(HostId host, Instant now) const;
  Answer ExplainBatch(BatchId batch, Instant now) const;

  // --- lookups
  Host* FindHost(HostId id) {
    return id.value >= 1 && id.value <= hosts_.size() ? hosts_[id.value - 1].get() : nullptr;
  }
  const Host* FindHost(HostId id) const { return const_cast<Impl*>(this)->FindHost(id); }
  Batch* FindBatch(BatchId id) {
    const auto it = batches_.find(id);
    return it == batches_.end() ? nullptr : it->second.get();
  }
  const Batch* FindBatch(BatchId id) const { return const_cast<Impl*>(this)->FindBatch(id); }
  std::optional<HostId> FindHostByName(std::string_view name) const;  // describe.cpp
  std::optional<Instant> NextDeadline() const;

  const std::map<BatchId, std::unique_ptr<Batch>>& batches() const { return batches_; }
  const std::vector<std::unique_ptr<Host>>& hosts() const { return hosts_; }

 private:
  // --- grid.cpp
  void Do(FromPeer& input);
  void DoHostMessage(Host& host, FromPeer& input);
  void DoOperatorMessage(Host& operator_, FromPeer& input);
  void Do(PeerGone& input);
  void Do(TakeOver& input);
  void Do(MadeInvitation& input);
  void Do(FirstOperator& input);
  void Do(SplitStep& input);
  void Do(SplitFailed& input);
  void Do(ProductReady& input);
  void Do(MergeFailed& input);
  void Do(Tick& input);
  void Do(StoreTrouble& input);
  void Dispatch(Input& input);
  void FinishStep();
  bool AnsweredReadOnly(FromPeer& input);

  // --- apply.cpp
  void Do(const EpochStarted& record);
  void Do(const InvitationMade& record);
  void Do(const InvitationEnded& record);
  void Do(const PrincipalEnrolled& record);
  void Do(const HostRetired& record);
  void Do(const HostDrained& record);
  void Do(const HostDescribed& record);
  void Do(const BatchSubmitted& record);
  void Do(const BatchSplit& record);
  void Do(const BatchPriority& record);
  void Do(const BatchEnded& record);
  void Do(const StateCounters& record);
  void Do(const StateHost& record);
  void Do(const StateBatch& record);
  void Do(const StateRequestKeys& record);
  Batch& AddBatch(const BatchSubmitted& record);
  Host& AddHost(const PrincipalEnrolled& record);
  void RememberEndedKey(std::string key, BatchId batch);
  OwnerIndex InternOwner(std::string_view name);
  ApplicationIndex InternApplication(const ApplicationVersion& id);
  // --- apply_units.cpp
  void Do(const UnitsCreated& record);
  void Do(const LeasesGranted& record);
  void Do(const LeasesEnded& record);
  void Do(const ResultsReceived& record);
  void Do(const ResultsSealed& record);
  void Do(const UnitsSettled& record);
  void Do(const UnitFailed& record);
  void Do(const UnitsRetried& record);
  void Do(const StateUnits& record);
  void Do(const StateLeases& record);
  void AddUnit(Batch& batch, std::uint64_t id, Unit&& unit);
  void ReceiveResult(Host& host, const UnitResult& result, bool sealed);
  void CountResult(Lease& lease, Batch& batch);
  void NoteSpeed(Host& host, const Batch& batch, const Unit& unit, const UnitResult& result);
  void NoteHostError(Host& host, const Batch& batch, LeaseId lease);
  void NoteLinkError(Host& host, const Batch& batch, LeaseId lease);
  void Enlist(std::vector<LeaseId>& list, LeaseId id, Lease& lease);
  void Delist(std::vector<LeaseId>& list, Lease& lease);
  void LeaveHost(Lease& lease);
  void EraseLease(LeaseId id, Unit& unit);
  bool HasBadLease(const Unit& unit) const;
  // Tells that a lease has ended: with `result`, or without (null).
  void NoteOver(LeaseId id, const Lease& lease, const Unit& unit, const UnitResult* result);
  void CreditCopies(UnitId id, Unit& unit, LeaseId canonical);
  void MarkMoved(Batch& batch);
  void NoteCalledOff(const Unit& unit);
  void CloseUnit(UnitId id, Unit& unit, UnitState state, LeaseId canonical, std::string why);
  void SetState(Unit& unit, UnitState state);
  // Makes state, wanted and queue follow from the leases. `again`: some host may have the unit
  // again that could not before, so it moves to the end of the queue, behind every cursor.
  void Refresh(UnitId id, Unit& unit, bool again);
  void Enqueue(UnitId id, Unit& unit, InQueue queue);
  void Dequeue(Unit& unit);
  void CompactIfSparse(UnitQueue& queue);
  void UpdateReady(Batch& batch);

  // --- judge.cpp
  Tally Count(const Unit& unit) const;
  std::uint32_t Wanted(const Unit& unit, const Tally& tally) const;
  bool ApplicationIsBroken(const Unit& unit, const Tally& tally) const;
  std::string LastError(const Unit& unit) const;
  std::optional<std::string> WhyFails(const Unit& unit, const Tally& tally) const;
  // Settles or fails each of `touched_` that has come to its end, and those batches whose work has.
  void JudgeTouched();
  void CancelLeases(const Unit& unit);
  void Touch(UnitId unit) { touched_.push_back(unit); }

  // --- principals.cpp
  void DoEnrol(FromPeer& input, Enrol& enrol);
  std::string UniqueName(std::string wished, HostId id) const;
  void DoRetire(ReplyTo reply, Control& control);
  void DoDrain(ReplyTo reply, Control& control);
  void DoSetHost(ReplyTo reply, Control& control);
  void DoSettingsTaken(const Host& host, SettingsTaken& taken);
  void EndUnansweredSettings(HostId gone);  // of a host that is gone; none = those that are due
  Host* HostOf(const Control& control);
  void EndInvitations();

  // --- batches.cpp
  void DoSubmit(Host& operator_, ReplyTo reply, Submit& submit);
  void AddGridFacts(Submit& submit) const;
  std::optional<Error> WrongWith(const Submit& submit) const;
  void DoControl(Host& operator_, ReplyTo reply, Control& control);
  void DoRetryFailed(ReplyTo reply, Batch& batch);
  void EndBatch(Batch& batch, BatchState state, std::string why, std::vector<ProductFile> product);
  // Asks the splitter for more, the merger for the product, or ends the batch, as it stands.
  void MoveBatch(Batch& batch);
  std::string KeyOf(std::string_view owner, std::string_view request_key) const;

  // --- reports.cpp
  void DoReport(Host& host, FromPeer& input, Report& report);
  void TakeResults(Host& host, const FromPeer& input, Report& report, Ack& ack);
  bool TakeResult(Host& host, const FromPeer& input, UnitResult& result, Ack& ack,
                  std::vector<LeaseId>& sealed);
  void SealEarlier(Host& host, const Report& report, std::vector<LeaseId>& sealed);

  // --- asks.cpp
  void DoAsk(Host& host, ReplyTo reply, AskWork& ask);
  // Tries to assign; else fills `no_work`.
  bool TryAssign(Host& host, const AskWork& ask, Assign& assign, NoWork& no_work);
  Assign Grant(Host& host, Picking& picking);
  NoWork NoWorkFor(Host& host, NoWorkReason reason);
  void Park(Host& host, ReplyTo reply, AskWork&& ask, NoWorkReason reason);
  void AnswerParked(Host& host, NoWorkReason reason);
  void Unpark(Host& host);
  void ServeParked();
  void ExpireParked();
  PolicyHost ViewOf(const Host& host, const AskWork* ask) const;
  void HoldBlobs(Host& host, std::vector<Digest>&& blobs);
  Duration RenewalOf(const Host& host) const;
  Duration LeaseSpan(const Host& host, double seconds) const;

  // --- schedule.cpp
  Verdict HostVerdict(const Host& host) const;
  void Scale();
  void LetRest(Host& host, bool rests);
  [[nodiscard]] double QueuedSeconds() const;
  [[nodiscard]] Duration HeartbeatOf(const Host& host) const;
  [[nodiscard]] std::vector<Peer> PeersOf(const Host& master) const;
  [[nodiscard]] static double BusyWatts(const Host& host);
  [[nodiscard]] bool ExceedsPower(const Host& host) const;
  [[nodiscard]] std::optional<std::size_t> SiteOf(const PrincipalEnrolled& host) const;
  Verdict BatchVerdict(const Host& host, const Batch& batch, Instant now) const;
  Verdict UnitVerdict(const Host& host, const Unit& unit) const;
  Verdict CopyVerdict(const Host& host, const Unit& unit) const;
  bool IsSpent(const Unit& unit, OwnerIndex owner) const;
  bool OthersLeftToTry(const Unit& unit, OwnerIndex owner) const;
  bool HasApplication(const Host& host, ApplicationIndex application) const;
  std::uint32_t OwnersPresent(ApplicationIndex application) const;
  const Speed* SpeedOf(const Host& host, ApplicationIndex application) const;
  // Seconds of wall time per flop; nothing while there is neither measurement nor benchmark.
  std::optional<double> SecondsPerFlop(const Host& host, ApplicationIndex application) const;
  void Pick(Picking& picking);
  Batch* NextBatch(Picking& picking, std::vector<Batch*>& left);
  void TakeFrom(Batch& batch, Picking& picking);
  void Scan(Batch& batch, const UnitQueue& queue, std::uint64_t& cursor, Picking& picking);
  void ScanBySize(Batch& batch, const UnitQueue& queue, std::uint64_t& cursor, Picking& picking);
  void TakeUnit(UnitId id, const Unit& unit, Batch& batch, Picking& picking);
  bool HoldsInputs(const Host& host, const Batch& batch) const;
  QueueCursor& CursorOf(Host& host, const Batch& batch);
  void Charge(Batch& batch, double flop);
  void PickTail(Picking& picking);
  bool WorthCopying(const Host& host, const Lease& lease, const Unit& unit, Instant now) const;

  // --- sessions.cpp
  void DoHello(Host& host, ReplyTo reply, Hello& hello);
  void RecordHello(Host& host, std::uint64_t connection, Hello& hello);
  void RecordHellos();
  void DoHeartbeat(Host& host, ReplyTo reply, Heartbeat& heartbeat);
  void DoGoodbye(Host& host, Goodbye& goodbye);
  void Heard(Host& host, std::uint64_t connection);
  void Disconnect(Host& host);
  void EndUnnamed(Host& host);
  void SetPresent(Host& host, bool present);
  void RenewAll();  // spans count from now: after a restart, or when nothing could be recorded
  void EndLeases(LeaseEnd why, std::vector<LeaseId> leases);

  // --- sweep.cpp
  void Sweep();
  void LookForSilence();
  void SweepHost(Host& host);
  Duration SilenceOf(const Host& host) const;

  // --- snapshot.cpp
  StateHost Pack(const Host& host) const;
  void RestoreUnit(Batch& batch, class Unpacker& in);
  void RestoreLease(class Unpacker& in);
  Bytes PackSpeeds(const Host& host) const;
  void UnpackSpeeds(Host& host, BytesView bytes);
  void PackUnit(Bytes& out, std::uint64_t id, const Unit& unit) const;
  void PackLease(Bytes& out, std::uint64_t id, const Lease& lease) const;
  void WriteUnits(const Batch& batch, const std::function<void(const Record&)>& sink) const;
  void WriteLeases(const std::function<void(const Record&)>& sink) const;

  // --- explain.cpp
  void ExplainHosts(const Batch& batch, const Unit* unit, Instant now, Answer& answer) const;
  Verdict QueuedVerdict(const Host& host, const Batch& batch) const;
  void ExplainFailures(const Batch& batch, std::vector<Reason>& reasons) const;
  void ExplainNumbers(const Batch& batch, std::vector<Reason>& reasons) const;
  void ExplainLeases(const Unit& unit, Instant now, Answer& answer) const;
  void ExplainWaiting(const Unit& unit, Instant now, Answer& answer) const;

  // --- invariants.cpp
  void CheckUnit(UnitId id, const Unit& unit) const;
  void CheckHost(const Host& host) const;
  void CheckIndexes() const;
  void CheckBatches() const;
  void CheckCursors() const;

  GridOptions options_;
  Rng rng_;
  std::unique_ptr<Policy> policy_;

  // Durable.
  Epoch epoch_;
  std::uint64_t next_batch_ = 1, next_unit_ = 1, next_lease_ = 1;  // hosts: hosts_.size() + 1
  std::uint64_t results_ = 0;
  std::map<TransportKey, InvitationMade> invitations_;
  std::vector<std::unique_ptr<Host>> hosts_;  // by id - 1; the retired stay
  std::map<BatchId, std::unique_ptr<Batch>> batches_;
  PagedTable<Unit> units_;
  PagedTable<Lease> leases_;
  std::deque<std::pair<std::string, BatchId>> ended_keys_;  // oldest first

  // Follows from the durable state.
  std::map<std::string, HostId, std::less<>> names_;
  std::map<TransportKey, HostId> keys_;
  std::map<std::string, BatchId, std::less<>> request_keys_;  // of live and remembered batches
  std::vector<OwnerShare> owners_;
  std::map<std::string, OwnerIndex, std::less<>> owner_index_;
  mutable std::vector<ApplicationState> applications_;  // caches inside
  std::uint64_t leases_out_ = 0;
  std::uint64_t unsealed_ = 0;

  // Only in this process.
  Instant now_;  // of this step, or of the record being applied
  WallTime wall_;
  std::string read_only_why_;
  std::deque<Input> held_;  // inputs from the shell's own parts that came while read-only
  std::vector<Batch*> ready_;
  std::set<std::pair<Instant, HostId>> parked_;  // until, host
  struct AskedSettings {
    ReplyTo reply;
    HostId host;
    Instant give_up;
  };
  std::map<std::uint64_t, AskedSettings> settings_asked_;  // by token: the oldest first
  bool work_appeared_ = false;  // a unit was queued since parked asks were looked at
  bool tail_due_ = false;       // a sweep has passed: leases are older
  Scaler scaler_;
  Instant next_scale_{};
  Instant next_sweep_;
  std::uint64_t steps_ = 0;
  std::uint64_t turns_ = 0;
  Instant next_silence_{INT64_MAX};  // no present host can be silent for long before this
  std::uint64_t generation_ = 0;     // of the set of present hosts
  double time_ = 0;                  // stride: pass of the owner served last
  std::uint64_t hosts_connected_ = 0;
  std::vector<UnitId> touched_;
  std::vector<BatchId> moved_;                      // batches that may have come to their end
  std::map<HostId, std::vector<LeaseId>> cancels_;  // to push at the end of the step
  std::vector<BatchId> dirty_batches_;
  std::vector<HostId> dirty_hosts_;
  std::vector<Batch*> scratch_batches_;
  std::vector<Picked> scratch_picked_;
  Ready ready_out_;
};

}  // namespace picube
