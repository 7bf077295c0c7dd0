#include "server/store/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace picube {

namespace fs = std::filesystem;

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this == &other) return *this;
  Close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

void FileHandle::Close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

int FileHandle::Release() { return std::exchange(descriptor_, -1); }

Error SystemError(const fs::path& path, std::string_view doing) {
  const int code = errno;
  std::string next;
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) next = "Free some space on its disk.";
  if (code == EACCES || code == EPERM) next = "Check that this user may use it.";
  return Error{ErrorKind::kStore,
               path.string() + " cannot be " + std::string(doing) + ": " +
                   std::system_category().message(code) + ".",
               std::move(next)};
}

Result<FileHandle> OpenToRead(const fs::path& path) {
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.IsOpen()) return std::unexpected(SystemError(path, "opened"));
  return file;
}

Result<FileHandle> OpenToWrite(const fs::path& path) {
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.IsOpen()) return std::unexpected(SystemError(path, "written"));
  return file;
}

Status WriteAll(int descriptor, const fs::path& path, BytesView data) {
  while (!data.empty()) {
    const ssize_t written = ::write(descriptor, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(SystemError(path, "written"));
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<Bytes> ReadAt(int descriptor, const fs::path& path, std::uint64_t offset, std::size_t most) {
  Bytes bytes(most, '\0');
  std::size_t filled = 0;
  while (filled < most) {
    const ssize_t got = ::pread(descriptor, bytes.data() + filled, most - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(SystemError(path, "read"));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Status SyncDescriptor(int descriptor, const fs::path& path) {
  if (::fsync(descriptor) != 0) return std::unexpected(SystemError(path, "synced to disk"));
  return {};
}

Status SyncPath(const fs::path& path) {
  Result<FileHandle> file = OpenToRead(path);
  if (!file) return std::unexpected(file.error());
  return SyncDescriptor(file->Get(), path);
}

Status RenameFile(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return std::unexpected(SystemError(from, "renamed to " + to.string()));
  }
  return {};
}

Status MakeFolder(const fs::path& path) {
  if (path.has_parent_path() && !fs::exists(path.parent_path())) {
    if (Status parent = MakeFolder(path.parent_path()); !parent) return parent;
  }
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  const int code = errno;
  std::error_code ignored;
  if (code == EEXIST && fs::is_directory(path, ignored)) return {};
  errno = code;
  return std::unexpected(SystemError(path, "made"));
}

std::uint64_t FreeSpace(const fs::path& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace picube
