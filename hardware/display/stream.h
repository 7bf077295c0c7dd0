// A byte stream that is never waited for. `hardware/` has no network: who uses it opens the socket.
// One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/base/error.h"

namespace picube {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Begins to open, closing what was open, and returns at once. kHost.
  [[nodiscard]] virtual Status Open() = 0;
  // Bytes taken; 0 = not now (it opens still, or the other side is slow). kHost: it has ended.
  [[nodiscard]] virtual Result<std::size_t> Write(std::string_view bytes) = 0;
  // Appends what has come; nothing is no error. kHost: it has ended.
  [[nodiscard]] virtual Status Read(std::string& into) = 0;
  virtual void Close() = 0;
  [[nodiscard]] virtual std::string Name() const = 0;  // "127.0.0.1:13666"
};

}  // namespace picube
