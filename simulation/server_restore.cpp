#include <algorithm>
#include <utility>

#include "server/store/record_codec.h"
#include "simulation/dice.h"
#include "simulation/server_process.h"

namespace picube::sim {
namespace {

constexpr Duration kProjectionLag = 1s;
constexpr std::size_t kRecordsPerChunk = 16;

}  // namespace

std::vector<Record> ServerProcess::Decoded(const Bytes& bytes) {
  Result<std::vector<Record>> records = DecodeRecords(bytes);
  if (records) return std::move(*records);
  stage_.Fail("the record codec: " + records.error().what);
  return {};
}

// Applies what is on disk. `events` may be null; else it receives what the projection may lack.
void ServerProcess::Restore(Grid& grid, std::vector<Behind>* events) {
  std::optional<std::uint64_t> hash;
  if (disk_.snapshot) {
    for (const Bytes& chunk : disk_.snapshot->chunks) {
      for (const Record& record : Decoded(chunk)) grid.Apply(record, disk_.snapshot->at);
    }
    static_cast<void>(grid.TakeReady());
    hash = disk_.snapshot->state_hash;
    stage_.Require(!hash || *hash == grid.StateHash(), "a snapshot restores another state");
  }
  for (const ServerDisk::Row& row : disk_.rows) {
    for (const Record& record : Decoded(row.records)) grid.Apply(record, row.at);
    Ready ready = grid.TakeReady();
    if (events != nullptr) events->push_back({row.number, std::move(ready.events)});
    hash = row.state_hash;
  }
  grid.CheckInvariants();
  stage_.Require(!hash || *hash == grid.StateHash(),
                 "the state after a restart is not the one before it");
}

void ServerProcess::CheckRestore() {
  if (!Quiet()) return;
  const std::unique_ptr<Grid> twin = MakeGrid();
  Restore(*twin, nullptr);
  stage_.Require(twin->StateHash() == grid_->StateHash(),
                 "the disk does not hold the state that is in memory");
  CheckHosts();
}

// What the core counts of each host is what the rows say.
void ServerProcess::CheckHosts() {
  for (const HostId id : grid_->Hosts()) {
    const std::optional<HostInfo> info = grid_->DescribeHost(id, Now().now);
    const Ledger::Host* host = ledger_.FindHost(id);
    if (!info || host == nullptr) {
      stage_.Fail("a host that no row made");
      continue;
    }
    stage_.Require(info->settled == host->settled && info->disagreed == host->disagreed,
                   host->name + " has " + std::to_string(info->settled) + " results settled and " +
                       std::to_string(info->disagreed) + " disagreed; by the rows it is " +
                       std::to_string(host->settled) + " and " + std::to_string(host->disagreed));
  }
}

// A snapshot replaces the rows before it, so everything in them must have reached the projection.
void ServerProcess::WriteSnapshot() {
  if (disk_.projection.cursor < disk_.LastRow()) FlushProjection();
  ServerDisk::Snapshot snapshot{.row = disk_.LastRow(),
                                .at = disk_.LastInstant(),
                                .chunks = {},
                                .state_hash = grid_->StateHash()};
  std::vector<Record> records;
  const auto flush = [&] {
    snapshot.chunks.emplace_back();
    EncodeRecords(records, snapshot.chunks.back());
    records.clear();
  };
  grid_->WriteSnapshot([&](const Record& record) {
    records.push_back(record);
    if (records.size() == kRecordsPerChunk) flush();
  });
  flush();
  std::uint64_t hash = 0;
  for (const Bytes& chunk : snapshot.chunks) hash = HashBytes(chunk, hash);
  stage_.Note("server",
              "snapshot at row " + std::to_string(snapshot.row) + " " + std::to_string(hash));
  disk_.snapshot = std::move(snapshot);
  disk_.rows.clear();
}

// --- The projection
// ---------------------------------------------------------------------------------

void ServerProcess::QueueProjection(std::uint64_t row, std::vector<Event> events) {
  if (row != 0) behind_.push_back({row, std::move(events)});
  if (std::exchange(flush_due_, true)) return;
  RunLater(Between(rng_, Duration(0), kProjectionLag), [this] {
    flush_due_ = false;
    FlushProjection();
  });
}

void ServerProcess::FlushProjection() {
  for (const Behind& behind : behind_) {
    if (behind.row <= disk_.projection.cursor) continue;  // a replay makes them again
    stage_.Require(behind.row == disk_.projection.cursor + 1, "the projection missed a row");
    Project(behind);
    disk_.projection.cursor = behind.row;
  }
  behind_.clear();
}

void ServerProcess::Project(const Behind& behind) {
  for (const Event& event : behind.events) {
    if (const auto* closed = std::get_if<UnitClosed>(&event)) {
      const auto [place, fresh] = disk_.projection.units.try_emplace(closed->unit, *closed);
      // Only a failed unit that was retried ends a second time.
      stage_.Require(fresh || place->second.state == UnitState::kFailed,
                     "unit " + std::to_string(closed->unit.value) + " ended twice");
      place->second = *closed;
    } else if (const auto* archived = std::get_if<BatchArchived>(&event)) {
      stage_.Require(disk_.projection.archived.emplace(archived->info.id, archived->info).second,
                     "a batch was archived twice");
    }
  }
}

}  // namespace picube::sim
