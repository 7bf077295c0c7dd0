// Inside of the blob store; included by blob_*.cpp only.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "protocol/crypto/hash.h"
#include "server/store/blob_store.h"
#include "server/store/files.h"
#include "server/store/sqlite.h"

namespace picube {

// Calls `visit` for each whole blob that is a file, in no order; false stops. Reads names only, so
// it may be used beside a running server.
void VisitBlobFiles(const std::filesystem::path& folder,
                    const std::function<bool(const std::filesystem::path&, const Digest&)>& visit);

class BlobStore::Impl {
 public:
  // An arriving blob. Its mutex orders the threads that bring pieces of it.
  struct Writer {
    std::mutex mutex;
    Digest digest;
    std::uint64_t owner = 0;
    FileHandle file;
    Hasher hasher;  // over the bytes so far
    std::uint64_t next_offset = 0;
    bool ready = false;  // file and hasher are set up
    bool done = false;   // completed or dropped: take a new writer
  };

  std::filesystem::path folder;
  std::filesystem::path journal_file;
  BlobStoreOptions options;

  [[nodiscard]] std::filesystem::path Path(const Digest& digest) const;
  [[nodiscard]] std::filesystem::path PartPath(const Digest& digest, std::uint64_t owner) const;
  [[nodiscard]] std::optional<std::uint64_t> FileSize(const Digest& digest) const;
  // False if the blob is not there; true also marks it as just used.
  [[nodiscard]] bool Touch(const Digest& digest);
  [[nodiscard]] Status CheckRoom(std::uint64_t bytes) const;

  [[nodiscard]] Result<PutState> Put(const Digest& digest, std::uint64_t offset,
                                     std::uint64_t total, BytesView data, std::uint64_t owner);
  [[nodiscard]] Status MoveIn(const std::filesystem::path& from, const Digest& digest);
  [[nodiscard]] std::filesystem::path NewTemporary();

  // Small payloads: a connection of its own to the journal's file, for one thread at a time.
  // `use` gets the bytes; false if there is no such payload.
  [[nodiscard]] bool WithSmall(const Digest& digest, const std::function<void(BytesView)>& use);
  [[nodiscard]] Status ListSmall(std::uint64_t at_most,
                                 const std::function<void(const Digest&)>& callback);

  [[nodiscard]] Result<BlobGarbage> CollectGarbage(
      const std::function<bool(const Digest&)>& referenced, std::chrono::seconds grace,
      std::uint64_t small_at_most);

 private:
  [[nodiscard]] std::shared_ptr<Writer> TakeWriter(const Digest& digest, std::uint64_t owner);
  void DropWriter(const Writer& writer);
  [[nodiscard]] Status Prepare(Writer& writer, std::uint64_t total);
  [[nodiscard]] Result<PutState> Complete(Writer& writer);
  [[nodiscard]] Status OpenSmall();
  void RemoveOld(const std::filesystem::path& path, std::filesystem::file_time_type before,
                 BlobGarbage& garbage);

  std::mutex names_;  // between "it is there" and its removal; never held while bytes are moved
  std::mutex writers_mutex_;
  // shared_ptr: a writer may leave the list while another thread still holds its mutex.
  std::list<std::shared_ptr<Writer>> writers_;  // the latest first
  std::mutex small_mutex_;
  Database small_;
  Statement find_small_;
  std::uint64_t temporaries_ = 0;
};

}  // namespace picube
