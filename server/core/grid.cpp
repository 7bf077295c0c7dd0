// The doors: what comes in, who may send it, what goes out.
#include "server/core/grid.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "server/core/impl.h"

namespace picube {

Grid::Impl::Impl(GridOptions options, Rng rng)
    : options_(std::move(options)),
      rng_(rng),
      policy_(MakePolicy(options_.policy, options_.work_ahead)),
      scaler_(options_.scaling) {}

void Grid::Impl::Step(Input input, Moment moment) {
  now_ = moment.now;
  wall_ = moment.wall;
  ++steps_;
  Dispatch(input);
  FinishStep();
}

void Grid::Impl::Dispatch(Input& input) {
  if (!read_only_why_.empty()) {
    const bool own =
        std::holds_alternative<SplitStep>(input) || std::holds_alternative<SplitFailed>(input) ||
        std::holds_alternative<ProductReady>(input) || std::holds_alternative<MergeFailed>(input);
    if (own) {  // at most one a batch is under way
      held_.push_back(std::move(input));
      return;
    }
    auto* peer = std::get_if<FromPeer>(&input);
    if (peer != nullptr && AnsweredReadOnly(*peer)) return;
  }
  std::visit([this](auto& kind) { Do(kind); }, input);
}

void Grid::Impl::FinishStep() {
  JudgeTouched();
  while (!moved_.empty()) {
    const BatchId id = moved_.back();
    moved_.pop_back();
    if (Batch* batch = FindBatch(id)) {
      batch->moved = false;
      if (read_only_why_.empty()) MoveBatch(*batch);
    }
  }
  if ((work_appeared_ || tail_due_) && read_only_why_.empty()) ServeParked();
  for (auto& [id, leases] : cancels_) Push(*FindHost(id), Cancel{std::move(leases)});
  cancels_.clear();
}

void Grid::Impl::TakeReady(Ready& into) {
  for (const BatchId id : dirty_batches_) {
    Batch* batch = FindBatch(id);
    if (batch == nullptr) continue;
    batch->dirty = false;
    ready_out_.events.push_back(BatchChanged{id});
  }
  for (const HostId id : dirty_hosts_) {
    FindHost(id)->dirty = false;
    ready_out_.events.push_back(HostChanged{id});
  }
  dirty_batches_.clear();
  dirty_hosts_.clear();
  into.records.clear();
  into.messages.clear();
  into.events.clear();
  std::swap(into, ready_out_);
}

void Grid::Impl::Emit(Record record) {
  std::visit([this](const auto& kind) { Do(kind); }, record);
  ready_out_.records.push_back(std::move(record));
}

void Grid::Impl::Send(ReplyTo reply, Message message) {
  if (reply.connection == 0) return;
  ready_out_.messages.push_back(
      {reply.connection, reply.request, std::move(message), reply.version});
}

void Grid::Impl::Push(const Host& host, Message message) {
  Send({.connection = host.connection, .request = 0}, std::move(message));
}

void Grid::Impl::Refuse(ReplyTo reply, ErrorKind kind, std::string what, std::string next) {
  Send(reply, Refused{kind, std::move(what), std::move(next)});
}

void Grid::Impl::Log(LogLine::Level level, std::string text) {
  ready_out_.events.push_back(LogLine{level, std::move(text)});
}

void Grid::Impl::MarkBatch(Batch& batch) {
  if (batch.dirty) return;
  batch.dirty = true;
  dirty_batches_.push_back(batch.Id());
}

void Grid::Impl::MarkHost(Host& host) {
  if (host.dirty) return;
  host.dirty = true;
  dirty_hosts_.push_back(host.Id());
}

// --- Who may send what -------------------------------------------------------------------------

void Grid::Impl::Do(FromPeer& input) {
  if (auto* enrol = std::get_if<Enrol>(&input.message)) return DoEnrol(input, *enrol);
  Host* host = FindHost(input.host);
  if (host == nullptr || host->retired) {
    return Refuse(input.reply, ErrorKind::kRefused, "This key is not known here, or was retired.",
                  "Join again with a new code.");
  }
  if (host->IsHost()) {
    DoHostMessage(*host, input);
  } else {
    DoOperatorMessage(*host, input);
  }
}

void Grid::Impl::DoHostMessage(Host& host, FromPeer& input) {
  Heard(host, input.reply.connection);
  if (auto* report = std::get_if<Report>(&input.message)) {
    DoReport(host, input, *report);
  } else if (auto* ask = std::get_if<AskWork>(&input.message)) {
    DoAsk(host, input.reply, *ask);
  } else if (auto* heartbeat = std::get_if<Heartbeat>(&input.message)) {
    DoHeartbeat(host, input.reply, *heartbeat);
  } else if (auto* hello = std::get_if<Hello>(&input.message)) {
    DoHello(host, input.reply, *hello);
  } else if (auto* goodbye = std::get_if<Goodbye>(&input.message)) {
    DoGoodbye(host, *goodbye);
  } else if (auto* taken = std::get_if<SettingsTaken>(&input.message)) {
    DoSettingsTaken(host, *taken);
  } else {
    Refuse(input.reply, ErrorKind::kRefused, "A worker's key may not do this.",
           "Use an operator's key.");
  }
}

void Grid::Impl::DoOperatorMessage(Host& operator_, FromPeer& input) {
  if (auto* submit = std::get_if<Submit>(&input.message)) {
    DoSubmit(operator_, input.reply, *submit);
  } else if (auto* control = std::get_if<Control>(&input.message)) {
    DoControl(operator_, input.reply, *control);
  } else {
    Refuse(input.reply, ErrorKind::kRefused,
           "The rules of the grid have no answer to this message.");
  }
}

bool Grid::Impl::AnsweredReadOnly(FromPeer& input) {
  const auto no_work = [this] {
    return NoWork{NoWorkReason::kReadOnly, static_cast<std::uint32_t>(1000 + rng_.Below(4000))};
  };
  if (const auto* report = std::get_if<Report>(&input.message)) {
    Ack ack;
    for (const UnitResult& result : report->results) {
      ack.not_taken.push_back({result.lease, "the server cannot write its journal", true});
    }
    if (report->ask) ack.no_work = no_work();
    Send(input.reply, std::move(ack));
    return true;
  }
  if (std::holds_alternative<AskWork>(input.message)) {
    Send(input.reply, no_work());
    return true;
  }
  if (std::holds_alternative<Goodbye>(input.message)) return true;  // its leases end by silence
  if (std::holds_alternative<Submit>(input.message) ||
      std::holds_alternative<Control>(input.message) ||
      std::holds_alternative<Enrol>(input.message)) {
    Refuse(input.reply, ErrorKind::kStore, "The server is read-only: " + read_only_why_ + ".",
           "Try again when this is mended.");
    return true;
  }
  return false;
}

void Grid::Impl::Do(StoreTrouble& input) {
  const bool mended = input.why.empty() && !read_only_why_.empty();
  read_only_why_ = std::move(input.why);
  if (!mended) return;
  RenewAll();
  RecordHellos();
  for (auto& [id, batch] : batches_) MarkMoved(*batch);
  std::deque<Input> held = std::exchange(held_, {});
  for (Input& one : held) Dispatch(one);
}

// --- Grid --------------------------------------------------------------------------------------

Grid::Grid(GridOptions options, Rng rng) : impl_(std::make_unique<Impl>(std::move(options), rng)) {}
Grid::~Grid() = default;
void Grid::SetEndpoints(std::vector<std::string> endpoints) {
  impl_->SetEndpoints(std::move(endpoints));
}
void Grid::Step(Input input, Moment moment) { impl_->Step(std::move(input), moment); }
Ready Grid::TakeReady() {
  Ready ready;
  impl_->TakeReady(ready);
  return ready;
}
void Grid::TakeReady(Ready& into) { impl_->TakeReady(into); }
std::optional<Instant> Grid::NextDeadline() const { return impl_->NextDeadline(); }
void Grid::Apply(const Record& record, Instant at) { impl_->Apply(record, at); }
void Grid::WriteSnapshot(const std::function<void(const Record&)>& sink) const {
  impl_->WriteSnapshot(sink);
}
void Grid::CheckInvariants() const { impl_->CheckInvariants(); }
std::uint64_t Grid::StateHash() const { return impl_->StateHash(); }

std::optional<BatchInfo> Grid::DescribeBatch(BatchId id) const {
  const Batch* batch = std::as_const(*impl_).FindBatch(id);
  if (batch == nullptr) return {};
  return impl_->DescribeBatch(*batch);
}
const Submit* Grid::SubmissionOf(BatchId id) const {
  const Batch* batch = std::as_const(*impl_).FindBatch(id);
  return batch == nullptr ? nullptr : &batch->submitted.submit;
}
std::optional<HostInfo> Grid::DescribeHost(HostId id, Instant now) const {
  const Host* host = std::as_const(*impl_).FindHost(id);
  if (host == nullptr) return {};
  return impl_->DescribeHost(*host, now);
}
std::optional<HostId> Grid::FindHost(std::string_view name) const {
  return impl_->FindHostByName(name);
}
std::vector<BatchId> Grid::LiveBatches() const {
  std::vector<BatchId> ids;
  for (const auto& [id, batch] : impl_->batches()) ids.push_back(id);
  return ids;
}
std::vector<HostId> Grid::Hosts() const {
  std::vector<HostId> ids;
  for (const auto& host : impl_->hosts()) ids.push_back(host->Id());
  return ids;
}
ServerInfo Grid::DescribeServer() const { return impl_->DescribeServer(); }
std::vector<AdmittedKey> Grid::Admitted(WallTime now) const { return impl_->Admitted(now); }
void Grid::ReferencedBlobs(const std::function<void(const Digest&)>& callback) const {
  impl_->ReferencedBlobs(callback);
}
Grid::ResultUse Grid::UseOf(HostId host, const UnitResult& result, bool sealed) const {
  return impl_->UseOf(host, result, sealed);
}
Answer Grid::ExplainUnit(UnitId unit, Instant now) const { return impl_->ExplainUnit(unit, now); }
Answer Grid::ExplainHost(HostId host, Instant now) const { return impl_->ExplainHost(host, now); }
Answer Grid::ExplainBatch(BatchId batch, Instant now) const {
  return impl_->ExplainBatch(batch, now);
}

}  // namespace picube
