#include <algorithm>
#include <utility>

#include "protocol/base/text.h"
#include "worker/core/agent_impl.h"

namespace picube {
namespace {

// Of a report's results, so that the message stays below limits::kMessageBytes with room for an ask
// with its cached blobs.
constexpr std::size_t kReportBytes = 96 * 1024;
constexpr std::size_t kResultOverhead = 160;  // lease, digest, cost and the codec's own bytes

// Of one result's reports. After the first it is reported alone, so that it keeps no other back.
constexpr std::uint32_t kMostRefusals = 3;
constexpr std::uint64_t kUploadWindow = std::uint64_t{limits::kChunkCredit} * limits::kChunkBytes;

}  // namespace

// --- Into the spool -----------------------------------------------------------------------------

void Agent::Impl::Succeed(const agent::UnitWork& work, Bytes payload, const Cost& cost) {
  UnitResult result;
  result.lease = work.lease;
  result.outcome = Outcome::kSuccess;
  result.payload_bytes = payload.size();
  result.cost = cost;
  KeptResult kept;
  kept.result = result;
  if (!NeedsBlob(result)) kept.result.payload = payload;
  result.payload = std::move(payload);
  results_[work.lease] = std::move(kept);
  Do(agent::SpoolResult{std::move(result)});
}

void Agent::Impl::FailUnit(const agent::UnitWork& work, Error error, const Cost& cost) {
  UnitResult result;
  result.lease = work.lease;
  result.outcome = Outcome::kError;
  result.cost = cost;
  result.error_kind = error.kind;
  // As it will travel: its digest is made of this text.
  result.error_text = CleanText(error.Text(), limits::kTextBytes);
  Warn("unit " + std::to_string(work.unit.value) + " failed: " + result.error_text);
  KeptResult& kept = results_[work.lease];
  kept = {};
  kept.result = result;
  Do(agent::SpoolResult{std::move(result)});
}

void Agent::Impl::Take(agent::ResultSpooled& in, Instant now) {
  if (!in.durable) {
    agent::SpoolTrouble trouble{"the state directory cannot be written."};
    if (trouble_.empty()) Take(trouble, now);
  }
  const auto found = results_.find(in.lease);
  if (found == results_.end() || found->second.phase != Phase::kSpooling) return;
  KeptResult& kept = found->second;
  kept.held = !in.durable;
  kept.result.digest = in.digest;
  kept.phase = NeedsBlob(kept.result) ? Phase::kToPut : Phase::kReady;
}

void Agent::Impl::Forget(LeaseId lease) {
  const auto found = results_.find(lease);
  if (found == results_.end() || found->second.phase == Phase::kSpooling) return;
  results_.erase(found);
  if (upload_ && upload_->lease == lease) {
    upload_.reset();
    Closed(RequestKind::kPut);
  }
  Remember(lease);
  Do(agent::ForgetResult{lease});
}

// --- To the server
// --------------------------------------------------------------------------------

void Agent::Impl::PumpReport(Instant now) {
  if (!online_ || Open(RequestKind::kReport)) return;
  const auto due = [&](const KeptResult& kept) {
    return kept.phase == Phase::kReady && now >= kept.not_before;
  };
  std::uint32_t fewest = kMostRefusals;
  for (const auto& [lease, kept] : results_) {
    if (due(kept)) fewest = std::min(fewest, kept.refusals);
  }
  Report report;
  std::size_t bytes = 0;
  for (auto& [lease, kept] : results_) {
    if (!due(kept) || kept.refusals > fewest) continue;
    if (fewest > 0 && !report.results.empty()) break;
    const std::size_t size =
        kResultOverhead + kept.result.payload.size() + kept.result.error_text.size();
    if (report.results.size() == limits::kResultsPerReport || bytes + size > kReportBytes) break;
    bytes += size;
    kept.phase = Phase::kReported;
    report.results.push_back(kept.result);
  }
  if (report.results.empty()) return;
  const bool ask = version_ >= 2 && state_ == AgentState::kWorking && !options_.once &&
                   now >= ask_not_before_ && !Open(RequestKind::kWork) && WantsWork();
  if (ask) {
    report.ask = MakeAsk(0s);
    report.ask->cached_blobs.resize(std::min<std::size_t>(report.ask->cached_blobs.size(), 64));
  }
  const std::uint64_t id =
      Request(RequestKind::kReport, std::move(report), options_.request_timeout, now);
  if (ask) open_[RequestKind::kWork] = {{id}, now, now + options_.request_timeout};
}

// What made the server refuse is found by reporting one at a time; what it refuses alone too is set
// aside. Its trouble with itself is nobody's fault here.
void Agent::Impl::ReportRefused(const Refused& m, Instant later) {
  std::vector<LeaseId> reported;
  for (const auto& [lease, kept] : results_) {
    if (kept.phase == Phase::kReported) reported.push_back(lease);
  }
  const bool passing = m.kind == ErrorKind::kLink || m.kind == ErrorKind::kStore;
  if (passing || reported.size() != 1) {
    for (auto& [lease, kept] : results_) kept.not_before = later;
  }
  if (passing) return;
  for (const LeaseId lease : reported) {
    KeptResult& kept = results_.at(lease);
    kept.not_before = later;
    if (reported.size() == 1) {
      CountRefusal(lease, m.what);
    } else {
      kept.refusals = std::max(kept.refusals, 1U);
    }
  }
}

void Agent::Impl::CountRefusal(LeaseId lease, const std::string& why) {
  KeptResult& kept = results_.at(lease);
  if (++kept.refusals <= kMostRefusals) return;
  Warn("the result of lease " + std::to_string(lease.value) +
       " is refused again and again, and set aside in the folder damaged: " + why);
  results_.erase(lease);
  if (upload_ && upload_->lease == lease) upload_.reset();
  Remember(lease);
  Do(agent::SetResultAside{lease});
}

// One payload at a time: first ask how much of it is there, then chunks, a window ahead of what the
// server has confirmed.
void Agent::Impl::PumpUpload(Instant now) {
  if (!upload_) {
    const auto next = std::ranges::find_if(results_, [&](const auto& entry) {
      return entry.second.phase == Phase::kToPut && now >= entry.second.not_before;
    });
    if (next == results_.end()) return;
    upload_.emplace();
    upload_->lease = next->first;
  }
  if (!online_ || upload_->reading || now < upload_->not_before) return;
  const UnitResult& result = results_.at(upload_->lease).result;
  if (!upload_->knows) {
    if (Open(RequestKind::kPut)) return;
    PutChunk question;
    question.chunk.blob = result.digest;
    question.chunk.total = result.payload_bytes;
    return RequestMore(RequestKind::kPut, std::move(question), now);
  }
  if (upload_->sent >= result.payload_bytes) return;
  const std::uint64_t window = up_.Limited() ? 1 : kUploadWindow;
  if (upload_->sent >= upload_->confirmed + window) return;
  if (now < up_.FreeAt()) {
    upload_->not_before = up_.FreeAt();
    return;
  }
  upload_->reading = true;
  Do(agent::ReadPayload{upload_->lease, result.digest, upload_->sent});
}

void Agent::Impl::RestartUpload() {
  if (!upload_) return;
  Upload afresh;
  afresh.lease = upload_->lease;
  afresh.reading = upload_->reading;
  afresh.not_before = upload_->not_before;
  *upload_ = afresh;
}

void Agent::Impl::OnPutState(const PutState& m, Instant now) {
  if (!upload_) return;
  KeptResult& kept = results_.at(upload_->lease);
  if (kept.result.digest != m.blob || m.next_offset > kept.result.payload_bytes) return;
  if (m.complete) {
    kept.phase = Phase::kReady;
    upload_.reset();
    Closed(RequestKind::kPut);
    return;
  }
  if (!upload_->knows || m.next_offset < upload_->confirmed) {  // or it has started over
    upload_->knows = true;
    upload_->sent = m.next_offset;
  } else if (m.next_offset == upload_->confirmed) {
    // Answers come in order, one a chunk: no progress means that the chunk there was lost, and
    // those after it were ignored. Back to it, once.
    if (std::exchange(upload_->gap, m.next_offset) != m.next_offset) upload_->sent = m.next_offset;
  } else {
    Extend(RequestKind::kPut, now);
  }
  upload_->confirmed = m.next_offset;
  // Then the next chunk may have to wait longer than an answer is waited for.
  if (up_.Limited() && upload_->confirmed >= upload_->sent) Closed(RequestKind::kPut);
}

void Agent::Impl::Take(agent::PayloadChunk& in, Instant now) {
  if (!upload_ || upload_->lease != in.lease || !upload_->reading) return;
  upload_->reading = false;
  if (in.error) {
    Warn("the result of lease " + std::to_string(in.lease.value) + " is lost: " + in.error->what);
    Forget(in.lease);
    return;
  }
  if (!online_ || !upload_->knows || in.chunk.offset != upload_->sent) return;
  upload_->sent = std::min(in.chunk.offset + limits::kChunkBytes, in.chunk.total);
  up_.Spend(in.chunk.data.size(), now);
  RequestMore(RequestKind::kPut, PutChunk{std::move(in.chunk)}, now);
}

}  // namespace picube
