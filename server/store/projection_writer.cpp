// The thread that fills the tables.
#include <algorithm>
#include <utility>

#include "server/store/projection_impl.h"

namespace picube {

namespace {

using std::chrono::steady_clock;

// How much may have to be replayed after a power cut, and how long pruning lags behind.
constexpr auto kSyncEvery = std::chrono::seconds(2);
constexpr auto kRetryAfter = std::chrono::milliseconds(500);
constexpr std::int64_t kDropSlice = 5000;  // units a transaction

}  // namespace

Status Projection::Impl::OpenWriter() {
  std::error_code ignored;
  const bool made =
      !std::filesystem::exists(file, ignored) || std::filesystem::file_size(file, ignored) == 0;
  Result<Database> opened = Database::Open(file, Database::Mode::kCreate);
  if (!opened) return std::unexpected(opened.error());
  writer_ = std::move(*opened);
  const Result<std::int64_t> format = writer_.QueryInt("PRAGMA user_version");
  if (!format) return std::unexpected(format.error());
  if (!made && *format > kProjectionFormat) {
    return Fail(ErrorKind::kUser,
                file.string() + " has format " + std::to_string(*format) +
                    "; this picube-server knows up to " + std::to_string(kProjectionFormat) + ".",
                "Use the newer version that wrote it.");
  }
  const std::string set_up =
      "PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
      "PRAGMA wal_autocheckpoint=0; PRAGMA secure_delete=OFF; PRAGMA cache_size=-16000;"
      "PRAGMA application_id=" +
      std::to_string(kProjectionFileId) +
      "; PRAGMA user_version=" + std::to_string(kProjectionFormat) + ";" +
      std::string(kProjectionSchema);
  if (Status status = writer_.Execute(set_up); !status) return status;
  const std::pair<Statement*, std::string_view> wanted[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&rollback_, "ROLLBACK"},
      {&move_cursor_, "UPDATE cursor SET seq = ?1 WHERE id = 1"},
  };
  for (const auto& [statement, sql] : wanted) {
    Result<Statement> prepared = writer_.Prepare(sql);
    if (!prepared) return std::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  writer_.WatchWal(&wal_pages_);
  return rows_.Prepare(writer_);
}

Status Projection::Impl::Open(const std::filesystem::path& path, const ProjectionOptions& wanted) {
  file = path;
  options = wanted;
  if (Status opened = OpenWriter(); !opened) return opened;
  const Result<std::int64_t> page = writer_.QueryInt("PRAGMA page_size");
  const Result<std::int64_t> seq = writer_.QueryInt("SELECT seq FROM cursor");
  if (!page) return std::unexpected(page.error());
  if (!seq) return std::unexpected(seq.error());
  wal_bound_ = static_cast<std::int64_t>(options.wal_bytes) / *page;
  checkpoint_at_ = wal_bound_;
  cursor = static_cast<std::uint64_t>(*seq);
  posted = cursor;
  // What a killed server wrote may be in the system's memory only.
  if (Status synced = SyncCursor(); !synced) return synced;
  thread_ = std::thread([this] { Run(); });
  return {};
}

Projection::Impl::~Impl() {
  {
    const std::scoped_lock lock(mutex);
    stop = true;
  }
  arrived.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Projection::Impl::Run() {
  std::vector<Item> items;
  while (Gather(items)) {
    if (!items.empty() && !WriteUntilDone(items)) return;
    items.clear();
    if (SyncIsDue()) SetHealth(SyncCursor());
    if (drop_before_ms_ != 0) drop_failed_ = !DropSomePayloads();
    CheckpointIfLarge();
  }
  (void)SyncCursor();
}

// Waits for work and takes it; false at the end. May return with nothing when time has passed.
bool Projection::Impl::Gather(std::vector<Item>& items) {
  std::unique_lock lock(mutex);
  const auto busy = [this] { return stop || !queue.empty(); };
  if (drop_before_ms_ == 0 || drop_failed_) (void)arrived.wait_for(lock, kSyncEvery, busy);
  const auto hurry = [this] {
    return stop || waiting > 0 || queued_rows >= options.rows_per_transaction ||
           queue_bytes > options.queue_bytes / 4;
  };
  if (!queue.empty()) (void)arrived.wait_for(lock, options.gather, hurry);
  std::size_t rows = 0;
  while (!queue.empty() && (rows == 0 || rows < options.rows_per_transaction)) {
    const auto* batch = std::get_if<Rows>(&queue.front().what);
    const std::size_t here = batch == nullptr ? 1 : batch->events.size();
    rows += std::max<std::size_t>(here, 1);
    queued_rows -= here;
    items.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  return !items.empty() || !stop;
}

bool Projection::Impl::WriteUntilDone(std::vector<Item>& items) {
  std::uint64_t reached = cursor;
  for (;;) {
    const Status written = WriteOnce(items, reached);
    SetHealth(written);
    std::unique_lock lock(mutex);
    if (written) {
      for (const Item& item : items) queue_bytes -= item.bytes;
      cursor = reached;
      progress.notify_all();
      return true;
    }
    if (stop) return false;
    (void)arrived.wait_for(lock, kRetryAfter, [this] { return stop; });
  }
}

Status Projection::Impl::WriteOnce(std::vector<Item>& items, std::uint64_t& reached) {
  reached = cursor;
  const bool synced = SyncIsDue();
  Status status = Transact(synced, [&] {
    for (const Item& item : items) {
      if (!PutItem(item, reached)) return false;
    }
    move_cursor_.Bind(1, reached);
    return rows_.FlushExtents() && move_cursor_.Run();
  });
  if (!status) return status;
  rows_.Committed();
  if (synced) {
    durable = reached;
    synced_at_ = steady_clock::now();
  }
  return {};
}

bool Projection::Impl::PutItem(const Item& item, std::uint64_t& reached) {
  if (const auto* rows = std::get_if<Rows>(&item.what)) {
    if (rows->seq <= reached) return true;
    for (const Event& event : rows->events) {
      if (!rows_.Put(event, rows->at)) return false;
    }
    reached = rows->seq;
    return true;
  }
  if (const auto* batch = std::get_if<Batch>(&item.what)) {
    return rows_.PutBatch(batch->info, batch->submit, /*archived=*/false);
  }
  if (const auto* host = std::get_if<HostInfo>(&item.what)) return rows_.PutHost(*host);
  drop_before_ms_ = std::max(drop_before_ms_, std::get<Drop>(item.what).before.ms);
  return true;
}

// `write` inside a transaction, all or nothing. Only a synced one waits for the disk; the journal
// can bring the others again.
Status Projection::Impl::Transact(bool synced, const std::function<bool()>& write) {
  if (synced != synchronous_full_) {
    const std::string pragma = synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
    if (Status set = writer_.Execute(pragma); !set) return set;
    synchronous_full_ = synced;
  }
  if (!begin_.Run()) return std::unexpected(writer_.LastError("written"));
  if (write() && commit_.Run()) return {};
  Error error = writer_.LastError("written");
  if (writer_.InTransaction()) (void)rollback_.Run();
  return std::unexpected(std::move(error));
}

bool Projection::Impl::SyncIsDue() const {
  return durable != cursor && steady_clock::now() - synced_at_ >= kSyncEvery;
}

Status Projection::Impl::SyncCursor() {
  const std::uint64_t reached = cursor;
  Status status = Transact(/*synced=*/true, [&] {
    move_cursor_.Bind(1, reached);
    return move_cursor_.Run();
  });
  if (!status) return status;
  durable = reached;
  synced_at_ = steady_clock::now();
  return {};
}

void Projection::Impl::SetHealth(Status status) {
  const std::scoped_lock lock(mutex);
  health = std::move(status);
}

// The next batch whose payloads are to go, and its runs of units. None: everything has been done.
Status Projection::Impl::FindBatchToDrop() {
  Result<Statement> find = writer_.Prepare(
      "SELECT id FROM batch WHERE archived = 1 AND payloads = 1 AND finished_ms < ?1 LIMIT 1");
  if (!find) return std::unexpected(find.error());
  find->Bind(1, drop_before_ms_);
  const Statement::Row row = find->Step();
  if (row == Statement::Row::kError) return std::unexpected(writer_.LastError("read"));
  if (row == Statement::Row::kDone) {
    drop_before_ms_ = 0;
    return {};
  }
  drop_batch_ = find->Int(0);
  Result<Statement> runs = writer_.Prepare("SELECT first, last FROM extent WHERE batch = ?1");
  if (!runs) return std::unexpected(runs.error());
  runs->Bind(1, drop_batch_);
  while (runs->Step() == Statement::Row::kRow) {
    drop_runs_.emplace_back(runs->Int(0), runs->Int(1));
  }
  return {};
}

// One slice of one batch; called again until no batch is left.
Status Projection::Impl::DropSomePayloads() {
  if (drop_batch_ == 0) {
    if (Status found = FindBatchToDrop(); !found || drop_batch_ == 0) return found;
  }
  const std::string batch = std::to_string(drop_batch_);
  std::string sql = "UPDATE batch SET payloads = 0 WHERE id = " + batch;
  std::int64_t last = 0;
  if (!drop_runs_.empty()) {
    const std::int64_t first = drop_runs_.back().first;
    last = std::min(drop_runs_.back().second, first + kDropSlice - 1);
    sql = "UPDATE unit SET payload = NULL WHERE batch = " + batch + " AND id BETWEEN " +
          std::to_string(first) + " AND " + std::to_string(last);
  }
  Status done = Transact(/*synced=*/false, [&] { return writer_.Execute(sql).has_value(); });
  if (!done) return done;
  if (drop_runs_.empty()) {
    drop_batch_ = 0;
  } else if (last == drop_runs_.back().second) {
    drop_runs_.pop_back();
  } else {
    drop_runs_.back().first = last + 1;
  }
  return {};
}

void Projection::Impl::CheckpointIfLarge() {
  if (wal_pages_ < checkpoint_at_) {
    if (wal_pages_ < wal_bound_) checkpoint_at_ = wal_bound_;
    return;
  }
  const Database::Checkpoint checkpoint = writer_.CheckpointPassive();
  const bool whole = checkpoint.ok && checkpoint.copied_pages >= checkpoint.wal_pages;
  checkpoint_at_ = whole ? wal_bound_ : wal_pages_ + std::max<std::int64_t>(wal_bound_ / 4, 1);
}

}  // namespace picube
