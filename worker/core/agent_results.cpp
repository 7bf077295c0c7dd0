#include <algorithm>
#include <utility>

#include "worker/core/agent_impl.h"

namespace picube {
namespace {

// Of a report's results, so that the message stays below limits::kMessageBytes with room for an ask
// with its cached blobs.
constexpr std::size_t kReportBytes = 96 * 1024;
constexpr std::size_t kResultOverhead = 160;  // lease, digest, cost and the codec's own bytes

bool NeedsBlob(const UnitResult& result) {
  return result.outcome == Outcome::kSuccess && result.payload_bytes > limits::kInlinePayloadBytes;
}

}  // namespace

// --- Into the spool -----------------------------------------------------------------------------

void Agent::Impl::Succeed(const agent::UnitWork& work, Bytes payload, const Cost& cost) {
  UnitResult result;
  result.lease = work.lease;
  result.outcome = Outcome::kSuccess;
  result.payload_bytes = payload.size();
  result.cost = cost;
  KeptResult kept{result, Phase::kSpooling, {}};
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
  result.error_text = error.Text();
  if (result.error_text.size() > limits::kTextBytes) result.error_text.resize(limits::kTextBytes);
  Warn("unit " + std::to_string(work.unit.value) + " failed: " + result.error_text);
  results_[work.lease] = {result, Phase::kSpooling, {}};
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
  Report report;
  std::size_t bytes = 0;
  for (auto& [lease, kept] : results_) {
    if (kept.phase != Phase::kReady || now < kept.not_before) continue;
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
  if (ask) open_[RequestKind::kWork] = {id, now, now + options_.request_timeout};
}

// One payload at a time: first ask how much of it is there, then chunk after chunk.
void Agent::Impl::PumpUpload(Instant now) {
  if (!upload_) {
    const auto next = std::ranges::find_if(results_, [&](const auto& entry) {
      return entry.second.phase == Phase::kToPut && now >= entry.second.not_before;
    });
    if (next == results_.end()) return;
    upload_ = Upload{.lease = next->first, .reading = false, .not_before = {}};
  }
  if (!online_ || upload_->reading || Open(RequestKind::kPut) || now < upload_->not_before) return;
  const UnitResult& result = results_.at(upload_->lease).result;
  PutChunk put;
  put.chunk.blob = result.digest;
  put.chunk.total = result.payload_bytes;
  Request(RequestKind::kPut, std::move(put), options_.request_timeout, now);
}

void Agent::Impl::OnPutState(const PutState& m, Instant) {
  if (!upload_) return;
  KeptResult& kept = results_.at(upload_->lease);
  if (kept.result.digest != m.blob) return;
  if (m.complete) {
    kept.phase = Phase::kReady;
    upload_.reset();
    Closed(RequestKind::kPut);
    return;
  }
  if (upload_->reading || m.next_offset >= kept.result.payload_bytes) return;
  Closed(RequestKind::kPut);
  upload_->reading = true;
  Do(agent::ReadPayload{upload_->lease, m.blob, m.next_offset});
}

void Agent::Impl::Take(agent::PayloadChunk& in, Instant now) {
  if (!upload_ || upload_->lease != in.lease || !upload_->reading) return;
  upload_->reading = false;
  if (in.error) {
    Warn("the result of lease " + std::to_string(in.lease.value) + " is lost: " + in.error->what);
    Forget(in.lease);
    return;
  }
  if (online_)
    Request(RequestKind::kPut, PutChunk{std::move(in.chunk)}, options_.request_timeout, now);
}

}  // namespace picube
