// Inside of the projection; included by projection*.cpp only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "server/store/projection.h"
#include "server/store/projection_format.h"
#include "server/store/sqlite.h"

namespace picube {

// Puts rows into the tables, inside a transaction of its caller. The writer's thread only.
class ProjectionRows {
 public:
  [[nodiscard]] Status Prepare(Database& database);

  // False on error: ask the database.
  [[nodiscard]] bool Put(const Event& event, WallTime at);
  [[nodiscard]] bool PutBatch(const BatchInfo& info, const Submit& submit, bool archived);
  [[nodiscard]] bool PutHost(const HostInfo& info);
  // Writes the extents that have grown; before each commit.
  [[nodiscard]] bool FlushExtents();
  void Committed();

 private:
  struct Extent {
    std::int64_t first = 0;
    std::int64_t last = 0;
    bool dirty = false;
  };
  using ExtentKey = std::pair<std::int64_t, std::int64_t>;  // batch, shift

  [[nodiscard]] bool PutUnit(const UnitClosed& unit);
  [[nodiscard]] bool PutDisagreement(const ResultDisagreed& result, WallTime at);
  [[nodiscard]] bool PutLease(const LeaseOver& lease, WallTime at);
  [[nodiscard]] bool PutArchived(const BatchArchived& batch);
  [[nodiscard]] bool Widen(std::int64_t batch, std::int64_t shift, std::int64_t unit);

  Statement unit_, extent_, find_extent_, batch_, host_, energy_, disagreement_, lease_, product_,
      old_product_;
  std::map<ExtentKey, Extent> extents_;  // a cache; the table has all
  ExtentKey latest_key_{0, 0};
  Extent* latest_ = nullptr;
};

class Projection::Impl {
 public:
  struct Rows {
    std::uint64_t seq = 0;
    WallTime at;
    std::vector<Event> events;
  };
  struct Batch {
    BatchInfo info;
    Submit submit;
  };
  struct Drop {
    WallTime before;
  };
  struct Item {
    std::variant<Rows, Batch, HostInfo, Drop> what;
    std::size_t bytes = 0;
  };

  [[nodiscard]] Status Open(const std::filesystem::path& file, const ProjectionOptions& options);
  ~Impl();
  bool Post(std::uint64_t seq, WallTime at, std::vector<Event> events);
  void Enqueue(Item item);
  [[nodiscard]] bool CaughtUp(std::uint64_t seq, std::chrono::milliseconds timeout);
  // Waits until all that has been posted is in the tables; false after a minute.
  [[nodiscard]] bool CaughtUpWithPosts();

  // A connection for one read, given back at the end.
  class Reader {
   public:
    explicit Reader(Impl& impl);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    // Prepares `sql` and binds its numbers.
    [[nodiscard]] Result<Statement> Query(std::string_view sql,
                                          std::initializer_list<std::uint64_t> numbers = {});
    [[nodiscard]] std::unexpected<Error> Failed() const {
      return std::unexpected(database_.LastError("read"));
    }

   private:
    Impl& impl_;
    Database database_;
  };

  std::filesystem::path file;
  ProjectionOptions options;
  std::atomic<std::size_t> queue_bytes{0};
  std::atomic<std::uint64_t> cursor{0};
  std::atomic<std::uint64_t> durable{0};

  std::mutex mutex;                  // for what follows
  std::condition_variable arrived;   // for the writer
  std::condition_variable progress;  // for who waits for room, or for the cursor
  std::deque<Item> queue;
  std::size_t queued_rows = 0;
  std::uint64_t posted = 0;  // newest row posted
  int waiting = 0;           // callers in CaughtUp: the writer hurries
  bool stop = false;
  Status health;

 private:
  friend class Reader;
  [[nodiscard]] Status OpenWriter();
  void Run();
  [[nodiscard]] bool Gather(std::vector<Item>& items);
  // Tries until it works; false if it is time to stop and the store does not let it.
  [[nodiscard]] bool WriteUntilDone(std::vector<Item>& items);
  [[nodiscard]] Status WriteOnce(std::vector<Item>& items, std::uint64_t& reached);
  [[nodiscard]] bool PutItem(const Item& item, std::uint64_t& reached);
  [[nodiscard]] Status Transact(bool synced, const std::function<bool()>& write);
  [[nodiscard]] Status SyncCursor();
  [[nodiscard]] bool SyncIsDue() const;
  [[nodiscard]] Status FindBatchToDrop();
  [[nodiscard]] Status DropSomePayloads();
  void SetHealth(Status status);
  void CheckpointIfLarge();

  Database writer_;
  ProjectionRows rows_;
  Statement begin_, commit_, rollback_, move_cursor_;
  std::int64_t wal_pages_ = 0;
  std::int64_t checkpoint_at_ = 0;
  std::int64_t wal_bound_ = 0;
  std::chrono::steady_clock::time_point synced_at_;
  bool synchronous_full_ = true;
  std::int64_t drop_before_ms_ = 0;                               // 0 = nothing to drop
  std::int64_t drop_batch_ = 0;                                   // 0 = find the next
  std::vector<std::pair<std::int64_t, std::int64_t>> drop_runs_;  // of it, still to do
  bool drop_failed_ = false;                                      // wait before the next try
  std::thread thread_;

  std::mutex readers_mutex_;
  std::vector<Database> readers_;  // idle connections
};

}  // namespace picube
