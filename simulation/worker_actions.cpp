#include <algorithm>
#include <utility>

#include "protocol/base/limits.h"
#include "simulation/dice.h"
#include "simulation/worker_process.h"

namespace picube::sim {
namespace {

constexpr Duration kDiskMost = 50ms;  // to write a result
constexpr Duration kPauseMost = 1s;   // until a kernel sees that it is to stop
constexpr Duration kCheckpointEvery = 60s;
constexpr Duration kBackMost = 2min;  // until a process that ended is started again

}  // namespace

// --- Messages
// ---------------------------------------------------------------------------------------

void WorkerProcess::Do(agent::Send& action) {
  auto* report = std::get_if<Report>(&action.message);
  if (report != nullptr) report->signature = SimSign(signing_key_, *report);
  if (report != nullptr && nature_.replays && faults_) Misbehave(*report);
  network_.SendToServer(link_, Envelope{.version = action.version,
                                        .request = action.request,
                                        .message = std::move(action.message)});
}

// Reports for leases that are not its own, old reports again, and reports with a bad signature.
void WorkerProcess::Misbehave(const Report& report) {
  const auto send = [this](Report forged) {
    network_.SendToServer(link_, Envelope{.request = 0, .message = std::move(forged)});
  };
  if (old_report_ && rng_.OneIn(3)) send(*old_report_);
  if (rng_.OneIn(3)) old_report_ = report;
  if (rng_.OneIn(3)) {
    Report others = report;
    others.ask.reset();
    for (UnitResult& result : others.results) result.lease.value += 1 + rng_.Below(5);
    others.signature = SimSign(signing_key_, others);
    send(std::move(others));
  }
}

void WorkerProcess::Do(agent::MaySleep&) {}
void WorkerProcess::Do(agent::TellPeers&) {}
void WorkerProcess::Do(agent::Log&) {}

void WorkerProcess::Do(agent::Exit& action) {
  stage_.Note(nature_.name, "exits with " + std::to_string(action.code));
  Die();
  if (gone_) return;
  stage_.queue.After(Between(rng_, Duration(1s), kBackMost), [this] { Boot(); });
}

// --- The spool
// --------------------------------------------------------------------------------------

void WorkerProcess::Do(agent::KeepLease& action) {
  if (!disk_full_) disk_.leases[action.work.lease] = action.work;
}

void WorkerProcess::Do(agent::DropLease& action) {
  disk_.leases.erase(action.lease);
  disk_.checkpoints.erase(action.lease);
}

void WorkerProcess::Do(agent::SpoolResult& action) {
  UnitResult result = std::move(action.result);
  const bool good = result.outcome == Outcome::kSuccess;
  result.digest = SimDigest(good ? result.payload : result.error_text);
  RunLater(Between(rng_, Duration(0), kDiskMost), [this, result = std::move(result)] {
    const LeaseId lease = result.lease;
    if (disk_full_) {
      memory_results_[lease] = result;
    } else {
      disk_.results[lease] = result;
      disk_.leases.erase(lease);
      disk_.checkpoints.erase(lease);
    }
    Feed(agent::ResultSpooled{.lease = lease, .digest = result.digest, .durable = !disk_full_});
  });
}

void WorkerProcess::Do(agent::ForgetResult& action) {
  disk_.results.erase(action.lease);
  // Its lease is still there if the disk had no room for the result.
  if (memory_results_.erase(action.lease) != 0) disk_.leases.erase(action.lease);
}

void WorkerProcess::Do(agent::SetResultAside&) {
  stage_.Fail(nature_.name + " had a result refused for good");
}

void WorkerProcess::Do(agent::ReadPayload& action) {
  const auto kept = disk_.results.find(action.lease);
  const auto in_memory = memory_results_.find(action.lease);
  agent::PayloadChunk answer{.lease = action.lease, .chunk = {}, .error = {}};
  if (kept == disk_.results.end() && in_memory == memory_results_.end()) {
    answer.error = Error{ErrorKind::kStore, "the payload is gone", {}};
  } else {
    const Bytes& payload =
        kept != disk_.results.end() ? kept->second.payload : in_memory->second.payload;
    answer.chunk.blob = action.blob;
    answer.chunk.offset = action.offset;
    answer.chunk.total = payload.size();
    answer.chunk.data = payload.substr(action.offset, limits::kChunkBytes);
  }
  RunLater(1ms, [this, answer = std::move(answer)] { Feed(answer); });
}

// --- The cache
// --------------------------------------------------------------------------------------

void WorkerProcess::AnswerBlobState(const Digest& blob) {
  agent::BlobState state{.blob = blob, .next_offset = 0, .complete = false, .error = {}};
  for (const auto& [whole, bytes] : disk_.blobs) {
    if (whole.hash != blob) continue;
    state.complete = true;
    state.next_offset = whole.size;
  }
  const auto partial = disk_.partial_blobs.find(blob);
  if (partial != disk_.partial_blobs.end()) state.next_offset = partial->second.size();
  if (disk_full_ && !state.complete) {
    state.error = Error{ErrorKind::kStore, "no space left on device", {}};
  }
  RunLater(1ms, [this, state = std::move(state)] { Feed(state); });
}

void WorkerProcess::Do(agent::OpenBlob& action) { AnswerBlobState(action.blob.hash); }

void WorkerProcess::Do(agent::StoreChunk& action) {
  const Chunk& chunk = action.chunk;
  Bytes& partial = disk_.partial_blobs[chunk.blob];
  if (!disk_full_ && chunk.offset == partial.size()) partial += chunk.data;
  if (partial.size() == chunk.total && SimDigest(partial) == chunk.blob) {
    disk_.blobs.emplace_back(BlobRef{chunk.blob, chunk.total}, std::move(partial));
    disk_.partial_blobs.erase(chunk.blob);
  }
  AnswerBlobState(chunk.blob);
}

void WorkerProcess::Do(agent::DropBlob& action) {
  disk_.partial_blobs.erase(action.blob);
  std::erase_if(disk_.blobs, [&](const auto& entry) { return entry.first.hash == action.blob; });
}

// --- The kernel
// -------------------------------------------------------------------------------------

void WorkerProcess::Do(agent::StartUnit& action) {
  const LeaseId lease = action.work.lease;
  if (const auto kept = disk_.leases.find(lease); kept != disk_.leases.end() && !disk_full_) {
    kept->second.attempts = action.work.attempts;
  }
  stage_.Note(nature_.name, "computes lease " + std::to_string(lease.value));
  kernel_ = Kernel{.work = action.work, .since = stage_.queue.Now(), .run = 0};
  const auto checkpoint = disk_.checkpoints.find(lease);
  if (checkpoint != disk_.checkpoints.end()) kernel_->done_flop = checkpoint->second;
  RunKernel();
}

std::uint64_t WorkerProcess::DoneFlop() const {
  if (kernel_->paused) return kernel_->done_flop;
  const Duration ran = stage_.queue.Now() - kernel_->since;
  // In milliseconds: microseconds times a fast board's flop would overflow within a month.
  return kernel_->done_flop +
         static_cast<std::uint64_t>(ran.count() / 1000) * (nature_.flop_per_second / 1000);
}

// Plans the kernel's end from what is left.
void WorkerProcess::RunKernel() {
  kernel_->run = ++runs_;
  kernel_->since = stage_.queue.Now();
  const std::optional<UnitNature> unit = DecodeUnit(kernel_->work.parameters);
  if (!unit) return stage_.Fail("a unit's parameters were altered on their way");
  const std::uint64_t left = unit->flop - std::min(unit->flop, kernel_->done_flop);
  const Duration span{static_cast<std::int64_t>(left / (nature_.flop_per_second / 1'000'000)) + 1};
  const std::uint64_t run = runs_;
  const LeaseId lease = kernel_->work.lease;
  if (unit->fate == UnitNature::Fate::kDeadly) {
    RunLater(span / 2, [this, run] {
      if (!kernel_ || kernel_->run != run) return;
      Crash();
      stage_.queue.After(Between(rng_, Duration(1s), kBackMost), [this] { Boot(); });
    });
    return;
  }
  RunLater(span / 2, [this, run, lease] {
    if (kernel_ && kernel_->run == run) Feed(agent::UnitProgress{lease, 500});
  });
  RunLater(span, [this, run] {
    if (kernel_ && kernel_->run == run) FinishKernel();
  });
}

void WorkerProcess::Do(agent::PauseUnits& action) {
  if (!kernel_ || kernel_->paused == action.paused) return;
  if (action.paused) {
    kernel_->done_flop = DoneFlop();
    kernel_->paused = true;
    kernel_->run = ++runs_;
  } else {
    kernel_->paused = false;
    RunKernel();
  }
}

void WorkerProcess::Do(agent::StopUnit& action) {
  RunLater(Between(rng_, Duration(0), kPauseMost), [this, lease = action.lease] {
    if (!kernel_ || kernel_->work.lease != lease) return;
    EndKernel();
    Feed(agent::UnitStopped{lease});
  });
}

// The kernel ends before its unit: what it saved last stays. A checkpoint clears the attempts.
void WorkerProcess::EndKernel() {
  if (!kernel_) return;
  const Duration ran = kernel_->paused ? Duration(0) : stage_.queue.Now() - kernel_->since;
  busy_ += ran;
  const auto kept = disk_.leases.find(kernel_->work.lease);
  if (ran >= kCheckpointEvery && !disk_full_ && kept != disk_.leases.end()) {
    const std::int64_t saved_seconds = ran / kCheckpointEvery * 60;
    disk_.checkpoints[kernel_->work.lease] =
        kernel_->done_flop + static_cast<std::uint64_t>(saved_seconds) * nature_.flop_per_second;
    kept->second.attempts = 0;
  }
  kernel_.reset();
}

Bytes WorkerProcess::PayloadOf(const agent::UnitWork& work) {
  const bool lies = faults_ && Chance(rng_, nature_.lies_permille);
  if (!lies) return HonestPayload(work.parameters);
  return ForgedPayload(work.parameters, nature_.colludes ? kColludersSalt : LiarsSalt(number_));
}

void WorkerProcess::FinishKernel() {
  const agent::UnitWork work = std::move(kernel_->work);
  const Duration ran = stage_.queue.Now() - kernel_->since;
  busy_ += ran;
  kernel_.reset();
  disk_.checkpoints.erase(work.lease);
  const auto ran_ms = static_cast<std::uint64_t>(ran.count() / 1000);
  Cost cost{.cpu_ms = 4 * ran_ms, .wall_ms = ran_ms, .top_millicelsius = {}};
  const UnitNature unit = *DecodeUnit(work.parameters);
  std::optional<Error> error;
  if (unit.fate == UnitNature::Fate::kPoison) {
    error = Error{ErrorKind::kUnit, "the recording is damaged", {}};
  } else if (unit.fate == UnitNature::Fate::kProjectError) {
    error = Error{ErrorKind::kProject, "the kernel met a case that it does not know", {}};
  } else if (faults_ && Chance(rng_, nature_.host_error_permille)) {
    error = Error{ErrorKind::kHost, "out of memory", {}};
  }
  if (error) {
    Feed(agent::UnitFailed{.lease = work.lease, .error = *error, .cost = cost});
  } else {
    Feed(agent::UnitFinished{.lease = work.lease, .payload = PayloadOf(work), .cost = cost});
  }
}

}  // namespace picube::sim
