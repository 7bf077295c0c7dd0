#include <algorithm>
#include <utility>

#include "worker/core/agent_impl.h"

namespace picube {
namespace {

constexpr std::uint32_t kMostFailures = 3;  // of one blob's hash, then its units fail
constexpr Duration kRetryPause = 5s;
// Of a disk that takes small files, but not this blob.
constexpr std::uint32_t kMostFull = 5;
constexpr std::uint64_t kWindow = std::uint64_t{limits::kChunkCredit} * limits::kChunkBytes;

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
  std::uint64_t bytes = fetch_ ? fetch_->blob.size : 0;
  for (const BlobRef& blob : cache_) bytes += blob.size;
  return bytes;
}

// Drops the blobs longest unused that need not be kept, until `bytes` more fit. False if they
// cannot.
template <class Keep>
bool Agent::Impl::DropUntil(std::uint64_t bytes, const Keep& keep) {
  if (bytes > options_.cache_bytes) return false;
  std::uint64_t held = CachedBytes();
  for (std::size_t i = 0; i < cache_.size() && held > options_.cache_bytes - bytes;) {
    if (keep(cache_[i].hash)) {
      ++i;
      continue;
    }
    held -= cache_[i].size;
    Do(agent::DropBlob{cache_[i].hash});
    cache_.erase(cache_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return held <= options_.cache_bytes - bytes;
}

bool Agent::Impl::MakeRoom(std::uint64_t bytes) {
  return DropUntil(bytes, [&](const Digest& blob) { return Pinned(blob); });
}

// What waits behind must not keep the room for ever: if nothing runs or could, its inputs go too,
// and come back later.
bool Agent::Impl::MakeRoomFor(const agent::UnitWork& work, std::uint64_t bytes) {
  if (MakeRoom(bytes)) return true;
  const auto has = [&](const agent::UnitWork& other) { return HasInputs(other); };
  if (running_ || std::ranges::any_of(waiting_, has)) return false;
  return DropUntil(bytes, [&](const Digest& blob) {
    return std::ranges::any_of(work.inputs, [&](const BlobRef& in) { return in.hash == blob; });
  });
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
  if (fetch_ && fetch_->blob.hash == blob) GiveUpFetch();
}

void Agent::Impl::GiveUpFetch() {
  Do(agent::DropBlob{fetch_->blob.hash});
  fetch_.reset();
  Closed(RequestKind::kGet);
}

// One blob at a time, in the order in which the units will run. None while the disk is full.
void Agent::Impl::PumpFetch(Instant now) {
  static_cast<void>(
      MakeRoom(0));  // a lease that ended may have let go of more than the cache holds
  if (fetch_ && !Pinned(fetch_->blob.hash)) GiveUpFetch();  // its units were cancelled
  if (!MayFetch() || !cache_checked_) return;
  if (!fetch_ && state_ != AgentState::kLeaving) {
    const auto lacks = std::ranges::find_if(
        waiting_, [&](const agent::UnitWork& work) { return !HasInputs(work); });
    if (lacks != waiting_.end()) BeginFetch(*lacks);
  }
  if (!fetch_ || now < fetch_->not_before) return;
  if (!std::exchange(fetch_->asked, true)) Do(agent::OpenBlob{fetch_->blob});
  if (online_ && fetch_->opened) AskChunks(now);
}

void Agent::Impl::BeginFetch(const agent::UnitWork& work) {
  const BlobRef blob = *FirstMissing(work);
  std::uint64_t needs = 0;
  for (const BlobRef& input : work.inputs) needs += std::min(input.size, limits::kBlobBytes);
  if (needs > options_.cache_bytes) {
    return FailWaitingOn(blob.hash, {ErrorKind::kHost,
                                     "the unit's inputs have " + std::to_string(needs) +
                                         " bytes, more than this worker's cache.",
                                     "Raise cache_mb, or disk_mb of the wishes, in worker.yaml."});
  }
  if (!MakeRoomFor(work, blob.size)) return;  // when the units before it have ended
  fetch_.emplace();
  fetch_->blob = blob;
}

// Asks for the next window when half of the last one has come, so that the line never runs dry.
void Agent::Impl::AskChunks(Instant now) {
  Fetch& fetch = *fetch_;
  const bool one = down_.Limited();  // a chunk at a time
  if (one && Open(RequestKind::kGet)) return;
  if (now < down_.FreeAt()) {
    fetch.not_before = down_.FreeAt();
    return;
  }
  if (!Open(RequestKind::kGet)) {
    fetch.asked_to = fetch.next;
    fetch.expect = fetch.next;
  } else if (fetch.asked_to >= fetch.blob.size || fetch.asked_to - fetch.next > kWindow / 2) {
    return;
  }
  const std::uint64_t left = fetch.blob.size - fetch.asked_to;
  const std::uint64_t chunks = (left + limits::kChunkBytes - 1) / limits::kChunkBytes;
  GetChunk get;
  get.blob = fetch.blob.hash;
  get.offset = fetch.asked_to;
  get.credit = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(chunks, 1, one ? 1 : std::uint64_t{limits::kChunkCredit}));
  const std::uint64_t asked = std::min(left, one ? limits::kChunkBytes : kWindow);
  fetch.asked_to += asked;
  down_.Spend(asked, now);
  RequestMore(RequestKind::kGet, get, now);
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
  if (!fetch_->asked) return;  // of an attempt before
  if (in.error) {
    const bool full = in.error->kind == ErrorKind::kStore;
    if (full) return DiskFull(*in.error, now);
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
  if (!Open(RequestKind::kGet)) return;
  if (fetch_->next >= fetch_->asked_to) {
    Closed(RequestKind::kGet);
  } else if (forward) {
    Extend(RequestKind::kGet, now);
  }
}

// Its units wait, as all new work does, until there is room.
void Agent::Impl::DiskFull(const Error& error, Instant now) {
  agent::SpoolTrouble trouble{error.what};
  if (trouble_.empty()) Take(trouble, now);
  if (++fetch_->full >= kMostFull) {
    return FailWaitingOn(fetch_->blob.hash, {ErrorKind::kHost,
                                             "this worker's disk has no room for an input of " +
                                                 std::to_string(fetch_->blob.size) + " bytes.",
                                             "Make room, or lower cache_mb in worker.yaml."});
  }
  Closed(RequestKind::kGet);
  fetch_->asked = false;
  fetch_->opened = false;
  fetch_->not_before = now + kRetryPause;
}

}  // namespace picube
