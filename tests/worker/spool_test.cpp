// What the worker must not lose, and what becomes of damaged files.
#include "worker/spool/spool.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"
#include "protocol/crypto/keys.h"
#include "tests/files.h"
#include "worker/spool/record_file.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

agent::UnitWork SomeWork(std::uint64_t id) {
  agent::UnitWork work;
  work.lease = LeaseId{id};
  work.unit = UnitId{id + 100};
  work.batch = BatchId{3};
  work.application = {"seti", 2};
  work.bounds.wall_seconds = 77;
  work.parameters = Bytes("a\0b", 3);
  work.inputs = {{Hash("one"), 3}, {Hash("two"), 4}};
  work.cost_flop = 1.5e12;
  return work;
}
UnitResult SomeResult(std::uint64_t id, std::size_t bytes = 20) {
  UnitResult result;
  result.lease = LeaseId{id};
  result.payload = Bytes(bytes, 'p');
  result.cost = {12, 34, 56, EnergySource::kIna, 61'500};
  return result;
}

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() {
    EXPECT_TRUE(InitCrypto());
    Open();
  }
  void Open() {
    spool_.reset();  // lets go of the lock
    auto spool = Spool::Open(Folder());
    ASSERT_TRUE(spool) << spool.error().Text();
    spool_ = *std::move(spool);
  }
  [[nodiscard]] Spool::Contents Reopen() {
    Open();
    return spool_->Load();
  }
  [[nodiscard]] fs::path Folder() const { return temp_.Path() / "state"; }
  [[nodiscard]] fs::path ResultFile(int id) const {
    return Folder() / "results" / (std::to_string(id) + ".result");
  }

  test::Folder temp_;
  std::unique_ptr<Spool> spool_;
};

TEST_F(SpoolTest, LeasesResultsAndAttemptsComeBack) {
  agent::UnitWork work = SomeWork(1);
  ASSERT_TRUE(spool_->KeepLease(work));
  work.attempts = 2;
  ASSERT_TRUE(spool_->CountAttempt(work));
  const Spool::Kept kept = spool_->KeepResult(SomeResult(2));
  ASSERT_TRUE(kept.durable);
  EXPECT_EQ(kept.digest, Hash(Bytes(20, 'p')));

  const Spool::Contents contents = Reopen();
  EXPECT_TRUE(contents.warnings.empty());
  ASSERT_EQ(contents.leases.size(), 1U);
  EXPECT_EQ(contents.leases[0], work);
  ASSERT_EQ(contents.results.size(), 1U);
  UnitResult expected = SomeResult(2);
  expected.digest = kept.digest;
  expected.payload_bytes = 20;
  EXPECT_EQ(contents.results[0], expected);
}

TEST_F(SpoolTest, AnErrorsDigestIsOfItsText) {
  UnitResult result;
  result.lease = LeaseId{4};
  result.outcome = Outcome::kError;
  result.error_kind = ErrorKind::kHost;
  result.error_text = "out of memory";
  EXPECT_EQ(spool_->KeepResult(result).digest, Hash("out of memory"));
  EXPECT_EQ(Reopen().results[0].error_text, "out of memory");
}

TEST_F(SpoolTest, AResultReplacesItsLease) {
  ASSERT_TRUE(spool_->KeepLease(SomeWork(1)));
  ASSERT_TRUE(spool_->Checkpoint(LeaseId{1}).Save("half"));
  ASSERT_TRUE(spool_->KeepResult(SomeResult(1)).durable);
  EXPECT_FALSE(spool_->Checkpoint(LeaseId{1}).Load());
  const Spool::Contents contents = Reopen();
  EXPECT_TRUE(contents.leases.empty());
  EXPECT_EQ(contents.results.size(), 1U);
}

TEST_F(SpoolTest, ACrashBetweenResultAndLeaseLeavesOnlyTheResult) {
  ASSERT_TRUE(spool_->KeepResult(SomeResult(1)).durable);
  ASSERT_TRUE(spool_->KeepLease(SomeWork(1)));  // as if it had not been dropped yet
  const Spool::Contents contents = Reopen();
  EXPECT_TRUE(contents.leases.empty());
  EXPECT_FALSE(fs::exists(Folder() / "leases" / "1.lease"));
}

TEST_F(SpoolTest, ACheckpointEndsTheCountOfAttempts) {
  agent::UnitWork work = SomeWork(1);
  ASSERT_TRUE(spool_->KeepLease(work));
  work.attempts = 2;
  ASSERT_TRUE(spool_->CountAttempt(work));
  ASSERT_TRUE(spool_->Checkpoint(LeaseId{1}).Save("further"));
  EXPECT_EQ(Reopen().leases[0].attempts, 0U);
  EXPECT_EQ(spool_->Checkpoint(LeaseId{1}).Load(), "further");
}

TEST_F(SpoolTest, AForgottenResultIsGone) {
  ASSERT_TRUE(spool_->KeepResult(SomeResult(1)).durable);
  spool_->ForgetResult(LeaseId{1});
  EXPECT_TRUE(Reopen().results.empty());
}

TEST_F(SpoolTest, AFlippedByteAnywhereSetsTheFileAside) {
  ASSERT_TRUE(spool_->KeepResult(SomeResult(1)).durable);
  const std::string good = test::ReadText(ResultFile(1));
  for (const std::size_t at : {std::size_t{0}, std::size_t{7}, std::size_t{9}, std::size_t{13},
                               std::size_t{25}, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    test::WriteText(ResultFile(1), bad);
    const Spool::Contents contents = Reopen();
    EXPECT_TRUE(contents.results.empty()) << at;
    ASSERT_EQ(contents.warnings.size(), 1U) << at;
    EXPECT_NE(contents.warnings[0].find("set aside"), std::string::npos);
    EXPECT_TRUE(fs::exists(Folder() / "damaged" / "1.result"));
  }
}

TEST_F(SpoolTest, ATornFileIsSetAside) {
  ASSERT_TRUE(spool_->KeepResult(SomeResult(1)).durable);
  ASSERT_TRUE(spool_->KeepLease(SomeWork(2)));
  for (const fs::path& path : {ResultFile(1), Folder() / "leases" / "2.lease"}) {
    fs::resize_file(path, fs::file_size(path) / 2);
  }
  test::WriteText(ResultFile(3), "");
  test::WriteText(Folder() / "results" / "4.result.tmp", "cut short");
  const Spool::Contents contents = Reopen();
  EXPECT_TRUE(contents.results.empty());
  EXPECT_TRUE(contents.leases.empty());
  EXPECT_EQ(contents.warnings.size(), 3U);
  EXPECT_FALSE(fs::exists(Folder() / "results" / "4.result.tmp"));
}

TEST_F(SpoolTest, ADamagedCheckpointIsNone) {
  const CheckpointFile file = spool_->Checkpoint(LeaseId{1});
  ASSERT_TRUE(file.Save("state"));
  fs::resize_file(Folder() / "leases" / "1.checkpoint", 30);
  EXPECT_FALSE(file.Load());
}

TEST_F(SpoolTest, ARecordFromANewerVersionIsSetAsideNotMisread) {
  ASSERT_TRUE(spool_->KeepResult(SomeResult(1)).durable);
  std::string bytes = test::ReadText(ResultFile(1));
  bytes[7] = 2;
  test::WriteText(ResultFile(1), bytes);
  const auto read = ReadRecord(ResultFile(1), RecordKind::kResult);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("another version"), std::string::npos);
}

TEST_F(SpoolTest, TwoWorkersOnOneStateDirectoryAreRefused) {
  const auto second = Spool::Open(Folder());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kRefused);
  EXPECT_NE(second.error().what.find("another picube-worker"), std::string::npos);
}

TEST_F(SpoolTest, WhatCannotBeWrittenIsHeldInMemoryAndWrittenLater) {
  const fs::path results = Folder() / "results";
  fs::rename(results, Folder() / "away");  // as good as a full disk, for any user
  const Spool::Kept kept = spool_->KeepResult(SomeResult(1, 100'000));
  EXPECT_FALSE(kept.durable);
  EXPECT_EQ(kept.digest, Hash(Bytes(100'000, 'p')));
  const auto chunk = spool_->ReadPayload(LeaseId{1}, limits::kChunkBytes);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->data.size(), 100'000 - limits::kChunkBytes);
  EXPECT_FALSE(spool_->RetryHeld());
  fs::rename(Folder() / "away", results);
  EXPECT_TRUE(spool_->RetryHeld());
  EXPECT_EQ(Reopen().results.size(), 1U);
}

TEST_F(SpoolTest, ALargePayloadIsReadInChunks) {
  ASSERT_TRUE(spool_->KeepResult(SomeResult(1, 150'000)).durable);
  const Spool::Contents contents = Reopen();
  EXPECT_TRUE(contents.results[0].payload.empty());
  EXPECT_EQ(contents.results[0].payload_bytes, 150'000U);
  Bytes all;
  while (all.size() < 150'000) {
    const auto chunk = spool_->ReadPayload(LeaseId{1}, all.size());
    ASSERT_TRUE(chunk);
    EXPECT_EQ(chunk->total, 150'000U);
    all += chunk->data;
  }
  EXPECT_EQ(Hash(all), contents.results[0].digest);
  EXPECT_FALSE(spool_->ReadPayload(LeaseId{1}, 150'001));
}

TEST_F(SpoolTest, CheckpointsWithoutALeaseAreRemoved) {
  ASSERT_TRUE(spool_->KeepLease(SomeWork(1)));
  ASSERT_TRUE(spool_->Checkpoint(LeaseId{1}).Save("half"));
  ASSERT_TRUE(spool_->Checkpoint(LeaseId{2}).Save("nobody's"));
  ASSERT_TRUE(spool_->CountAttempt(SomeWork(3)));
  static_cast<void>(Reopen());
  EXPECT_TRUE(spool_->Checkpoint(LeaseId{1}).Exists());
  EXPECT_FALSE(spool_->Checkpoint(LeaseId{2}).Exists());
  EXPECT_FALSE(fs::exists(Folder() / "leases" / "3.attempts"));
}

TEST_F(SpoolTest, AResultThatIsSetAsideIsKeptForPeople) {
  ASSERT_TRUE(spool_->KeepResult(SomeResult(1)).durable);
  spool_->SetResultAside(LeaseId{1});
  EXPECT_TRUE(fs::exists(Folder() / "damaged" / "1.result"));
  EXPECT_TRUE(Reopen().results.empty());
}

TEST_F(SpoolTest, WhatBelongsToAServerThatWasLeftComesBackWithIt) {
  ASSERT_TRUE(spool_->BelongTo("aaaa-1"));
  ASSERT_TRUE(spool_->KeepLease(SomeWork(1)));
  ASSERT_TRUE(spool_->KeepResult(SomeResult(2)).durable);
  const auto left = spool_->BelongTo("bbbb-2");
  ASSERT_TRUE(left);
  EXPECT_EQ(left->left, "aaaa-1");
  EXPECT_EQ(left->aside.results, 1U);
  EXPECT_EQ(left->aside.leases, 1U);
  EXPECT_TRUE(spool_->Load().results.empty());
  EXPECT_EQ(spool_->LeasesHeldFor("aaaa-1"), (std::vector<LeaseId>{LeaseId{1}, LeaseId{2}}));
  ASSERT_TRUE(spool_->KeepResult(SomeResult(2)).durable) << "the same number, of another server";
  const auto back = spool_->BelongTo("aaaa-1");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->aside.results, 1U);
  EXPECT_EQ(back->back.results, 1U);
  EXPECT_EQ(back->back.leases, 1U);
  EXPECT_EQ(Reopen().leases.size(), 1U);
}

TEST_F(SpoolTest, AMoveThatACrashCutShortIsFinishedByTheNext) {
  ASSERT_TRUE(spool_->BelongTo("aaaa-1"));
  ASSERT_TRUE(spool_->KeepResult(SomeResult(1)).durable);
  ASSERT_TRUE(spool_->KeepResult(SomeResult(2)).durable);
  // Half of it has been moved; the mark is still the old one.
  fs::create_directories(spool_->FolderOf("aaaa-1") / "results");
  fs::rename(ResultFile(1), spool_->FolderOf("aaaa-1") / "results" / "1.result");
  ASSERT_TRUE(spool_->BelongTo("bbbb-2"));
  EXPECT_TRUE(spool_->Load().results.empty());
  ASSERT_TRUE(spool_->BelongTo("aaaa-1"));
  EXPECT_EQ(spool_->Load().results.size(), 2U);
}

TEST_F(SpoolTest, AnUnwritablePlaceIsAClearError) {
  test::WriteText(temp_.Path() / "file", "x");
  const auto spool = Spool::Open(temp_.Path() / "file" / "state");
  ASSERT_FALSE(spool);
  EXPECT_NE(spool.error().next.find("--state"), std::string::npos);
}

}  // namespace
}  // namespace picube
