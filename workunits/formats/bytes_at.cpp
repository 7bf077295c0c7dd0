#include "workunits/formats/bytes_at.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace picube {

Status ReadBytesAt(int file, const std::string& name, std::uint64_t offset,
                   std::span<unsigned char> out) {
  while (!out.empty()) {
    const ssize_t got = ::pread(file, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return Fail(ErrorKind::kHost,
                  name + " cannot be read at byte " + std::to_string(offset) + ": " +
                      std::strerror(errno) + ".",
                  "Check the disk.");
    }
    if (got == 0) {
      return Fail(ErrorKind::kUser,
                  name + " has become shorter while it was read: it ends at byte " +
                      std::to_string(offset) + " now.",
                  "Leave the file alone while it is read, and try again.");
    }
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

}  // namespace picube
