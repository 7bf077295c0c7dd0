// What the worker must not lose: leases it accepted, results it computed, checkpoints. Files in the
// state directory:
//
//   lock                      held while a worker runs
//   leases/17.lease           a UnitWork     } as record files, see record_file.h
//   leases/17.attempts        starts that ended with the process
//   leases/17.checkpoint      the kernel's own
//   results/17.result         a UnitResult with its whole payload
//   damaged/                  files that could not be read, or that the server refuses, set aside;
//                             never read again
//   spool.server              whose leases and results these are: the server's fingerprint
//   servers/FINGERPRINT/      leases, results and keys of a server that was left
//
// Rules:
// - A result replaces its lease: first the result is durable, then lease and checkpoint go.
// - Results and checkpoints survive a power cut. Leases and attempts survive the process; after a
//   power cut the server gives out again what is missing, so they are worth no wait for the disk.
// - When the disk is full a result is kept in memory and can be read and reported from there;
//   RetryHeld() writes it when there is room again.
// One thread; CheckpointFile may be used by another.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/messages.h"
#include "worker/core/agent_io.h"

namespace picube {

// One unit's checkpoint. Any one thread at a time.
class CheckpointFile {
 public:
  CheckpointFile(std::filesystem::path checkpoint, std::filesystem::path attempts)
      : checkpoint_(std::move(checkpoint)), attempts_(std::move(attempts)) {}
  // Durable. It also ends the count of attempts: the unit has got further than before.
  [[nodiscard]] Status Save(BytesView state) const;
  [[nodiscard]] bool Exists() const;
  // Nothing if there is none or it is damaged.
  [[nodiscard]] std::optional<Bytes> Load() const;

 private:
  std::filesystem::path checkpoint_;
  std::filesystem::path attempts_;
};

class Spool {
 public:
  // Makes the directory if it is not there, and locks it. kRefused: another worker holds the lock.
  // kStore: cannot be made or written.
  [[nodiscard]] static Result<std::unique_ptr<Spool>> Open(std::filesystem::path state);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  struct Contents {
    std::vector<UnitResult> results;      // payload only if it is inline
    std::vector<agent::UnitWork> leases;  // by lease; with their attempts
    std::vector<std::string> warnings;    // files set aside, and why
  };
  [[nodiscard]] Contents Load();

  // From now on leases and results belong to this server (a fingerprint: digits and dashes). Those
  // of another go aside to its folder, those of this one come back; a crash in between is made good
  // by the next call. kStore.
  struct Count {
    std::size_t results = 0;
    std::size_t leases = 0;
    [[nodiscard]] bool None() const { return results + leases == 0; }
  };
  struct Moved {
    std::string left;  // the server to which `aside` belongs
    Count aside;
    Count back;  // of this server, taken up again
  };
  [[nodiscard]] Result<Moved> BelongTo(const std::string& server);
  // Where things of a server that was left are kept.
  [[nodiscard]] std::filesystem::path FolderOf(const std::string& server) const;
  // Leases and results of a server that was left, by lease.
  [[nodiscard]] std::vector<LeaseId> LeasesHeldFor(const std::string& server) const;

  [[nodiscard]] Status KeepLease(const agent::UnitWork& work);
  [[nodiscard]] Status CountAttempt(const agent::UnitWork& work);  // before its kernel starts
  void DropLease(LeaseId lease);
  [[nodiscard]] CheckpointFile Checkpoint(LeaseId lease) const;

  struct Kept {
    Digest digest;
    Status durable;  // an error: kept in memory, and why
  };
  // Takes the whole payload; fills in the digest (of payload or error text).
  [[nodiscard]] Kept KeepResult(UnitResult result);
  void ForgetResult(LeaseId lease);
  // Moves it to damaged/.
  void SetResultAside(LeaseId lease);
  // Up to limits::kChunkBytes of a result's payload. kStore, kHost: it is lost.
  [[nodiscard]] Result<Chunk> ReadPayload(LeaseId lease, std::uint64_t offset);

  // Of results in memory: what the process holds besides the kernel.
  [[nodiscard]] std::uint64_t MemoryBytes() const;

  // Writes what is held in memory. True if nothing is held any more and the disk takes a write.
  [[nodiscard]] bool RetryHeld();

 private:
  Spool(std::filesystem::path state, int lock);
  [[nodiscard]] std::filesystem::path LeasePath(LeaseId lease, const char* ending) const;
  [[nodiscard]] std::filesystem::path ResultPath(LeaseId lease) const;
  void SetAside(const std::filesystem::path& path, const std::string& why, Contents& contents);
  void LoadResults(Contents& contents);
  void LoadLeases(Contents& contents);

  std::filesystem::path state_;
  int lock_;
  std::map<LeaseId, UnitResult> held_;  // could not be written
  // The payload being put, so that each of its chunks does not read the file again.
  std::optional<UnitResult> open_;
};

// The lease that a file of the spool is named by.
[[nodiscard]] std::optional<LeaseId> LeaseOf(const std::filesystem::path& file);

// The spool's record bodies. Versioned by the record file.
[[nodiscard]] Bytes EncodeWork(const agent::UnitWork& work);
[[nodiscard]] std::optional<agent::UnitWork> DecodeWork(BytesView bytes);
[[nodiscard]] Bytes EncodeResult(const UnitResult& result);
[[nodiscard]] std::optional<UnitResult> DecodeResult(BytesView bytes);

}  // namespace picube
