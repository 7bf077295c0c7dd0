// Blobs in pieces, without sockets: pure state machines for the two directions and the two sides.
//
//   receiver asks (worker or cli gets a blob):   BlobDownload -> GetChunk … Chunk -> BlobDownload
//   sender pushes (worker or cli puts a blob):   BlobUpload -> PutChunk … PutState -> BlobUpload
//   the server's side of the latter:             PutChunk -> AcceptPut(BlobAssembly) -> PutState
//   the server's side of the former:             GetChunk -> ChunkSource::Read -> Chunk
//
// Bytes stream through a BlobSink: never a whole file in memory. A transfer that is cut goes on
// where the sink ends. The hash is checked before a blob gets its name; one that fails it is thrown
// away. Each object belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"
#include "protocol/messages.h"

namespace picube {

// Where the bytes of a blob that is coming in are kept until it is whole.
class BlobSink {
 public:
  virtual ~BlobSink() = default;
  // Bytes kept so far, from an earlier attempt too.
  [[nodiscard]] virtual std::uint64_t Size() const = 0;
  // Gives all bytes kept so far to `take`, in order: to hash them after a restart.
  [[nodiscard]] virtual Status ReadBack(const std::function<void(BytesView)>& take) = 0;
  [[nodiscard]] virtual Status Append(BytesView bytes) = 0;
  // Makes the bytes durable under the blob's name.
  [[nodiscard]] virtual Status Commit() = 0;
  // Throws all bytes away; Size() is 0 afterwards.
  [[nodiscard]] virtual Status Discard() = 0;
};

// `final_path` + ".part" until Commit, which syncs the file, renames it and syncs the folder.
class PartFile final : public BlobSink {
 public:
  // Opens or makes the part file. kHost: cannot.
  [[nodiscard]] static Result<std::unique_ptr<PartFile>> Open(std::string final_path);
  ~PartFile() override;
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  [[nodiscard]] std::uint64_t Size() const override { return size_; }
  [[nodiscard]] Status ReadBack(const std::function<void(BytesView)>& take) override;
  [[nodiscard]] Status Append(BytesView bytes) override;
  [[nodiscard]] Status Commit() override;
  [[nodiscard]] Status Discard() override;

 private:
  PartFile(std::string final_path, int descriptor, std::uint64_t size);
  std::string final_path_;
  int descriptor_;
  std::uint64_t size_;
};

// The bytes of one blob as they come in: in order, within bounds, hashed on the way.
class BlobAssembly {
 public:
  // Reads what the sink has from an earlier attempt (and starts over if that is more than the
  // blob). An empty blob is complete at once.
  [[nodiscard]] static Result<BlobAssembly> Start(const BlobRef& blob,
                                                  std::unique_ptr<BlobSink> sink);

  // Takes the chunk if it is the next one. A chunk already held or beyond a gap is ignored (it was
  // sent twice, or one before it was lost): NextOffset() tells where to go on. kRefused: another
  // blob, another total, out of bounds, does not decompress, wrong hash at the end (then all bytes
  // are thrown away, NextOffset() is 0). kStore/kHost from the sink.
  [[nodiscard]] Status Accept(const Chunk& chunk);

  [[nodiscard]] const BlobRef& Blob() const { return blob_; }
  [[nodiscard]] std::uint64_t NextOffset() const { return next_; }
  [[nodiscard]] bool Complete() const { return complete_; }  // whole, checked and durable

 private:
  BlobAssembly(const BlobRef& blob, std::unique_ptr<BlobSink> sink);
  [[nodiscard]] Status Take(BytesView data);
  [[nodiscard]] Status FinishIfWhole();
  [[nodiscard]] Status StartOver();

  BlobRef blob_;
  std::unique_ptr<BlobSink> sink_;
  Hasher hasher_;
  std::uint64_t next_ = 0;
  bool complete_ = false;
};

// The server's answer to a PutChunk: takes it and tells where to go on. An empty chunk only asks.
[[nodiscard]] Result<PutState> AcceptPut(const PutChunk& put, BlobAssembly& assembly);

// Gets one blob.
class BlobDownload {
 public:
  explicit BlobDownload(BlobAssembly assembly, std::uint32_t credit = limits::kChunkCredit);

  // What to send now, if anything; call until it returns nothing, after Accept, Restart and at the
  // start. At most twice the credit is on its way.
  [[nodiscard]] std::optional<GetChunk> Next();
  // As BlobAssembly::Accept. A gap makes Next() ask again from there.
  [[nodiscard]] Status Accept(const Chunk& chunk);
  // What was asked for will not come (connection lost, or no chunk for a while).
  void Restart();

  [[nodiscard]] bool Complete() const { return assembly_.Complete(); }
  [[nodiscard]] std::uint64_t NextOffset() const { return assembly_.NextOffset(); }
  [[nodiscard]] const BlobRef& Blob() const { return assembly_.Blob(); }

 private:
  BlobAssembly assembly_;
  std::uint32_t credit_;
  std::uint64_t asked_ = 0;           // everything before has been asked for
  std::optional<std::uint64_t> gap_;  // where a chunk was lost and has been asked for again
};

// Reads a file in chunks. Keeps no position: any offset, any order.
class ChunkSource {
 public:
  // kHost: cannot be opened or has not the announced size.
  [[nodiscard]] static Result<std::unique_ptr<ChunkSource>> Open(const std::string& path,
                                                                 const BlobRef& blob);
  ~ChunkSource();
  ChunkSource(const ChunkSource&) = delete;
  ChunkSource& operator=(const ChunkSource&) = delete;

  // Up to limits::kChunkBytes from `offset`, compressed if that saves a tenth. kRefused: beyond the
  // end. An empty blob has one empty chunk at 0.
  [[nodiscard]] Result<Chunk> Read(std::uint64_t offset) const;
  [[nodiscard]] const BlobRef& Blob() const { return blob_; }

 private:
  ChunkSource(int descriptor, const BlobRef& blob) : descriptor_(descriptor), blob_(blob) {}
  int descriptor_;
  BlobRef blob_;
};
// The hash and size of a file. kHost: cannot be read.
[[nodiscard]] Result<BlobRef> HashFile(const std::string& path);

// Puts one blob.
class BlobUpload {
 public:
  explicit BlobUpload(std::unique_ptr<ChunkSource> source,
                      std::uint32_t credit = limits::kChunkCredit);

  // What to send now: first a question where to resume, then chunks, at most `credit` ahead of what
  // the other side has confirmed. Nothing: wait for a PutState. Errors are the file's.
  [[nodiscard]] Result<std::optional<PutChunk>> Next();
  // The other side's answer. A state of another blob is ignored.
  void Accept(const PutState& state);
  // No answer will come (connection lost, or silence): ask anew where to resume.
  void Restart();

  [[nodiscard]] bool Complete() const { return complete_; }
  [[nodiscard]] std::uint64_t Confirmed() const { return confirmed_; }
  [[nodiscard]] const BlobRef& Blob() const { return source_->Blob(); }

 private:
  std::unique_ptr<ChunkSource> source_;
  std::uint32_t credit_;
  bool knows_ = false;  // the other side has said where it is
  bool asked_ = false;
  bool complete_ = false;
  std::uint64_t confirmed_ = 0;
  std::uint64_t sent_ = 0;
  std::optional<std::uint64_t> gap_;  // where a chunk was lost and has been sent again
};

// An uncompressed chunk, compressed if that saves a tenth.
[[nodiscard]] Chunk PackChunk(Chunk chunk);
// A chunk's data uncompressed; bounded by limits::kChunkBytes.
[[nodiscard]] Result<Bytes> OpenChunk(const Chunk& chunk);

}  // namespace picube
