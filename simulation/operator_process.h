// The people: submits the batches, invites the workers, cancels, retries, changes priorities, asks
// why. Sends everything again until it is answered.
//
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulation/network.h"
#include "simulation/scenario.h"
#include "simulation/server_process.h"
#include "simulation/stage.h"
#include "simulation/worker_process.h"

namespace picube::sim {

class OperatorProcess : public PeerEnd {
 public:
  OperatorProcess(Stage& stage, Network& network, const Scenario& scenario, ServerProcess& server);

  // Connects, and from then on does what the scenario says at its time.
  void Boot();
  // Gets a join code for the worker and gives it to it.
  void Invite(WorkerProcess& worker);
  void EndFaults() { faults_ = false; }
  // Every batch of the scenario has been submitted, and every wish was answered.
  [[nodiscard]] bool Done() const { return planned_ == 0 && wishes_.empty(); }

  // --- PeerEnd
  void OnConnected() override;
  void OnConnectRefused() override;
  void OnConnectFailed() override;
  void OnDisconnected() override { OnConnectFailed(); }
  void OnMessage(const Envelope& envelope) override;

 private:
  using OnAnswer = std::function<void(const Message&)>;
  struct Wish {  // sent again until it is answered
    Message message;
    OnAnswer on_answer;
  };

  void Ask(Message message, OnAnswer on_answer);
  void SendAll();
  void SubmitBatch(std::uint64_t number);
  void Submitted(std::uint64_t number, BatchId batch);
  void PlanFor(Duration wait, std::function<void()> then);
  void AskWhy();

  Stage& stage_;
  Network& network_;
  const Scenario& scenario_;
  ServerProcess& server_;
  Rng rng_;
  Network::LinkId link_ = 0;
  bool faults_ = true;
  std::uint64_t next_request_ = 1;
  std::uint64_t planned_ = 0;
  std::map<std::uint64_t, Wish> wishes_;
  std::map<BatchId, std::uint64_t> batches_;  // to their numbers
};

}  // namespace picube::sim
