// The journal: what the core decided, one row a commit, in a SQLite file (WAL, synchronous=FULL).
//
//   journal.PutSmall(digest, payload);  journal.Append(now, records);   stage, in memory
//   journal.Commit();                                                  one transaction, one sync
//
// Each row carries hash = BLAKE2b(hash of the row before ‖ seq ‖ at ‖ data), so that a row which
// was altered, dropped or inserted later breaks the chain at its number. Rows are never changed.
// Rows older than a finished snapshot are deleted from the front, a few with each commit; the hash
// of the last deleted one is kept (the anchor), so that what is left is still proven.
//
// A snapshot is handed over in chunks and goes to disk a little with each commit, so no commit is
// long. It counts only when its last row, with the hash over all of it, is durable.
//
// One thread. Readers beside it (verify, backup, the blob store) use connections of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"

namespace picube {

struct JournalOptions {
  // Snapshot bytes that one commit carries at most, but at least one chunk: 1 MiB takes a few ms.
  std::size_t snapshot_bytes_per_commit = 1 << 20;
  // Old rows and snapshot parts deleted by one commit, at most: more than the one row that it
  // adds, so that pruning catches up.
  std::size_t pruned_rows_per_commit = 16;
  std::size_t pruned_bytes_per_commit = 512 * 1024;
  // The write-ahead file is copied into the main file when it has grown to this: 4 MiB stall one
  // commit in a thousand by 4 ms; 16 MiB stall one in four thousand by 30 ms.
  std::size_t wal_bytes = 4 << 20;
};

struct RestoreLimits {
  // Only a snapshot at or before this row is taken (the projection's cursor): the events of later
  // rows must be made again. kAny takes the newest, and what the projection missed stays missing.
  static constexpr std::uint64_t kAny = ~0ULL;
  std::uint64_t snapshot_at_most = kAny;
};

struct RestoreSummary {
  std::uint64_t snapshot_seq = 0;  // 0 = there was none
  std::uint64_t rows = 0;          // replayed after it
  std::uint64_t last_seq = 0;      // 0 = the journal is empty
  Instant last_at;                 // of the last row, or of the snapshot's
};

class Journal {
 public:
  // A status returned by a callback ends the restore with that error.
  using OnSnapshotChunk = std::function<Status(Instant at, BytesView chunk)>;
  using OnRow = std::function<Status(std::uint64_t seq, Instant at, BytesView records)>;

  // Opens or makes the file. An error (not a journal, newer format, damaged) changes nothing.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> Open(const std::filesystem::path& file,
                                                             const JournalOptions& options = {});
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Streams the newest usable snapshot, then every later row in order; memory stays that of one
  // chunk. The chain is checked on the way: an altered row is an error that names its number, after
  // the rows before it have been streamed. Call once, before the first Append.
  [[nodiscard]] Result<RestoreSummary> Restore(const RestoreLimits& limits,
                                               const OnSnapshotChunk& on_chunk,
                                               const OnRow& on_row);

  // Stages a row and returns its number; numbers count from 1 without gaps. `records` is copied.
  std::uint64_t Append(Instant at, BytesView records);
  // Stages a payload of up to limits::kInlinePayloadBytes into the same transaction. The caller has
  // checked that `digest` is its hash. It belongs to the row that is appended next, the one whose
  // records name it. Readable through the blob store after Commit.
  void PutSmall(const Digest& digest, BytesView payload);
  // Stages the deletion of a small payload if it was last put at or before row `at_most`.
  void DropSmall(const Digest& digest, std::uint64_t at_most);

  // Makes everything staged durable, all or nothing, and works a little on the snapshot and on
  // pruning. On error (kStore) nothing is lost: what was staged is kept, and calling again tries
  // again. Returns at once if there is nothing to do. Housework that fails (a disk with room for
  // rows, but not for a snapshot) is no error: it is put off until RetryHousework.
  [[nodiscard]] Status Commit();
  // Lets housework that was put off be tried again, by the next Commit.
  void RetryHousework();
  // Payloads that wait for a commit.
  [[nodiscard]] std::size_t StagedPayloads() const;

  // A snapshot of the state after row `seq`, which must have been appended; `at` as of that row.
  // Chunks are copied (about 1 MiB each is good) and restored with the same boundaries. A new
  // Begin drops an unfinished one.
  void BeginSnapshot(std::uint64_t seq, Instant at);
  void AddSnapshotChunk(BytesView chunk);
  void EndSnapshot();
  // True while parts of a snapshot wait for commits and are not put off. The shell should commit
  // even when idle.
  [[nodiscard]] bool SnapshotPending() const;
  // Newest complete and durable snapshot; 0 = none.
  [[nodiscard]] std::uint64_t SnapshotSeq() const;
  // Rows and snapshots that a durable snapshot at or before `seq` replaces may be deleted: `seq` is
  // the projection's durable cursor.
  void AllowPruneTo(std::uint64_t seq);
  // True while old rows wait to be deleted, and are not put off.
  [[nodiscard]] bool PrunePending() const;

  [[nodiscard]] std::uint64_t LastSeq() const;     // appended, durable or not
  [[nodiscard]] std::uint64_t DurableSeq() const;  // the last durable row
  [[nodiscard]] std::uint64_t FirstSeq() const;    // oldest row kept; 0 = none
  // Rows and bytes of records appended since the newest snapshot was begun: when to make the next.
  [[nodiscard]] std::uint64_t BytesSinceSnapshot() const;
  [[nodiscard]] std::uint64_t RowsSinceSnapshot() const;

 private:
  class Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
