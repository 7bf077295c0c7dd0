#include "server/store/backup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "server/store/blob_store.h"
#include "server/store/projection.h"
#include "server/store/state_directory.h"
#include "server/store/verify.h"
#include "tests/server_store/test_folder.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

// A server's store with everything in it.
struct Server {
  explicit Server(const fs::path& root)
      : state(std::move(*StateDirectory::Open(root))),
        journal(std::move(*Journal::Open(state.JournalPath()))),
        projection(std::move(*Projection::Open(state.ProjectionPath()))),
        blobs(std::move(*BlobStore::Open(state.BlobsPath(), state.JournalPath()))) {}

  // One row with one unit, as a loop turn would do.
  void Turn() {
    const std::uint64_t seq = journal->LastSeq() + 1;
    journal->Append(Instant{static_cast<std::int64_t>(seq)}, "row " + std::to_string(seq));
    EXPECT_TRUE(journal->Commit());
    UnitClosed unit;
    unit.unit = UnitId{seq};
    unit.batch = BatchId{1};
    unit.index = seq - 1;
    unit.digest = Hash("");
    projection->Post(seq, {}, {unit});
    if (seq % 50 == 0) {
      MakeSnapshot(*journal, 3);
      journal->AllowPruneTo(projection->Cursor());
    }
  }

  StateDirectory state;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Projection> projection;
  std::unique_ptr<BlobStore> blobs;
};

TEST(Backup, HoldsEverythingAndComesBack) {
  TestFolder folder;
  const std::string large(3'000'000, 'b');
  {
    Server server(folder / "state");
    for (int i = 0; i < 120; ++i) server.Turn();
    server.journal->PutSmall(Hash("small"), "small");
    ASSERT_TRUE(server.journal->Commit());
    ASSERT_TRUE(server.blobs->PutBytes(large));
    WriteText(folder / "state/keys/server.key", "secret");
    ASSERT_TRUE(server.projection->CaughtUp(120, std::chrono::seconds(10)));
    const auto made = Backup(folder / "state", folder / "backup.picube");
    ASSERT_TRUE(made) << made.error().Text();
    EXPECT_EQ(made->blobs, 1U);
    EXPECT_EQ(made->last_seq, 120U);
  }
  EXPECT_EQ(fs::status(folder / "backup.picube").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  const auto report = VerifyChain(folder / "backup.picube");
  ASSERT_TRUE(report) << report.error().Text();
  EXPECT_TRUE(report->sound) << report->Text();
  const auto restored = RestoreBackup(folder / "backup.picube", folder / "again");
  ASSERT_TRUE(restored) << restored.error().Text();
  Server server(folder / "again");
  EXPECT_EQ(server.journal->LastSeq(), 120U);
  EXPECT_TRUE(RestoreAll(*server.journal, {.snapshot_at_most = server.projection->Cursor()}));
  EXPECT_EQ(server.projection->CountUnits(BatchId{1})->settled, 120U);
  EXPECT_EQ(*server.blobs->ReadAll(Hash(large)), large);
  EXPECT_EQ(*server.blobs->ReadAll(Hash("small")), "small");
  EXPECT_EQ(ReadText(folder / "again/keys/server.key"), "secret");
}

TEST(Backup, RestoredServerKnowsItUntilItHasTakenOver) {
  TestFolder folder;
  {
    Server server(folder / "state");
    server.Turn();
    EXPECT_FALSE(server.state.IsRestored());
    ASSERT_TRUE(Backup(folder / "state", folder / "backup.picube"));
  }
  ASSERT_TRUE(RestoreBackup(folder / "backup.picube", folder / "again"));
  for (int start = 0; start < 2; ++start) {
    EXPECT_TRUE(Server(folder / "again").state.IsRestored()) << "killed before it took over";
  }
  ASSERT_TRUE(Server(folder / "again").state.ForgetRestored());
  EXPECT_FALSE(Server(folder / "again").state.IsRestored());
}

TEST(Backup, UnderLoadIsOneMomentThatCanBeRestored) {
  TestFolder folder;
  Server server(folder / "state");
  server.Turn();
  for (int round = 0; round < 3; ++round) {
    std::atomic<bool> done = false;
    Status status;
    std::thread other([&] {
      const auto made = Backup(folder / "state", folder / "backup.picube");
      if (!made) status = std::unexpected(made.error());
      done = true;
    });
    while (!done) server.Turn();
    other.join();
    ASSERT_TRUE(status) << status.error().Text();
    fs::remove_all(folder / "again");
    const auto restored = RestoreBackup(folder / "backup.picube", folder / "again");
    ASSERT_TRUE(restored) << restored.error().Text();
    Server copy(folder / "again");
    const std::uint64_t cursor = copy.projection->Cursor();
    EXPECT_LE(cursor, copy.journal->LastSeq());
    EXPECT_EQ(copy.projection->CountUnits(BatchId{1})->settled, cursor);
    const auto rows = RestoreAll(*copy.journal, {.snapshot_at_most = cursor});
    ASSERT_TRUE(rows) << rows.error().Text();
    EXPECT_LE(rows->summary.snapshot_seq, cursor);
  }
  EXPECT_TRUE(VerifyChain(folder / "state")->sound);
}

TEST(Backup, DamagedOneIsRefusedAndLeavesNothing) {
  TestFolder folder;
  {
    Server server(folder / "state");
    for (int i = 0; i < 10; ++i) server.Turn();
    ASSERT_TRUE(server.blobs->PutBytes(std::string(100'000, 'b')));
    ASSERT_TRUE(Backup(folder / "state", folder / "backup.picube"));
  }
  Sql(folder / "backup.picube", "UPDATE blob_part SET data = zeroblob(100000)");
  const auto restored = RestoreBackup(folder / "backup.picube", folder / "again");
  ASSERT_FALSE(restored);
  EXPECT_NE(restored.error().what.find("blob"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder / "again"));
  EXPECT_FALSE(fs::exists(folder / "again.restoring"));
}

TEST(Backup, DoesNotOverwriteAServer) {
  TestFolder folder;
  Server server(folder / "state");
  server.Turn();
  ASSERT_TRUE(Backup(folder / "state", folder / "backup.picube"));
  EXPECT_FALSE(RestoreBackup(folder / "backup.picube", folder / "state"));
  EXPECT_EQ(server.journal->LastSeq(), 1U);
}

TEST(Backup, FailedOneLeavesTheOldFile) {
  TestFolder folder;
  Server server(folder / "state");
  server.Turn();
  WriteText(folder / "backup.picube", "old");
  const auto blob = server.blobs->PutBytes("blob");
  ASSERT_TRUE(blob);
  WriteText(server.blobs->Path(blob->hash), "rotten");
  const auto made = Backup(folder / "state", folder / "backup.picube");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().what.find("does not match its name"), std::string::npos);
  EXPECT_EQ(ReadText(folder / "backup.picube"), "old");
  EXPECT_FALSE(fs::exists(folder / "backup.picube.part"));
}

}  // namespace
}  // namespace picube
