#include "server/gateway/decider.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "protocol/base/check.h"
#include "server/store/record_codec.h"

namespace picube {
namespace {

// A chunk of a snapshot: large enough to be cheap, small enough to leave no commit long.
constexpr std::size_t kSnapshotChunk = 1 << 20;

bool ForProjection(const Event& event) {
  return std::holds_alternative<UnitClosed>(event) ||
         std::holds_alternative<ResultDisagreed>(event) ||
         std::holds_alternative<LeasesOver>(event) || std::holds_alternative<BatchArchived>(event);
}
bool ForShell(const Event& event) {
  return !std::holds_alternative<UnitClosed>(event) && !std::holds_alternative<LeasesOver>(event);
}

// How long a snapshot waits that did not fit on the disk.
constexpr Duration kRetryHouseworkEvery = 30s;

}  // namespace

Clocks Clocks::OfMachine() {
  return {.monotonic_us =
              [] {
                timespec t{};
                clock_gettime(CLOCK_MONOTONIC, &t);
                return static_cast<std::int64_t>(t.tv_sec) * 1'000'000 + t.tv_nsec / 1000;
              },
          .wall_ms =
              [] {
                timespec t{};
                clock_gettime(CLOCK_REALTIME, &t);
                return static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
              }};
}

Decider::Decider(DeciderOptions options, Journal& journal, Projection& projection)
    : options_(std::move(options)),
      journal_(journal),
      projection_(projection),
      grid_(std::make_unique<Grid>(options_.grid, Rng(options_.seed))) {}

Result<std::unique_ptr<Decider>> Decider::Open(DeciderOptions options, Journal& journal,
                                               Projection& projection) {
  std::unique_ptr<Decider> decider(new Decider(std::move(options), journal, projection));
  if (Status restored = decider->Restore(); !restored) return std::unexpected(restored.error());
  decider->BeginTurn();
  decider->Step(TakeOver{decider->options_.restored});
  return decider;
}

Status Decider::Restore() {
  moment_.wall.ms = options_.clocks.wall_ms();
  const auto apply = [this](Instant at, BytesView bytes) -> Status {
    auto records = DecodeRecords(bytes);
    if (!records) return std::unexpected(records.error());
    for (const Record& record : *records) grid_->Apply(record, at);
    return {};
  };
  const auto on_row = [&](std::uint64_t seq, Instant at, BytesView bytes) -> Status {
    if (Status applied = apply(at, bytes); !applied) {
      return Fail(ErrorKind::kStore,
                  "journal row " + std::to_string(seq) + ": " + applied.error().what,
                  "Run `picube-server verify`; restore the newest backup that it calls sound.");
    }
    Ready ready = grid_->TakeReady();
    Post(seq, ready.events);
    return {};
  };
  // Rows are posted to the tables when they are durable: if the tables know more, the journal has
  // lost rows that were acknowledged. Their numbers would be given out again, and the tables would
  // take the new rows for the old ones.
  if (projection_.Cursor() > journal_.LastSeq()) {
    return Fail(ErrorKind::kStore,
                "The journal ends at row " + std::to_string(journal_.LastSeq()) +
                    ", but the tables for people have row " + std::to_string(projection_.Cursor()) +
                    " already: the end of the journal was lost or damaged, or it is an older copy.",
                "Keep a copy of the folder, and restore journal and tables together from the "
                "newest backup.");
  }
  auto summary = journal_.Restore({.snapshot_at_most = projection_.Cursor()}, apply, on_row);
  if (!summary) return std::unexpected(summary.error());
  static_cast<void>(grid_->TakeReady());  // a snapshot alone makes no events that count
  clock_offset_us_ = summary->last_at.us + 1 - options_.clocks.monotonic_us();
  return {};
}

void Decider::BeginTurn() {
  const Instant now{options_.clocks.monotonic_us() + clock_offset_us_};
  moment_.now = std::max(now, moment_.now);
  moment_.wall.ms = options_.clocks.wall_ms();
}

void Decider::StepIfDue() {
  const auto due = grid_->NextDeadline();
  if (due && *due <= moment_.now) Step(Tick{});
}

void Decider::StageReady() {
  Ready ready = grid_->TakeReady();
  stepped_ = false;
  if (ready.Empty()) return;
  Pending pending;
  if (!ready.records.empty()) {
    row_.clear();
    EncodeRecords(ready.records, row_);
    record_bytes_ += row_.size();
    pending.seq = journal_.Append(moment_.now, row_);
    ready.records.clear();
  }
  pending.ready = std::move(ready);
  pending_.push_back(std::move(pending));
}

void Decider::SetTrouble(const std::string& why) {
  if (why == trouble_) return;
  trouble_ = why;
  Step(StoreTrouble{why});
}

Status Decider::Flush(Released& out) {
  StageReady();
  if (Status committed = journal_.Commit(); !committed) {
    SetTrouble(committed.error().what);
    StageReady();
    ReleasePromiseless(out);
    return committed;
  }
  Release(out);
  const Status projected = projection_.Health();
  SetTrouble(projected ? std::string() : projected.error().what);
  return projected;
}

// While the journal fails: answers that record nothing ("read-only") go out. The core is told of
// the trouble before it steps again, so none of them acknowledges what is not durable. Events wait.
void Decider::ReleasePromiseless(Released& out) {
  for (Pending& pending : pending_) {
    NoteChanges(pending.ready.events);
    if (pending.seq != 0) continue;
    auto& messages = pending.ready.messages;
    std::move(messages.begin(), messages.end(), std::back_inserter(out.messages));
    messages.clear();
  }
  std::erase_if(pending_, [](const Pending& p) { return p.seq == 0 && p.ready.Empty(); });
}

// Which batches and hosts are to be described anew; that alone is no reason to keep an entry.
void Decider::NoteChanges(std::vector<Event>& events) {
  std::erase_if(events, [this](const Event& event) {
    if (const auto* batch = std::get_if<BatchChanged>(&event)) {
      changed_batches_.insert(batch->batch);
    } else if (const auto* host = std::get_if<HostChanged>(&event)) {
      changed_hosts_.insert(host->host);
    } else {
      return false;
    }
    return true;
  });
}

void Decider::Release(Released& out) {
  for (Pending& pending : pending_) {
    auto& messages = pending.ready.messages;
    if (out.messages.empty()) {
      out.messages = std::move(messages);
    } else {
      std::move(messages.begin(), messages.end(), std::back_inserter(out.messages));
    }
    NoteChanges(pending.ready.events);
    for (const Event& event : pending.ready.events) {
      if (ForShell(event)) out.events.push_back(event);
    }
    if (pending.seq != 0) Post(pending.seq, pending.ready.events);
  }
  pending_.clear();
}

void Decider::Post(std::uint64_t seq, std::vector<Event>& events) {
  std::erase_if(events, [](const Event& event) { return !ForProjection(event); });
  projection_.Post(seq, moment_.wall, std::move(events));
}

bool Decider::WantsFlush() const {
  return !pending_.empty() || journal_.SnapshotPending() || journal_.PrunePending();
}

void Decider::Housekeep() {
  // The projection's queue has no bound while its store fails, and a snapshot needs room.
  if (!trouble_.empty()) return;
  for (const BatchId batch : std::exchange(changed_batches_, {})) {
    auto info = grid_->DescribeBatch(batch);
    const Submit* submit = grid_->SubmissionOf(batch);
    if (info && submit != nullptr) projection_.PostBatch(std::move(*info), *submit);
  }
  for (const HostId host : std::exchange(changed_hosts_, {})) {
    auto info = grid_->DescribeHost(host, moment_.now);
    if (info) projection_.PostHost(std::move(*info));
  }
  journal_.AllowPruneTo(projection_.Cursor());
  if (moment_.now - housework_retried_ >= kRetryHouseworkEvery) {
    housework_retried_ = moment_.now;
    journal_.RetryHousework();
  }
  if (journal_.BytesSinceSnapshot() > options_.snapshot_bytes && !journal_.SnapshotPending()) {
    Snapshot();
  }
}

void Decider::Snapshot() {
  if (!pending_.empty() || journal_.LastSeq() != journal_.DurableSeq()) return;
  if (journal_.LastSeq() == journal_.SnapshotSeq()) return;
  journal_.BeginSnapshot(journal_.LastSeq(), moment_.now);
  Bytes chunk;
  std::vector<Record> records;
  std::size_t weight = 0;
  const auto flush = [&] {
    if (records.empty()) return;
    chunk.clear();
    EncodeRecords(records, chunk);
    journal_.AddSnapshotChunk(chunk);
    records.clear();
    weight = 0;
  };
  grid_->WriteSnapshot([&](const Record& record) {
    records.push_back(record);
    // The core bounds each record to about 64 KiB.
    if (++weight >= kSnapshotChunk / (64 * 1024)) flush();
  });
  flush();
  journal_.EndSnapshot();
}

std::chrono::milliseconds Decider::UntilDue(std::chrono::milliseconds most,
                                            Instant next_flush) const {
  if (!trouble_.empty()) return std::min(most, std::chrono::milliseconds(500));
  std::optional<Instant> due = grid_->NextDeadline();
  if (stepped_ || WantsFlush()) due = due ? std::min(*due, next_flush) : next_flush;
  if (!due) return most;
  const std::int64_t now = options_.clocks.monotonic_us() + clock_offset_us_;
  const std::int64_t left_ms = (due->us - now + 999) / 1000;
  return std::clamp(std::chrono::milliseconds(left_ms), std::chrono::milliseconds(0), most);
}

}  // namespace picube
