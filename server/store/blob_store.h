// Content-addressed bytes: datasets, payloads above the core's bound, product files.
//
//   blobs/ab/cdef…            a whole blob, named by the BLAKE2b-256 hash of its bytes
//   blobs/incoming/HASH-OWNER.part  one that is arriving; its size is where to go on
//
// "Complete" means: all bytes are there, they hash to the name, file and folder are synced. Small
// payloads (Journal::PutSmall) live in a table of the journal's file and are read through the same
// calls. A blob never changes. Nothing is written that would leave less than `least_free_bytes`
// free: a full disk must not stop the journal.
//
// Any thread; two threads that write the same blob take turns. Errors of the disk are kStore.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/limits.h"
#include "protocol/messages.h"

namespace picube {

struct BlobStoreOptions {
  std::uint64_t least_free_bytes = 64ULL << 20;   // refuse to fill the disk beyond this
  std::uint64_t most_bytes = limits::kBlobBytes;  // of one blob
  std::size_t open_writers = 64;                  // kept open at once; more are reopened on demand
};

struct BlobGarbage {
  std::uint64_t files = 0;    // removed
  std::uint64_t bytes = 0;    // freed by them
  std::vector<Digest> small;  // unreferenced small payloads: hand them to Journal::DropSmall
};

class BlobStore {
 public:
  // `journal_file` may be empty (no small payloads) or not exist yet.
  [[nodiscard]] static Result<std::unique_ptr<BlobStore>> Open(
      const std::filesystem::path& folder, const std::filesystem::path& journal_file,
      const BlobStoreOptions& options = {});
  ~BlobStore();
  BlobStore(const BlobStore&) = delete;
  BlobStore& operator=(const BlobStore&) = delete;

  // --- Writing
  // One piece of an arriving blob. Bytes at an offset other than the next one change nothing: the
  // answer says where to go on. Empty `data` asks where that is. The last piece checks the hash
  // (another hash: kRefused, the pieces are dropped), syncs, and answers complete.
  // `owner` is who brings it: pieces of one owner never mix with another's, so that nobody can
  // spoil what somebody else is sending.
  [[nodiscard]] Result<PutState> Put(const Digest& digest, std::uint64_t offset,
                                     std::uint64_t total, BytesView data, std::uint64_t owner = 0);
  // A whole blob in one call. Complete and durable when it returns.
  [[nodiscard]] Result<BlobRef> PutBytes(BytesView data);
  // Takes a file over (moved if it is on the same file system, else copied and removed), hashing it
  // as a stream. On error the file stays where it was.
  [[nodiscard]] Result<BlobRef> Adopt(const std::filesystem::path& file);

  // Marks a whole blob that is a file as just used, so that it is not collected for another while.
  // False if it is not there.
  [[nodiscard]] bool Touch(const Digest& digest);

  // --- Reading
  [[nodiscard]] bool Has(const Digest& digest) const;
  [[nodiscard]] std::optional<std::uint64_t> Size(const Digest& digest) const;  // bytes
  // Of a whole blob that is a file (not a small payload). The file may not exist: ask Has.
  [[nodiscard]] std::filesystem::path Path(const Digest& digest) const;
  // Up to `most` bytes from `offset`; empty at the end.
  [[nodiscard]] Result<Bytes> Read(const Digest& digest, std::uint64_t offset,
                                   std::size_t most) const;
  // All of it; refused (kRefused) if it is larger than `most`.
  [[nodiscard]] Result<Bytes> ReadAll(const Digest& digest,
                                      std::uint64_t most = limits::kResultBytes) const;
  // Blobs that are files, in no order. Stops early if the callback returns false.
  void ForEach(const std::function<bool(const BlobRef&)>& callback) const;

  // --- Keeping house
  // Removes files (whole and arriving) last touched more than `grace` ago for which `referenced`
  // says false, and lists small payloads put at or before row `small_at_most` likewise.
  // `referenced` must not use this store. A blob that is put again counts as touched.
  [[nodiscard]] Result<BlobGarbage> CollectGarbage(
      const std::function<bool(const Digest&)>& referenced, std::chrono::seconds grace,
      std::uint64_t small_at_most);
  [[nodiscard]] std::uint64_t FreeBytes() const;  // of the file system, above the bound

 private:
  class Impl;
  explicit BlobStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
