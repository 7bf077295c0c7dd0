#include "simulation/worker_process.h"

#include <algorithm>
#include <utility>

#include "protocol/base/limits.h"
#include "simulation/dice.h"

namespace picube::sim {
namespace {

enum Part : std::uint64_t { kWorkerPart = 60, kAgentPart = 61, kLinkPart = 62 };

constexpr Duration kReconnectMost = 20s;
constexpr Duration kEnrolRetry = 5s;
constexpr Duration kRestart = 30s;  // of a process that ended unasked, as a service manager does
constexpr std::int64_t kMillion = 1'000'000;

AgentOptions OptionsFor(const HostNature& nature) {
  AgentOptions options;
  options.facts.software = "picube-sim";
  options.facts.board = "simulated board";
  options.facts.isa = "sim";
  options.facts.os = "sim";
  options.facts.cores = 4;
  options.facts.memory_bytes = 1ULL << 30;
  options.facts.disk_bytes = 8ULL << 30;
  options.facts.benchmark_flops = static_cast<double>(nature.flop_per_second);
  options.facts.applications = {{.name = "sim", .version = 1}};
  options.threads = 4;
  options.cache_bytes = 256 * 1024;  // small, so that blobs are dropped and fetched again
  return options;
}

}  // namespace

WorkerProcess::WorkerProcess(Stage& stage, Network& network, const Scenario& scenario,
                             const HostNature& nature, std::uint64_t number)
    : stage_(stage),
      network_(network),
      scenario_(scenario),
      nature_(nature),
      rng_(RngFor(scenario.seed, kWorkerPart, number)),
      number_(number),
      signing_key_(SimSigningKey(nature.name)),
      transport_key_(SimTransportKey(nature.name)) {
  link_ =
      network_.AddLink(nature.name, nature.link, RngFor(scenario.seed, kLinkPart, number), this);
}

Instant WorkerProcess::LocalNow() const {
  const std::int64_t now = stage_.queue.Now().us;
  return Instant{now + now * nature_.clock_drift_ppm / kMillion} + nature_.clock_origin +
         clock_jump_;
}

void WorkerProcess::RunLater(Duration wait, EventQueue::Action action) {
  stage_.queue.After(wait, [this, life = life_, action = std::move(action)] {
    if (power_ != Power::kOff && life_ == life) action();
  });
}

// --- Life
// -------------------------------------------------------------------------------------------

void WorkerProcess::Invite(std::string code) {
  if (disk_.enrolled || !code_.empty()) return;
  code_ = std::move(code);
  if (power_ == Power::kEnrolling) network_.Connect(link_, SimTransportKey(code_));
}

void WorkerProcess::Boot() {
  if (Up() || gone_) return;
  ++life_;
  stage_.Note(nature_.name, "boots");
  if (disk_.enrolled) return StartAgent();
  power_ = Power::kEnrolling;
  Enroll();
}

void WorkerProcess::Enroll() {
  if (!code_.empty()) return network_.Connect(link_, SimTransportKey(code_));
  wants_invitation_ = true;
}

void WorkerProcess::SendEnrol() {
  Enrol enrol{.name = nature_.name,
              .transport_key = transport_key_,
              .signing_key = signing_key_,
              .proof = {}};
  network_.SendToServer(link_, Envelope{.request = 1, .message = std::move(enrol)});
  RunLater(kEnrolRetry, [this] {
    if (power_ == Power::kEnrolling && network_.Connected(link_)) SendEnrol();
  });
}

void WorkerProcess::StartAgent() {
  power_ = Power::kRunning;
  agent_.emplace(OptionsFor(nature_), RngFor(scenario_.seed, kAgentPart, (number_ << 32) + life_));
  agent::Started started;
  for (const auto& [lease, result] : disk_.results) {
    started.results.push_back(result);
    const bool is_inline = result.payload_bytes <= limits::kInlinePayloadBytes;
    if (!is_inline) started.results.back().payload.clear();
  }
  for (const auto& [lease, work] : disk_.leases) started.leases.push_back(work);
  for (const auto& [blob, bytes] : disk_.blobs) started.blobs.push_back(blob);
  Feed(std::move(started));
  network_.Connect(link_, transport_key_);
}

void WorkerProcess::Die() {
  EndKernel();
  network_.Close(link_);
  agent_.reset();
  ++life_;
  power_ = Power::kOff;
  tried_own_key_ = false;
  hung_until_.reset();
  backlog_.clear();
  memory_results_.clear();
  deadline_.reset();
}

void WorkerProcess::Crash() {
  if (!Up()) return;
  stage_.Note(nature_.name, "killed");
  Die();
}

void WorkerProcess::Leave() {
  if (power_ == Power::kRunning) {
    stage_.Note(nature_.name, "asked to stop");
    Feed(agent::StopAsked{});
  } else {
    Crash();
  }
}

void WorkerProcess::Hang(Duration span) {
  if (power_ != Power::kRunning || hung_until_) return;
  stage_.Note(nature_.name, "hangs");
  hung_until_ = stage_.queue.Now() + span;
  RunLater(span, [this] {
    hung_until_.reset();
    stage_.Note(nature_.name, "goes on");
    for (agent::Input& input : std::exchange(backlog_, {})) Feed(std::move(input));
    Feed(agent::Tick{});
  });
}

void WorkerProcess::SetDiskFull(bool full) {
  if (disk_full_ == full) return;
  disk_full_ = full;
  stage_.Note(nature_.name, full ? "disk full" : "disk has room");
  if (power_ == Power::kRunning) Feed(agent::SpoolTrouble{full ? "no space left on device" : ""});
}

void WorkerProcess::EndFaults() {
  faults_ = false;
  SetDiskFull(false);
  Boot();
}

bool WorkerProcess::Idle() const {
  return disk_.results.empty() && disk_.leases.empty() && (!agent_ || agent_->Idle());
}

// --- The link
// ---------------------------------------------------------------------------------------

void WorkerProcess::OnConnected() {
  if (power_ == Power::kRunning) return Feed(agent::Connected{});
  if (power_ != Power::kEnrolling) return;
  if (!tried_own_key_) return SendEnrol();
  // The door knows our own key: the answer to Enrol was lost, not the enrolment.
  disk_.enrolled = true;
  StartAgent();
}

// A used or expired code. If the enrolment arrived and only its answer was lost, the door knows our
// own key by now; otherwise a new code is needed.
void WorkerProcess::OnConnectRefused() {
  if (power_ == Power::kRunning) {
    return stage_.Fail(nature_.name + " is enrolled, but the door refuses it");
  }
  if (power_ != Power::kEnrolling) return;
  if (!std::exchange(tried_own_key_, true)) return network_.Connect(link_, transport_key_);
  tried_own_key_ = false;
  code_.clear();
  Enroll();
}

void WorkerProcess::OnConnectFailed() {
  if (power_ == Power::kOff) return;
  RunLater(Between(rng_, Duration(1s), kReconnectMost), [this] {
    if (power_ == Power::kRunning || tried_own_key_) {
      network_.Connect(link_, transport_key_);
    } else if (!code_.empty()) {
      network_.Connect(link_, SimTransportKey(code_));
    }
  });
}

void WorkerProcess::OnDisconnected() {
  if (power_ == Power::kRunning) Feed(agent::Disconnected{});
  OnConnectFailed();
}

void WorkerProcess::OnMessage(const Envelope& envelope) {
  if (power_ == Power::kRunning) {
    return Feed(agent::FromServer{.request = envelope.request, .message = envelope.message});
  }
  if (power_ != Power::kEnrolling || !std::holds_alternative<Enrolled>(envelope.message)) return;
  disk_.enrolled = true;
  StartAgent();
}

// --- The agent
// --------------------------------------------------------------------------------------

void WorkerProcess::Feed(agent::Input input) {
  if (!agent_) return;
  if (hung_until_) {
    backlog_.push_back(std::move(input));
    return;
  }
  agent_->Step(std::move(input), LocalNow());
  agent_->CheckInvariants();
  Act();
  ScheduleDeadline();
}

void WorkerProcess::Act() {
  const std::uint64_t life = life_;
  for (agent::Action& action : agent_->TakeActions()) {
    std::visit([this](auto& wanted) { Do(wanted); }, action);
    if (life != life_) return;  // it was the last one
  }
}

void WorkerProcess::ScheduleDeadline() {
  if (!agent_) return;
  const std::optional<Instant> due = agent_->NextDeadline();
  if (due == deadline_) return;
  deadline_ = due;
  const std::uint64_t number = ++deadline_number_;
  if (!due) return;
  // A microsecond a million more covers a clock that is slow.
  const Duration wait = std::max(*due - LocalNow(), Duration(0));
  RunLater(wait + wait / 1000 + Duration(1), [this, number] {
    if (number != deadline_number_) return;
    deadline_.reset();
    Feed(agent::Tick{});
  });
}

}  // namespace picube::sim
