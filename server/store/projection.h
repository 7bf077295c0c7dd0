// Tables for people: units, leases, batches, hosts, products, in a SQLite file of their own.
//
// The core never reads them and no acknowledgement waits for them: a thread fills them behind the
// journal from what the core publishes. The cursor (the last journal row whose events are in) is
// part of the same transaction as the rows, so that after a crash the replay of the journal brings
// each event exactly once: events of rows at or before the cursor are ignored.
//
// Post… from one thread; everything else from any thread. Reads see what has been committed.
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
#include "protocol/messages.h"
#include "server/core/grid.h"

namespace picube {

struct ProjectionOptions {
  // What may wait in memory. Above it Post waits, unless the store fails (see Health). A shell that
  // does not want to wait reads less from its sockets when QueueBytes() is above half of it.
  std::size_t queue_bytes = 64 << 20;
  std::size_t rows_per_transaction = 50'000;
  // A transaction waits this long for more, unless somebody waits for it: many small ones would
  // take the processor from the server.
  std::chrono::milliseconds gather{100};
  std::size_t wal_bytes = 32 << 20;
};

struct UnitRow {  // one unit of a stream; views are valid during the callback
  std::uint64_t index = 0;
  UnitId unit;
  UnitState state = UnitState::kSettled;
  Digest digest;
  std::uint64_t payload_bytes = 0;
  BytesView payload;     // empty if it is a blob (payload_bytes > kCorePayloadBytes) or was dropped
  bool dropped = false;  // the payload was deleted by DropPayloads
};

class Projection {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Projection>> Open(
      const std::filesystem::path& file, const ProjectionOptions& options = {});
  // Writes what is queued (unless the store fails), then stops.
  ~Projection();
  Projection(const Projection&) = delete;
  Projection& operator=(const Projection&) = delete;

  // --- Writing
  // The events of journal row `seq`, once per row and in order; events of kinds that are not kept
  // are skipped. An empty list moves the cursor on. `at` is shown beside disagreements. Returns
  // false if the events were ignored because the row is in already.
  bool Post(std::uint64_t seq, WallTime at, std::vector<Event> events);
  // Descriptions: the newest replaces the one before. A batch that is archived is not changed.
  void PostBatch(BatchInfo info, Submit submit);
  void PostHost(HostInfo info);
  // Deletes the per-unit payloads of batches that finished before `before`, a little at a time.
  void DropPayloads(WallTime before);

  [[nodiscard]] std::size_t QueueBytes() const;
  // The last journal row whose events are in the tables and synced to the disk. What a restore
  // starts from, and up to where the journal may be pruned; two seconds behind at most.
  [[nodiscard]] std::uint64_t Cursor() const;
  // The same, but perhaps not synced yet: what a read sees.
  [[nodiscard]] std::uint64_t VisibleCursor() const;
  // Waits until VisibleCursor() ≥ seq; false after `timeout`, or if the store fails.
  [[nodiscard]] bool CaughtUp(std::uint64_t seq, std::chrono::milliseconds timeout) const;
  // Why nothing can be written now; the thread tries again by itself.
  [[nodiscard]] Status Health() const;

  // --- Reading
  // Every unit of the batch that has ended, in the order of their index; memory stays that of one
  // row. The callback returns an error to stop. For batches whose units have all ended: it reads in
  // slices, so that a slow callback does not hold the write-ahead file back.
  [[nodiscard]] Status StreamUnits(BatchId batch,
                                   const std::function<Status(const UnitRow&)>& callback) const;
  [[nodiscard]] Result<std::optional<UnitClosed>> FindUnit(UnitId unit) const;
  [[nodiscard]] Result<std::vector<ResultDisagreed>> DisagreementsOf(UnitId unit) const;
  // By host, the newest first.
  [[nodiscard]] Result<std::vector<ResultDisagreed>> DisagreementsOf(HostId host,
                                                                     std::size_t limit) const;
  // Leases of the batch that have ended, of units above `after`, in the order of units and leases:
  // at most `limit`, but all of a unit's unless one unit has more than `limit`. `more`: there are
  // others above the last unit.
  struct LeasePage {
    std::vector<LeaseInfo> leases;
    bool more = false;
  };
  [[nodiscard]] Result<LeasePage> LeasesOf(BatchId batch, UnitId after, std::size_t limit) const;
  [[nodiscard]] Result<std::optional<BatchArchived>> FindBatch(BatchId batch) const;
  // Newest first; only those below `below` (zero = all).
  [[nodiscard]] Result<std::vector<BatchInfo>> Batches(BatchId below, std::size_t limit) const;
  [[nodiscard]] Result<std::vector<ProductFile>> Product(BatchId batch) const;
  // Units of a batch that have ended, by state.
  struct UnitCounts {
    std::uint64_t settled = 0, failed = 0, cancelled = 0;
    std::uint64_t payload_bytes = 0;  // of the settled ones together
  };
  [[nodiscard]] Result<UnitCounts> CountUnits(BatchId batch) const;
  // Every blob that a batch's dataset or product, or a unit whose payload is still kept, names; for
  // BlobStore::CollectGarbage. Waits until everything posted before is in the tables, so that a
  // unit which has just left the core is not between two stools. What only the live core names
  // (results that wait for their copies, batches not yet described here) is not among them.
  [[nodiscard]] Status ReferencedBlobs(const std::function<void(const Digest&)>& callback) const;

 private:
  class Impl;
  explicit Projection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
