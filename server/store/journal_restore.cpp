// Reading the journal back: the newest usable snapshot, then every later row, proven on the way.
#include <algorithm>
#include <string>

#include "server/store/journal_impl.h"

namespace picube {

namespace {
std::string RowName(std::uint64_t seq, const std::filesystem::path& file) {
  return "Row " + std::to_string(seq) + " of the journal " + file.string();
}
}  // namespace

Result<RestoreSummary> Journal::Impl::Restore(const RestoreLimits& limits,
                                              const OnSnapshotChunk& on_chunk,
                                              const OnRow& on_row) {
  RestoreSummary summary;
  Digest chain;
  const Result<std::uint64_t> after = ReplaySnapshot(limits, on_chunk, summary, chain);
  if (!after) return std::unexpected(after.error());
  if (Status status = ReplayRows(*after, chain, on_row, summary); !status) {
    return std::unexpected(status.error());
  }
  rows_since = summary.rows;
  return summary;
}

// Returns the row after which the replay goes on, and the chain's hash there.
Result<std::uint64_t> Journal::Impl::ReplaySnapshot(const RestoreLimits& limits,
                                                    const OnSnapshotChunk& on_chunk,
                                                    RestoreSummary& summary, Digest& chain) {
  Result<Statement> ends = database.Prepare(
      "SELECT seq, at_us, parts, hash, chain FROM snapshot_end WHERE seq <= ?1 "
      "ORDER BY seq DESC LIMIT 1");
  if (!ends) return std::unexpected(ends.error());
  constexpr std::uint64_t kMost = ~0ULL >> 1;  // SQLite's numbers have a sign
  ends->Bind(1, std::min(limits.snapshot_at_most, kMost));
  const Statement::Row row = ends->Step();
  if (row == Statement::Row::kError) return Failed("read");
  const std::uint64_t seq = row == Statement::Row::kRow ? ends->Unsigned(0) : 0;
  if (first_seq > 1 && seq < first_seq) {
    return Fail(ErrorKind::kStore,
                "The tables for people end before row " + std::to_string(first_seq) +
                    ", the first that the journal " + file.string() + " still has.",
                "Restore journal and tables together from one backup.");
  }
  if (seq == 0) return seq;
  const Instant at{ends->Int(1)};
  Digest hash;
  if (!ToBlock(ends->Blob(3), hash) || !ToBlock(ends->Blob(4), chain)) {
    return Damaged("The snapshot of row " + std::to_string(seq) + " has no valid hash.");
  }
  if (Status tied = CheckSnapshotRow(seq, chain); !tied) return std::unexpected(tied.error());
  SnapshotHasher hasher(seq, at, chain);
  Status parts = ReplayParts(seq, ends->Unsigned(2), hasher, at, on_chunk);
  if (!parts) return std::unexpected(parts.error());
  if (hasher.Finish() != hash) {
    return Damaged("The snapshot of row " + std::to_string(seq) + " in " + file.string() +
                   " does not match its hash.");
  }
  summary.snapshot_seq = seq;
  summary.last_seq = seq;
  summary.last_at = at;
  return seq;
}

Status Journal::Impl::CheckSnapshotRow(std::uint64_t seq, const Digest& chain) {
  row_size_.Bind(1, seq);
  Digest hash;
  const bool tied =
      row_size_.Step() == Statement::Row::kRow && ToBlock(row_size_.Blob(0), hash) && hash == chain;
  row_size_.Reset();
  if (tied) return {};
  return Damaged("The snapshot of row " + std::to_string(seq) + " in " + file.string() +
                 " does not belong to that row.");
}

Status Journal::Impl::ReplayParts(std::uint64_t seq, std::uint64_t parts, SnapshotHasher& hasher,
                                  Instant at, const OnSnapshotChunk& on_chunk) {
  Result<Statement> data =
      database.Prepare("SELECT part, data FROM snapshot WHERE seq = ?1 ORDER BY part");
  if (!data) return std::unexpected(data.error());
  data->Bind(1, seq);
  Statement::Row row = Statement::Row::kRow;
  while ((row = data->Step()) == Statement::Row::kRow) {
    if (data->Unsigned(0) != hasher.Parts()) break;
    hasher.Add(data->Blob(1));
    if (Status status = on_chunk(at, data->Blob(1)); !status) return status;
  }
  if (row == Statement::Row::kError) return Failed("read");
  if (hasher.Parts() == parts && row == Statement::Row::kDone) return {};
  return Damaged("The snapshot of row " + std::to_string(seq) + " in " + file.string() +
                 " lacks part " + std::to_string(hasher.Parts()) + ".");
}

Status Journal::Impl::ReplayRows(std::uint64_t after, Digest chain, const OnRow& on_row,
                                 RestoreSummary& summary) {
  Result<Statement> data =
      database.Prepare("SELECT seq, at_us, hash, data FROM journal WHERE seq > ?1 ORDER BY seq");
  if (!data) return std::unexpected(data.error());
  data->Bind(1, after);
  std::uint64_t expected = after + 1;
  Statement::Row row = Statement::Row::kRow;
  while ((row = data->Step()) == Statement::Row::kRow) {
    const std::uint64_t seq = data->Unsigned(0);
    if (seq != expected) return Damaged(RowName(expected, file) + " is missing.");
    const Instant at{data->Int(1)};
    chain = ChainHash(chain, seq, at, data->Blob(3));
    if (data->Blob(2) != chain.View()) {
      return Damaged(RowName(seq, file) +
                     " does not match its hash: it was altered, or the disk has damaged it.");
    }
    if (Status status = on_row(seq, at, data->Blob(3)); !status) return status;
    ++summary.rows;
    summary.last_seq = seq;
    summary.last_at = at;
    bytes_since += data->Blob(3).size();
    ++expected;
  }
  if (row == Statement::Row::kError) return Failed("read");
  return {};
}

}  // namespace picube
