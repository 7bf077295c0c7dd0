// A worker's shell, simulated: the real agent over a link, a disk that survives kill -9, a kernel
// that takes virtual time, a clock of its own, and the faults and lies of its host.
//
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/rng.h"
#include "simulation/ledger.h"
#include "simulation/network.h"
#include "simulation/scenario.h"
#include "simulation/stage.h"
#include "worker/core/agent.h"

namespace picube::sim {

class WorkerProcess : public PeerEnd {
 public:
  WorkerProcess(Stage& stage, Network& network, const Scenario& scenario, const HostNature& nature,
                std::uint64_t number);

  // --- What the world does to it.
  void Invite(std::string code);  // a join code, good once
  // True once for each code that it needs.
  [[nodiscard]] bool TakeWishForInvitation() { return std::exchange(wants_invitation_, false); }
  void Boot();
  void Crash();              // kill -9: memory is lost
  void Hang(Duration span);  // answers nothing, with the connection up
  void Leave();              // SIGTERM
  void SetDiskFull(bool full);
  void JumpClock(Duration forward) { clock_jump_ += forward; }
  // From now on it is honest and sound, and runs if it has not left for good.
  void EndFaults();
  void LeaveForGood() { gone_ = true; }

  [[nodiscard]] const HostNature& Nature() const { return nature_; }
  [[nodiscard]] bool Up() const { return power_ != Power::kOff; }
  [[nodiscard]] bool Gone() const { return gone_; }
  // Nothing runs, waits or is unreported, here and on its disk.
  [[nodiscard]] bool Idle() const;
  [[nodiscard]] Duration Busy() const { return busy_; }  // computing, in all

  // --- PeerEnd
  void OnConnected() override;
  void OnConnectRefused() override;
  void OnConnectFailed() override;
  void OnDisconnected() override;
  void OnMessage(const Envelope& envelope) override;

 private:
  enum class Power : std::uint8_t { kOff, kEnrolling, kRunning };
  struct Disk {
    bool enrolled = false;
    std::map<LeaseId, UnitResult> results;  // with their whole payloads
    std::map<LeaseId, agent::UnitWork> leases;
    std::map<LeaseId, std::uint64_t> checkpoints;  // flop done
    std::map<Digest, Bytes> partial_blobs;
    std::vector<std::pair<BlobRef, Bytes>> blobs;  // longest unused first
  };
  struct Kernel {
    agent::UnitWork work;
    std::uint64_t done_flop = 0;  // at `since`
    Instant since;                // virtual
    bool paused = false;
    std::uint64_t run = 0;  // a newer start makes older events void
  };

  // worker_process.cpp: life, link and clock
  void StartAgent();
  void Enroll();
  void SendEnrol();
  void Die();
  void Feed(agent::Input input);
  void Act();
  void ScheduleDeadline();
  [[nodiscard]] Instant LocalNow() const;
  void RunLater(Duration wait, EventQueue::Action action);  // unless it has died by then
  // worker_actions.cpp: what the agent wants done
  void Do(agent::Send& action);
  void Do(agent::KeepLease& action);
  void Do(agent::DropLease& action);
  void Do(agent::StartUnit& action);
  void Do(agent::StopUnit& action);
  void Do(agent::PauseUnits& action);
  void Do(agent::SpoolResult& action);
  void Do(agent::ForgetResult& action);
  void Do(agent::SetResultAside& action);
  void Do(agent::OpenBlob& action);
  void Do(agent::StoreChunk& action);
  void Do(agent::DropBlob& action);
  void Do(agent::ReadPayload& action);
  void Do(agent::MaySleep& action);
  void Do(agent::TellPeers& action);
  void Do(agent::Log& action);
  void Do(agent::Exit& action);
  void Misbehave(const Report& report);
  void AnswerBlobState(const Digest& blob);
  [[nodiscard]] std::uint64_t DoneFlop() const;
  void RunKernel();
  void FinishKernel();
  void EndKernel();
  [[nodiscard]] Bytes PayloadOf(const agent::UnitWork& work);

  Stage& stage_;
  Network& network_;
  const Scenario& scenario_;
  const HostNature& nature_;
  Rng rng_;
  std::uint64_t number_;
  Network::LinkId link_ = 0;
  SigningKey signing_key_;
  TransportKey transport_key_;
  bool faults_ = true;
  bool gone_ = false;
  bool disk_full_ = false;
  bool wants_invitation_ = false;
  std::string code_;
  Duration clock_jump_{};
  Duration busy_{};
  Disk disk_;
  std::optional<Report> old_report_;

  // --- Memory: lost in a crash
  Power power_ = Power::kOff;
  std::uint64_t life_ = 0;
  bool tried_own_key_ = false;
  std::optional<Agent> agent_;
  std::optional<Instant> hung_until_;
  std::vector<agent::Input> backlog_;  // while it hangs
  std::uint64_t deadline_number_ = 0;
  std::optional<Instant> deadline_;
  std::map<LeaseId, UnitResult> memory_results_;  // that the disk did not take
  std::optional<Kernel> kernel_;
  std::uint64_t runs_ = 0;
};

}  // namespace picube::sim
