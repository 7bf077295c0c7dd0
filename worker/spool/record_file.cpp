#include "worker/spool/record_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "protocol/base/descriptor.h"
#include "protocol/crypto/hash.h"
#include "worker/spool/bytes.h"

namespace picube {
namespace {

constexpr std::string_view kMagic("picubeW\x01", 8);
constexpr std::size_t kHeadBytes = 8 + 4 + 8 + Digest::kSize;

std::unexpected<Error> Failed(const std::filesystem::path& path, const char* deed) {
  return Fail(ErrorKind::kStore, "cannot " + std::string(deed) + " " + path.string() + ": " +
                                     std::strerror(errno) + ".");
}

bool WriteAll(int fd, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

Digest DigestOf(BytesView meta, BytesView body) {
  Hasher hasher;
  hasher.Update(meta);
  hasher.Update(body);
  return hasher.Finish();
}

Status SyncFolder(const std::filesystem::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.Get() < 0 || ::fsync(fd.Get()) != 0) return Failed(folder, "sync");
  return {};
}

}  // namespace

Status WriteRecord(const std::filesystem::path& path, RecordKind kind, BytesView body,
                   Durable durable) {
  ByteWriter meta;
  meta.U32(std::to_underlying(kind));
  meta.U64(body.size());
  Bytes head(kMagic);
  head += meta.Take();
  head += DigestOf(BytesView(head).substr(kMagic.size()), body).View();

  std::filesystem::path fresh = path;
  fresh += ".tmp";
  {
    const Descriptor fd(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (fd.Get() < 0) return Failed(fresh, "write");
    const bool written = WriteAll(fd.Get(), head) && WriteAll(fd.Get(), body) &&
                         (durable == Durable::kNo || ::fsync(fd.Get()) == 0);
    if (!written) {
      auto failed = Failed(fresh, "write");
      ::unlink(fresh.c_str());
      return failed;
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return Failed(path, "replace");
  return durable == Durable::kYes ? SyncFolder(path.parent_path()) : Status{};
}

Result<Bytes> ReadRecord(const std::filesystem::path& path, RecordKind kind) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.Get() < 0) return Failed(path, "read");
  Bytes all;
  Bytes piece(64 * 1024, '\0');
  for (;;) {
    const ssize_t n = ::read(fd.Get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(path, "read");
    if (n == 0) break;
    all.append(piece, 0, static_cast<std::size_t>(n));
  }
  const auto damaged = [&](const char* why) {
    return Fail(ErrorKind::kHost, path.string() + " is " + why + ".");
  };
  const BytesView view = all;
  if (view.size() < kHeadBytes) return damaged("torn");
  if (view.substr(0, 7) != kMagic.substr(0, 7)) return damaged("not a record of the worker");
  if (view[7] != kMagic[7]) return damaged("from another version of the worker");
  ByteReader meta(view.substr(kMagic.size(), 12));
  const std::uint32_t found = meta.U32();
  const std::uint64_t size = meta.U64();
  const BytesView body = view.substr(kHeadBytes);
  if (size != body.size()) return damaged("torn");
  const Digest digest = DigestOf(view.substr(kMagic.size(), 12), body);
  if (digest.View() != view.substr(20, Digest::kSize)) return damaged("damaged");
  if (found != std::to_underlying(kind)) return damaged("a record of another kind");
  return Bytes(body);
}

}  // namespace picube
