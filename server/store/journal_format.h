// The journal's tables and hashes: shared by the writer, the proof and the backup.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/crypto/hash.h"

namespace picube {

// `PRAGMA application_id` of a journal and of a backup: "PiCJ", "PiCB". Never change.
inline constexpr std::int64_t kJournalFileId = 0x5069434a;
inline constexpr std::int64_t kBackupFileId = 0x50694342;
// `PRAGMA user_version`; raised when an older program could no longer read the tables.
inline constexpr std::int64_t kJournalFormat = 1;

// Makes the tables if they are missing. The hash stands before the data because SQLite has to walk
// through a large column to reach what is behind it.
extern const std::string_view kJournalSchema;

// hash of a row = BLAKE2b-256(hash of the row before ‖ seq ‖ at ‖ data), numbers as 8 bytes little
// endian. The row before the first has the zero hash.
[[nodiscard]] Digest ChainHash(const Digest& before, std::uint64_t seq, Instant at, BytesView data);

// hash of a snapshot = BLAKE2b-256("picube/v1/snapshot\0" ‖ seq ‖ at ‖ hash of row seq ‖
//                                  for each part (its size ‖ its bytes) ‖ number of parts).
class SnapshotHasher {
 public:
  SnapshotHasher(std::uint64_t seq, Instant at, const Digest& chain);
  void Add(BytesView part);
  [[nodiscard]] Digest Finish();
  [[nodiscard]] std::uint64_t Parts() const { return parts_; }
  [[nodiscard]] std::uint64_t Size() const { return bytes_; }  // bytes of all parts

 private:
  Hasher hasher_;
  std::uint64_t parts_ = 0;
  std::uint64_t bytes_ = 0;
};

// The error for what cannot be explained by a crash. `what` is a sentence.
[[nodiscard]] std::unexpected<Error> Damaged(std::string what);

}  // namespace picube
