// Bytes of an open file at an offset, for readers of files that are larger than memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "protocol/base/error.h"

namespace picube {

// Fills `out` from `offset` on. Safe from many threads. Errors name the file: it cannot be read
// (kHost), or it ends too early because it has become shorter since its size was asked (kUser).
[[nodiscard]] Status ReadBytesAt(int file, const std::string& name, std::uint64_t offset,
                                 std::span<unsigned char> out);

}  // namespace picube
