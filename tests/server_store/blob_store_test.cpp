#include "server/store/blob_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <thread>

#include "server/store/journal.h"
#include "tests/server_store/test_folder.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<BlobStore> OpenStore(const fs::path& folder, const BlobStoreOptions& options = {}) {
  auto store = BlobStore::Open(folder, {}, options);
  EXPECT_TRUE(store) << store.error().Text();
  return store ? std::move(*store) : nullptr;
}

std::string SomeBytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 13);
  return bytes;
}

TEST(BlobStore, ArrivesInPiecesAndIsWholeAtTheEnd) {
  TestFolder folder;
  auto store = OpenStore(folder / "blobs");
  const std::string bytes = SomeBytes(200'000);
  const Digest digest = Hash(bytes);
  for (std::size_t at = 0; at < bytes.size(); at += 65536) {
    EXPECT_FALSE(store->Has(digest));
    const auto put = store->Put(digest, at, bytes.size(), BytesView(bytes).substr(at, 65536));
    ASSERT_TRUE(put) << put.error().Text();
    EXPECT_EQ(put->complete, at + 65536 >= bytes.size());
  }
  EXPECT_EQ(store->Size(digest), bytes.size());
  EXPECT_EQ(*store->ReadAll(digest), bytes);
  EXPECT_EQ(*store->Read(digest, 199'990, 100), bytes.substr(199'990));
  EXPECT_EQ(ReadText(store->Path(digest)), bytes);
  EXPECT_TRUE(fs::is_empty(folder / "blobs/incoming"));
}

TEST(BlobStore, GoesOnWhereARestartedServerStopped) {
  TestFolder folder;
  const std::string bytes = SomeBytes(100'000);
  const Digest digest = Hash(bytes);
  {
    ASSERT_TRUE(OpenStore(folder / "b")->Put(digest, 0, 100'000, bytes.substr(0, 60'000)));
  }
  auto store = OpenStore(folder / "b");
  const auto asked = store->Put(digest, 0, 100'000, {});
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->next_offset, 60'000U);
  EXPECT_FALSE(asked->complete);
  const auto put = store->Put(digest, 60'000, 100'000, bytes.substr(60'000));
  ASSERT_TRUE(put) << put.error().Text();
  EXPECT_TRUE(put->complete);
}

TEST(BlobStore, PieceAtAnotherOffsetChangesNothing) {
  TestFolder folder;
  auto store = OpenStore(folder / "b");
  const std::string bytes = SomeBytes(1000);
  const Digest digest = Hash(bytes);
  ASSERT_TRUE(store->Put(digest, 0, 1000, bytes.substr(0, 400)));
  EXPECT_EQ(store->Put(digest, 0, 1000, bytes.substr(0, 400))->next_offset, 400U);
  EXPECT_EQ(store->Put(digest, 500, 1000, bytes.substr(500))->next_offset, 400U);
  EXPECT_TRUE(store->Put(digest, 400, 1000, bytes.substr(400))->complete);
  EXPECT_TRUE(store->Put(digest, 0, 1000, bytes)->complete);  // sent again
}

TEST(BlobStore, BytesOfAnotherHashAreRefusedAndDropped) {
  TestFolder folder;
  auto store = OpenStore(folder / "b");
  const Digest digest = Hash("honest");
  const auto put = store->Put(digest, 0, 6, "forged");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().kind, ErrorKind::kRefused);
  EXPECT_FALSE(store->Has(digest));
  EXPECT_TRUE(store->Put(digest, 0, 6, "honest")->complete);
}

TEST(BlobStore, PieceBeyondTheEndIsRefused) {
  TestFolder folder;
  auto store = OpenStore(folder / "b");
  EXPECT_FALSE(store->Put(Hash("x"), 5, 6, "two"));
  EXPECT_FALSE(store->Put(Hash("x"), ~0ULL, 6, "two"));
  EXPECT_FALSE(store->Put(Hash("x"), 0, ~0ULL, "two"));
}

TEST(BlobStore, EmptyBlobIsABlob) {
  TestFolder folder;
  auto store = OpenStore(folder / "b");
  EXPECT_TRUE(store->Put(Hash(""), 0, 0, {})->complete);
  EXPECT_EQ(store->Size(Hash("")), 0U);
}

TEST(BlobStore, TwoSendersOfOneBlobGetOneBlob) {
  TestFolder folder;
  auto store = OpenStore(folder / "b");
  const std::string bytes = SomeBytes(500'000);
  const Digest digest = Hash(bytes);
  const auto send = [&] {
    PutState state;
    while (!state.complete) {
      const auto piece =
          BytesView(bytes).substr(static_cast<std::size_t>(state.next_offset), 10'000);
      auto put = store->Put(digest, state.next_offset, bytes.size(), piece);
      ASSERT_TRUE(put) << put.error().Text();
      state = *put;
    }
  };
  std::thread other(send);
  send();
  other.join();
  EXPECT_EQ(*store->ReadAll(digest), bytes);
}

TEST(BlobStore, AdoptTakesAFileOver) {
  TestFolder folder;
  auto store = OpenStore(folder / "b");
  for (int i = 0; i < 2; ++i) {
    WriteText(folder / "product.csv", "a,b\n1,2\n");
    const auto blob = store->Adopt(folder / "product.csv");
    ASSERT_TRUE(blob) << blob.error().Text();
    EXPECT_EQ(blob->hash, Hash("a,b\n1,2\n"));
    EXPECT_EQ(blob->size, 8U);
    EXPECT_FALSE(fs::exists(folder / "product.csv"));
    EXPECT_EQ(*store->ReadAll(blob->hash), "a,b\n1,2\n");
  }
}

TEST(BlobStore, GarbageGoesWhenNobodyNamesItAndItsTimeIsOver) {
  TestFolder folder;
  auto journal = OpenJournal(folder / "journal.db");
  journal->PutSmall(Hash("small"), "small");
  journal->Append(Instant{1}, "row");
  ASSERT_TRUE(journal->Commit());
  auto store = std::move(*BlobStore::Open(folder / "b", folder / "journal.db"));
  const Digest kept = store->PutBytes("kept")->hash;
  const Digest lost = store->PutBytes("lost")->hash;
  ASSERT_TRUE(store->Put(Hash("part"), 0, 4, "pa"));
  const auto referenced = [&](const Digest& digest) { return digest == kept; };
  auto garbage = store->CollectGarbage(referenced, std::chrono::hours(1), 0);
  ASSERT_TRUE(garbage) << garbage.error().Text();
  EXPECT_EQ(garbage->files, 0U);
  EXPECT_TRUE(garbage->small.empty());
  garbage = store->CollectGarbage(referenced, std::chrono::seconds(-1), 1);
  ASSERT_TRUE(garbage);
  EXPECT_EQ(garbage->files, 2U);
  EXPECT_EQ(garbage->bytes, 6U);
  EXPECT_EQ(garbage->small, std::vector<Digest>{Hash("small")});
  EXPECT_TRUE(store->Has(kept));
  EXPECT_FALSE(store->Has(lost));
  EXPECT_EQ(store->Put(Hash("part"), 0, 4, {})->next_offset, 0U);
}

TEST(BlobStore, KeepsRoomForTheJournal) {
  TestFolder folder;
  BlobStoreOptions options;
  options.least_free_bytes = ~0ULL >> 1;
  auto store = OpenStore(folder / "b", options);
  const auto put = store->Put(Hash("abc"), 0, 3, "abc");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().kind, ErrorKind::kStore);
  EXPECT_FALSE(store->PutBytes("abc"));
  EXPECT_EQ(store->FreeBytes(), 0U);
}

int PutUntilFull(const fs::path& folder) {
  signal(SIGXFSZ, SIG_IGN);
  auto store = BlobStore::Open(folder, {});
  const std::string bytes = SomeBytes(100'000);
  const Digest digest = Hash(bytes);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = 70'000;
  setrlimit(RLIMIT_FSIZE, &limit);
  if ((*store)->PutBytes(bytes)) return 1;
  if (!(*store)->Put(digest, 0, bytes.size(), bytes.substr(0, 60'000))) return 2;
  const auto failed = (*store)->Put(digest, 60'000, bytes.size(), bytes.substr(60'000));
  if (failed || failed.error().kind != ErrorKind::kStore) return 3;
  if ((*store)->Has(digest)) return 4;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &limit);
  const auto asked = (*store)->Put(digest, 0, bytes.size(), {});
  if (!asked || asked->next_offset != 60'000) return 5;
  const auto put = (*store)->Put(digest, 60'000, bytes.size(), bytes.substr(60'000));
  return put && put->complete && *(*store)->ReadAll(digest) == bytes ? 0 : 6;
}

TEST(BlobStore, FullDiskLeavesNoWreckAndGoesOnLater) {
  TestFolder folder;
  const pid_t child = fork();
  if (child == 0) _exit(PutUntilFull(folder / "b"));
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
  EXPECT_TRUE(fs::is_empty(folder / "b/incoming"));
}

}  // namespace
}  // namespace picube
