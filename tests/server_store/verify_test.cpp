#include "server/store/verify.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "server/store/backup.h"
#include "server/store/blob_store.h"
#include "server/store/projection.h"
#include "server/store/state_directory.h"
#include "tests/server_store/test_folder.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

// Rows with an anchor, a snapshot in parts and a small payload.
void MakeJournal(const fs::path& file) {
  auto journal = OpenJournal(file);
  AppendRows(*journal, 40);
  MakeSnapshot(*journal, 4);
  journal->AllowPruneTo(40);
  AppendRows(*journal, 45);
  journal->Append(Instant{1}, std::string(9000, 'r'));
  journal->PutSmall(Hash("payload"), "payload");
  ASSERT_TRUE(journal->Commit());
  while (journal->PrunePending()) ASSERT_TRUE(journal->Commit());
}

void ExpectBroken(const fs::path& file, const std::string& said) {
  const auto report = VerifyChain(file);
  ASSERT_TRUE(report) << report.error().Text();
  EXPECT_FALSE(report->sound);
  EXPECT_NE(report->Text().find(said), std::string::npos) << report->Text();
}

TEST(Verify, ProvesARunningAndAStoppedJournal) {
  TestFolder folder;
  Digest head;
  {
    auto journal = OpenJournal(folder / "journal.db");
    AppendRows(*journal, 7);
    const auto report = VerifyChain(folder / "journal.db");
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->sound) << report->Text();
    EXPECT_EQ(report->rows, 7U);
    head = report->head;
  }
  EXPECT_EQ(VerifyChain(folder / "journal.db")->head, head);
}

TEST(Verify, EmptyJournalIsSound) {
  TestFolder folder;
  {
    OpenJournal(folder / "journal.db");
  }
  EXPECT_TRUE(VerifyChain(folder / "journal.db")->sound);
}

TEST(Verify, NamesWhatWasAltered) {
  const std::pair<std::string, std::string> alterations[] = {
      {"UPDATE journal SET data = 'forged' WHERE seq = 43", "Row 43"},
      {"UPDATE journal SET at_us = at_us + 1 WHERE seq = 42", "Row 42"},
      {"UPDATE journal SET hash = zeroblob(32) WHERE seq = 41", "Row 41"},
      {"DELETE FROM journal WHERE seq = 44", "Row 44"},
      {"DELETE FROM journal WHERE seq = 40", "Row 40"},
      {"UPDATE anchor SET hash = zeroblob(32)", "Row 40"},
      {"UPDATE snapshot SET data = 'forged' WHERE part = 2", "snapshot of row 40"},
      {"DELETE FROM snapshot WHERE part = 3", "snapshot of row 40"},
      {"UPDATE snapshot_end SET chain = zeroblob(32)", "snapshot of row 40"},
      {"DELETE FROM snapshot_end", "no snapshot replaces them"},
      {"UPDATE payload SET data = 'forged'", "payload"},
  };
  for (const auto& [sql, said] : alterations) {
    TestFolder folder;
    MakeJournal(folder / "journal.db");
    Sql(folder / "journal.db", sql);
    SCOPED_TRACE(sql);
    ExpectBroken(folder / "journal.db", said);
  }
}

TEST(Verify, RestoreStopsAtTheAlteredRowAndChangesNothing) {
  TestFolder folder;
  {
    AppendRows(*OpenJournal(folder / "journal.db"), 9);
  }
  Sql(folder / "journal.db", "UPDATE journal SET data = 'forged' WHERE seq = 4");
  auto journal = OpenJournal(folder / "journal.db");
  std::uint64_t streamed = 0;
  const auto summary = journal->Restore(
      {}, [](Instant, BytesView) -> Status { return {}; },
      [&](std::uint64_t seq, Instant, BytesView) -> Status {
        streamed = seq;
        return {};
      });
  ASSERT_FALSE(summary);
  EXPECT_NE(summary.error().what.find("Row 4 "), std::string::npos);
  EXPECT_NE(summary.error().next.find("backup"), std::string::npos);
  EXPECT_EQ(streamed, 3U);
}

// Everything a server would read from the journal, as text.
std::string Content(const fs::path& file) {
  return Sql(file,
             "SELECT (SELECT group_concat(seq || at_us || hex(hash) || hex(data)) FROM "
             "journal) || (SELECT group_concat(seq || hex(hash)) FROM anchor) || "
             "(SELECT group_concat(seq || part || hex(data)) FROM snapshot) || "
             "(SELECT group_concat(seq || parts || hex(hash) || hex(chain)) FROM "
             "snapshot_end) || (SELECT group_concat(hex(hash) || hex(data)) FROM payload)");
}

TEST(Verify, NoFlippedByteChangesWhatIsReadUnnoticed) {
  TestFolder folder;
  MakeJournal(folder / "whole.db");
  const std::string whole = ReadText(folder / "whole.db");
  const std::string content = Content(folder / "whole.db");
  Rng rng(7);
  int noticed = 0;
  for (int i = 0; i < 400; ++i) {
    std::string broken = whole;
    const std::size_t at = i < 100 ? static_cast<std::size_t>(i) : rng.Below(broken.size());
    broken[at] = static_cast<char>(broken[at] ^ (1 << rng.Below(8)));
    WriteText(folder / "journal.db", broken);
    const auto report = VerifyChain(folder / "journal.db");
    if (!report || !report->sound) {
      ++noticed;
    } else {
      // It was in a part of the file that holds nothing.
      EXPECT_EQ(Content(folder / "journal.db"), content) << "byte " << at;
    }
    for (const char* end : {"", "-wal", "-shm"}) {
      fs::remove(folder / (std::string("journal.db") + end));
    }
  }
  EXPECT_GT(noticed, 50);
}

// A state folder with a small payload, a unit in the tables, one whose payload is a file, and a
// blob that is arriving.
class VerifyFolder : public ::testing::Test {
 protected:
  VerifyFolder() {
    auto state = std::move(*StateDirectory::Open(folder_ / "state"));
    auto journal = OpenJournal(state.JournalPath());
    AppendRows(*journal, 2);
    auto projection = std::move(*Projection::Open(state.ProjectionPath()));
    auto blobs = std::move(*BlobStore::Open(state.BlobsPath(), state.JournalPath()));
    EXPECT_TRUE(blobs->PutBytes(large_));
    EXPECT_TRUE(blobs->Put(Hash("arriving"), 0, 8, "arr"));
    file_ = blobs->Path(Hash(large_));
    UnitClosed small;
    small.unit = UnitId{1};
    small.batch = BatchId{3};
    small.payload = "payload";
    small.payload_bytes = 7;
    small.digest = Hash("payload");
    UnitClosed large;
    large.unit = UnitId{2};
    large.batch = BatchId{3};
    large.index = 1;
    large.payload_bytes = large_.size();
    large.digest = Hash(large_);
    projection->Post(2, {}, {small, large});
    EXPECT_TRUE(projection->CaughtUp(2, std::chrono::seconds(10)));
  }

  TestFolder folder_;
  const std::string large_ = std::string(5000, 'l');
  fs::path file_;
};

TEST_F(VerifyFolder, LooksAtEverything) {
  const auto report = VerifyChain(folder_ / "state");
  ASSERT_TRUE(report) << report.error().Text();
  EXPECT_TRUE(report->sound) << report->Text();
  EXPECT_EQ(report->units, 2U);
  EXPECT_EQ(report->blobs, 1U) << "what is arriving is not looked at";
}

TEST_F(VerifyFolder, FlippedByteInABlobIsNamed) {
  std::string rotten = large_;
  rotten[4000] ^= 4;
  WriteText(file_, rotten);
  ExpectBroken(folder_ / "state", file_.string());
}

TEST_F(VerifyFolder, FlippedByteInTheTablesIsNamed) {
  Sql(folder_ / "state/projection.db", "UPDATE unit SET payload = 'paylobd' WHERE id = 1");
  ExpectBroken(folder_ / "state", "payload of unit 1 of batch 3");
}

TEST_F(VerifyFolder, MissingBlobIsNamedWithItsUnit) {
  fs::remove(file_);
  ExpectBroken(folder_ / "state", "of unit 2 of batch 3 is missing");
}

TEST_F(VerifyFolder, JournalThatEndsBeforeItsTablesIsNamed) {
  Sql(folder_ / "state/journal.db", "DELETE FROM journal WHERE seq = 2");
  ExpectBroken(folder_ / "state", "the journal ends at row 1");
}

TEST_F(VerifyFolder, FlippedByteInTheTablesOfABackupIsNamed) {
  ASSERT_TRUE(Backup(folder_ / "state", folder_ / "backup"));
  Sql(folder_ / "backup", "UPDATE unit SET payload = 'paylobd' WHERE id = 1");
  ExpectBroken(folder_ / "backup", "payload of unit 1 of batch 3");
  EXPECT_TRUE(RestoreBackup(folder_ / "backup", folder_ / "again")) << "a merge would see it";
}

TEST(Verify, WhatIsNoJournalIsAnError) {
  TestFolder folder;
  EXPECT_FALSE(VerifyChain(folder / "missing.db"));
  EXPECT_FALSE(VerifyChain(folder.Path()));
  WriteText(folder / "text", "hello, this is not a journal");
  EXPECT_FALSE(VerifyChain(folder / "text"));
}

}  // namespace
}  // namespace picube
