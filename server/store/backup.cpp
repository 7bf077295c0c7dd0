#include "server/store/backup.h"

#include <cerrno>
#include <string>
#include <utility>

#include "protocol/crypto/hash.h"
#include "server/store/backup_format.h"
#include "server/store/blob_store_impl.h"
#include "server/store/files.h"
#include "server/store/journal_format.h"
#include "server/store/projection_format.h"
#include "server/store/sqlite.h"
#include "server/store/state_directory.h"

namespace picube {

namespace fs = std::filesystem;

namespace {

class Writer {
 public:
  explicit Writer(fs::path state) : state_(std::move(state)) {}

  Status Run(const fs::path& part, const BackupOptions& options) {
    if (Status made = Make(part); !made) return made;
    if (Status copied = CopyTables(); !copied) return copied;
    if (Status copied = CopyBlobs(); !copied) return copied;
    if (options.keys) {
      if (Status copied = CopyKeys(); !copied) return copied;
    }
    database_.Close();
    return SyncPath(part);
  }

  BackupSummary summary;

 private:
  // Nobody reads the file before it is whole, so it needs no journal of its own.
  Status Make(const fs::path& part) {
    {
      Result<FileHandle> file = OpenToWrite(part);  // for its mode
      if (!file) return std::unexpected(file.error());
    }
    Result<Database> opened = Database::Open(part, Database::Mode::kReadWrite);
    if (!opened) return std::unexpected(opened.error());
    database_ = std::move(*opened);
    return database_.Execute(
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; "
        "PRAGMA application_id=" +
        std::to_string(kBackupFileId) + "; PRAGMA user_version=" + std::to_string(kJournalFormat) +
        "; " + std::string(kJournalSchema) + std::string(kProjectionSchema) +
        std::string(kBackupSchema));
  }

  Status CopyTables() {
    if (Status a = database_.Attach(state_ / "projection.db", "p"); !a) return a;
    if (Status a = database_.Attach(state_ / "journal.db", "j"); !a) return a;
    if (Status views = OpenViews(); !views) return views;
    for (const std::string_view table : kJournalTables) {
      if (Status copied = CopyTable("j", table); !copied) return copied;
    }
    for (const std::string_view table : kProjectionTables) {
      if (Status copied = CopyTable("p", table); !copied) return copied;
    }
    return database_.Execute("COMMIT; DETACH p; DETACH j");
  }

  // Views of one moment. The projection's comes first, so it is never ahead of the journal; but the
  // journal may be pruned in between beyond what that view has, then both are taken again.
  Status OpenViews() {
    constexpr int kTries = 100;
    for (int i = 0; i < kTries; ++i) {
      if (Status begun = database_.Execute("BEGIN"); !begun) return begun;
      const Result<std::int64_t> cursor = database_.QueryInt("SELECT seq FROM p.cursor");
      if (!cursor) return std::unexpected(cursor.error());
      const Result<std::int64_t> last =
          database_.QueryInt("SELECT coalesce(max(seq), 0) FROM j.journal");
      if (!last) return std::unexpected(last.error());
      const Result<std::int64_t> usable = database_.QueryInt(
          "SELECT anchor.seq = 0 OR EXISTS(SELECT 1 FROM j.snapshot_end AS s WHERE s.seq > "
          "anchor.seq AND s.seq <= " +
          std::to_string(*cursor) + ") FROM j.anchor AS anchor");
      if (!usable) return std::unexpected(usable.error());
      summary.last_seq = static_cast<std::uint64_t>(*last);
      if (*usable != 0) return {};
      if (Status ended = database_.Execute("ROLLBACK"); !ended) return ended;
    }
    return Fail(ErrorKind::kStore,
                "The tables for people in " + state_.string() + " are behind its journal.",
                "Start the server once; it mends them from the journal.");
  }

  Status CopyTable(std::string_view from, std::string_view table) {
    const std::string name(table);
    std::string sql =
        "INSERT OR REPLACE INTO main." + name + " SELECT * FROM " + std::string(from) + "." + name;
    if (table == "snapshot") sql += " WHERE seq IN (SELECT seq FROM j.snapshot_end)";
    return database_.Execute(sql);
  }

  Status CopyBlobs() {
    Status status;
    VisitBlobFiles(state_ / "blobs", [&](const fs::path& path, const Digest& digest) {
      if (Status begun = database_.Execute("BEGIN"); !begun) return status = begun, false;
      status = CopyBlob(path, digest);
      if (status) status = database_.Execute("COMMIT");
      return status.has_value();
    });
    return status;
  }

  Status CopyBlob(const fs::path& path, const Digest& digest) {
    std::error_code gone;
    if (!fs::exists(path, gone)) return {};  // garbage was collected meanwhile
    Result<Statement> part =
        database_.Prepare("INSERT INTO blob_part(blob, part, data) VALUES(?1, ?2, ?3)");
    if (!part) return std::unexpected(part.error());
    const std::uint64_t id = summary.blobs + 1;
    std::uint64_t parts = 0, bytes = 0;
    Hasher hasher;
    Status read = ReadInPieces(path, [&](BytesView piece) -> Status {
      hasher.Update(piece);
      bytes += piece.size();
      part->Bind(1, id);
      part->Bind(2, parts++);
      part->BindBytes(3, piece);
      if (!part->Run()) return std::unexpected(database_.LastError("written"));
      return {};
    });
    if (!read) return read;
    if (hasher.Finish() != digest) {
      return Damaged("The blob " + path.string() + " does not match its name.");
    }
    Result<Statement> file =
        database_.Prepare("INSERT INTO blob_file(id, hash, size) VALUES(?1, ?2, ?3)");
    if (!file) return std::unexpected(file.error());
    file->Bind(1, id);
    file->BindBytes(2, digest.View());
    file->Bind(3, bytes);
    if (!file->Run()) return std::unexpected(database_.LastError("written"));
    ++summary.blobs;
    summary.blob_bytes += bytes;
    return {};
  }

  // The keys, and what else makes this server the one its workers know.
  Status CopyKeys() {
    std::error_code error;
    for (fs::directory_iterator it(state_ / "keys", error), end; !error && it != end;
         it.increment(error)) {
      if (!it->is_regular_file()) continue;
      if (Status copied = CopyKeyFile("keys/" + it->path().filename().string()); !copied) {
        return copied;
      }
    }
    for (const char* name : kFilesBesideKeys) {
      if (!fs::is_regular_file(state_ / name, error)) continue;
      if (Status copied = CopyKeyFile(name); !copied) return copied;
    }
    return {};
  }

  Status CopyKeyFile(const std::string& name) {
    Result<FileHandle> file = OpenToRead(state_ / name);
    if (!file) return std::unexpected(file.error());
    const Result<Bytes> data = ReadAt(file->Get(), state_ / name, 0, /*most=*/1 << 20);
    if (!data) return std::unexpected(data.error());
    const Digest hash = Hash(*data);
    Result<Statement> insert =
        database_.Prepare("INSERT INTO key_file(name, data, hash) VALUES(?1, ?2, ?3)");
    if (!insert) return std::unexpected(insert.error());
    insert->BindText(1, name);
    insert->BindBytes(2, *data);
    insert->BindBytes(3, hash.View());
    if (!insert->Run()) return std::unexpected(database_.LastError("written"));
    return {};
  }

  fs::path state_;
  Database database_;
};

}  // namespace

Result<BackupSummary> Backup(const fs::path& state, const fs::path& file,
                             const BackupOptions& options) {
  if (Status version = StateDirectory::CheckVersion(state); !version) {
    return std::unexpected(version.error());
  }
  fs::path part = file;
  part += ".part";
  std::error_code ignored;
  fs::remove(part, ignored);
  Writer writer(state);
  Status status = writer.Run(part, options);
  if (status) status = RenameFile(part, file);
  if (!status) {
    fs::remove(part, ignored);
    return std::unexpected(status.error());
  }
  if (Status synced = SyncPath(fs::absolute(file).parent_path()); !synced) {
    return std::unexpected(synced.error());
  }
  writer.summary.file_bytes = fs::file_size(file, ignored);
  return writer.summary;
}

}  // namespace picube
