#include <algorithm>
#include <string>
#include <utility>

#include "server/store/projection_impl.h"

namespace picube {

namespace {

constexpr std::uint64_t kSliceRows = 10'000;  // of one view while streaming

UnitClosed ReadUnit(const Statement& row) {
  UnitClosed unit;
  unit.unit = UnitId{row.Unsigned(0)};
  unit.batch = BatchId{row.Unsigned(1)};
  unit.index = row.Unsigned(2);
  unit.state = static_cast<UnitState>(row.Int(3));
  unit.host = HostId{row.Unsigned(4)};
  unit.canonical = LeaseId{row.Unsigned(5)};
  unit.payload_bytes = row.Unsigned(6);
  unit.leases = static_cast<std::uint32_t>(row.Unsigned(7));
  unit.errors = static_cast<std::uint32_t>(row.Unsigned(8));
  (void)ToBlock(row.Blob(9), unit.digest);  // NULL without a canonical result: stays zero
  unit.payload = Bytes(row.Blob(10));
  unit.why = std::string(row.Text(11));
  return unit;
}

constexpr std::string_view kDisagreements =
    "SELECT unit, lease, host, digest, canonical FROM disagreement WHERE ";

ResultDisagreed ReadDisagreement(const Statement& row) {
  ResultDisagreed result;
  result.unit = UnitId{row.Unsigned(0)};
  result.lease = LeaseId{row.Unsigned(1)};
  result.host = HostId{row.Unsigned(2)};
  (void)ToBlock(row.Blob(3), result.digest);
  (void)ToBlock(row.Blob(4), result.canonical);
  return result;
}

}  // namespace

Projection::Impl::Reader::Reader(Impl& impl) : impl_(impl) {
  {
    const std::scoped_lock lock(impl.readers_mutex_);
    if (!impl.readers_.empty()) {
      database_ = std::move(impl.readers_.back());
      impl.readers_.pop_back();
      return;
    }
  }
  // If it cannot be opened, the first query says so.
  Result<Database> opened = Database::Open(impl.file, Database::Mode::kReadOnly);
  if (opened) database_ = std::move(*opened);
}

Projection::Impl::Reader::~Reader() {
  if (!database_.IsOpen()) return;
  const std::scoped_lock lock(impl_.readers_mutex_);
  impl_.readers_.push_back(std::move(database_));
}

Result<Statement> Projection::Impl::Reader::Query(std::string_view sql,
                                                  std::initializer_list<std::uint64_t> numbers) {
  if (!database_.IsOpen()) {
    return Fail(ErrorKind::kStore, impl_.file.string() + " cannot be opened for reading.");
  }
  Result<Statement> statement = database_.Prepare(sql);
  if (!statement) return statement;
  int index = 0;
  for (const std::uint64_t number : numbers) statement->Bind(++index, number);
  return statement;
}

namespace {

// Every row of a statement through `read` into a list.
template <class Reader, class Read>
auto ReadAllRows(Reader& reader, Result<Statement> statement, Read&& read)
    -> Result<std::vector<decltype(read(*statement))>> {
  if (!statement) return std::unexpected(statement.error());
  std::vector<decltype(read(*statement))> rows;
  Statement::Row row = Statement::Row::kRow;
  while ((row = statement->Step()) == Statement::Row::kRow) rows.push_back(read(*statement));
  if (row == Statement::Row::kError) return reader.Failed();
  return rows;
}

struct Run {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

template <class Reader>
Result<std::vector<Run>> RunsOf(Reader& reader, BatchId batch) {
  return ReadAllRows(
      reader,
      reader.Query("SELECT first, last FROM extent WHERE batch = ?1 ORDER BY first", {batch.value}),
      [](const Statement& row) { return Run{row.Unsigned(0), row.Unsigned(1)}; });
}

UnitRow ReadUnitRow(const Statement& row) {
  UnitRow unit;
  unit.unit = UnitId{row.Unsigned(0)};
  unit.index = row.Unsigned(1);
  unit.state = static_cast<UnitState>(row.Int(2));
  unit.payload_bytes = row.Unsigned(3);
  (void)ToBlock(row.Blob(4), unit.digest);
  unit.dropped = unit.state == UnitState::kSettled && row.IsNull(5);
  unit.payload = row.Blob(5);
  return unit;
}

constexpr std::string_view kLeases =
    "SELECT lease.unit, lease.id, lease.host, outcome, ended_ms, held_ms, cpu_ms, wall_ms, "
    "top_millicelsius, flop, unit.state, unit.lease, disagreement.lease FROM lease "
    "LEFT JOIN unit ON unit.id = lease.unit LEFT JOIN disagreement ON disagreement.lease = "
    "lease.id "
    "WHERE lease.unit BETWEEN ?1 AND ?2 ORDER BY lease.unit, lease.id LIMIT ?3";

LeaseFate FateOf(const Statement& row) {
  constexpr std::int64_t kNoResult = 0;
  constexpr std::int64_t kError = 2;
  if (row.Int(3) == kNoResult) return LeaseFate::kLost;
  if (row.Int(3) == kError) return LeaseFate::kError;
  if (!row.IsNull(12)) return LeaseFate::kDisagreed;
  const bool settled = row.Int(10) == static_cast<std::int64_t>(UnitState::kSettled);
  if (!settled) return LeaseFate::kUnused;
  return row.Int(11) == row.Int(1) ? LeaseFate::kCanonical : LeaseFate::kCopy;
}

LeaseInfo ReadLease(const Statement& row) {
  LeaseInfo lease;
  lease.unit = UnitId{row.Unsigned(0)};
  lease.lease = LeaseId{row.Unsigned(1)};
  lease.host = HostId{row.Unsigned(2)};
  lease.fate = FateOf(row);
  lease.ended = WallTime{row.Int(4)};
  lease.held_ms = row.Unsigned(5);
  lease.cpu_ms = row.Unsigned(6);
  lease.wall_ms = row.Unsigned(7);
  if (!row.IsNull(8)) lease.top_millicelsius = static_cast<std::int32_t>(row.Int(8));
  lease.flop = row.Real(9);
  return lease;
}

}  // namespace

Status Projection::StreamUnits(BatchId batch,
                               const std::function<Status(const UnitRow&)>& callback) const {
  Impl::Reader reader(*impl_);
  Result<std::vector<Run>> runs = RunsOf(reader, batch);
  if (!runs) return std::unexpected(runs.error());
  Result<Statement> units = reader.Query(
      "SELECT id, idx, state, bytes, digest, payload FROM unit WHERE id BETWEEN ?1 AND ?2");
  if (!units) return std::unexpected(units.error());
  for (const Run& run : *runs) {
    for (std::uint64_t first = run.first; first <= run.last; first += kSliceRows) {
      units->Bind(1, first);
      units->Bind(2, std::min(run.last, first + kSliceRows - 1));
      Statement::Row row = Statement::Row::kRow;
      while ((row = units->Step()) == Statement::Row::kRow) {
        if (Status status = callback(ReadUnitRow(*units)); !status) return status;
      }
      if (row == Statement::Row::kError) return reader.Failed();
      units->Reset();
    }
  }
  return {};
}

Result<std::optional<UnitClosed>> Projection::FindUnit(UnitId unit) const {
  Impl::Reader reader(*impl_);
  auto rows = ReadAllRows(
      reader,
      reader.Query("SELECT id, batch, idx, state, host, lease, bytes, leases, errors, digest, "
                   "payload, why FROM unit WHERE id = ?1",
                   {unit.value}),
      ReadUnit);
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::optional<UnitClosed>();
  return std::optional<UnitClosed>(std::move(rows->front()));
}

Result<std::vector<ResultDisagreed>> Projection::DisagreementsOf(UnitId unit) const {
  Impl::Reader reader(*impl_);
  const std::string sql = std::string(kDisagreements) + "unit = ?1 ORDER BY lease";
  return ReadAllRows(reader, reader.Query(sql, {unit.value}), ReadDisagreement);
}

Result<std::vector<ResultDisagreed>> Projection::DisagreementsOf(HostId host,
                                                                 std::size_t limit) const {
  Impl::Reader reader(*impl_);
  const std::string sql =
      std::string(kDisagreements) + "host = ?1 ORDER BY host, lease DESC LIMIT ?2";
  return ReadAllRows(reader, reader.Query(sql, {host.value, limit}), ReadDisagreement);
}

Result<Projection::LeasePage> Projection::LeasesOf(BatchId batch, UnitId after,
                                                   std::size_t limit) const {
  Impl::Reader reader(*impl_);
  Result<std::vector<Run>> runs = RunsOf(reader, batch);
  if (!runs) return std::unexpected(runs.error());
  LeasePage page;
  for (const Run& run : *runs) {
    if (run.last <= after.value) continue;
    if (page.leases.size() > limit) break;
    auto rows = ReadAllRows(reader,
                            reader.Query(kLeases, {std::max(run.first, after.value + 1), run.last,
                                                   limit + 1 - page.leases.size()}),
                            ReadLease);
    if (!rows) return std::unexpected(rows.error());
    page.leases.insert(page.leases.end(), rows->begin(), rows->end());
  }
  page.more = page.leases.size() > limit;
  if (!page.more) return page;
  const UnitId cut = page.leases.back().unit;
  if (page.leases.front().unit != cut) {
    std::erase_if(page.leases, [&](const LeaseInfo& lease) { return lease.unit == cut; });
  } else {
    page.leases.resize(limit);
  }
  return page;
}

Result<std::optional<BatchArchived>> Projection::FindBatch(BatchId batch) const {
  Impl::Reader reader(*impl_);
  const std::string sql = "SELECT " + std::string(kBatchColumns) + " FROM batch WHERE id = ?1";
  auto rows = ReadAllRows(reader, reader.Query(sql, {batch.value}), [](const Statement& row) {
    constexpr int kSubmissionColumn = 27;
    return BatchArchived{ReadBatch(row), ParseSubmission(row.Text(kSubmissionColumn)), {}};
  });
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::optional<BatchArchived>();
  Result<std::vector<ProductFile>> product = Product(batch);
  if (!product) return std::unexpected(product.error());
  rows->front().product = std::move(*product);
  return std::optional<BatchArchived>(std::move(rows->front()));
}

Result<std::vector<BatchInfo>> Projection::Batches(BatchId below, std::size_t limit) const {
  Impl::Reader reader(*impl_);
  constexpr std::uint64_t kMost = ~0ULL >> 1;  // SQLite's numbers have a sign
  const std::uint64_t bound = below ? below.value : kMost;
  const std::string sql = "SELECT " + std::string(kBatchColumns) +
                          " FROM batch WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
  return ReadAllRows(reader, reader.Query(sql, {bound, limit}), ReadBatch);
}

Result<std::vector<ProductFile>> Projection::Product(BatchId batch) const {
  Impl::Reader reader(*impl_);
  return ReadAllRows(
      reader,
      reader.Query("SELECT name, what, hash, size FROM product WHERE batch = ?1 ORDER BY n",
                   {batch.value}),
      [](const Statement& row) {
        ProductFile file{std::string(row.Text(0)), std::string(row.Text(1)), {}};
        (void)ToBlock(row.Blob(2), file.blob.hash);
        file.blob.size = row.Unsigned(3);
        return file;
      });
}

Result<Projection::UnitCounts> Projection::CountUnits(BatchId batch) const {
  Impl::Reader reader(*impl_);
  Result<Statement> rows = reader.Query(
      "SELECT sum(state = 4), sum(state = 5), sum(state = 6), sum((state = 4) * bytes) "
      "FROM extent JOIN unit ON unit.id BETWEEN extent.first AND extent.last WHERE extent.batch = "
      "?1",
      {batch.value});
  if (!rows) return std::unexpected(rows.error());
  if (rows->Step() != Statement::Row::kRow) return reader.Failed();
  return UnitCounts{rows->Unsigned(0), rows->Unsigned(1), rows->Unsigned(2), rows->Unsigned(3)};
}

Status Projection::ReferencedBlobs(const std::function<void(const Digest&)>& callback) const {
  if (!impl_->CaughtUpWithPosts()) {
    return Fail(ErrorKind::kStore, "The tables for people are behind the journal.",
                "Nothing is lost; try again later.");
  }
  Impl::Reader reader(*impl_);
  for (const std::string_view sql :
       {"SELECT hash FROM product",
        "SELECT digest FROM unit WHERE bytes > 1024 AND payload IS NOT "
        "NULL"}) {
    Result<Statement> rows = reader.Query(sql);
    if (!rows) return std::unexpected(rows.error());
    Statement::Row row = Statement::Row::kRow;
    while ((row = rows->Step()) == Statement::Row::kRow) {
      Digest digest;
      if (ToBlock(rows->Blob(0), digest)) callback(digest);
    }
    if (row == Statement::Row::kError) return reader.Failed();
  }
  Result<Statement> batches = reader.Query("SELECT submission FROM batch");
  if (!batches) return std::unexpected(batches.error());
  Statement::Row row = Statement::Row::kRow;
  while ((row = batches->Step()) == Statement::Row::kRow) {
    for (const DatasetFile& file : ParseSubmission(batches->Text(0)).files) {
      callback(file.blob.hash);
    }
  }
  if (row == Statement::Row::kError) return reader.Failed();
  return {};
}

}  // namespace picube
