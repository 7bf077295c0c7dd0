// Blobs on disk and chunks in memory: part files, chunk sources, compression.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "protocol/transport/blob_transfer.h"

namespace picube {
namespace {

constexpr int kCompressionLevel = 1;  // a Pi 4 keeps up with a gigabit line

std::unexpected<Error> FileError(const std::string& doing, const std::string& path) {
  const bool is_store = errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EROFS ||
                        errno == EFBIG;  // a limit on files is a full disk
  return Fail(is_store ? ErrorKind::kStore : ErrorKind::kHost,
              "Cannot " + doing + " " + path + ": " + std::strerror(errno) + ".");
}

bool WriteAll(int descriptor, BytesView bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Reads exactly `size` bytes; false at an error or an early end.
bool ReadAll(int descriptor, char* out, std::size_t size, std::uint64_t offset) {
  while (size > 0) {
    const ssize_t got = ::pread(descriptor, out, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;
    if (got <= 0) return false;
    offset += static_cast<std::uint64_t>(got);
    out += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

// Gives `size` bytes of a file to `take`, a chunk at a time.
bool ReadInChunks(int descriptor, std::uint64_t size, const std::function<void(BytesView)>& take) {
  Bytes block(limits::kChunkBytes, '\0');
  for (std::uint64_t offset = 0; offset < size;) {
    const auto piece =
        static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), size - offset));
    if (!ReadAll(descriptor, block.data(), piece, offset)) return false;
    take(BytesView(block).substr(0, piece));
    offset += piece;
  }
  return true;
}

bool SyncFolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0 || errno == EINVAL;  // not every system can
  ::close(descriptor);
  return synced;
}

}  // namespace

// --- PartFile ------------------------------------------------------------------------------------

PartFile::PartFile(std::string final_path, int descriptor, std::uint64_t size)
    : final_path_(std::move(final_path)), descriptor_(descriptor), size_(size) {}

PartFile::~PartFile() { ::close(descriptor_); }

Result<std::unique_ptr<PartFile>> PartFile::Open(std::string final_path) {
  const std::string part = final_path + ".part";
  const int descriptor = ::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  struct stat facts = {};
  if (descriptor < 0) return FileError("open", part);
  if (::fstat(descriptor, &facts) != 0) {
    auto error = FileError("look at", part);
    ::close(descriptor);
    return error;
  }
  return std::unique_ptr<PartFile>(
      new PartFile(std::move(final_path), descriptor, static_cast<std::uint64_t>(facts.st_size)));
}

Status PartFile::ReadBack(const std::function<void(BytesView)>& take) {
  if (!ReadInChunks(descriptor_, size_, take)) return FileError("read", final_path_ + ".part");
  return {};
}

Status PartFile::Append(BytesView bytes) {
  if (!WriteAll(descriptor_, bytes, size_)) return FileError("write", final_path_ + ".part");
  size_ += bytes.size();
  return {};
}

Status PartFile::Commit() {
  const std::string part = final_path_ + ".part";
  // A write that failed half-way may have left bytes beyond what counts.
  if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0 || ::fsync(descriptor_) != 0) {
    return FileError("sync", part);
  }
  if (::rename(part.c_str(), final_path_.c_str()) != 0) return FileError("rename", part);
  if (!SyncFolderOf(final_path_)) return FileError("sync the folder of", final_path_);
  return {};
}

Status PartFile::Discard() {
  size_ = 0;
  if (::ftruncate(descriptor_, 0) != 0) return FileError("empty", final_path_ + ".part");
  return {};
}

// --- ChunkSource ---------------------------------------------------------------------------------

ChunkSource::~ChunkSource() { ::close(descriptor_); }

Result<std::unique_ptr<ChunkSource>> ChunkSource::Open(const std::string& path,
                                                       const BlobRef& blob) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError("open", path);
  std::unique_ptr<ChunkSource> source(new ChunkSource(descriptor, blob));
  struct stat facts = {};
  if (::fstat(descriptor, &facts) != 0) return FileError("look at", path);
  if (!S_ISREG(facts.st_mode) || static_cast<std::uint64_t>(facts.st_size) != blob.size) {
    return Fail(ErrorKind::kHost, path + " has not the size of its blob: it was changed.");
  }
  return source;
}

Result<Chunk> ChunkSource::Read(std::uint64_t offset) const {
  if (offset > blob_.size || (offset == blob_.size && blob_.size != 0)) {
    return Fail(ErrorKind::kRefused, "There is nothing at this offset: the blob is shorter.");
  }
  Chunk chunk;
  chunk.blob = blob_.hash;
  chunk.offset = offset;
  chunk.total = blob_.size;
  chunk.data.resize(
      static_cast<std::size_t>(std::min<std::uint64_t>(limits::kChunkBytes, blob_.size - offset)));
  if (!ReadAll(descriptor_, chunk.data.data(), chunk.data.size(), offset)) {
    return FileError("read", "the file of blob " + ToHex(blob_.hash));
  }
  return PackChunk(std::move(chunk));
}

Chunk PackChunk(Chunk chunk) {
  Bytes packed(chunk.data.size(), '\0');  // no more room: beyond, it is not worth it anyway
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), chunk.data.data(),
                                         chunk.data.size(), kCompressionLevel);
  if (ZSTD_isError(size) == 0 && size <= chunk.data.size() - chunk.data.size() / 10) {
    packed.resize(size);
    chunk.data = std::move(packed);
    chunk.compression = Compression::kZstd;
  }
  return chunk;
}

Result<BlobRef> HashFile(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError("open", path);
  struct stat facts = {};
  BlobRef blob;
  Hasher hasher;
  bool read = ::fstat(descriptor, &facts) == 0;
  if (read && !S_ISREG(facts.st_mode)) {
    ::close(descriptor);
    return Fail(ErrorKind::kHost, path + " is not a file.");
  }
  blob.size = static_cast<std::uint64_t>(facts.st_size);
  read = read && ReadInChunks(descriptor, blob.size, [&](BytesView b) { hasher.Update(b); });
  if (!read) {
    auto error = FileError("read", path);
    ::close(descriptor);
    return error;
  }
  ::close(descriptor);
  blob.hash = hasher.Finish();
  return blob;
}

Result<Bytes> OpenChunk(const Chunk& chunk) {
  if (chunk.data.size() > limits::kChunkBytes) {
    return Fail(ErrorKind::kRefused, "A chunk is too large.");
  }
  if (chunk.compression == Compression::kNone) return chunk.data;
  Bytes data(limits::kChunkBytes, '\0');  // never more, whatever the frame announces
  const std::size_t size =
      ZSTD_decompress(data.data(), data.size(), chunk.data.data(), chunk.data.size());
  if (ZSTD_isError(size) != 0) {
    return Fail(ErrorKind::kRefused, "A compressed chunk cannot be opened.");
  }
  data.resize(size);
  return data;
}

}  // namespace picube
