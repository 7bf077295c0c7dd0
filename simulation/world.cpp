#include "simulation/world.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "simulation/dice.h"
#include "simulation/network.h"
#include "simulation/operator_process.h"
#include "simulation/server_process.h"
#include "simulation/stage.h"
#include "simulation/worker_process.h"

namespace picube::sim {
namespace {

enum Part : std::uint64_t { kFaultPart = 100 };

constexpr Duration kWatch = 5s;  // between two looks at whether all is done
constexpr Duration kRestoreCheckMost = 20min;
constexpr Duration kDrainBound = 3h;  // for the last acknowledgements

class World {
 public:
  World(const Scenario& scenario, std::FILE* log_file);
  RunResult Run();

 private:
  void PlanServerFaults();
  void PlanWorkerFaults(std::size_t number);
  // Does `fault` again and again, `between` on average, while the storm lasts; never if zero.
  void Repeat(Rng rng, Duration between, std::function<void(Rng&)> fault);
  void CheckRestoreNowAndThen();
  void LookAfterInvitations();
  void EndStorm();
  [[nodiscard]] bool BatchesOver() const;
  [[nodiscard]] bool WorkersIdle() const;
  [[nodiscard]] bool RunUntil(Instant until, const std::function<bool()>& done);
  void CheckEnd();
  void CheckBatch(BatchId id, const Ledger::Batch& batch);
  void CheckUtilisation(RunResult& result) const;

  const Scenario& scenario_;
  Stage stage_;
  Network network_;
  Ledger ledger_;
  ServerProcess server_;
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
  std::unique_ptr<OperatorProcess> operator_;
  Rng rng_;
  bool storm_ = true;
};

World::World(const Scenario& scenario, std::FILE* log_file)
    : scenario_(scenario),
      stage_(log_file),
      network_(stage_),
      ledger_(stage_, scenario),
      server_(stage_, network_, scenario, ledger_),
      rng_(RngFor(scenario.seed, kFaultPart)) {
  network_.SetServer(&server_);
  for (const auto* natures : {&scenario.hosts, &scenario.helpers}) {
    for (const HostNature& nature : *natures) {
      workers_.push_back(
          std::make_unique<WorkerProcess>(stage_, network_, scenario, nature, workers_.size()));
    }
  }
  operator_ = std::make_unique<OperatorProcess>(stage_, network_, scenario, server_);
}

// --- Faults
// -----------------------------------------------------------------------------------------

void World::Repeat(Rng rng, Duration between, std::function<void(Rng&)> fault) {
  if (between == Duration(0)) return;
  const Duration wait = Between(rng, Duration(0), 2 * between);
  stage_.queue.After(wait, [this, rng, between, fault = std::move(fault)]() mutable {
    if (!storm_) return;
    fault(rng);
    Repeat(rng, between, std::move(fault));
  });
}

void World::PlanServerFaults() {
  const ServerNature& nature = scenario_.server;
  Repeat(RngFor(scenario_.seed, kFaultPart, 1), nature.between_crashes, [this](Rng& rng) {
    if (!server_.Running()) return;
    server_.Crash();
    const Duration down = Between(rng, Duration(1s), scenario_.server.down_most);
    stage_.queue.After(down, [this] {
      if (!server_.Running()) server_.Start();
    });
  });
  Repeat(RngFor(scenario_.seed, kFaultPart, 2), nature.between_troubles, [this](Rng& rng) {
    server_.SetDiskFull(true);
    const Duration full = Between(rng, Duration(1s), scenario_.server.trouble_most);
    stage_.queue.After(full, [this] { server_.SetDiskFull(false); });
  });
  Repeat(RngFor(scenario_.seed, kFaultPart, 3), nature.between_wall_jumps, [this](Rng& rng) {
    const auto by_ms = static_cast<std::int64_t>(Between(rng, 0, 200'000'000)) - 100'000'000;
    stage_.Note("server", "wall clock jumps by " + std::to_string(by_ms));
    server_.JumpWallClock(by_ms);
  });
}

void World::PlanWorkerFaults(std::size_t number) {
  WorkerProcess& worker = *workers_[number];
  const HostNature& nature = worker.Nature();
  const auto stream = [&](std::uint64_t kind) {
    return RngFor(scenario_.seed, kFaultPart, 1000 + 10 * number + kind);
  };
  const auto boot_later = [this, &worker](Duration wait) {
    stage_.queue.After(wait, [&worker] { worker.Boot(); });
  };
  Repeat(stream(1), nature.between_crashes, [&worker, boot_later](Rng& rng) {
    worker.Crash();
    boot_later(Between(rng, Duration(1s), Duration(10min)));
  });
  Repeat(stream(2), nature.between_hangs,
         [&worker](Rng& rng) { worker.Hang(Between(rng, Duration(1s), Duration(10min))); });
  Repeat(stream(3), nature.between_absences, [&worker](Rng&) {
    if (worker.Nature().leaves_for_good) worker.LeaveForGood();
    worker.Leave();
  });
  Repeat(stream(4), nature.between_disk_troubles, [this, &worker](Rng& rng) {
    worker.SetDiskFull(true);
    stage_.queue.After(Between(rng, Duration(1s), Duration(10min)),
                       [&worker] { worker.SetDiskFull(false); });
  });
  Repeat(stream(5), nature.between_clock_jumps, [this, &worker](Rng& rng) {
    stage_.Note(worker.Nature().name, "clock jumps");
    worker.JumpClock(Between(rng, Duration(1s), Duration(3h)));
  });
}

// The storm is over: nothing fails from now on, and everybody who is to come back is back.
void World::EndStorm() {
  storm_ = false;
  stage_.Note("world", "the storm is over");
  network_.EndFaults();
  server_.SetDiskFull(false);
  if (!server_.Running()) server_.Start();
  operator_->EndFaults();
  for (const auto& worker : workers_) worker->EndFaults();
}

void World::CheckRestoreNowAndThen() {
  stage_.queue.After(Between(rng_, Duration(1s), kRestoreCheckMost), [this] {
    server_.CheckRestore();
    CheckRestoreNowAndThen();
  });
}

void World::LookAfterInvitations() {
  stage_.queue.After(kWatch, [this] {
    for (const auto& worker : workers_) {
      if (worker->TakeWishForInvitation()) operator_->Invite(*worker);
    }
    LookAfterInvitations();
  });
}

// --- The run
// ----------------------------------------------------------------------------------------

bool World::RunUntil(Instant until, const std::function<bool()>& done) {
  Instant next_look = stage_.queue.Now();
  while (stage_.failure.empty()) {
    if (stage_.queue.Now() >= next_look) {
      if (done()) return true;
      next_look = stage_.queue.Now() + kWatch;
    }
    if (!stage_.queue.RunNext(until)) return done();
  }
  return false;
}

RunResult World::Run() {
  server_.Start();
  operator_->Boot();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    WorkerProcess& worker = *workers_[i];
    stage_.queue.After(worker.Nature().joins_after, [&worker] { worker.Boot(); });
    PlanWorkerFaults(i);
  }
  PlanServerFaults();
  LookAfterInvitations();
  CheckRestoreNowAndThen();

  RunResult result;
  static_cast<void>(RunUntil(Instant{} + scenario_.storm, [] { return false; }));
  EndStorm();
  const Instant bound = stage_.queue.Now() + scenario_.quiet_bound;
  const auto over = [this] { return BatchesOver(); };
  if (!RunUntil(bound, over)) stage_.Fail("the storm is over, but not every batch ends");
  result.makespan = stage_.queue.Now() - Instant{};
  CheckUtilisation(result);
  const auto idle = [this] { return WorkersIdle(); };
  if (!RunUntil(stage_.queue.Now() + kDrainBound, idle)) {
    stage_.Fail("every batch has ended, but a worker still holds leases or results");
  }
  if (stage_.failure.empty()) CheckEnd();
  result.failure = stage_.failure;
  result.log_hash = stage_.log.Hash();
  result.log_lines = stage_.log.Lines();
  result.virtual_time = stage_.queue.Now() - Instant{};
  result.counts = ledger_.Counts();
  return result;
}

bool World::BatchesOver() const {
  if (!operator_->Done() || ledger_.Batches().size() < scenario_.batches.size()) return false;
  return std::ranges::all_of(ledger_.Batches(),
                             [](const auto& entry) { return entry.second.ended.has_value(); });
}

bool World::WorkersIdle() const {
  return server_.Quiet() && std::ranges::all_of(workers_, [](const auto& worker) {
           return worker->Gone() || worker->Idle();
         });
}

void World::CheckUtilisation(RunResult& result) const {
  std::uint64_t busy_ms = 0;
  for (const auto& worker : workers_) {
    busy_ms += static_cast<std::uint64_t>(worker->Busy().count() / 1000);
  }
  const std::uint64_t all_ms =
      workers_.size() * static_cast<std::uint64_t>(result.makespan.count() / 1000);
  if (all_ms != 0)
    result.utilisation_permille = static_cast<std::uint32_t>(busy_ms * 1000 / all_ms);
}

// --- The verdict
// ------------------------------------------------------------------------------------

void World::CheckEnd() {
  server_.CheckRestore();
  const ServerInfo info = server_.Core()->DescribeServer();
  stage_.Require(info.units_live == 0 && info.leases_live == 0 && info.batches_live == 0,
                 "every batch has ended, but something of one is still in memory");
  for (const auto& [id, batch] : ledger_.Batches()) CheckBatch(id, batch);
}

void World::CheckBatch(BatchId id, const Ledger::Batch& batch) {
  const BatchNature& nature = scenario_.batches[batch.nature];
  const std::string text = "batch " + std::to_string(id.value);
  // A batch without a single result has no product.
  const bool all_failed = std::ranges::all_of(batch.units, [this](UnitId unit) {
    return ledger_.FindUnit(unit)->state == UnitState::kFailed;
  });
  const std::string_view why = batch.why;
  const bool may_fail = why.starts_with("could not be split")    ? nature.split_fails
                        : why.starts_with("could not be merged") ? nature.merge_fails
                        : why.contains("is broken")              ? batch.project_error
                                                                 : all_failed;
  stage_.Require(batch.ended != BatchState::kCancelled || nature.cancelled_after.has_value(),
                 text + " was cancelled though nobody asked for it");
  stage_.Require(batch.ended != BatchState::kFailed || may_fail,
                 text + " failed though nothing was wrong with it: " + batch.why);
  if (batch.ended != BatchState::kDone) return;
  stage_.Require(!nature.merge_fails, text + " is done though its merge fails");
  for (const UnitId unit_id : batch.units) {
    const Ledger::Unit& unit = *ledger_.FindUnit(unit_id);
    const UnitNature made = MakeUnit(scenario_, batch.nature, unit.index);
    const bool poison = made.fate != UnitNature::Fate::kGood;
    stage_.Require(!poison || unit.state == UnitState::kFailed,
                   "poisoned unit " + std::to_string(unit_id.value) + " was settled");
  }
}

}  // namespace

RunResult Play(const Scenario& scenario, std::FILE* log_file) {
  World world(scenario, log_file);
  return world.Run();
}

}  // namespace picube::sim
