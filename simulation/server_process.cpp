#include "simulation/server_process.h"

#include <algorithm>
#include <utility>

#include "server/store/record_codec.h"
#include "simulation/dice.h"

namespace picube::sim {
namespace {

enum Part : std::uint64_t { kShellPart = 40, kCorePart = 41 };

constexpr std::int64_t kWallStartMs = 1'700'000'000'000;
constexpr Duration kTurn = 100us;   // from a message's arrival until the loop reads it
constexpr Duration kRetry = 500ms;  // of a commit that failed

}  // namespace

ServerProcess::ServerProcess(Stage& stage, Network& network, const Scenario& scenario,
                             Ledger& ledger)
    : stage_(stage),
      network_(network),
      scenario_(scenario),
      ledger_(ledger),
      rng_(RngFor(scenario.seed, kShellPart)) {}

Moment ServerProcess::Now() const {
  const std::int64_t now_us = stage_.queue.Now().us;
  return {.now = Instant{now_us + clock_offset_us_},
          .wall = WallTime{kWallStartMs + now_us / 1000 + wall_jump_ms_}};
}

std::unique_ptr<Grid> ServerProcess::MakeGrid() const {
  GridOptions options;
  options.policy = scenario_.policy;
  options.units_ahead = scenario_.server.units_ahead;
  options.software = "picube-sim";
  options.endpoints = {"sim://server"};
  options.applications["sim"] = 1;
  for (std::size_t i = 0; i < scenario_.hosts.size(); ++i) {
    options.weights[scenario_.hosts[i].name] = static_cast<std::uint32_t>(1 + i % 3);
  }
  return std::make_unique<Grid>(std::move(options), RngFor(scenario_.seed, kCorePart, starts_));
}

// --- Life and death
// ---------------------------------------------------------------------------------

void ServerProcess::Start() {
  ++starts_;
  stage_.Note("server", "starts");
  grid_ = MakeGrid();
  std::vector<Behind> events;
  Restore(*grid_, &events);
  // Time during which no server ran does not count.
  clock_offset_us_ = disk_.LastInstant().us + 1 - stage_.queue.Now().us;
  next_row_ = disk_.LastRow() + 1;
  behind_ = std::move(events);
  if (!behind_.empty()) QueueProjection(0, {});
  if (disk_.LastRow() == 0) {
    StepCore(FirstOperator{.name = "operator",
                           .transport_key = SimTransportKey("operator"),
                           .signing_key = SimSigningKey("operator")});
  }
  StepCore(TakeOver{});
  StageReady();
  BeginCommit();
}

void ServerProcess::Crash() {
  if (!Running()) return;
  // What the disk was doing when the power went: a row may be there though nobody was told.
  if (committing_ && !disk_full_ && rng_.OneIn(2)) {
    stage_.Note("server", "crashes; the row in flight lands");
    MakeDurable();
  } else {
    stage_.Note("server", "crashes");
  }
  grid_.reset();
  inbox_.clear();
  pending_.clear();
  peers_.clear();
  admitted_.clear();
  partial_blobs_.clear();
  behind_.clear();
  merging_.clear();
  splitting_.clear();
  turn_due_ = false;
  committing_ = false;
  serving_ = false;
  trouble_ = false;
  flush_due_ = false;
  deadline_due_ = Instant{};
  ++starts_;  // what was to run later in this life does not
  network_.ServerGone();
}

void ServerProcess::RunLater(Duration wait, EventQueue::Action action) {
  stage_.queue.After(wait, [this, life = starts_, action = std::move(action)] {
    if (Running() && starts_ == life) action();
  });
}

void ServerProcess::SetDiskFull(bool full) {
  disk_full_ = full;
  stage_.Note("server", full ? "disk full" : "disk has room");
}

bool ServerProcess::Quiet() const {
  return Up() && pending_.empty() && !committing_ && inbox_.empty();
}

// --- The loop
// ---------------------------------------------------------------------------------------

void ServerProcess::Push(Input input) {
  inbox_.push_back(std::move(input));
  WakeTurn();
}

void ServerProcess::WakeTurn() {
  if (turn_due_ || committing_) return;
  turn_due_ = true;
  RunLater(kTurn, [this] {
    turn_due_ = false;
    Turn();
  });
}

void ServerProcess::StepCore(Input input) {
  grid_->Step(std::move(input), Now());
  if (++steps_ % scenario_.check_every == 0) grid_->CheckInvariants();
  owners_ = std::min(owners_, OwnersConnected());
}

// Asked after each step, so only where somebody wants to know: where an application may break.
std::size_t ServerProcess::OwnersConnected() const {
  if (std::ranges::none_of(scenario_.batches, &BatchNature::project_error)) return 0;
  std::set<std::string> owners;
  for (const HostId host : grid_->Hosts()) {
    const std::optional<HostInfo> info = grid_->DescribeHost(host, Now().now);
    if (info && info->connected && info->kind == PrincipalKind::kHost) owners.insert(info->owner);
  }
  return owners.size();
}

void ServerProcess::Turn() {
  for (; !inbox_.empty(); inbox_.pop_front()) StepCore(std::move(inbox_.front()));
  const std::optional<Instant> due = grid_->NextDeadline();
  if (due && *due <= Now().now) StepCore(Tick{});
  StageReady();
  BeginCommit();
}

void ServerProcess::StageReady() {
  Ready ready = grid_->TakeReady();
  Pending pending;
  pending.owners = std::exchange(owners_, OwnersConnected());
  if (ready.Empty()) return;
  if (!ready.records.empty()) {
    pending.row = next_row_++;
    pending.bytes.number = pending.row;
    pending.bytes.at = Now().now;
    EncodeRecords(ready.records, pending.bytes.records);
    if (pending.row % scenario_.check_every == 0) pending.bytes.state_hash = grid_->StateHash();
  }
  pending.ready = std::move(ready);
  pending_.push_back(std::move(pending));
}

void ServerProcess::BeginCommit() {
  const bool rows = std::ranges::any_of(pending_, [](const Pending& p) { return p.row != 0; });
  if (!rows) {
    Release();
    return ScheduleDeadline();
  }
  committing_ = true;
  RunLater(Skewed(rng_, scenario_.server.commit_least, scenario_.server.commit_spread), [this] {
    committing_ = false;
    FinishCommit();
  });
}

void ServerProcess::FinishCommit() {
  if (disk_full_) {
    CommitFailed();
  } else {
    MakeDurable();
    if (!std::exchange(serving_, true)) AdmitAnew();
    if (std::exchange(trouble_, false)) {
      StepCore(StoreTrouble{});
      WakeTurn();
    }
    Release();
    const bool snapshot =
        scenario_.server.snapshot_one_in != 0 && rng_.OneIn(scenario_.server.snapshot_one_in);
    if (snapshot && !pending_.size()) WriteSnapshot();
  }
  if (!inbox_.empty()) WakeTurn();
  ScheduleDeadline();
}

// Nothing is released, nothing is lost; only answers that record nothing go out, and they promise
// nothing.
void ServerProcess::CommitFailed() {
  if (!std::exchange(trouble_, true)) StepCore(StoreTrouble{"no space left on device"});
  StageReady();
  while (!pending_.empty() && pending_.back().row == 0) {
    Send(pending_.back().ready.messages);
    pending_.pop_back();
  }
  RunLater(kRetry, [this] { WakeTurn(); });
}

void ServerProcess::MakeDurable() {
  for (Pending& pending : pending_) {
    if (pending.row == 0) continue;
    stage_.Note("server", "row " + std::to_string(pending.row) + " " +
                              std::to_string(HashBytes(pending.bytes.records)));
    ledger_.OnRow(Decoded(pending.bytes.records), pending.owners);
    disk_.rows.push_back(std::move(pending.bytes));
  }
}

void ServerProcess::Release() {
  for (Pending& pending : std::exchange(pending_, {})) {
    Send(pending.ready.messages);
    const std::uint64_t row = pending.row != 0 ? pending.row : disk_.LastRow();
    for (const Event& event : pending.ready.events) HandleEvent(event, row);
    if (pending.row != 0) QueueProjection(pending.row, std::move(pending.ready.events));
  }
}

void ServerProcess::Send(const std::vector<Outgoing>& messages) {
  for (const Outgoing& outgoing : messages) {
    if (outgoing.connection == 0) continue;
    const auto peer = peers_.find(outgoing.connection);
    if (peer == peers_.end()) continue;
    // Enrolled goes to an invitation, which is nobody yet.
    ledger_.OnReleased(peer->second.who.id, outgoing.message);
    network_.SendToPeer(outgoing.connection,
                        Envelope{.request = outgoing.request, .message = outgoing.message});
  }
}

void ServerProcess::ScheduleDeadline() {
  const std::optional<Instant> due = grid_->NextDeadline();
  if (!due || committing_) return;
  const Duration wait = std::max(*due - Now().now, Duration(0));
  const Instant when = stage_.queue.Now() + wait;
  // One wake-up waits already for that time or an earlier one.
  if (deadline_due_ > stage_.queue.Now() && deadline_due_ <= when) return;
  deadline_due_ = when;
  RunLater(wait, [this, when] {
    if (deadline_due_ == when) deadline_due_ = Instant{};
    WakeTurn();
  });
}

}  // namespace picube::sim
