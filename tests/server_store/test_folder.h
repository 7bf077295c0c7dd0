// A folder of its own for a test, removed at the end, and the few helpers the store's tests share.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "protocol/crypto/hash.h"
#include "protocol/crypto/keys.h"
#include "server/store/journal.h"
#include "tests/files.h"

namespace picube {

using test::ReadText;
using test::WriteText;

class TestFolder : public test::Folder {
 public:
  TestFolder() { EXPECT_TRUE(InitCrypto()); }
};

// Runs SQL with a connection of its own; returns the first column of the first row as text.
inline std::string Sql(const std::filesystem::path& file, const std::string& sql) {
  sqlite3* database = nullptr;
  std::string result;
  EXPECT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  char* error = nullptr;
  sqlite3_exec(
      database, sql.c_str(),
      [](void* out, int, char** values, char**) {
        auto& text = *static_cast<std::string*>(out);
        if (text.empty() && values[0] != nullptr) text = values[0];
        return 0;
      },
      &result, &error);
  EXPECT_EQ(error, nullptr) << error;
  sqlite3_close(database);
  return result;
}

// What a restore brings, as values.
struct Restored {
  std::vector<std::pair<std::uint64_t, std::string>> rows;
  std::vector<std::string> chunks;
  RestoreSummary summary;
};

inline Result<Restored> RestoreAll(Journal& journal, const RestoreLimits& limits = {}) {
  Restored restored;
  auto summary = journal.Restore(
      limits,
      [&](Instant, BytesView chunk) -> Status {
        restored.chunks.emplace_back(chunk);
        return {};
      },
      [&](std::uint64_t seq, Instant, BytesView records) -> Status {
        restored.rows.emplace_back(seq, records);
        return {};
      });
  if (!summary) return std::unexpected(summary.error());
  restored.summary = *summary;
  return restored;
}

inline std::unique_ptr<Journal> OpenJournal(const std::filesystem::path& file,
                                            const JournalOptions& options = {}) {
  auto journal = Journal::Open(file, options);
  EXPECT_TRUE(journal) << journal.error().Text();
  return journal ? std::move(*journal) : nullptr;
}

// Appends rows "row 1", "row 2", … up to `last`, each in its own commit.
inline void AppendRows(Journal& journal, std::uint64_t last) {
  while (journal.LastSeq() < last) {
    const std::uint64_t seq = journal.LastSeq() + 1;
    journal.Append(Instant{static_cast<std::int64_t>(seq) * 1000}, "row " + std::to_string(seq));
    ASSERT_TRUE(journal.Commit());
  }
}

// A snapshot of `parts` parts after the last row, committed until it is complete.
inline void MakeSnapshot(Journal& journal, int parts) {
  journal.BeginSnapshot(journal.LastSeq(), Instant{77});
  for (int i = 0; i < parts; ++i) {
    journal.AddSnapshotChunk("part " + std::to_string(i) + std::string(2000, 's'));
  }
  journal.EndSnapshot();
  while (journal.SnapshotPending()) ASSERT_TRUE(journal.Commit());
}

}  // namespace picube
