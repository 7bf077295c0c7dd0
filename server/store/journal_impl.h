// Inside of the journal; included by journal*.cpp only.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/store/journal.h"
#include "server/store/journal_format.h"
#include "server/store/sqlite.h"

namespace picube {

class Journal::Impl {
 public:
  struct Row {
    std::uint64_t seq = 0;
    Instant at;
    Digest hash;
    Bytes data;
  };
  struct Small {
    Digest digest;
    std::uint64_t seq = 0;
    Bytes data;
  };
  struct Drop {
    Digest digest;
    std::uint64_t at_most = 0;
  };
  struct Pending {  // a snapshot on its way to the disk
    std::uint64_t seq;
    Instant at;
    Digest chain;
    SnapshotHasher hasher;
    std::deque<Bytes> chunks;   // not yet durable
    std::uint64_t written = 0;  // parts that are durable
    bool ended = false;
    Digest hash;  // valid once ended
  };
  // What one transaction did besides rows; becomes true for memory when it is durable.
  struct Housework {
    std::size_t parts = 0;              // of the pending snapshot
    bool finished = false;              // its end was written
    std::uint64_t pruned_to = 0;        // rows up to here are gone
    std::optional<std::uint64_t> gone;  // a dead snapshot with no part left
  };

  Status Open(const std::filesystem::path& file, const JournalOptions& options);
  Result<RestoreSummary> Restore(const RestoreLimits& limits, const OnSnapshotChunk& on_chunk,
                                 const OnRow& on_row);
  std::uint64_t Append(Instant at, BytesView records);
  Status Commit();

  [[nodiscard]] bool HasStaged() const;
  [[nodiscard]] bool HasHousework() const;
  // The newest complete snapshot that may replace older rows; 0 = none.
  [[nodiscard]] std::uint64_t PruneTarget() const;
  [[nodiscard]] bool PrunePending() const;

  std::filesystem::path file;
  JournalOptions options;
  Database database;

  std::vector<Row> rows;  // staged
  std::vector<Small> smalls;
  std::vector<Drop> drops;
  bool retry = false;              // the last commit failed, perhaps after it had become durable
  bool housework_put_off = false;  // it failed: not tried until RetryHousework

  std::uint64_t last_seq = 0;
  std::uint64_t durable_seq = 0;
  std::uint64_t first_seq = 0;  // oldest durable row; 0 = none
  Digest head;                  // hash of row last_seq
  Instant head_at;

  std::optional<Pending> pending;
  std::set<std::uint64_t> complete;  // snapshots
  std::set<std::uint64_t> dead;      // snapshots whose parts are to be deleted
  std::uint64_t prune_allowed = 0;
  std::uint64_t rows_since = 0;  // since the newest snapshot was begun
  std::uint64_t bytes_since = 0;

 private:
  Status Prepare();
  Status CheckFormat(bool made);
  Status LoadPosition();
  Status LoadSnapshots();
  Status DropWhatIsDurable();
  Status RunTransaction(bool with_housework);
  Status WriteStaged();
  Status WriteSnapshotParts(Housework& done);
  Status FinishSnapshot(Housework& done);
  Status PruneRows(Housework& done);
  Status PruneSnapshots(Housework& done);
  void Remember(const Housework& done);
  void CheckpointIfLarge();
  Result<std::uint64_t> ReplaySnapshot(const RestoreLimits& limits, const OnSnapshotChunk& on_chunk,
                                       RestoreSummary& summary, Digest& chain);
  Status ReplayParts(std::uint64_t seq, std::uint64_t parts, SnapshotHasher& hasher, Instant at,
                     const OnSnapshotChunk& on_chunk);
  Status CheckSnapshotRow(std::uint64_t seq, const Digest& chain);
  Status ReplayRows(std::uint64_t after, Digest chain, const OnRow& on_row,
                    RestoreSummary& summary);
  std::unexpected<Error> Failed(std::string_view doing) const {
    return std::unexpected(database.LastError(doing));
  }

  Statement begin_, commit_, rollback_;
  Statement insert_row_, insert_small_, drop_small_;
  Statement insert_part_, insert_end_, delete_end_, first_parts_, delete_part_, delete_rest_;
  Statement row_size_, delete_rows_, move_anchor_;
  std::int64_t wal_pages_ = 0;      // as of the last commit
  std::int64_t checkpoint_at_ = 0;  // pages
  std::int64_t page_bytes_ = 4096;
};

}  // namespace picube
