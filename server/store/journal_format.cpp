#include "server/store/journal_format.h"

#include <utility>

#include "server/store/sqlite.h"

namespace picube {

const std::string_view kJournalSchema = R"sql(
-- What was decided: one row a commit, msgpack records, chained by hash.
CREATE TABLE IF NOT EXISTS journal(
  seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, hash BLOB NOT NULL, data BLOB NOT NULL);
-- The last row that was deleted because a snapshot replaces it.
CREATE TABLE IF NOT EXISTS anchor(
  id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL);
INSERT OR IGNORE INTO anchor VALUES(1, 0, zeroblob(32));
-- The state after row seq, in parts. It counts only with its row in snapshot_end.
CREATE TABLE IF NOT EXISTS snapshot(
  seq INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(seq, part));
CREATE TABLE IF NOT EXISTS snapshot_end(
  seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, parts INTEGER NOT NULL,
  bytes INTEGER NOT NULL, hash BLOB NOT NULL, chain BLOB NOT NULL);
-- Results too large for a record and too small for a file; seq is the row they were put with.
CREATE TABLE IF NOT EXISTS payload(
  hash BLOB NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, data BLOB NOT NULL);
)sql";

namespace {
void Add(Hasher& hasher, std::uint64_t value) {
  char bytes[8];
  StoreLittleEndian(value, bytes);
  hasher.Update({bytes, sizeof bytes});
}
}  // namespace

Digest ChainHash(const Digest& before, std::uint64_t seq, Instant at, BytesView data) {
  char head[48];
  std::memcpy(head, before.bytes.data(), Digest::kSize);
  StoreLittleEndian(seq, head + 32);
  StoreLittleEndian(static_cast<std::uint64_t>(at.us), head + 40);
  Hasher hasher;
  hasher.Update({head, sizeof head});
  hasher.Update(data);
  return hasher.Finish();
}

SnapshotHasher::SnapshotHasher(std::uint64_t seq, Instant at, const Digest& chain) {
  constexpr std::string_view kDomain("picube/v1/snapshot\0", 19);
  hasher_.Update(kDomain);
  picube::Add(hasher_, seq);
  picube::Add(hasher_, static_cast<std::uint64_t>(at.us));
  hasher_.Update(chain.View());
}

void SnapshotHasher::Add(BytesView part) {
  picube::Add(hasher_, part.size());
  hasher_.Update(part);
  ++parts_;
  bytes_ += part.size();
}

Digest SnapshotHasher::Finish() {
  picube::Add(hasher_, parts_);
  return hasher_.Finish();
}

std::unexpected<Error> Damaged(std::string what) {
  return Fail(ErrorKind::kStore, std::move(what),
              "Nothing was changed. Keep a copy of the folder, see what `picube-server verify` "
              "finds, and restore from a backup (`picube-server restore`).");
}

}  // namespace picube
