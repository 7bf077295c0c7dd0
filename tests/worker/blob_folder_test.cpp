// The cache of inputs as files.
#include "worker/spool/blob_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"
#include "protocol/crypto/keys.h"
#include "tests/files.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

class BlobFolderTest : public ::testing::Test {
 protected:
  BlobFolderTest() { EXPECT_TRUE(InitCrypto()); }
  [[nodiscard]] BlobFolder Open() {
    auto folder = BlobFolder::Open(temp_.Path() / "blobs");
    EXPECT_TRUE(folder);
    return *std::move(folder);
  }
  [[nodiscard]] Chunk At(std::uint64_t offset) const {
    Chunk chunk;
    chunk.blob = blob_.hash;
    chunk.offset = offset;
    chunk.total = blob_.size;
    chunk.data = data_.substr(offset, limits::kChunkBytes);
    return chunk;
  }

  test::Folder temp_;
  const Bytes data_ = Bytes(100'000, 'd');
  const BlobRef blob_{Hash(data_), data_.size()};
};

TEST_F(BlobFolderTest, ABlobIsWholeWhenItsLastChunkIsThereAndItsHashIsRight) {
  BlobFolder folder = Open();
  EXPECT_EQ(folder.Begin(blob_).next_offset, 0U);
  EXPECT_FALSE(folder.Store(At(0)).complete);
  EXPECT_TRUE(folder.Store(At(limits::kChunkBytes)).complete);
  EXPECT_EQ(test::ReadText(folder.Use(blob_.hash)), data_);
}

TEST_F(BlobFolderTest, ACutTransferGoesOnInANewProcess) {
  {
    BlobFolder folder = Open();
    static_cast<void>(folder.Begin(blob_));
    static_cast<void>(folder.Store(At(0)));
  }
  BlobFolder folder = Open();
  EXPECT_TRUE(folder.Load({blob_}).blobs.empty());
  EXPECT_EQ(folder.Begin(blob_).next_offset, limits::kChunkBytes);
  EXPECT_TRUE(folder.Store(At(limits::kChunkBytes)).complete);
}

TEST_F(BlobFolderTest, PartsThatNoLeaseNeedsAreRemoved) {
  BlobFolder folder = Open();
  static_cast<void>(folder.Begin(blob_));
  static_cast<void>(folder.Store(At(0)));
  static_cast<void>(Open().Load({}));
  EXPECT_TRUE(fs::is_empty(temp_.Path() / "blobs"));
}

TEST_F(BlobFolderTest, WrongBytesAreThrownAwayAndBegunAfresh) {
  BlobFolder folder = Open();
  static_cast<void>(folder.Begin(blob_));
  Chunk wrong = At(0);
  wrong.data[5] = 'x';
  static_cast<void>(folder.Store(wrong));
  const agent::BlobState state = folder.Store(At(limits::kChunkBytes));
  EXPECT_FALSE(state.complete);
  EXPECT_EQ(state.next_offset, 0U);
  ASSERT_TRUE(state.error);
  EXPECT_EQ(state.error->kind, ErrorKind::kLink);
}

TEST_F(BlobFolderTest, ADamagedCachedBlobIsRemovedWithAWarning) {
  BlobFolder folder = Open();
  static_cast<void>(folder.Begin(blob_));
  static_cast<void>(folder.Store(At(0)));
  static_cast<void>(folder.Store(At(limits::kChunkBytes)));
  EXPECT_EQ(Open().Load({}).blobs, std::vector<BlobRef>{blob_});
  test::WriteText(folder.Use(blob_.hash), "not it");
  const BlobFolder::Contents contents = Open().Load({});
  EXPECT_TRUE(contents.blobs.empty());
  EXPECT_EQ(contents.warnings.size(), 1U);
}

TEST_F(BlobFolderTest, ADroppedBlobTakesItsPartAlong) {
  BlobFolder folder = Open();
  static_cast<void>(folder.Begin(blob_));
  static_cast<void>(folder.Store(At(0)));
  folder.Drop(blob_.hash);
  EXPECT_TRUE(fs::is_empty(temp_.Path() / "blobs"));
}

TEST_F(BlobFolderTest, LookingThroughTheCacheEndsWhenItIsToldTo) {
  BlobFolder folder = Open();
  static_cast<void>(folder.Begin(blob_));
  static_cast<void>(folder.Store(At(0)));
  ASSERT_TRUE(folder.Store(At(limits::kChunkBytes)).complete);
  int asked = 0;
  const auto stop = [&] { return ++asked > 0; };
  EXPECT_TRUE(Open().Load({}, stop).blobs.empty());
  EXPECT_TRUE(fs::exists(folder.Use(blob_.hash))) << "not read is not damaged";
  EXPECT_EQ(Open().Load({}).blobs, std::vector<BlobRef>{blob_});
}

TEST_F(BlobFolderTest, AFullDiskIsToldFromAWrongHash) {
  BlobFolder folder = Open();
  static_cast<void>(folder.Begin(blob_));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  const agent::BlobState state = folder.Store(At(0));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, old);
  ASSERT_TRUE(state.error);
  EXPECT_EQ(state.error->kind, ErrorKind::kStore);
}

}  // namespace
}  // namespace picube
