// One file that holds a whole server: journal, snapshots, tables for people, blobs and keys.
//
// Made beside a running server from consistent views of its databases (the projection's first: it
// must never be ahead of the journal). The file is itself a SQLite database; VerifyChain reads it.
// Memory stays bounded: blobs pass through in pieces. While it runs, the server's write-ahead files
// grow by what is written meanwhile. Any thread or process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "protocol/base/error.h"

namespace picube {

struct BackupSummary {
  std::uint64_t last_seq = 0;
  std::uint64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
  std::uint64_t file_bytes = 0;
};

// Small files of the state folder that go with the keys: the port it was given, the settings, the
// first operator's pair.
inline constexpr const char* kFilesBesideKeys[] = {"endpoint", "server.yaml", "operator/keys",
                                                   "operator/endpoint"};

struct BackupOptions {
  bool keys = true;  // without its keys a restored server is a stranger to its workers
};

// Writes FILE.part beside `file`, syncs it, and renames it into place (mode 0600): there is never a
// half backup under the name. An existing file is replaced only then.
[[nodiscard]] Result<BackupSummary> Backup(const std::filesystem::path& state,
                                           const std::filesystem::path& file,
                                           const BackupOptions& options = {});

// Makes the state folder `state` from a backup. The folder must not exist or be empty. The chain,
// the payloads and every blob are checked; nothing appears under the name unless all is sound.
// Payloads that were altered in the tables for people are let through: verify names them, and no
// merge takes them.
[[nodiscard]] Result<BackupSummary> RestoreBackup(const std::filesystem::path& file,
                                                  const std::filesystem::path& state);

}  // namespace picube
