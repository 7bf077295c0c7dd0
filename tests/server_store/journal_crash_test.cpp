// Kill, full disk, damage: what was acknowledged stays, and damage is never passed over.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "server/store/journal.h"
#include "server/store/verify.h"
#include "tests/server_store/test_folder.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

// Appends in a child that reports each durable row, until it is killed after `rows` reports.
std::uint64_t AppendAndKill(const fs::path& file, std::uint64_t rows) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return 0;
  const pid_t child = fork();
  if (child == 0) {
    auto journal = Journal::Open(file);
    for (;;) {
      const std::uint64_t seq = (*journal)->LastSeq() + 1;
      (*journal)->Append(Instant{1}, "row " + std::to_string(seq) + std::string(seq % 5000, 'k'));
      if (seq % 40 == 0 && !(*journal)->SnapshotPending()) {
        (*journal)->BeginSnapshot(seq, Instant{1});
        for (int i = 0; i < 8; ++i) (*journal)->AddSnapshotChunk(std::string(300'000, 's'));
        (*journal)->EndSnapshot();
        (*journal)->AllowPruneTo(seq - 20);
      }
      if (!(*journal)->Commit() || write(pipe_ends[1], &seq, sizeof seq) != sizeof seq) _exit(1);
    }
  }
  close(pipe_ends[1]);
  std::uint64_t acknowledged = 0;
  for (std::uint64_t i = 0; i < rows; ++i) {
    if (read(pipe_ends[0], &acknowledged, sizeof acknowledged) != sizeof acknowledged) break;
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  std::uint64_t seq = 0;  // what it had said before it died
  while (read(pipe_ends[0], &seq, sizeof seq) == sizeof seq) acknowledged = seq;
  close(pipe_ends[0]);
  return acknowledged;
}

TEST(JournalCrash, EveryAcknowledgedRowSurvivesKill) {
  TestFolder folder;
  std::uint64_t acknowledged = 0;
  for (const std::uint64_t rows : {1U, 37U, 95U, 200U}) {
    acknowledged = AppendAndKill(folder / "journal.db", rows);
    ASSERT_GE(acknowledged, rows);
    const auto report = VerifyChain(folder / "journal.db");
    ASSERT_TRUE(report) << report.error().Text();
    EXPECT_TRUE(report->sound) << report->Text();
    EXPECT_GE(report->last_seq, acknowledged);
    auto journal = OpenJournal(folder / "journal.db");
    EXPECT_GE(journal->LastSeq(), acknowledged);
    EXPECT_TRUE(RestoreAll(*journal));
  }
}

// The limit on file sizes stands for the disk: it works without privileges. In a child, because the
// limit cannot be raised again.
int WriteUntilFull(const fs::path& file) {
  signal(SIGXFSZ, SIG_IGN);
  auto journal = Journal::Open(file);
  (*journal)->Append(Instant{1}, "first");
  if (!(*journal)->Commit()) return 1;
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlim_t unlimited = limit.rlim_max;
  limit.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_FSIZE, &limit);
  std::uint64_t last_durable = 0;
  for (int i = 0; i < 1000; ++i) {
    (*journal)->Append(Instant{1}, std::string(5000, 'f'));
    if (Status committed = (*journal)->Commit(); !committed) {
      if (committed.error().kind != ErrorKind::kStore) return 2;
      last_durable = (*journal)->DurableSeq();
      break;
    }
  }
  if (last_durable == 0 || (*journal)->LastSeq() != last_durable + 1) return 3;
  if ((*journal)->Commit()) return 4;  // still full: no false acknowledgement
  (*journal)->Append(Instant{1}, "while it was full");
  limit.rlim_cur = unlimited;
  setrlimit(RLIMIT_FSIZE, &limit);
  if (!(*journal)->Commit()) return 5;
  return (*journal)->DurableSeq() == last_durable + 2 ? 0 : 6;
}

TEST(JournalCrash, FullDiskKeepsWhatWasStagedAndGoesOnByItself) {
  TestFolder folder;
  const pid_t child = fork();
  if (child == 0) _exit(WriteUntilFull(folder / "journal.db"));
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
  EXPECT_TRUE(VerifyChain(folder / "journal.db")->sound);
  auto restored = RestoreAll(*OpenJournal(folder / "journal.db"));
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->rows.back().second, "while it was full");
}

// A journal whose rows are in the write-ahead file only, as after a kill.
void LeaveWriteAheadFile(const fs::path& folder) {
  auto journal = OpenJournal(folder / "live.db");
  AppendRows(*journal, 30);
  fs::copy(folder / "live.db", folder / "journal.db");
  fs::copy(folder / "live.db-wal", folder / "journal.db-wal");
}

TEST(JournalCrash, WriteAheadFileOfAKilledServerIsRead) {
  TestFolder folder;
  LeaveWriteAheadFile(folder.Path());
  EXPECT_EQ(OpenJournal(folder / "journal.db")->LastSeq(), 30U);
}

TEST(JournalCrash, DamageInTheWriteAheadFileIsNotTakenForItsEnd) {
  TestFolder folder;
  LeaveWriteAheadFile(folder.Path());
  const std::string whole = ReadText(folder / "journal.db-wal");
  for (const std::size_t at :
       {std::size_t{5}, std::size_t{17}, std::size_t{40}, whole.size() / 3, whole.size() / 2}) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 1);
    WriteText(folder / "journal.db-wal", broken);
    EXPECT_FALSE(Journal::Open(folder / "journal.db")) << at;
    EXPECT_EQ(ReadText(folder / "journal.db-wal"), broken) << "must not be overwritten";
    const auto report = VerifyChain(folder / "journal.db");
    EXPECT_TRUE(!report || !report->sound) << at;
    fs::remove(folder / "journal.db-shm");
  }
}

TEST(JournalCrash, TornLastTransactionIsDroppedLikeOneThatNeverWas) {
  TestFolder folder;
  LeaveWriteAheadFile(folder.Path());
  fs::resize_file(folder / "journal.db-wal", fs::file_size(folder / "journal.db-wal") - 100);
  auto journal = OpenJournal(folder / "journal.db");
  EXPECT_EQ(journal->LastSeq(), 29U);
  EXPECT_TRUE(RestoreAll(*journal));
}

}  // namespace
}  // namespace picube
