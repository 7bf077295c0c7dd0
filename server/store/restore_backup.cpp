#include <string>
#include <utility>

#include "protocol/crypto/hash.h"
#include "server/store/backup.h"
#include "server/store/backup_format.h"
#include "server/store/blob_store.h"
#include "server/store/files.h"
#include "server/store/journal.h"
#include "server/store/journal_format.h"
#include "server/store/projection.h"
#include "server/store/sqlite.h"
#include "server/store/state_directory.h"
#include "server/store/verify.h"

namespace picube {

namespace fs = std::filesystem;

namespace {

template <class Tables>
Status CopyTables(const fs::path& backup, const fs::path& target, const Tables& tables) {
  Result<Database> database = Database::Open(target, Database::Mode::kReadWrite);
  if (!database) return std::unexpected(database.error());
  if (Status attached = database->Attach(backup, "b"); !attached) return attached;
  if (Status begun = database->Execute("PRAGMA synchronous=FULL; BEGIN"); !begun) return begun;
  for (const std::string_view table : tables) {
    const std::string name(table);
    Status copied =
        database->Execute("INSERT OR REPLACE INTO main." + name + " SELECT * FROM b." + name);
    if (!copied) return copied;
  }
  if (Status done = database->Execute("COMMIT"); !done) return done;
  if (!database->CheckpointPassive().ok) return std::unexpected(database->LastError("written"));
  return {};
}

// Made empty by their own code, so that a restored file is like any other.
Status MakeDatabases(const StateDirectory& state) {
  const auto journal = Journal::Open(state.JournalPath());
  if (!journal) return std::unexpected(journal.error());
  const auto projection = Projection::Open(state.ProjectionPath());
  if (!projection) return std::unexpected(projection.error());
  return {};
}

Status RestoreBlob(Database& backup, std::uint64_t id, const BlobRef& blob, BlobStore& store) {
  Result<Statement> parts =
      backup.Prepare("SELECT data FROM blob_part WHERE blob = ?1 ORDER BY part");
  if (!parts) return std::unexpected(parts.error());
  parts->Bind(1, id);
  std::uint64_t offset = 0;
  Statement::Row row = Statement::Row::kRow;
  while ((row = parts->Step()) == Statement::Row::kRow) {
    Result<PutState> put = store.Put(blob.hash, offset, blob.size, parts->Blob(0));
    if (!put) return std::unexpected(put.error());
    offset += parts->Blob(0).size();
  }
  if (row == Statement::Row::kError) return std::unexpected(backup.LastError("read"));
  Result<PutState> put = store.Put(blob.hash, offset, blob.size, {});
  if (!put) return std::unexpected(put.error());
  if (!put->complete) return Damaged("The blob " + ToHex(blob.hash) + " is not whole.");
  return {};
}

Status RestoreBlobs(Database& backup, const StateDirectory& state, BackupSummary& summary) {
  auto store = BlobStore::Open(state.BlobsPath(), {});
  if (!store) return std::unexpected(store.error());
  Result<Statement> files = backup.Prepare("SELECT id, hash, size FROM blob_file ORDER BY id");
  if (!files) return std::unexpected(files.error());
  Statement::Row row = Statement::Row::kRow;
  while ((row = files->Step()) == Statement::Row::kRow) {
    BlobRef blob;
    blob.size = files->Unsigned(2);
    if (!ToBlock(files->Blob(1), blob.hash)) return Damaged("A blob of the backup has no name.");
    Status restored = RestoreBlob(backup, files->Unsigned(0), blob, **store);
    if (!restored) return restored;
    ++summary.blobs;
    summary.blob_bytes += blob.size;
  }
  if (row == Statement::Row::kError) return std::unexpected(backup.LastError("read"));
  return {};
}

// A backup must not write outside of the folder: known names, or a plain name below keys/.
fs::path PlaceOf(const std::string& name, const StateDirectory& state) {
  for (const char* known : kFilesBesideKeys) {
    if (name == known) return state.Root() / name;
  }
  return state.KeysPath() / fs::path(name).filename();
}

Status RestoreKeys(Database& backup, const StateDirectory& state) {
  Result<Statement> keys = backup.Prepare("SELECT name, data FROM key_file");
  if (!keys) return std::unexpected(keys.error());
  Statement::Row row = Statement::Row::kRow;
  while ((row = keys->Step()) == Statement::Row::kRow) {
    const fs::path path = PlaceOf(std::string(keys->Text(0)), state);
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    fs::permissions(path.parent_path(), fs::perms::owner_all, error);
    Result<FileHandle> file = OpenToWrite(path);
    if (!file) return std::unexpected(file.error());
    if (Status written = WriteAll(file->Get(), path, keys->Blob(1)); !written) return written;
    if (Status synced = SyncDescriptor(file->Get(), path); !synced) return synced;
  }
  if (row == Statement::Row::kError) return std::unexpected(backup.LastError("read"));
  return SyncPath(state.KeysPath());
}

Status Build(const fs::path& file, const fs::path& folder, BackupSummary& summary) {
  Result<StateDirectory> state = StateDirectory::Open(folder);
  if (!state) return std::unexpected(state.error());
  if (Status made = MakeDatabases(*state); !made) return made;
  if (Status s = CopyTables(file, state->JournalPath(), kJournalTables); !s) return s;
  if (Status s = CopyTables(file, state->ProjectionPath(), kProjectionTables); !s) return s;
  Result<Database> backup = Database::Open(file, Database::Mode::kReadOnly);
  if (!backup) return std::unexpected(backup.error());
  if (Status s = RestoreBlobs(*backup, *state, summary); !s) return s;
  if (Status s = RestoreKeys(*backup, *state); !s) return s;
  if (Status s = state->MarkRestored(); !s) return s;
  return SyncPath(folder);
}

Status CheckBackup(const fs::path& file, BackupSummary& summary) {
  const Result<VerifyReport> report = VerifyChain(file);
  if (!report) return std::unexpected(report.error());
  // A merge proves each payload again: one that was altered in the tables is no reason to give up
  // a whole server.
  if (report->problems.size() > report->altered_units) {
    return Damaged("The backup " + file.string() + " is damaged: " + report->problems.front());
  }
  Result<Database> database = Database::Open(file, Database::Mode::kReadOnly);
  if (!database) return std::unexpected(database.error());
  const Result<std::int64_t> id = database->QueryInt("PRAGMA application_id");
  if (!id) return std::unexpected(id.error());
  if (*id != kBackupFileId) {
    return Fail(ErrorKind::kUser, file.string() + " is not a backup.", "Check the name.");
  }
  summary.last_seq = report->last_seq;
  return {};
}

}  // namespace

Result<BackupSummary> RestoreBackup(const fs::path& file, const fs::path& state) {
  std::error_code ignored;
  if (fs::exists(state, ignored) && !fs::is_empty(state, ignored)) {
    return Fail(ErrorKind::kUser, state.string() + " is not empty.",
                "Move it away first, or name another folder.");
  }
  BackupSummary summary;
  if (Status sound = CheckBackup(file, summary); !sound) return std::unexpected(sound.error());
  fs::path building = fs::absolute(state).lexically_normal();
  if (!building.has_filename()) building = building.parent_path();
  const fs::path target = building;
  building += ".restoring";
  fs::remove_all(building, ignored);  // of a restore that was killed
  Status status = Build(file, building, summary);
  if (status) status = RenameFile(building, target);
  if (status) status = SyncPath(target.parent_path());
  if (!status) {
    fs::remove_all(building, ignored);
    return std::unexpected(status.error());
  }
  summary.file_bytes = fs::file_size(file, ignored);
  return summary;
}

}  // namespace picube
