#include "simulation/operator_process.h"

#include <utility>

#include "simulation/dice.h"

namespace picube::sim {
namespace {

enum Part : std::uint64_t { kOperatorPart = 80, kOperatorLink = 81 };

constexpr Duration kSendAgain = 10s;
constexpr Duration kAskWhyMost = 10min;
constexpr Duration kRetryAfterMost = 40min;
constexpr std::int64_t kCodeSeconds = 1000 * 3600;  // longer than any jump of the wall clock

LinkNature OperatorLink(const Scenario& scenario) {
  // As bad as the first host's.
  return scenario.hosts.front().link;
}

}  // namespace

OperatorProcess::OperatorProcess(Stage& stage, Network& network, const Scenario& scenario,
                                 ServerProcess& server)
    : stage_(stage),
      network_(network),
      scenario_(scenario),
      server_(server),
      rng_(RngFor(scenario.seed, kOperatorPart)) {
  link_ = network_.AddLink("operator", OperatorLink(scenario), RngFor(scenario.seed, kOperatorLink),
                           this);
}

void OperatorProcess::Boot() {
  network_.Connect(link_, SimTransportKey("operator"));
  for (std::uint64_t i = 0; i < scenario_.batches.size(); ++i) {
    PlanFor(scenario_.batches[i].submitted_after, [this, i] { SubmitBatch(i); });
  }
  stage_.queue.After(kSendAgain, [this] { SendAll(); });
  AskWhy();
}

void OperatorProcess::PlanFor(Duration wait, std::function<void()> then) {
  ++planned_;
  stage_.queue.After(wait, [this, then = std::move(then)] {
    --planned_;
    then();
  });
}

// --- Wishes
// -----------------------------------------------------------------------------------------

void OperatorProcess::Ask(Message message, OnAnswer on_answer) {
  const std::uint64_t request = next_request_++;
  network_.SendToServer(link_, Envelope{.request = request, .message = message});
  wishes_[request] = Wish{std::move(message), std::move(on_answer)};
}

void OperatorProcess::SendAll() {
  for (const auto& [request, wish] : wishes_) {
    network_.SendToServer(link_, Envelope{.request = request, .message = wish.message});
  }
  stage_.queue.After(kSendAgain, [this] { SendAll(); });
}

void OperatorProcess::SubmitBatch(std::uint64_t number) {
  const BatchNature& nature = scenario_.batches[number];
  Submit submit{.name = nature.name,
                .application = "sim",
                .parameters = {},
                .files = {},
                .replication = nature.replication,
                .priority = nature.priority,
                .request_key = nature.name};
  if (nature.file_bytes != 0) {
    const Bytes file = FileBytes(scenario_, number);
    server_.PutBlob(file);
    submit.files.push_back({"recording.sim", {SimDigest(file), file.size()}});
  }
  Ask(std::move(submit), [this, number](const Message& answer) {
    if (const auto* made = std::get_if<picube::Submitted>(&answer)) {
      Submitted(number, made->batch);
    } else if (const auto* no = std::get_if<Refused>(&answer); no->kind == ErrorKind::kStore) {
      PlanFor(kSendAgain, [this, number] { SubmitBatch(number); });  // read-only: later
    } else {
      stage_.Fail("a good submission was refused: " + no->what);
    }
  });
}

void OperatorProcess::Submitted(std::uint64_t number, BatchId batch) {
  const auto [known, fresh] = batches_.emplace(batch, number);
  stage_.Require(known->second == number, "two submissions became one batch");
  if (!fresh) return;
  const BatchNature& nature = scenario_.batches[number];
  const auto ignore = [](const Message&) {};
  if (nature.cancelled_after) {
    PlanFor(*nature.cancelled_after, [this, batch, ignore] {
      Ask(Control{.kind = ControlKind::kCancelBatch, .id = batch.value, .text = {}}, ignore);
    });
  }
  if (nature.new_priority) {
    PlanFor(Between(rng_, Duration(0), kRetryAfterMost), [this, batch, number, ignore] {
      const std::int32_t priority = *scenario_.batches[number].new_priority;
      Ask(
          Control{
              .kind = ControlKind::kSetPriority, .id = batch.value, .text = {}, .number = priority},
          ignore);
    });
  }
  if (nature.retried) {
    PlanFor(Between(rng_, Duration(0), kRetryAfterMost), [this, batch, ignore] {
      Ask(Control{.kind = ControlKind::kRetryFailed, .id = batch.value, .text = {}}, ignore);
    });
  }
}

void OperatorProcess::Invite(WorkerProcess& worker) {
  Ask(Control{.kind = ControlKind::kInvite, .text = worker.Nature().owner, .number = kCodeSeconds},
      [&worker, this](const Message& answer) {
        if (const auto* done = std::get_if<picube::Done>(&answer)) {
          worker.Invite(done->text);
        } else {
          PlanFor(kSendAgain, [this, &worker] { Invite(worker); });
        }
      });
}

// Explanations come from the predicates of the scheduler: asking must never change or break
// anything.
void OperatorProcess::AskWhy() {
  stage_.queue.After(Between(rng_, Duration(1s), kAskWhyMost), [this] {
    if (!faults_) return;
    constexpr QueryKind kKinds[] = {QueryKind::kServer,      QueryKind::kBatches,
                                    QueryKind::kHosts,       QueryKind::kExplainUnit,
                                    QueryKind::kExplainHost, QueryKind::kExplainBatch};
    const QueryKind kind = kKinds[rng_.Below(std::size(kKinds))];
    Query query{.kind = kind, .id = 1 + rng_.Below(100), .name = {}};
    if (kind == QueryKind::kExplainHost) query.id %= 10;
    if (kind == QueryKind::kExplainBatch) query.id %= 6;
    network_.SendToServer(link_, Envelope{.request = next_request_++, .message = query});
    AskWhy();
  });
}

// --- The link
// ---------------------------------------------------------------------------------------

void OperatorProcess::OnConnected() {
  for (const auto& [request, wish] : wishes_) {
    network_.SendToServer(link_, Envelope{.request = request, .message = wish.message});
  }
}

void OperatorProcess::OnConnectRefused() { stage_.Fail("the door refuses the operator"); }

void OperatorProcess::OnConnectFailed() {
  stage_.queue.After(Between(rng_, Duration(1s), Duration(10s)), [this] {
    if (!network_.Connected(link_)) network_.Connect(link_, SimTransportKey("operator"));
  });
}

void OperatorProcess::OnMessage(const Envelope& envelope) {
  const auto found = wishes_.find(envelope.request);
  if (found == wishes_.end()) return;  // answered already, or a query
  const Wish wish = std::move(found->second);
  wishes_.erase(found);
  wish.on_answer(envelope.message);
}

}  // namespace picube::sim
