#include "server/store/journal.h"

#include <algorithm>
#include <utility>

#include "protocol/base/check.h"
#include "server/store/journal_impl.h"
#include "server/store/wal_check.h"

namespace picube {

namespace {
// Pages as large as SQLite's default: a commit of a few KiB then writes few bytes besides its own.
constexpr std::string_view kNewFilePragmas =
    "PRAGMA page_size=4096; PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=WAL;";
// Checkpoints are made by CheckpointIfLarge. Deleted records need not be overwritten with zeros.
constexpr std::string_view kPragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
    "PRAGMA secure_delete=OFF; PRAGMA cache_size=-8000; PRAGMA temp_store=MEMORY;";
}  // namespace

Status Journal::Impl::Open(const std::filesystem::path& path, const JournalOptions& wanted) {
  file = path;
  options = wanted;
  std::error_code ignored;
  const bool made =
      !std::filesystem::exists(file, ignored) || std::filesystem::file_size(file, ignored) == 0;
  if (Status whole = CheckWriteAheadFile(file); !whole) return whole;
  Result<Database> opened = Database::Open(file, Database::Mode::kCreate);
  if (!opened) return std::unexpected(opened.error());
  database = std::move(*opened);
  if (made) {
    if (Status status = database.Execute(std::string(kNewFilePragmas)); !status) return status;
  }
  if (Status status = CheckFormat(made); !status) return status;
  if (Status status = database.Execute(std::string(kPragmas)); !status) return status;
  if (Status status = database.Execute(std::string(kJournalSchema)); !status) return status;
  if (Status status = Prepare(); !status) return status;
  database.WatchWal(&wal_pages_);
  const Result<std::int64_t> page = database.QueryInt("PRAGMA page_size");
  if (!page) return std::unexpected(page.error());
  page_bytes_ = *page;
  checkpoint_at_ = static_cast<std::int64_t>(options.wal_bytes) / page_bytes_;
  if (Status status = LoadPosition(); !status) return status;
  return LoadSnapshots();
}

Status Journal::Impl::CheckFormat(bool made) {
  const std::string marks = "PRAGMA application_id=" + std::to_string(kJournalFileId) +
                            "; PRAGMA user_version=" + std::to_string(kJournalFormat) + ";";
  if (made) return database.Execute(marks);
  const Result<std::int64_t> id = database.QueryInt("PRAGMA application_id");
  if (!id) return std::unexpected(id.error());
  const Result<std::int64_t> format = database.QueryInt("PRAGMA user_version");
  if (!format) return std::unexpected(format.error());
  const Result<std::int64_t> tables = database.QueryInt("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  if (*id == 0 && *format == 0 && *tables == 0) return database.Execute(marks);  // killed early
  if (*id != kJournalFileId) {
    return Damaged(file.string() + " is not a journal of picube-server, or its head is damaged.");
  }
  if (*format > kJournalFormat || *format < 1) {
    return Fail(ErrorKind::kUser,
                file.string() + " has journal format " + std::to_string(*format) +
                    "; this picube-server knows up to " + std::to_string(kJournalFormat) + ".",
                "Use the newer version that wrote it, or a backup from before it.");
  }
  return {};
}

Status Journal::Impl::Prepare() {
  const std::pair<Statement*, std::string_view> wanted[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&rollback_, "ROLLBACK"},
      {&insert_row_, "INSERT INTO journal(seq, at_us, hash, data) VALUES(?1, ?2, ?3, ?4)"},
      {&insert_small_,
       "INSERT INTO payload(hash, seq, data) VALUES(?1, ?2, ?3) "
       "ON CONFLICT(hash) DO UPDATE SET seq = excluded.seq"},
      {&drop_small_, "DELETE FROM payload WHERE hash = ?1 AND seq <= ?2"},
      {&insert_part_, "INSERT OR REPLACE INTO snapshot(seq, part, data) VALUES(?1, ?2, ?3)"},
      {&insert_end_,
       "INSERT OR REPLACE INTO snapshot_end(seq, at_us, parts, bytes, hash, chain) "
       "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
      {&delete_end_, "DELETE FROM snapshot_end WHERE seq = ?1"},
      {&first_parts_,
       "SELECT part, length(data) FROM snapshot WHERE seq = ?1 ORDER BY part LIMIT ?2"},
      {&delete_part_, "DELETE FROM snapshot WHERE seq = ?1 AND part = ?2"},
      {&delete_rest_, "DELETE FROM snapshot WHERE seq = ?1 AND part >= ?2"},
      {&row_size_, "SELECT hash, length(data) FROM journal WHERE seq = ?1"},
      {&delete_rows_, "DELETE FROM journal WHERE seq BETWEEN ?1 AND ?2"},
      {&move_anchor_, "UPDATE anchor SET seq = ?1, hash = ?2 WHERE id = 1"},
  };
  for (const auto& [statement, sql] : wanted) {
    Result<Statement> prepared = database.Prepare(sql);
    if (!prepared) return std::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

Status Journal::Impl::LoadPosition() {
  Result<Statement> last =
      database.Prepare("SELECT seq, at_us, hash FROM journal ORDER BY seq DESC LIMIT 1");
  if (!last) return std::unexpected(last.error());
  const Statement::Row row = last->Step();
  if (row == Statement::Row::kError) return Failed("read");
  if (row == Statement::Row::kRow) {
    last_seq = last->Unsigned(0);
    head_at = Instant{last->Int(1)};
    if (!ToBlock(last->Blob(2), head)) {
      return Damaged("Row " + std::to_string(last_seq) + " of the journal " + file.string() +
                     " has a hash of the wrong size.");
    }
  }
  durable_seq = last_seq;
  const Result<std::int64_t> first = database.QueryInt("SELECT coalesce(min(seq), 0) FROM journal");
  if (!first) return std::unexpected(first.error());
  first_seq = static_cast<std::uint64_t>(*first);
  const Result<std::int64_t> anchor = database.QueryInt("SELECT seq FROM anchor");
  if (!anchor) return std::unexpected(anchor.error());
  // Rows are only ever deleted from the front, and never the newest.
  const auto anchor_seq = static_cast<std::uint64_t>(*anchor);
  if (first_seq != (last_seq == 0 ? 0 : anchor_seq + 1) || (last_seq == 0 && anchor_seq != 0)) {
    return Damaged("The journal " + file.string() + " begins at row " + std::to_string(first_seq) +
                   " instead of row " + std::to_string(anchor_seq + 1) + ".");
  }
  return {};
}

Status Journal::Impl::LoadSnapshots() {
  Result<Statement> ends = database.Prepare("SELECT seq FROM snapshot_end");
  if (!ends) return std::unexpected(ends.error());
  Result<Statement> begun = database.Prepare("SELECT DISTINCT seq FROM snapshot");
  if (!begun) return std::unexpected(begun.error());
  Statement::Row row = Statement::Row::kRow;
  while ((row = ends->Step()) == Statement::Row::kRow) complete.insert(ends->Unsigned(0));
  if (row == Statement::Row::kError) return Failed("read");
  while ((row = begun->Step()) == Statement::Row::kRow) {
    if (!complete.contains(begun->Unsigned(0))) dead.insert(begun->Unsigned(0));
  }
  if (row == Statement::Row::kError) return Failed("read");
  if (!complete.empty()) rows_since = last_seq - std::min(last_seq, *complete.rbegin());
  return {};
}

std::uint64_t Journal::Impl::Append(Instant at, BytesView records) {
  const std::uint64_t seq = ++last_seq;
  head = ChainHash(head, seq, at, records);
  head_at = at;
  rows.push_back({seq, at, head, Bytes(records)});
  ++rows_since;
  bytes_since += records.size();
  return seq;
}

bool Journal::Impl::HasStaged() const { return !rows.empty() || !smalls.empty() || !drops.empty(); }

Status Journal::Impl::Commit() {
  const bool housework = HasHousework();
  if (!HasStaged() && !housework) return {};
  if (retry) {
    if (Status status = DropWhatIsDurable(); !status) return status;
  }
  Status status = RunTransaction(housework);
  // On a disk that is nearly full the rows may fit where a snapshot's part does not: that is put
  // off, and no reason to take no more rows.
  if (!status && housework) {
    housework_put_off = true;
    retry = true;
    if (Status dropped = DropWhatIsDurable(); !dropped) return dropped;
    if (!HasStaged()) return {};
    status = RunTransaction(/*with_housework=*/false);
  }
  retry = !status.has_value();
  if (status) CheckpointIfLarge();
  return status;
}

// A commit that reported an error may be on the disk all the same.
Status Journal::Impl::DropWhatIsDurable() {
  const Result<std::int64_t> last = database.QueryInt("SELECT coalesce(max(seq), 0) FROM journal");
  if (!last) return std::unexpected(last.error());
  const Result<std::int64_t> first = database.QueryInt("SELECT coalesce(min(seq), 0) FROM journal");
  if (!first) return std::unexpected(first.error());
  const auto seq = static_cast<std::uint64_t>(*last);
  std::erase_if(rows, [seq](const Row& row) { return row.seq <= seq; });
  durable_seq = std::max(durable_seq, seq);
  first_seq = static_cast<std::uint64_t>(*first);
  return {};
}

Status Journal::Impl::RunTransaction(bool with_housework) {
  if (!begin_.Run()) return Failed("written");
  Housework done;
  Status status = WriteStaged();
  if (status && with_housework) status = WriteSnapshotParts(done);
  if (status && with_housework) status = PruneRows(done);
  if (status && with_housework) status = PruneSnapshots(done);
  if (status && !commit_.Run()) status = Failed("written");
  if (!status) {
    if (database.InTransaction()) (void)rollback_.Run();  // failing, it is undone at the next open
    return status;
  }
  if (!rows.empty()) {
    if (first_seq == 0) first_seq = rows.front().seq;
    durable_seq = rows.back().seq;
  }
  rows.clear();
  smalls.clear();
  drops.clear();
  Remember(done);
  return {};
}

Status Journal::Impl::WriteStaged() {
  for (const Row& row : rows) {
    insert_row_.Bind(1, row.seq);
    insert_row_.Bind(2, row.at.us);
    insert_row_.BindBytes(3, row.hash.View());
    insert_row_.BindBytes(4, row.data);
    if (!insert_row_.Run()) return Failed("written");
  }
  for (const Small& small : smalls) {
    insert_small_.BindBytes(1, small.digest.View());
    insert_small_.Bind(2, small.seq);
    insert_small_.BindBytes(3, small.data);
    if (!insert_small_.Run()) return Failed("written");
  }
  for (const Drop& drop : drops) {
    drop_small_.BindBytes(1, drop.digest.View());
    drop_small_.Bind(2, drop.at_most);
    if (!drop_small_.Run()) return Failed("written");
  }
  return {};
}

// Not waiting for readers: while one (a backup) holds an old view, the file grows by a quarter
// between tries, and shrinks back to its bound when the reader is gone.
void Journal::Impl::CheckpointIfLarge() {
  const auto bound = static_cast<std::int64_t>(options.wal_bytes) / page_bytes_;
  if (wal_pages_ < checkpoint_at_) {
    if (wal_pages_ < bound) checkpoint_at_ = bound;
    return;
  }
  const Database::Checkpoint checkpoint = database.CheckpointPassive();
  const bool whole = checkpoint.ok && checkpoint.copied_pages >= checkpoint.wal_pages;
  checkpoint_at_ = whole ? bound : wal_pages_ + std::max<std::int64_t>(bound / 4, 1);
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::Open(const std::filesystem::path& file,
                                               const JournalOptions& options) {
  auto impl = std::make_unique<Impl>();
  if (Status status = impl->Open(file, options); !status) return std::unexpected(status.error());
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Result<RestoreSummary> Journal::Restore(const RestoreLimits& limits,
                                        const OnSnapshotChunk& on_chunk, const OnRow& on_row) {
  PICUBE_CHECK(!impl_->HasStaged(), "restore comes before the first append");
  return impl_->Restore(limits, on_chunk, on_row);
}

std::uint64_t Journal::Append(Instant at, BytesView records) { return impl_->Append(at, records); }

void Journal::PutSmall(const Digest& digest, BytesView payload) {
  // The row that names it comes after it: whoever collects what row `last_seq` does not name must
  // not take it.
  impl_->smalls.push_back({digest, impl_->last_seq + 1, Bytes(payload)});
}

void Journal::DropSmall(const Digest& digest, std::uint64_t at_most) {
  impl_->drops.push_back({digest, at_most});
}

Status Journal::Commit() { return impl_->Commit(); }

bool Journal::SnapshotPending() const {
  return impl_->pending.has_value() && !impl_->housework_put_off;
}
std::uint64_t Journal::SnapshotSeq() const {
  return impl_->complete.empty() ? 0 : *impl_->complete.rbegin();
}
void Journal::AllowPruneTo(std::uint64_t seq) {
  impl_->prune_allowed = std::max(impl_->prune_allowed, seq);
}
bool Journal::PrunePending() const { return impl_->PrunePending() && !impl_->housework_put_off; }
void Journal::RetryHousework() { impl_->housework_put_off = false; }
std::size_t Journal::StagedPayloads() const { return impl_->smalls.size(); }
std::uint64_t Journal::LastSeq() const { return impl_->last_seq; }
std::uint64_t Journal::DurableSeq() const { return impl_->durable_seq; }
std::uint64_t Journal::FirstSeq() const { return impl_->first_seq; }
std::uint64_t Journal::BytesSinceSnapshot() const { return impl_->bytes_since; }
std::uint64_t Journal::RowsSinceSnapshot() const { return impl_->rows_since; }

}  // namespace picube
