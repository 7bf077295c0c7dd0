#include "server/store/verify.h"

#include <fcntl.h>
#include <sys/file.h>

#include <utility>

#include "server/store/files.h"
#include "server/store/journal_format.h"
#include "server/store/sqlite.h"
#include "server/store/state_directory.h"
#include "server/store/verify_checker.h"
#include "server/store/wal_check.h"

namespace picube {

namespace fs = std::filesystem;

namespace {

// True if no server holds the folder of this journal now.
bool IsStopped(const fs::path& journal) {
  const fs::path lock = journal.parent_path() / "lock";
  std::error_code ignored;
  if (!fs::exists(lock, ignored)) return true;
  Result<FileHandle> file = OpenToRead(lock);
  return file && ::flock(file->Get(), LOCK_SH | LOCK_NB) == 0;
}

class Prover : public Checker {
 public:
  using Checker::Checker;

  void Run() {
    CheckPages();
    CheckRows();
    CheckSnapshots();
    CheckPayloads();
  }
  void CheckWhatABackupHas() {
    CheckBlobs();
    CheckKeys();
  }
  [[nodiscard]] bool HasPayload(const Digest& digest) {
    bool found = false;
    Query("SELECT 1 FROM payload WHERE hash = x'" + ToHex(digest) + "'", [&](Statement&) {
      found = true;
      return false;
    });
    return found;
  }

 private:
  void CheckRows() {
    bool anchored = false;
    Query("SELECT seq, hash FROM anchor", [&](Statement& row) {
      report_.anchor_seq = row.Unsigned(0);
      anchored = ToBlock(row.Blob(1), report_.anchor);
      return true;
    });
    if (!anchored) Problem("The anchor (the hash of the last pruned row) is missing.");
    if (report_.anchor_seq == 0 && !report_.anchor.IsZero()) Problem("The anchor was altered.");
    Digest chain = report_.anchor;
    std::uint64_t expected = report_.anchor_seq + 1;
    Query("SELECT seq, at_us, hash, data FROM journal ORDER BY seq", [&](Statement& row) {
      const std::uint64_t seq = row.Unsigned(0);
      if (seq != expected) {
        Problem("Row " + std::to_string(expected) + " is missing.");
        return false;
      }
      chain = ChainHash(chain, seq, Instant{row.Int(1)}, row.Blob(3));
      if (row.Blob(2) != chain.View()) {
        Problem("Row " + std::to_string(seq) + " does not match its hash.");
        return false;  // every later hash depends on it
      }
      if (report_.rows == 0) report_.first_seq = seq;
      ++report_.rows;
      report_.record_bytes += row.Blob(3).size();
      report_.last_seq = seq;
      ++expected;
      return true;
    });
    report_.head = chain;
    if (report_.rows == 0 && report_.anchor_seq != 0) {
      Problem("No row is left behind the anchor, row " + std::to_string(report_.anchor_seq) + ".");
    }
  }

  void CheckSnapshots() {
    std::vector<std::uint64_t> seqs;
    Query("SELECT seq FROM snapshot_end ORDER BY seq", [&](Statement& row) {
      seqs.push_back(row.Unsigned(0));
      return true;
    });
    for (const std::uint64_t seq : seqs) CheckSnapshot(seq);
    if (report_.anchor_seq != 0 && (seqs.empty() || seqs.back() <= report_.anchor_seq)) {
      Problem("Rows up to " + std::to_string(report_.anchor_seq) +
              " are gone, but no snapshot replaces them.");
    }
  }

  void CheckSnapshot(std::uint64_t seq) {
    const std::string number = std::to_string(seq);
    Digest hash, chain;
    Instant at;
    std::uint64_t parts = 0, bytes = 0;
    bool sized = false;
    Query("SELECT at_us, parts, bytes, hash, chain FROM snapshot_end WHERE seq = " + number,
          [&](Statement& row) {
            at = Instant{row.Int(0)};
            parts = row.Unsigned(1);
            bytes = row.Unsigned(2);
            sized = ToBlock(row.Blob(3), hash) && ToBlock(row.Blob(4), chain);
            return true;
          });
    SnapshotHasher hasher(seq, at, chain);
    bool in_order = true;
    Query("SELECT part, data FROM snapshot WHERE seq = " + number + " ORDER BY part",
          [&](Statement& row) {
            in_order = in_order && row.Unsigned(0) == hasher.Parts();
            hasher.Add(row.Blob(1));
            return true;
          });
    const bool counted = parts == hasher.Parts() && bytes == hasher.Size();
    if (!sized || !in_order || !counted || hasher.Finish() != hash) {
      return Problem("The snapshot of row " + number + " does not match its hash.");
    }
    // Rows before an older snapshot may be gone; then its row is proven by the chain no more.
    bool tied = seq <= report_.anchor_seq;
    Query("SELECT hash FROM journal WHERE seq = " + number, [&](Statement& row) {
      tied = row.Blob(0) == chain.View();
      return true;
    });
    if (!tied) return Problem("The snapshot of row " + number + " does not belong to that row.");
    report_.snapshots.push_back(seq);
  }

  void CheckPayloads() {
    Query("SELECT hash, data FROM payload", [this](Statement& row) {
      ++report_.payloads;
      if (Hash(row.Blob(1)).View() != row.Blob(0)) {
        Problem("The payload " + ToHex(row.Blob(0)) + " does not match its digest.");
      }
      return true;
    });
  }

  void CheckBlobs() {
    Query("SELECT id, hash, size FROM blob_file ORDER BY id", [this](Statement& file) {
      Hasher hasher;
      std::uint64_t size = 0;
      Query("SELECT data FROM blob_part WHERE blob = " + std::to_string(file.Unsigned(0)) +
                " ORDER BY part",
            [&](Statement& part) {
              hasher.Update(part.Blob(0));
              size += part.Blob(0).size();
              return true;
            });
      if (size != file.Unsigned(2) || hasher.Finish().View() != file.Blob(1)) {
        Problem("The blob " + ToHex(file.Blob(1)) + " does not match its name.");
      }
      return true;
    });
  }

  void CheckKeys() {
    Query("SELECT name, data, hash FROM key_file", [this](Statement& row) {
      if (Hash(row.Blob(1)).View() != row.Blob(2)) {
        Problem("The key file " + std::string(row.Text(0)) + " was altered.");
      }
      return true;
    });
  }
};

Result<Database> OpenJournalOrBackup(const fs::path& file, bool& is_backup) {
  Result<Database> database = Database::Open(file, Database::Mode::kReadOnly);
  if (!database) return database;
  const Result<std::int64_t> id = database->QueryInt("PRAGMA application_id");
  if (!id) return std::unexpected(id.error());
  if (*id != kJournalFileId && *id != kBackupFileId) {
    return Damaged(file.string() + " is not a journal or backup, or its head is damaged.");
  }
  const Result<std::int64_t> format = database->QueryInt("PRAGMA user_version");
  if (!format) return std::unexpected(format.error());
  if (*format != kJournalFormat) {
    return Fail(ErrorKind::kUser,
                file.string() + " has journal format " + std::to_string(*format) +
                    "; this program knows " + std::to_string(kJournalFormat) + ".",
                "Verify it with the version that wrote it.");
  }
  is_backup = *id == kBackupFileId;
  return database;
}

void CheckCursor(std::uint64_t cursor, Checker& checker, const VerifyReport& report) {
  if (cursor <= report.last_seq) return;
  checker.Problem("The tables for people have row " + std::to_string(cursor) +
                  ", but the journal ends at row " + std::to_string(report.last_seq) + ".");
}

// A whole state folder. The tables' view is taken first: they follow the journal.
Status CheckFolder(const fs::path& root, Prover& journal, VerifyReport& report) {
  std::error_code ignored;
  const fs::path file = root / "projection.db";
  if (!fs::exists(file, ignored)) {
    if (journal.Begin()) journal.Run();
    CheckBlobFiles(root / "blobs", journal, report);
    return {};
  }
  Result<Database> opened = Database::Open(file, Database::Mode::kReadOnly);
  if (!opened) return std::unexpected(opened.error());
  TablesProver tables(std::move(*opened), report);
  if (!tables.Begin()) return {};
  const std::uint64_t cursor = tables.Cursor();
  if (!journal.Begin()) return {};
  journal.Run();
  CheckCursor(cursor, tables, report);
  tables.CheckPages();
  tables.CheckUnits();
  CheckBlobFiles(root / "blobs", tables, report);
  tables.CheckBlobsOfUnits([&](const Digest& digest) {
    const std::string hex = ToHex(digest);
    std::error_code missing;
    return fs::exists(root / "blobs" / hex.substr(0, 2) / hex.substr(2), missing) ||
           journal.HasPayload(digest);
  });
  return {};
}

}  // namespace

Result<VerifyReport> VerifyChain(const fs::path& path) {
  std::error_code ignored;
  fs::path file = path;
  const bool is_folder = fs::is_directory(path, ignored);
  if (is_folder) {
    if (Status version = StateDirectory::CheckVersion(path); !version) {
      return std::unexpected(version.error());
    }
    file = path / "journal.db";
  }
  if (!fs::exists(file, ignored)) {
    return Fail(ErrorKind::kUser, "There is no journal " + file.string() + ".", "Check the name.");
  }
  VerifyReport report;
  if (IsStopped(file)) {
    if (Status whole = CheckWriteAheadFile(file); !whole) {
      report.problems.push_back(whole.error().what);
    }
  }
  bool is_backup = false;
  Result<Database> database = OpenJournalOrBackup(file, is_backup);
  if (!database) return std::unexpected(database.error());
  Prover prover(std::move(*database), report);
  if (is_folder) {
    if (Status read = CheckFolder(path, prover, report); !read) {
      return std::unexpected(read.error());
    }
  } else if (prover.Begin()) {
    prover.Run();
    if (is_backup) prover.CheckWhatABackupHas();
  }
  if (is_backup) {
    Result<Database> tables = Database::Open(file, Database::Mode::kReadOnly);
    if (!tables) return std::unexpected(tables.error());
    TablesProver people(std::move(*tables), report);
    CheckCursor(people.Cursor(), people, report);
    people.CheckUnits();
  }
  report.sound = report.problems.empty();
  return report;
}

std::string VerifyReport::Text() const {
  std::string text = "rows       " + std::to_string(rows);
  if (rows > 0) {
    text += " (" + std::to_string(first_seq) + " to " + std::to_string(last_seq) + ", " +
            std::to_string(record_bytes) + " bytes of records)";
  }
  if (anchor_seq > 0) {
    text += "\nanchor     row " + std::to_string(anchor_seq) + ", " + ToHex(anchor);
  }
  text += "\nhead       " + ToHex(head) + "\nsnapshots ";
  for (const std::uint64_t seq : snapshots) text += " " + std::to_string(seq);
  if (snapshots.empty()) text += " none";
  text += "\npayloads   " + std::to_string(payloads);
  if (units > 0) text += "\nunits      " + std::to_string(units) + " in the tables for people";
  if (blobs > 0) {
    text += "\nblobs      " + std::to_string(blobs) + " (" + std::to_string(blob_bytes) + " bytes)";
  }
  for (const std::string& problem : problems) text += "\nBROKEN     " + problem;
  text += sound ? "\nsound: every row follows from the one before it\n"
                : "\nNOT SOUND: keep a copy of the folder and restore from a backup\n";
  return text;
}

}  // namespace picube
