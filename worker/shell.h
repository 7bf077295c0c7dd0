// Does what the agent decides: owns spool, blobs, runner, link and log, and turns one loop. The
// main thread's; the runner's thread only puts inputs into the mailbox.
#pragma once

#include <atomic>
#include <csignal>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "hardware/probe.h"
#include "protocol/transport/context.h"
#include "worker/board/fan.h"
#include "worker/board/keeper.h"
#include "worker/board/sleeper.h"
#include "worker/core/agent.h"
#include "worker/display/loop.h"
#include "worker/link/link.h"
#include "worker/log.h"
#include "worker/owner.h"
#include "worker/run/runner.h"
#include "worker/spool/blob_folder.h"
#include "worker/spool/spool.h"

namespace picube {

// What other threads have to say to the agent. Any thread.
class Mailbox {
 public:
  explicit Mailbox(Waker& waker) : waker_(waker) {}
  void Put(agent::Input input);
  [[nodiscard]] std::vector<agent::Input> TakeAll();

 private:
  Waker& waker_;
  std::mutex mutex_;
  std::vector<agent::Input> inputs_;
};

// SIGTERM and SIGINT ask the worker to stop; a second one ends it at once (all that matters is on
// disk). SIGHUP asks it to read worker.yaml again. One object at a time; it puts the old handlers
// back.
class StopSignals {
 public:
  explicit StopSignals(const Waker& waker);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  [[nodiscard]] bool Asked() const;
  // Once for all SIGHUPs since the last call.
  [[nodiscard]] static bool TakeHangup();

 private:
  struct sigaction old_term_{};
  struct sigaction old_int_{};
  struct sigaction old_hup_{};
};

[[nodiscard]] Instant MonotonicNow();

class Shell {
 public:
  // All borrowed; they outlive the shell.
  struct Parts {
    Spool& spool;
    BlobFolder& blobs;
    Link& link;
    WorkerLog& log;
    Waker& waker;
    const BoardProbe& probe;  // of memory; sensors are the keeper's
    BoardKeeper& board;
    FanKeeper& fan;
    Sleeper& sleeper;
    const ApplicationRegistry& applications;
    DisplayLoop& display;
    Owner& owner;
    std::string name;  // of this host, as the server knows it
    // The server has said at which endpoints it is found.
    std::function<void(const std::vector<std::string>&)> keep_endpoints;
  };
  Shell(const Parts& parts, AgentOptions options, const RunnerOptions& runner, Rng rng);
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  // Until the agent ends or cannot go on. The exit code.
  [[nodiscard]] int Run(const StopSignals& signals);
  // True while a kernel has not returned; then the process should end without unwinding.
  [[nodiscard]] bool KernelRuns() const { return runner_.Busy(); }

 private:
  void Begin();
  void CheckCache(std::vector<BlobRef> wanted);
  void TakeCache();
  void ReadMemory();
  void MindDisk(const agent::BlobState& state);
  void Turn(const StopSignals& signals);
  void Periodic(Instant now);
  void RenewIfUnheard(Instant now);
  void Feed(agent::Input input);
  void LastWords();
  void SayNotes(Instant now);
  void Reload();
  void MindOwner();
  void MindBoard(Instant now);
  void MindFan(Instant now);
  void TellPause();
  void AllowRunner();
  [[nodiscard]] BoardKeeper::Use UseNow();
  [[nodiscard]] EnergyMeter::Joules JoulesNow();
  void Charge(agent::Input& input);
  void SetByOperator(const Settings& settings);

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

  Parts parts_;
  Mailbox mailbox_;
  Agent agent_;
  std::deque<agent::Action> to_do_;
  bool feeding_ = false;  // an action answers at once: its answer's actions come after the rest
  std::optional<agent::Exit> exit_;
  StatusKeeper status_;
  WorkerStatus published_;
  bool told_to_stop_ = false;
  Allowed wish_;               // the owner's, as of now
  double wish_threads_ = 1;    // of them, the share of the time included
  BoardKeeper::Order order_;   // the board's
  std::string paused_why_;     // as the agent was told
  EnergyMeter::Joules begun_;  // when the unit at hand began
  bool disk_trouble_ = false;
  Instant next_readings_{};
  Instant next_memory_{};
  Instant next_retry_{};
  std::optional<Instant> greeting_since_;
  std::atomic<bool> stop_checking_ = false;
  std::future<BlobFolder::Contents> cache_;  // valid while the cache is looked through
  Runner runner_;                            // last: its thread ends first
};

}  // namespace picube
