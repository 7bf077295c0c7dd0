#include "cli/transfer.h"

#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/base/rng.h"
#include "protocol/crypto/hash.h"
#include "protocol/transport/blob_transfer.h"
#include "tests/cli/fake_server.h"

namespace picube {
namespace {

// Bytes that do not compress, so that the number of chunks is known.
std::string Noise(std::size_t bytes) {
  Rng rng(7);
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>(rng.Next() & 0xff);
  return noise;
}

class Transfer : public testing::Test {
 protected:
  Transfer()
      : link_(desk_.server.Connect()), client_(*link_, [this] { return desk_.server.now; }) {}

  [[nodiscard]] int DataChunks() const {
    int count = 0;
    for (const Message& each : desk_.server.asked) {
      const auto* put = std::get_if<PutChunk>(&each);
      count += put != nullptr && !put->chunk.data.empty() ? 1 : 0;
    }
    return count;
  }

  Desk desk_;
  std::unique_ptr<Link> link_;
  Client client_;
  std::string content_ = Noise(40 * limits::kChunkBytes + 123);
  std::string path_ = desk_.Write("noise.bin", content_);
  BlobRef blob_{Hash(content_), content_.size()};
  std::vector<std::uint64_t> progress_;
  TransferProgress told_ = [this](std::uint64_t done, std::uint64_t) { progress_.push_back(done); };
};

TEST_F(Transfer, AFileArrivesWhole) {
  ASSERT_TRUE(Upload(client_, path_, blob_, told_).has_value());
  EXPECT_EQ(desk_.server.blobs[blob_.hash], content_);
  EXPECT_TRUE(std::is_sorted(progress_.begin(), progress_.end()));
  EXPECT_EQ(progress_.back(), content_.size());
  EXPECT_EQ(DataChunks(), 41);
}

TEST_F(Transfer, WhatTheServerHasIsNotSentAgain) {
  desk_.server.arriving[blob_.hash] = content_;
  desk_.server.blobs[blob_.hash] = content_;
  ASSERT_TRUE(Upload(client_, path_, blob_, told_).has_value());
  EXPECT_EQ(DataChunks(), 0);
}

TEST_F(Transfer, AnUploadGoesOnWhereAnEarlierRunStopped) {
  desk_.server.arriving[blob_.hash] = content_.substr(0, 30 * limits::kChunkBytes);
  ASSERT_TRUE(Upload(client_, path_, blob_, told_).has_value());
  EXPECT_EQ(desk_.server.blobs[blob_.hash], content_);
  EXPECT_EQ(DataChunks(), 11);
  EXPECT_EQ(progress_.front(), 30 * limits::kChunkBytes);
}

TEST_F(Transfer, AnUploadOutlastsLostMessages) {
  desk_.server.lose = 2;
  ASSERT_TRUE(Upload(client_, path_, blob_, told_).has_value());
  EXPECT_EQ(desk_.server.blobs[blob_.hash], content_);
}

TEST_F(Transfer, AServerThatFallsSilentEndsAnUploadWithoutHarm) {
  desk_.server.break_after_chunks = 20;
  const Status uploaded = Upload(client_, path_, blob_, told_);
  ASSERT_FALSE(uploaded.has_value());
  desk_.server.break_after_chunks.reset();
  ASSERT_TRUE(Upload(client_, path_, blob_, told_).has_value());
  EXPECT_EQ(desk_.server.blobs[blob_.hash], content_);
}

TEST_F(Transfer, AProductArrivesWholeAndLeavesNothingBeside) {
  desk_.server.blobs[blob_.hash] = content_;
  ASSERT_TRUE(Download(client_, blob_, desk_.Path("out.bin"), told_).has_value());
  EXPECT_EQ(ReadAll(desk_.Path("out.bin")), content_);
  EXPECT_FALSE(std::filesystem::exists(desk_.Path("out.bin.part")));
  EXPECT_EQ(progress_.back(), content_.size());
}

TEST_F(Transfer, ADownloadThatIsCutHasNotTheNameAndGoesOn) {
  desk_.server.blobs[blob_.hash] = content_;
  desk_.server.break_after_chunks = 20;
  ASSERT_FALSE(Download(client_, blob_, desk_.Path("out.bin"), told_).has_value());
  EXPECT_FALSE(std::filesystem::exists(desk_.Path("out.bin")));
  desk_.server.break_after_chunks.reset();
  progress_.clear();
  ASSERT_TRUE(Download(client_, blob_, desk_.Path("out.bin"), told_).has_value());
  EXPECT_EQ(ReadAll(desk_.Path("out.bin")), content_);
  EXPECT_GE(progress_.front(), 20 * limits::kChunkBytes);
}

TEST_F(Transfer, APartThatIsDamagedIsFetchedAnew) {
  desk_.server.blobs[blob_.hash] = content_;
  desk_.Write("out.bin.part", std::string(20 * limits::kChunkBytes, 'x'));
  ASSERT_TRUE(Download(client_, blob_, desk_.Path("out.bin"), told_).has_value());
  EXPECT_EQ(ReadAll(desk_.Path("out.bin")), content_);
}

TEST_F(Transfer, BytesThatAreNotWhatWasPromisedNeverGetTheName) {
  desk_.server.blobs[blob_.hash] = Noise(content_.size() - 1) + "!";
  ASSERT_FALSE(Download(client_, blob_, desk_.Path("out.bin"), told_).has_value());
  EXPECT_FALSE(std::filesystem::exists(desk_.Path("out.bin")));
}

}  // namespace
}  // namespace picube
