// The proof that no decision was altered: recomputes every hash of a journal, reading only; in a
// state folder or a backup those of payloads and blobs too. Works beside a running server, on a
// stopped one and on a backup file. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

namespace picube {

struct VerifyReport {
  bool sound = false;
  std::uint64_t rows = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t anchor_seq = 0;  // rows up to this one were replaced by a snapshot; 0 = none
  Digest anchor;                 // the chain's hash at anchor_seq
  Digest head;                   // the chain's hash at last_seq: note it elsewhere to prove more
  std::uint64_t record_bytes = 0;
  std::vector<std::uint64_t> snapshots;  // complete ones, ascending
  std::uint64_t payloads = 0;            // small payloads checked against their digests
  std::uint64_t units = 0;          // settled, whose payload is kept in the tables or as a blob
  std::uint64_t altered_units = 0;  // problems that are payloads altered in the tables
  std::uint64_t blobs = 0;          // files, or parts of a backup, checked against their names
  std::uint64_t blob_bytes = 0;
  std::vector<std::string> problems;  // what broke and where; empty if sound; at most 20

  // Several lines for people.
  [[nodiscard]] std::string Text() const;
};

// `path` is a state folder, a journal file or a backup file. An error only if it cannot be read as
// one at all (missing, not a journal); everything else that is wrong is in the report.
[[nodiscard]] Result<VerifyReport> VerifyChain(const std::filesystem::path& path);

}  // namespace picube
