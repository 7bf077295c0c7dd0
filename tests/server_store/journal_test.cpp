#include "server/store/journal.h"

#include <gtest/gtest.h>

#include "server/store/blob_store.h"
#include "server/store/verify.h"
#include "tests/server_store/test_folder.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

TEST(Journal, RowsComeBackInOrderWithTheirInstants) {
  TestFolder folder;
  {
    AppendRows(*OpenJournal(folder / "journal.db"), 5);
  }
  auto journal = OpenJournal(folder / "journal.db");
  EXPECT_EQ(journal->LastSeq(), 5U);
  auto restored = RestoreAll(*journal);
  ASSERT_TRUE(restored) << restored.error().Text();
  ASSERT_EQ(restored->rows.size(), 5U);
  EXPECT_EQ(restored->rows[4], std::make_pair(std::uint64_t{5}, std::string("row 5")));
  EXPECT_EQ(restored->summary.last_at, Instant{5000});
  EXPECT_EQ(journal->Append(Instant{6000}, "row 6"), 6U);
}

TEST(Journal, WhatWasNotCommittedIsNotThere) {
  TestFolder folder;
  {
    auto journal = OpenJournal(folder / "journal.db");
    AppendRows(*journal, 2);
    journal->Append(Instant{1}, "never committed");
    EXPECT_EQ(journal->LastSeq(), 3U);
    EXPECT_EQ(journal->DurableSeq(), 2U);
  }
  EXPECT_EQ(OpenJournal(folder / "journal.db")->LastSeq(), 2U);
}

TEST(Journal, SeveralRowsOfOneCommitAreOneTransaction) {
  TestFolder folder;
  auto journal = OpenJournal(folder / "journal.db");
  journal->Append(Instant{1}, "a");
  journal->Append(Instant{2}, "b");
  ASSERT_TRUE(journal->Commit());
  EXPECT_EQ(journal->DurableSeq(), 2U);
  EXPECT_EQ(journal->FirstSeq(), 1U);
}

TEST(Journal, RestoreTakesTheSnapshotAndTheTail) {
  TestFolder folder;
  {
    auto journal = OpenJournal(folder / "journal.db");
    AppendRows(*journal, 10);
    MakeSnapshot(*journal, 3);
    AppendRows(*journal, 12);
  }
  auto journal = OpenJournal(folder / "journal.db");
  EXPECT_EQ(journal->SnapshotSeq(), 10U);
  auto restored = RestoreAll(*journal);
  ASSERT_TRUE(restored) << restored.error().Text();
  ASSERT_EQ(restored->chunks.size(), 3U);
  EXPECT_EQ(restored->chunks[2].substr(0, 6), "part 2");
  ASSERT_EQ(restored->rows.size(), 2U);
  EXPECT_EQ(restored->rows[0].first, 11U);
}

TEST(Journal, SnapshotGoesToDiskALittleWithEachCommit) {
  TestFolder folder;
  JournalOptions options;
  options.snapshot_bytes_per_commit = 5000;
  auto journal = OpenJournal(folder / "journal.db", options);
  AppendRows(*journal, 1);
  journal->BeginSnapshot(1, Instant{1});
  for (int i = 0; i < 10; ++i) journal->AddSnapshotChunk(std::string(2000, 'x'));
  journal->EndSnapshot();
  int commits = 0;
  while (journal->SnapshotPending()) {
    ASSERT_TRUE(journal->Commit());
    ++commits;
  }
  EXPECT_EQ(commits, 5);  // two parts each
}

TEST(Journal, UnfinishedSnapshotIsNotBelievedAndGoesAway) {
  TestFolder folder;
  JournalOptions options;
  options.snapshot_bytes_per_commit = 1;
  {
    auto journal = OpenJournal(folder / "journal.db", options);
    AppendRows(*journal, 3);
    journal->BeginSnapshot(3, Instant{1});
    for (int i = 0; i < 4; ++i) journal->AddSnapshotChunk("part");
    journal->EndSnapshot();
    ASSERT_TRUE(journal->Commit());
  }
  auto journal = OpenJournal(folder / "journal.db", options);
  EXPECT_EQ(journal->SnapshotSeq(), 0U);
  auto restored = RestoreAll(*journal);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->rows.size(), 3U);
  while (journal->PrunePending()) ASSERT_TRUE(journal->Commit());
  EXPECT_EQ(Sql(folder / "journal.db", "SELECT count(*) FROM snapshot"), "0");
}

TEST(Journal, SnapshotBegunAgainForTheSameRowIsWhole) {
  TestFolder folder;
  JournalOptions options;
  options.snapshot_bytes_per_commit = 1;
  auto journal = OpenJournal(folder / "journal.db", options);
  AppendRows(*journal, 3);
  journal->BeginSnapshot(3, Instant{1});
  for (int i = 0; i < 5; ++i) journal->AddSnapshotChunk("first try");
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(journal->Commit());
  MakeSnapshot(*journal, 2);
  EXPECT_TRUE(VerifyChain(folder / "journal.db")->sound);
  EXPECT_EQ(Sql(folder / "journal.db", "SELECT count(*) FROM snapshot"), "2");
}

TEST(Journal, NothingIsPrunedBeforeTheProjectionHasIt) {
  TestFolder folder;
  auto journal = OpenJournal(folder / "journal.db");
  AppendRows(*journal, 50);
  MakeSnapshot(*journal, 1);
  journal->AllowPruneTo(49);
  EXPECT_FALSE(journal->PrunePending());
  EXPECT_EQ(journal->FirstSeq(), 1U);
  journal->AllowPruneTo(50);
  EXPECT_TRUE(journal->PrunePending());
  while (journal->PrunePending()) ASSERT_TRUE(journal->Commit());
  EXPECT_EQ(journal->FirstSeq(), 50U);  // the snapshot's own row stays
  const auto report = VerifyChain(folder / "journal.db");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->sound) << report->Text();
  EXPECT_EQ(report->anchor_seq, 49U);
}

TEST(Journal, RestoreUsesNoSnapshotAheadOfTheProjection) {
  TestFolder folder;
  {
    auto journal = OpenJournal(folder / "journal.db");
    AppendRows(*journal, 10);
    MakeSnapshot(*journal, 1);
    AppendRows(*journal, 20);
    MakeSnapshot(*journal, 1);
  }
  auto journal = OpenJournal(folder / "journal.db");
  auto restored = RestoreAll(*journal, {.snapshot_at_most = 15});
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->summary.snapshot_seq, 10U);
  EXPECT_EQ(restored->rows.size(), 10U);
}

TEST(Journal, LostProjectionIsAClearErrorWhenRowsWerePruned) {
  TestFolder folder;
  auto journal = OpenJournal(folder / "journal.db");
  AppendRows(*journal, 10);
  MakeSnapshot(*journal, 1);
  journal->AllowPruneTo(10);
  while (journal->PrunePending()) ASSERT_TRUE(journal->Commit());
  EXPECT_FALSE(RestoreAll(*journal, {.snapshot_at_most = 0}));
  EXPECT_TRUE(RestoreAll(*journal));
}

TEST(Journal, FileStaysBoundedWhenOldRowsArePruned) {
  TestFolder folder;
  auto journal = OpenJournal(folder / "journal.db");
  const std::string row(4000, 'r');
  std::uintmax_t half = 0;
  for (int i = 1; i <= 4000; ++i) {
    journal->Append(Instant{i}, row);
    ASSERT_TRUE(journal->Commit());
    if (i % 250 == 0) {
      journal->AllowPruneTo(journal->LastSeq());
      MakeSnapshot(*journal, 20);
    }
    if (i == 2000) half = fs::file_size(folder / "journal.db");
  }
  EXPECT_LE(fs::file_size(folder / "journal.db"), half + (half / 4) + (1 << 20));
  EXPECT_LE(fs::file_size(folder / "journal.db-wal"), 6U << 20);
  EXPECT_TRUE(VerifyChain(folder / "journal.db")->sound);
}

TEST(Journal, SmallPayloadIsDurableWithTheRowAndReadAsABlob) {
  TestFolder folder;
  const std::string payload(5000, 'p');
  const Digest digest = Hash(payload);
  auto journal = OpenJournal(folder / "journal.db");
  auto blobs = BlobStore::Open(folder / "blobs", folder / "journal.db");
  ASSERT_TRUE(blobs);
  journal->PutSmall(digest, payload);
  journal->Append(Instant{1}, "row");
  EXPECT_FALSE((*blobs)->Has(digest));
  ASSERT_TRUE(journal->Commit());
  EXPECT_EQ((*blobs)->Size(digest), 5000U);
  EXPECT_EQ(*(*blobs)->ReadAll(digest), payload);
  EXPECT_EQ(*(*blobs)->Read(digest, 4990, 100), payload.substr(4990));
  // Put again later: what was unreferenced at row 1 must not take it away.
  journal->PutSmall(digest, payload);
  journal->Append(Instant{2}, "row that names it again");
  journal->DropSmall(digest, /*at_most=*/1);
  ASSERT_TRUE(journal->Commit());
  EXPECT_TRUE((*blobs)->Has(digest));
  journal->DropSmall(digest, /*at_most=*/2);
  ASSERT_TRUE(journal->Commit());
  EXPECT_FALSE((*blobs)->Has(digest));
}

// The door stages a payload before its row has a number. Whoever looked at what row 1 names must
// not take away what row 2 brings.
TEST(Journal, SmallPayloadBelongsToTheRowThatFollowsIt) {
  TestFolder folder;
  auto journal = OpenJournal(folder / "journal.db");
  auto blobs = BlobStore::Open(folder / "blobs", folder / "journal.db");
  ASSERT_TRUE(blobs);
  AppendRows(*journal, 1);
  journal->PutSmall(Hash("payload"), "payload");
  journal->Append(Instant{2}, "row 2 names it");
  ASSERT_TRUE(journal->Commit());
  const auto nobody = [](const Digest&) { return false; };
  auto garbage = (*blobs)->CollectGarbage(nobody, std::chrono::hours(1), /*small_at_most=*/1);
  ASSERT_TRUE(garbage);
  EXPECT_TRUE(garbage->small.empty());
  journal->DropSmall(Hash("payload"), /*at_most=*/1);
  ASSERT_TRUE(journal->Commit());
  EXPECT_TRUE((*blobs)->Has(Hash("payload")));
  garbage = (*blobs)->CollectGarbage(nobody, std::chrono::hours(1), /*small_at_most=*/2);
  ASSERT_TRUE(garbage);
  EXPECT_EQ(garbage->small.size(), 1U);
}

// The same statement fails each time, as on a disk that has room for rows but not for snapshots.
constexpr const char* kRefuseSnapshots =
    "CREATE TRIGGER full BEFORE INSERT ON snapshot BEGIN SELECT RAISE(ABORT, 'disk is full'); END";

TEST(Journal, SnapshotThatDoesNotFitIsPutOffAndRowsGoOn) {
  TestFolder folder;
  auto journal = OpenJournal(folder / "journal.db");
  AppendRows(*journal, 3);
  Sql(folder / "journal.db", kRefuseSnapshots);
  journal->BeginSnapshot(3, Instant{3});
  journal->AddSnapshotChunk("a part");
  journal->EndSnapshot();
  EXPECT_TRUE(journal->Commit()) << "no row waits: nothing that was promised has failed";
  EXPECT_FALSE(journal->SnapshotPending()) << "the loop must not turn around it";
  AppendRows(*journal, 5);
  EXPECT_EQ(journal->DurableSeq(), 5U);
  journal->RetryHousework();
  EXPECT_TRUE(journal->SnapshotPending());
  AppendRows(*journal, 6);  // it fails once more, beside a row
  EXPECT_EQ(journal->SnapshotSeq(), 0U);
  Sql(folder / "journal.db", "DROP TRIGGER full");
  journal->RetryHousework();
  ASSERT_TRUE(journal->Commit());
  EXPECT_EQ(journal->SnapshotSeq(), 3U);
  EXPECT_TRUE(VerifyChain(folder / "journal.db")->sound);
}

TEST(Journal, FileOfAnotherKindIsRefusedUnchanged) {
  TestFolder folder;
  Sql(folder / "other.db", "CREATE TABLE t(x); PRAGMA user_version=3");
  const std::string before = ReadText(folder / "other.db");
  EXPECT_FALSE(Journal::Open(folder / "other.db"));
  EXPECT_EQ(ReadText(folder / "other.db"), before);
  WriteText(folder / "garbage.db", std::string(10000, 'g'));
  EXPECT_FALSE(Journal::Open(folder / "garbage.db"));
  EXPECT_EQ(ReadText(folder / "garbage.db"), std::string(10000, 'g'));
}

TEST(Journal, NewerFormatIsRefused) {
  TestFolder folder;
  {
    AppendRows(*OpenJournal(folder / "journal.db"), 1);
  }
  Sql(folder / "journal.db", "PRAGMA user_version=2");
  auto journal = Journal::Open(folder / "journal.db");
  ASSERT_FALSE(journal);
  EXPECT_NE(journal.error().next.find("newer"), std::string::npos);
}

}  // namespace
}  // namespace picube
