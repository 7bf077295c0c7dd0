// One record a file, written so that a crash at any moment leaves the old record or the new one:
// write beside it, sync, rename, sync the folder.
//
// Format (version 1, little-endian, never renumber): "picubeW\x01", kind (4 bytes), length of the
// body (8), BLAKE2b-256 of kind, length and body (32), body. Any thread, one at a time a file.
#pragma once

#include <cstdint>
#include <filesystem>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

namespace picube {

enum class RecordKind : std::uint32_t {
  kLease = 1,
  kResult = 2,
  kCheckpoint = 3,
  kAttempts = 4,
};

enum class Durable : bool {
  kNo,   // survives the process, perhaps not a power cut: for what the server gives again
  kYes,  // survives a power cut
};

// kStore: disk full or input/output error; the old record is unchanged.
[[nodiscard]] Status WriteRecord(const std::filesystem::path& path, RecordKind kind, BytesView body,
                                 Durable durable);
// kStore: cannot be read. kHost: torn, damaged, of another kind, or from a newer version.
[[nodiscard]] Result<Bytes> ReadRecord(const std::filesystem::path& path, RecordKind kind);

}  // namespace picube
