#include "protocol/transport/blob_transfer.h"

#include <algorithm>
#include <utility>

#include "protocol/base/check.h"

namespace picube {

// --- Assembly ------------------------------------------------------------------------------------

BlobAssembly::BlobAssembly(const BlobRef& blob, std::unique_ptr<BlobSink> sink)
    : blob_(blob), sink_(std::move(sink)) {}

Result<BlobAssembly> BlobAssembly::Start(const BlobRef& blob, std::unique_ptr<BlobSink> sink) {
  BlobAssembly assembly(blob, std::move(sink));
  Status status;
  if (assembly.sink_->Size() > blob.size) {
    status = assembly.StartOver();
  } else {
    status = assembly.sink_->ReadBack([&](BytesView bytes) { assembly.hasher_.Update(bytes); });
    assembly.next_ = assembly.sink_->Size();
  }
  if (!status) return std::unexpected(status.error());
  // A wrong hash here means that the part file was damaged: it is gone now, the transfer starts
  // over.
  status = assembly.FinishIfWhole();
  if (!status && (status.error().kind != ErrorKind::kRefused || blob.size == 0)) {
    return std::unexpected(status.error());
  }
  return assembly;
}

Status BlobAssembly::Accept(const Chunk& chunk) {
  if (chunk.blob != blob_.hash) return Fail(ErrorKind::kRefused, "A chunk of another blob.");
  if (chunk.total != blob_.size) {
    return Fail(ErrorKind::kRefused, "The blob has another size than announced.");
  }
  if (complete_ || chunk.offset != next_) return {};
  const Result<Bytes> data = OpenChunk(chunk);
  if (!data) return std::unexpected(data.error());
  return Take(*data);
}

Status BlobAssembly::Take(BytesView data) {
  if (data.size() > blob_.size - next_) {
    return Fail(ErrorKind::kRefused, "A chunk goes beyond the end of its blob.");
  }
  if (data.empty()) return {};
  if (Status status = sink_->Append(data); !status) return status;
  hasher_.Update(data);
  next_ += data.size();
  return FinishIfWhole();
}

Status BlobAssembly::FinishIfWhole() {
  if (complete_ || next_ != blob_.size) return {};
  Hasher hasher = hasher_;  // the state goes on if Commit fails and is tried again
  if (hasher.Finish() != blob_.hash) {
    if (Status status = StartOver(); !status) return status;
    return Fail(ErrorKind::kRefused, "The blob " + ToHex(blob_.hash) + " has another hash.",
                "It is fetched again.");
  }
  if (Status status = sink_->Commit(); !status) return status;
  complete_ = true;
  return {};
}

Status BlobAssembly::StartOver() {
  hasher_.Reset();
  next_ = 0;
  return sink_->Discard();
}

Result<PutState> AcceptPut(const PutChunk& put, BlobAssembly& assembly) {
  if (Status status = assembly.Accept(put.chunk); !status) {
    return std::unexpected(status.error());
  }
  return PutState{assembly.Blob().hash, assembly.NextOffset(), assembly.Complete()};
}

// --- Download ------------------------------------------------------------------------------------

BlobDownload::BlobDownload(BlobAssembly assembly, std::uint32_t credit)
    : assembly_(std::move(assembly)), credit_(std::clamp(credit, 1U, limits::kChunkCredit)) {
  Restart();
}

void BlobDownload::Restart() {
  asked_ = assembly_.NextOffset();
  gap_.reset();
}

std::optional<GetChunk> BlobDownload::Next() {
  const std::uint64_t next = assembly_.NextOffset();
  const std::uint64_t window = std::uint64_t{credit_} * limits::kChunkBytes;
  // Half a window still on its way: ask for the next, so that the line never runs dry.
  const bool wanted = asked_ <= next + window / 2 && asked_ < assembly_.Blob().size;
  if (assembly_.Complete() || !wanted) return std::nullopt;
  const GetChunk get{assembly_.Blob().hash, asked_, credit_};
  asked_ += window;
  return get;
}

Status BlobDownload::Accept(const Chunk& chunk) {
  const std::uint64_t before = assembly_.NextOffset();
  Status status = assembly_.Accept(chunk);
  const std::uint64_t next = assembly_.NextOffset();
  const bool is_gap = chunk.blob == assembly_.Blob().hash && next == before && chunk.offset > next;
  // Messages of one connection keep their order, so a chunk beyond means that one was lost. All
  // that follow it are beyond too: ask again once.
  const bool is_new_gap = is_gap && std::exchange(gap_, next) != next;
  if (is_new_gap || next < before || !status) asked_ = next;
  return status;
}

// --- Upload --------------------------------------------------------------------------------------

BlobUpload::BlobUpload(std::unique_ptr<ChunkSource> source, std::uint32_t credit)
    : source_(std::move(source)), credit_(std::clamp(credit, 1U, limits::kChunkCredit)) {}

Result<std::optional<PutChunk>> BlobUpload::Next() {
  if (complete_) return std::nullopt;
  if (!knows_) {
    if (std::exchange(asked_, true)) return std::nullopt;
    Chunk question;
    question.blob = Blob().hash;
    question.total = Blob().size;
    return PutChunk{std::move(question)};
  }
  const std::uint64_t window = std::uint64_t{credit_} * limits::kChunkBytes;
  if (sent_ >= Blob().size || sent_ >= confirmed_ + window) return std::nullopt;
  Result<Chunk> chunk = source_->Read(sent_);
  if (!chunk) return std::unexpected(chunk.error());
  sent_ = std::min(sent_ + limits::kChunkBytes, Blob().size);
  return PutChunk{*std::move(chunk)};
}

void BlobUpload::Accept(const PutState& state) {
  if (state.blob != Blob().hash || state.next_offset > Blob().size) return;
  complete_ = complete_ || state.complete;
  if (!knows_ || state.next_offset < confirmed_) {  // the first answer, or it has started over
    knows_ = true;
    sent_ = state.next_offset;
  } else if (state.next_offset == confirmed_ && std::exchange(gap_, confirmed_) != confirmed_) {
    // Answers come in order, one a chunk: no progress means that the chunk at `confirmed_` was lost
    // and one beyond the gap was ignored. All that follow are ignored too: go back once.
    sent_ = state.next_offset;
  }
  confirmed_ = state.next_offset;
}

void BlobUpload::Restart() {
  gap_.reset();
  knows_ = false;
  asked_ = false;
}

}  // namespace picube
