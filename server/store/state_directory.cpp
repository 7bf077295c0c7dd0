#include "server/store/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <utility>

#include "server/store/files.h"

namespace picube {

namespace fs = std::filesystem;

namespace {

// The first line of a small text file; empty if there is none.
std::string FirstLine(const fs::path& path) {
  Result<FileHandle> file = OpenToRead(path);
  if (!file) return {};
  Result<Bytes> text = ReadAt(file->Get(), path, 0, /*most=*/64);
  if (!text) return {};
  return text->substr(0, text->find('\n'));
}

Status WriteText(const fs::path& path, const std::string& text) {
  fs::path part = path;
  part += ".part";
  Result<FileHandle> file = OpenToWrite(part);
  if (!file) return std::unexpected(file.error());
  if (Status written = WriteAll(file->Get(), part, text); !written) return written;
  if (Status synced = SyncDescriptor(file->Get(), part); !synced) return synced;
  if (Status renamed = RenameFile(part, path); !renamed) return renamed;
  return SyncPath(path.parent_path());
}

Status CheckMode(const fs::path& root) {
  struct stat info{};
  if (::stat(root.c_str(), &info) != 0) return std::unexpected(SystemError(root, "read"));
  if (!S_ISDIR(info.st_mode)) {
    return Fail(ErrorKind::kUser, root.string() + " is not a folder.", "Name another one.");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(ErrorKind::kUser,
                "Other users may write into the state folder " + root.string() +
                    ", so they could change what the grid believes.",
                "Run: chmod go-w " + root.string());
  }
  return {};
}

Result<FileHandle> Lock(const fs::path& root) {
  const fs::path path = root / "lock";
  Result<FileHandle> file = OpenToWrite(path);
  if (!file) return file;
  if (::flock(file->Get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return std::unexpected(SystemError(path, "locked"));
    const std::string holder = FirstLine(path);
    return Fail(ErrorKind::kUser,
                "The state folder " + root.string() + " is in use by another server" +
                    (holder.empty() ? "." : " (process " + holder + ")."),
                "Stop that server first, or name another folder.");
  }
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file->Get(), 0) != 0) return std::unexpected(SystemError(path, "written"));
  if (Status written = WriteAll(file->Get(), path, text); !written) {
    return std::unexpected(written.error());
  }
  return file;
}

Status MakeParts(const fs::path& root) {
  std::error_code ignored;
  fs::remove_all(root / "scratch", ignored);
  for (const char* part : {"blobs", "keys", "scratch"}) {
    if (Status made = MakeFolder(root / part); !made) return made;
  }
  return {};
}

}  // namespace

bool StateDirectory::IsRestored() const {
  std::error_code ignored;
  return fs::exists(root_ / "restored", ignored);
}

Status StateDirectory::MarkRestored() const {
  return WriteText(root_ / "restored", "from a backup, not started since\n");
}

Status StateDirectory::ForgetRestored() const {
  std::error_code error;
  fs::remove(root_ / "restored", error);
  return SyncPath(root_);
}

bool StateDirectory::Exists(const fs::path& root) {
  std::error_code ignored;
  return fs::exists(root / "version", ignored);
}

Status StateDirectory::CheckVersion(const fs::path& root) {
  if (!Exists(root)) {
    return Fail(ErrorKind::kUser, root.string() + " is not a server's state folder.",
                "Check the name.");
  }
  const std::string text = FirstLine(root / "version");
  std::uint32_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version == 0) {
    return Fail(ErrorKind::kStore, (root / "version").string() + " does not hold a version number.",
                "Restore the folder from a backup.");
  }
  if (version > kVersion) {
    return Fail(ErrorKind::kUser,
                "The state folder " + root.string() + " was written by a newer picube-server " +
                    "(layout " + std::to_string(version) + "; this one knows up to " +
                    std::to_string(kVersion) + ").",
                "Use that version, or a backup from before it.");
  }
  return {};
}

Result<StateDirectory> StateDirectory::Open(const fs::path& root) {
  if (Status made = MakeFolder(root); !made) return std::unexpected(made.error());
  if (Status mode = CheckMode(root); !mode) return std::unexpected(mode.error());
  std::error_code error;
  const bool known = Exists(root);
  // A lock file alone is what a server leaves that was killed while it made the folder; settings
  // may be there before it starts.
  for (fs::directory_iterator entry(root, error), end; !known && !error && entry != end;
       entry.increment(error)) {
    const fs::path name = entry->path().filename();
    if (name == "lock" || name == "version.part" || name == "blobs" || name == "keys" ||
        name == "scratch" || name == "server.yaml") {
      continue;
    }
    return Fail(ErrorKind::kUser,
                root.string() + " is not empty and is not a server's state folder (it has " +
                    name.string() + ").",
                "Name an empty or a new folder.");
  }
  if (known) {
    if (Status version = CheckVersion(root); !version) return std::unexpected(version.error());
  }
  Result<FileHandle> lock = Lock(root);
  if (!lock) return std::unexpected(lock.error());
  if (Status parts = MakeParts(root); !parts) return std::unexpected(parts.error());
  if (!known) {
    Status written = WriteText(root / "version", std::to_string(kVersion) + "\n");
    if (!written) return std::unexpected(written.error());
  }
  return StateDirectory(root, lock->Release(), !known);
}

StateDirectory::StateDirectory(fs::path root, int lock, bool is_new)
    : root_(std::move(root)), lock_(lock), is_new_(is_new) {}

StateDirectory::StateDirectory(StateDirectory&& other) noexcept
    : root_(std::move(other.root_)),
      lock_(std::exchange(other.lock_, -1)),
      is_new_(other.is_new_) {}

StateDirectory& StateDirectory::operator=(StateDirectory&& other) noexcept {
  if (this == &other) return *this;
  if (lock_ >= 0) ::close(lock_);
  root_ = std::move(other.root_);
  lock_ = std::exchange(other.lock_, -1);
  is_new_ = other.is_new_;
  return *this;
}

StateDirectory::~StateDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace picube
