// Submission, splitting, merging, cancelling, retrying.
#include <algorithm>

#include "protocol/base/grid_parameters.h"
#include "server/core/impl.h"

namespace picube {
namespace {

// Units wait on the server with their inputs, so these are bounded too; but one may be as large as
// it likes if nothing else is left.
bool WantsMoreUnits(const Batch& batch, std::size_t most) {
  if (batch.Live() == 0) return true;
  return batch.Live() <= most && batch.input_bytes <= limits::kInputBytesAhead;
}

}  // namespace

std::optional<Error> Grid::Impl::WrongWith(const Submit& submit) const {
  const auto wrong = [](std::string what, std::string next = {}) {
    return Error{ErrorKind::kUser, std::move(what), std::move(next)};
  };
  if (!options_.applications.contains(submit.application)) {
    std::string names;
    for (const auto& [name, version] : options_.applications) {
      names += (names.empty() ? "" : ", ") + name;
    }
    return wrong("There is no application " + submit.application + ".", "It has: " + names + ".");
  }
  if (submit.name.size() > limits::kNameBytes || submit.request_key.size() > limits::kNameBytes) {
    return wrong("A name has at most " + std::to_string(limits::kNameBytes) + " bytes.");
  }
  if (submit.files.size() > limits::kFilesPerBatch) {
    return wrong("A dataset has at most " + std::to_string(limits::kFilesPerBatch) + " files.");
  }
  if (submit.parameters.size() > limits::kParameterCount) {
    return wrong("A submission has at most " + std::to_string(limits::kParameterCount) +
                 " parameters.");
  }
  if (submit.priority < -20 || submit.priority > 20) {
    return wrong("A priority is from -20 to 20.");
  }
  const Replication& replication = submit.replication;
  const bool quorum = replication.kind == ReplicationKind::kQuorum;
  if (quorum && (replication.quorum < 1 || replication.quorum > limits::kMaxSuccesses)) {
    return wrong("A quorum is from 1 to " + std::to_string(limits::kMaxSuccesses) + ".");
  }
  return {};
}

// Hosts that are there count; if none is, those that were.
void Grid::Impl::AddGridFacts(Submit& submit) const {
  std::erase_if(submit.parameters, [](const auto& p) { return p.first.starts_with(kGridPrefix); });
  double slowest = 0;
  std::uint64_t memory = 0;
  for (const bool present : {true, false}) {
    for (const auto& host : hosts_) {
      if (!host->IsHost() || host->retired || host->present != present) continue;
      double speed = host->facts.benchmark_flops;
      for (const Speed& measured : host->speeds) {
        const bool same = applications_[measured.application].id.name == submit.application;
        if (same && measured.results > 0 && measured.mean > 0) speed = 1 / measured.mean;
      }
      if (speed > 0 && (slowest <= 0 || speed < slowest)) slowest = speed;
      memory = std::max(memory, host->facts.memory_bytes);
    }
    if (slowest > 0) break;
  }
  const auto whole = static_cast<std::uint64_t>(std::clamp(slowest, 0.0, 1e18));
  if (whole > 0) submit.parameters[std::string(kGridFlops)] = std::to_string(whole);
  if (memory > 0) submit.parameters[std::string(kGridMemory)] = std::to_string(memory);
}

void Grid::Impl::DoSubmit(Host& operator_, ReplyTo reply, Submit& submit) {
  const std::string& owner = operator_.enrolled.owner;
  if (!submit.request_key.empty()) {
    const auto it = request_keys_.find(KeyOf(owner, submit.request_key));
    if (it != request_keys_.end()) return Send(reply, Submitted{it->second});
  }
  if (std::optional<Error> wrong = WrongWith(submit)) {
    return Refuse(reply, wrong->kind, std::move(wrong->what), std::move(wrong->next));
  }
  if (batches_.size() >= limits::kLiveBatches) {
    return Refuse(reply, ErrorKind::kRefused,
                  std::to_string(batches_.size()) + " batches are live already.",
                  "Wait until some have ended.");
  }
  if (submit.name.empty()) {
    submit.name = submit.application;
    if (!submit.files.empty()) submit.name += ' ' + submit.files.front().name;
    if (submit.name.size() > limits::kNameBytes) submit.name.resize(limits::kNameBytes);
  }
  if (submit.replication.kind == ReplicationKind::kSingle) submit.replication.quorum = 1;
  AddGridFacts(submit);
  const BatchId id{next_batch_};
  const std::uint32_t version = options_.applications.find(submit.application)->second;
  Emit(BatchSubmitted{id, std::move(submit), version, owner, wall_});
  Send(reply, Submitted{id});
  MarkMoved(*FindBatch(id));
}

void Grid::Impl::Do(SplitStep& input) {
  Batch* batch = FindBatch(input.batch);
  if (batch == nullptr || batch->split) return;  // it was cancelled meanwhile
  batch->units_asked = false;
  for (const UnitsCreated::Unit& unit : input.units) {
    if (unit.parameters.size() <= limits::kParametersBytes &&
        unit.inputs.size() <= limits::kInputsPerUnit) {
      continue;
    }
    return EndBatch(*batch, BatchState::kFailed,
                    "a unit has " + std::to_string(unit.parameters.size()) +
                        " bytes of parameters and " + std::to_string(unit.inputs.size()) +
                        " inputs; at most " + std::to_string(limits::kParametersBytes) + " and " +
                        std::to_string(limits::kInputsPerUnit) + " are allowed",
                    {});
  }
  if (!input.units.empty()) {
    Emit(UnitsCreated{input.batch, UnitId{next_unit_}, std::move(input.units)});
  }
  if (input.last) {
    Emit(BatchSplit{input.batch});
  } else if (WantsMoreUnits(*batch, options_.units_ahead - 1)) {
    batch->units_asked = true;
    ready_out_.events.push_back(WantUnits{input.batch, batch->sums.units_created});
  }
}

void Grid::Impl::MoveBatch(Batch& batch) {
  if (!batch.split) {
    if (batch.units_asked || !WantsMoreUnits(batch, options_.units_ahead / 2)) return;
    batch.units_asked = true;
    ready_out_.events.push_back(WantUnits{batch.Id(), batch.sums.units_created});
    return;
  }
  if (batch.Live() > 0 || batch.merge_asked) return;
  if (batch.sums.settled > 0) {
    batch.merge_asked = true;
    ready_out_.events.push_back(WantMerge{batch.Id()});
    return;
  }
  std::string why = "the dataset has no units";
  if (!batch.failures.empty())
    why = "every unit failed; the first: " + batch.failures.begin()->second;
  EndBatch(batch, BatchState::kFailed, std::move(why), {});
}

void Grid::Impl::EndBatch(Batch& batch, BatchState state, std::string why,
                          std::vector<ProductFile> product) {
  for (const auto& [first, last] : batch.ranges) {
    units_.ForEach(first, last, [this](std::uint64_t, Unit& unit) { CancelLeases(unit); });
  }
  const auto level =
      state == BatchState::kFailed ? LogLine::Level::kWarning : LogLine::Level::kInfo;
  Log(level, "batch " + std::to_string(batch.Id().value) + " is " + std::string(Name(state)) +
                 (why.empty() ? "" : ": " + why));
  Emit(BatchEnded{batch.Id(), state, std::move(why), std::move(product), wall_});
}

void Grid::Impl::Do(SplitFailed& input) {
  Batch* batch = FindBatch(input.batch);
  if (batch == nullptr || batch->split) return;
  EndBatch(*batch, BatchState::kFailed, "could not be split: " + input.error.Text(), {});
}

void Grid::Impl::Do(ProductReady& input) {
  Batch* batch = FindBatch(input.batch);
  if (batch == nullptr || batch->State() != BatchState::kMerging) return;
  EndBatch(*batch, BatchState::kDone, {}, std::move(input.product));
}

void Grid::Impl::Do(MergeFailed& input) {
  Batch* batch = FindBatch(input.batch);
  if (batch == nullptr || batch->State() != BatchState::kMerging) return;
  EndBatch(*batch, BatchState::kFailed, "could not be merged: " + input.error.Text(), {});
}

void Grid::Impl::DoControl(Host& operator_, ReplyTo reply, Control& control) {
  switch (control.kind) {
    case ControlKind::kRetireHost: return DoRetire(reply, control);
    case ControlKind::kDrainHost: return DoDrain(reply, control);
    case ControlKind::kSetHost: return DoSetHost(reply, control);
    case ControlKind::kInvite:
      return Refuse(reply, ErrorKind::kProject, "The server makes join codes outside the core.");
    case ControlKind::kCancelBatch:
    case ControlKind::kSetPriority:
    case ControlKind::kRetryFailed: break;
  }
  Batch* batch = FindBatch(BatchId{control.id});
  if (batch == nullptr) {
    const std::string number = std::to_string(control.id);
    const bool ended = control.id > 0 && control.id < next_batch_;
    return Refuse(reply, ErrorKind::kUser,
                  ended ? "Batch " + number + " has ended; nothing of it can be changed any more."
                        : "There is no batch " + number + ".",
                  ended ? "See picube status " + number + "." : "See picube status.");
  }
  if (control.kind == ControlKind::kRetryFailed) return DoRetryFailed(reply, *batch);
  const std::string name = "batch " + std::to_string(control.id);
  if (control.kind == ControlKind::kCancelBatch) {
    EndBatch(*batch, BatchState::kCancelled, "cancelled by " + operator_.enrolled.name, {});
    return Send(reply, Done{name + " is cancelled."});
  }
  if (control.number < -20 || control.number > 20) {
    return Refuse(reply, ErrorKind::kUser, "A priority is from -20 to 20.");
  }
  Emit(BatchPriority{batch->Id(), static_cast<std::int32_t>(control.number)});
  Send(reply, Done{name + " has priority " + std::to_string(control.number) + "."});
}

void Grid::Impl::DoRetryFailed(ReplyTo reply, Batch& batch) {
  if (batch.State() == BatchState::kMerging) {
    return Refuse(reply, ErrorKind::kUser, "The batch is being merged without its failed units.",
                  "Submit it again.");
  }
  UnitsRetried record;
  for (const auto& [unit, why] : batch.failures) record.units.push_back(unit);
  const std::size_t units = record.units.size();
  if (units > 0) Emit(std::move(record));
  Send(reply,
       Done{std::to_string(units) + (units == 1 ? " unit is" : " units are") + " tried again."});
}

}  // namespace picube
