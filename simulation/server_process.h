// The server's shell, simulated: one thread that drains its inbox, steps the real core, commits one
// row, and only then sends; a disk; a splitter, a merger and a projection behind it; crashes that
// leave what was durable and nothing else.
//
// One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/rng.h"
#include "server/core/grid.h"
#include "simulation/ledger.h"
#include "simulation/network.h"
#include "simulation/scenario.h"
#include "simulation/server_disk.h"
#include "simulation/stage.h"

namespace picube::sim {

class ServerProcess : public ServerEnd {
 public:
  ServerProcess(Stage& stage, Network& network, const Scenario& scenario, Ledger& ledger);

  void Start();
  // The process ends now; memory is lost. A row being written lands, or does not.
  void Crash();
  void SetDiskFull(bool full);
  void JumpWallClock(std::int64_t by_ms) { wall_jump_ms_ += by_ms; }
  // Files that operators have put before they submit.
  void PutBlob(const Bytes& bytes) { disk_.blobs[SimDigest(bytes)] = bytes; }

  // --- For checks and for the world.
  [[nodiscard]] const ServerDisk& Disk() const { return disk_; }
  [[nodiscard]] const Grid* Core() const { return grid_.get(); }
  [[nodiscard]] bool Running() const { return grid_ != nullptr; }
  [[nodiscard]] bool Quiet() const;  // up, nothing in memory that is not on disk
  // Rebuilds a grid from the disk and compares it with the one that runs.
  void CheckRestore();

  // --- ServerEnd
  // The doors open when the take-over is durable.
  [[nodiscard]] bool Up() const override { return serving_; }
  [[nodiscard]] bool Admits(const TransportKey& key) const override;
  void OnOpened(std::uint64_t connection, const TransportKey& key) override;
  void OnClosed(std::uint64_t connection) override;
  void OnMessage(std::uint64_t connection, const Envelope& envelope) override;

 private:
  struct Peer {
    TransportKey key;
    AdmittedKey who;
  };
  struct Pending {          // decided, not yet durable
    std::uint64_t row = 0;  // 0 = needs no row
    ServerDisk::Row bytes;
    Ready ready;
    std::size_t owners = 0;  // with a host, the fewest while it was decided
  };
  struct Behind {  // a row's events on their way to the projection
    std::uint64_t row = 0;
    std::vector<Event> events;
  };

  // server_process.cpp: the loop
  [[nodiscard]] Moment Now() const;
  [[nodiscard]] std::unique_ptr<Grid> MakeGrid() const;
  void Push(Input input);
  void WakeTurn();
  void Turn();
  void StepCore(Input input);
  [[nodiscard]] std::size_t OwnersConnected() const;
  void StageReady();
  void BeginCommit();
  void FinishCommit();
  void CommitFailed();
  void MakeDurable();
  void Release();
  void Send(const std::vector<Outgoing>& messages);
  void ScheduleDeadline();
  void RunLater(Duration wait, EventQueue::Action action);  // unless it has crashed by then
  // server_restore.cpp: the disk
  void CheckHosts();
  void Restore(Grid& grid, std::vector<Behind>* events);
  [[nodiscard]] std::vector<Record> Decoded(const Bytes& bytes);
  void WriteSnapshot();
  void QueueProjection(std::uint64_t row, std::vector<Event> events);
  void FlushProjection();
  void Project(const Behind& behind);
  // server_door.cpp: the doors, the splitter and the merger
  void HandleEvent(const Event& event, std::uint64_t row);
  void AdmitAnew();
  void Reply(std::uint64_t connection, std::uint64_t request, Message message);
  [[nodiscard]] bool AnswerHere(const Peer& peer, std::uint64_t connection,
                                const Envelope& envelope);
  void CheckReport(const Peer& peer, FromPeer& from);
  void SendChunks(std::uint64_t connection, std::uint64_t request, const GetChunk& wanted);
  void TakeChunk(std::uint64_t connection, std::uint64_t request, const Chunk& chunk);
  void AnswerQuery(std::uint64_t connection, std::uint64_t request, const Query& query);
  void Invite(const Peer& peer, std::uint64_t connection, std::uint64_t request,
              const Control& control);
  void Split(const WantUnits& wanted);
  void Merge(BatchId batch, std::uint64_t row);
  [[nodiscard]] bool MergeIsSound(BatchId batch);

  Stage& stage_;
  Network& network_;
  const Scenario& scenario_;
  Ledger& ledger_;
  Rng rng_;
  ServerDisk disk_;
  std::int64_t wall_jump_ms_ = 0;
  bool disk_full_ = false;
  std::uint64_t starts_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t invitations_ = 0;

  // --- Memory: lost in a crash
  std::unique_ptr<Grid> grid_;
  std::int64_t clock_offset_us_ = 0;
  std::deque<Input> inbox_;
  bool turn_due_ = false;
  bool committing_ = false;
  bool serving_ = false;
  bool trouble_ = false;
  Instant deadline_due_;
  std::deque<Pending> pending_;
  std::size_t owners_ = 0;  // with a host, the fewest since the last row was staged
  std::uint64_t next_row_ = 1;
  std::map<std::uint64_t, Peer> peers_;
  std::map<TransportKey, AdmittedKey> admitted_;
  std::map<Digest, Bytes> partial_blobs_;
  std::vector<Behind> behind_;
  bool flush_due_ = false;
  std::set<BatchId> merging_;
  std::set<BatchId> splitting_;
};

}  // namespace picube::sim
