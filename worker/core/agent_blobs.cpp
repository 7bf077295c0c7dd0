#include <algorithm>
#include <utility>

#include "worker/core/agent_impl.h"

namespace picube {
namespace {

constexpr std::uint32_t kMostFailures = 3;  // of one blob's hash, then its units fail
constexpr Duration kRetryPause = 5s;

}  // namespace

bool Agent::Impl::Cached(const Digest& blob) const {
  return std::ranges::any_of(cache_, [&](const BlobRef& held) { return held.hash == blob; });
}

const BlobRef* Agent::Impl::FirstMissing(const agent::UnitWork& work) const {
  const auto missing =
      std::ranges::find_if(work.inputs, [&](const BlobRef& blob) { return !Cached(blob.hash); });
  return missing == work.inputs.end() ? nullptr : &*missing;
}

bool Agent::Impl::HasInputs(const agent::UnitWork& work) const {
  return FirstMissing(work) == nullptr;
}

bool Agent::Impl::Pinned(const Digest& blob) const {
  const auto needs = [&](const agent::UnitWork& work) {
    return std::ranges::any_of(work.inputs, [&](const BlobRef& in) { return in.hash == blob; });
  };
  return (running_ && needs(running_->work)) || std::ranges::any_of(waiting_, needs);
}

std::uint64_t Agent::Impl::CachedBytes() const {
  std::uint64_t bytes = 0;
  for (const BlobRef& blob : cache_) bytes += blob.size;
  return bytes;
}

// Drops the blobs longest unused that no lease needs, until `bytes` more fit. False if they cannot.
bool Agent::Impl::MakeRoom(std::uint64_t bytes) {
  if (bytes > options_.cache_bytes) return false;
  std::uint64_t held = CachedBytes();
  for (std::size_t i = 0; i < cache_.size() && held > options_.cache_bytes - bytes;) {
    if (Pinned(cache_[i].hash)) {
      ++i;
      continue;
    }
    held -= cache_[i].size;
    Do(agent::DropBlob{cache_[i].hash});
    cache_.erase(cache_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return held <= options_.cache_bytes - bytes;
}

void Agent::Impl::Touch(const agent::UnitWork& work) {
  for (const BlobRef& blob : work.inputs) {
    const auto found = std::ranges::find(cache_, blob);
    if (found != cache_.end()) std::rotate(found, found + 1, cache_.end());
  }
}

void Agent::Impl::FailWaitingOn(const Digest& blob, const Error& error) {
  for (std::size_t i = 0; i < waiting_.size();) {
    const auto& inputs = waiting_[i].inputs;
    if (std::ranges::none_of(inputs, [&](const BlobRef& in) { return in.hash == blob; })) {
      ++i;
      continue;
    }
    const agent::UnitWork work = std::move(waiting_[i]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    FailUnit(work, error, {});
  }
  if (fetch_ && fetch_->blob.hash == blob) {
    fetch_.reset();
    Closed(RequestKind::kGet);
  }
}

// One blob at a time, in the order in which the units will run.
void Agent::Impl::PumpFetch(Instant now) {
  static_cast<void>(
      MakeRoom(0));  // a lease that ended may have let go of more than the cache holds
  if (fetch_ && !Pinned(fetch_->blob.hash)) {  // its units were cancelled
    fetch_.reset();
    Closed(RequestKind::kGet);
  }
  if (!fetch_) {
    const auto lacks = std::ranges::find_if(
        waiting_, [&](const agent::UnitWork& work) { return !HasInputs(work); });
    if (lacks == waiting_.end() || state_ == AgentState::kLeaving) return;
    const BlobRef blob = *FirstMissing(*lacks);
    std::uint64_t needs = 0;
    for (const BlobRef& input : lacks->inputs) needs += std::min(input.size, limits::kBlobBytes);
    if (needs > options_.cache_bytes) {
      return FailWaitingOn(blob.hash, {ErrorKind::kHost,
                                       "the unit's inputs have " + std::to_string(needs) +
                                           " bytes, more than this worker's cache.",
                                       "Raise cache_mb in worker.yaml."});
    }
    if (!MakeRoom(blob.size)) return;  // when the units before it have ended
    fetch_ = Fetch{.blob = blob,
                   .opened = false,
                   .next = 0,
                   .expect = 0,
                   .asked_to = 0,
                   .failures = 0,
                   .not_before = {}};
    Do(agent::OpenBlob{blob});
  }
  if (online_ && fetch_->opened && !Open(RequestKind::kGet) && now >= fetch_->not_before) {
    AskChunks(now);
  }
}

void Agent::Impl::AskChunks(Instant now) {
  const std::uint64_t left = fetch_->blob.size - fetch_->next;
  const std::uint64_t chunks = (left + limits::kChunkBytes - 1) / limits::kChunkBytes;
  GetChunk get;
  get.blob = fetch_->blob.hash;
  get.offset = fetch_->next;
  fetch_->expect = fetch_->next;
  get.credit = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(chunks, 1, std::uint64_t{limits::kChunkCredit}));
  fetch_->asked_to =
      std::min(fetch_->blob.size, fetch_->next + get.credit * std::uint64_t{limits::kChunkBytes});
  Request(RequestKind::kGet, get, options_.request_timeout, now);
}

void Agent::Impl::OnChunk(Chunk m) {
  if (!fetch_ || !fetch_->opened || fetch_->blob.hash != m.blob) return;
  if (m.offset != fetch_->expect) return;  // doubled, or after a lost one: asked for again in time
  fetch_->expect += std::min<std::uint64_t>(limits::kChunkBytes, fetch_->blob.size - m.offset);
  Do(agent::StoreChunk{std::move(m)});
}

void Agent::Impl::Take(agent::BlobState& in, Instant now) {
  if (!fetch_ || fetch_->blob.hash != in.blob) return;
  if (in.complete) {
    cache_.push_back(fetch_->blob);
    fetch_.reset();
    Closed(RequestKind::kGet);
    return;
  }
  if (in.error) {
    Warn(in.error->Text());
    const bool lost = in.error->kind != ErrorKind::kLink || ++fetch_->failures >= kMostFailures;
    if (lost) return FailWaitingOn(in.blob, *in.error);
    Closed(RequestKind::kGet);
    fetch_->not_before = now + kRetryPause;
  }
  const bool forward = in.next_offset > fetch_->next;
  fetch_->opened = true;
  fetch_->next = std::min(in.next_offset, fetch_->blob.size);
  fetch_->expect = in.error ? fetch_->next : std::max(fetch_->expect, fetch_->next);
  const auto open = open_.find(RequestKind::kGet);
  if (open == open_.end()) return;
  if (fetch_->next >= fetch_->asked_to) {
    Closed(RequestKind::kGet);
  } else if (forward) {
    open->second.give_up = now + options_.request_timeout;
  }
}

}  // namespace picube
