#include "server/store/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "server/store/blob_store_impl.h"

namespace picube {

namespace fs = std::filesystem;

fs::path BlobStore::Impl::Path(const Digest& digest) const {
  const std::string hex = ToHex(digest);
  return folder / hex.substr(0, 2) / hex.substr(2);
}

fs::path BlobStore::Impl::PartPath(const Digest& digest, std::uint64_t owner) const {
  return folder / "incoming" / (ToHex(digest) + "-" + std::to_string(owner) + ".part");
}

std::optional<std::uint64_t> BlobStore::Impl::FileSize(const Digest& digest) const {
  std::error_code error;
  const auto size = fs::file_size(Path(digest), error);
  if (error) return std::nullopt;
  return size;
}

bool BlobStore::Impl::Touch(const Digest& digest) {
  const std::scoped_lock lock(names_);
  return ::utimensat(AT_FDCWD, Path(digest).c_str(), nullptr, 0) == 0;
}

Status BlobStore::Impl::CheckRoom(std::uint64_t bytes) const {
  const std::uint64_t free = FreeSpace(folder);
  if (free >= options.least_free_bytes && free - options.least_free_bytes >= bytes) return {};
  return Fail(ErrorKind::kStore,
              "The disk of " + folder.string() + " is nearly full: " + std::to_string(free >> 20) +
                  " MiB are free, and " + std::to_string(options.least_free_bytes >> 20) +
                  " MiB are kept for the journal.",
              "Free some space; nothing is lost.");
}

std::shared_ptr<BlobStore::Impl::Writer> BlobStore::Impl::TakeWriter(const Digest& digest,
                                                                     std::uint64_t owner) {
  const std::scoped_lock lock(writers_mutex_);
  for (auto it = writers_.begin(); it != writers_.end(); ++it) {
    if ((*it)->digest != digest || (*it)->owner != owner) continue;
    writers_.splice(writers_.begin(), writers_, it);
    return writers_.front();
  }
  auto writer = std::make_shared<Writer>();
  writer->digest = digest;
  writer->owner = owner;
  writers_.push_front(writer);
  // One that nobody holds can be reopened from its part file.
  for (auto it = writers_.end();
       writers_.size() > options.open_writers && it != writers_.begin();) {
    --it;
    if (it->use_count() == 1) it = writers_.erase(it);
  }
  return writer;
}

void BlobStore::Impl::DropWriter(const Writer& dropped) {
  const std::scoped_lock lock(writers_mutex_);
  std::erase_if(writers_, [&](const auto& writer) { return writer.get() == &dropped; });
}

// Opens the part file and hashes what it has.
Status BlobStore::Impl::Prepare(Writer& writer, std::uint64_t total) {
  if (writer.ready) return {};
  const fs::path path = PartPath(writer.digest, writer.owner);
  Result<FileHandle> file = OpenToWrite(path);
  if (!file) return std::unexpected(file.error());
  writer.hasher = Hasher();
  writer.next_offset = 0;
  Status read = ReadInPieces(path, [&](BytesView piece) -> Status {
    writer.hasher.Update(piece);
    writer.next_offset += piece.size();
    return {};
  });
  if (!read) return read;
  if (writer.next_offset > total) {  // of another size than the sender says: begin anew
    if (::ftruncate(file->Get(), 0) != 0) return std::unexpected(SystemError(path, "written"));
    writer.hasher = Hasher();
    writer.next_offset = 0;
  }
  if (::lseek(file->Get(), static_cast<off_t>(writer.next_offset), SEEK_SET) < 0) {
    return std::unexpected(SystemError(path, "written"));
  }
  writer.file = std::move(*file);
  writer.ready = true;
  return {};
}

Result<PutState> BlobStore::Impl::Put(const Digest& digest, std::uint64_t offset,
                                      std::uint64_t total, BytesView data, std::uint64_t owner) {
  if (Touch(digest)) return PutState{digest, *FileSize(digest), /*complete=*/true};
  if (total > options.most_bytes || data.size() > total || offset > total - data.size()) {
    return Fail(ErrorKind::kRefused,
                "A piece of blob " + ToHex(digest) + " reaches beyond what it may have.",
                "A blob has at most " + std::to_string(options.most_bytes) + " bytes.");
  }
  const std::shared_ptr<Writer> writer = TakeWriter(digest, owner);
  const std::scoped_lock lock(writer->mutex);
  if (writer->done) return Put(digest, offset, total, {}, owner);  // by another thread meanwhile
  if (Status ready = Prepare(*writer, total); !ready) return std::unexpected(ready.error());
  if (offset == writer->next_offset && !data.empty()) {
    if (Status room = CheckRoom(data.size()); !room) return std::unexpected(room.error());
    if (Status written = WriteAll(writer->file.Get(), PartPath(digest, owner), data); !written) {
      writer->ready = false;  // half of the piece may be there
      (void)::ftruncate(writer->file.Get(), static_cast<off_t>(writer->next_offset));
      return std::unexpected(written.error());
    }
    writer->hasher.Update(data);
    writer->next_offset += data.size();
  }
  if (writer->next_offset == total) return Complete(*writer);
  return PutState{digest, writer->next_offset, /*complete=*/false};
}

Result<PutState> BlobStore::Impl::Complete(Writer& writer) {
  const fs::path part = PartPath(writer.digest, writer.owner);
  Hasher hasher = writer.hasher;  // the writer goes on if a sync fails
  if (hasher.Finish() != writer.digest) {
    (void)::unlink(part.c_str());
    writer.done = true;
    DropWriter(writer);
    return Fail(ErrorKind::kRefused,
                "The bytes sent as blob " + ToHex(writer.digest) + " do not hash to that name.",
                "Send it again from the start.");
  }
  if (Status synced = SyncDescriptor(writer.file.Get(), part); !synced) {
    return std::unexpected(synced.error());
  }
  if (Status moved = MoveIn(part, writer.digest); !moved) return std::unexpected(moved.error());
  writer.done = true;
  DropWriter(writer);
  return PutState{writer.digest, writer.next_offset, /*complete=*/true};
}

// Renames a synced file to its name and makes the name durable.
Status BlobStore::Impl::MoveIn(const fs::path& from, const Digest& digest) {
  const fs::path to = Path(digest);
  const fs::path parent = to.parent_path();
  std::error_code ignored;
  if (!fs::exists(parent, ignored)) {
    if (Status made = MakeFolder(parent); !made) return made;
    if (Status synced = SyncPath(folder); !synced) return synced;
  }
  if (Status renamed = RenameFile(from, to); !renamed) return renamed;
  return SyncPath(parent);
}

fs::path BlobStore::Impl::NewTemporary() {
  const std::scoped_lock lock(names_);
  return folder / "incoming" / ("whole-" + std::to_string(++temporaries_));
}

BlobStore::BlobStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlobStore::~BlobStore() = default;

Result<std::unique_ptr<BlobStore>> BlobStore::Open(const fs::path& folder,
                                                   const fs::path& journal_file,
                                                   const BlobStoreOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  impl->journal_file = journal_file;
  impl->options = options;
  if (Status made = MakeFolder(folder / "incoming"); !made) return std::unexpected(made.error());
  // Whole files that were on their way when the server died; parts can be resumed.
  std::error_code error;
  for (fs::directory_iterator it(folder / "incoming", error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->path().filename().string().starts_with("whole-")) fs::remove(it->path(), ignored);
  }
  return std::unique_ptr<BlobStore>(new BlobStore(std::move(impl)));
}

Result<PutState> BlobStore::Put(const Digest& digest, std::uint64_t offset, std::uint64_t total,
                                BytesView data, std::uint64_t owner) {
  return impl_->Put(digest, offset, total, data, owner);
}

bool BlobStore::Touch(const Digest& digest) { return impl_->Touch(digest); }

Result<BlobRef> BlobStore::PutBytes(BytesView data) {
  const BlobRef blob{Hash(data), data.size()};
  if (impl_->Touch(blob.hash)) return blob;
  if (Status room = impl_->CheckRoom(data.size()); !room) return std::unexpected(room.error());
  const fs::path path = impl_->NewTemporary();
  Status status;
  {
    Result<FileHandle> file = OpenToWrite(path);
    if (!file) return std::unexpected(file.error());
    status = WriteAll(file->Get(), path, data);
    if (status) status = SyncDescriptor(file->Get(), path);
  }
  if (status) status = impl_->MoveIn(path, blob.hash);
  if (!status) {
    (void)::unlink(path.c_str());
    return std::unexpected(status.error());
  }
  return blob;
}

Result<BlobRef> BlobStore::Adopt(const fs::path& file) {
  Hasher hasher;
  BlobRef blob;
  Status read = ReadInPieces(file, [&](BytesView piece) -> Status {
    hasher.Update(piece);
    blob.size += piece.size();
    return {};
  });
  if (!read) return std::unexpected(read.error());
  blob.hash = hasher.Finish();
  std::error_code ignored;
  if (impl_->Touch(blob.hash)) {
    fs::remove(file, ignored);
    return blob;
  }
  if (Status synced = SyncPath(file); !synced) return std::unexpected(synced.error());
  Status moved = impl_->MoveIn(file, blob.hash);
  if (moved) return blob;
  // Another file system: bring the bytes over as if they had been sent.
  std::uint64_t offset = 0;
  bool complete = false;
  Status copied = ReadInPieces(file, [&](BytesView piece) -> Status {
    Result<PutState> put = impl_->Put(blob.hash, offset, blob.size, piece, /*owner=*/0);
    if (!put) return std::unexpected(put.error());
    complete = put->complete;
    offset += piece.size();
    return {};
  });
  if (!copied) return std::unexpected(copied.error());
  if (!complete) return std::unexpected(moved.error());
  fs::remove(file, ignored);
  return blob;
}

std::filesystem::path BlobStore::Path(const Digest& digest) const { return impl_->Path(digest); }

}  // namespace picube
