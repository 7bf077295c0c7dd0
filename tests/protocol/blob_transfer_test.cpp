#include <gtest/gtest.h>
#include <algorithm>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "protocol/base/rng.h"
#include "protocol/crypto/keys.h"
#include "protocol/transport/blob_transfer.h"
#include "tests/files.h"

namespace picube {
namespace {

constexpr std::size_t kChunk = limits::kChunkBytes;

Bytes RandomBytes(std::size_t size) {
  Rng rng(size);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng.Next());
  return bytes;
}

class Blobs : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(InitCrypto()); }

  // A file with these bytes as something to send.
  std::unique_ptr<ChunkSource> Source(const Bytes& bytes) {
    std::ofstream(folder_ / "source", std::ios::binary) << bytes;
    blob_ = *HashFile(folder_ / "source");
    return *ChunkSource::Open(folder_ / "source", blob_);
  }
  BlobAssembly Assembly() { return *BlobAssembly::Start(blob_, *PartFile::Open(Target())); }
  [[nodiscard]] std::string Target() const { return folder_ / "target"; }
  [[nodiscard]] Bytes Arrived() const {
    std::ifstream file(Target(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  test::Folder folder_;
  BlobRef blob_;
};

// Answers every request of a download; `lose` decides which chunks never arrive. Returns how many
// chunks were sent. When nothing more is on its way the receiver's patience ends.
template <class Lose>
int Transfer(BlobDownload& download, const ChunkSource& source, Lose lose) {
  int sent = 0;
  for (int round = 0; round < 1000 && !download.Complete(); ++round) {
    std::deque<Chunk> line;
    const auto ask = [&] {
      while (const auto get = download.Next()) {
        for (std::uint32_t i = 0; i < get->credit; ++i) {
          Result<Chunk> chunk = source.Read(get->offset + i * kChunk);
          if (!chunk) break;
          if (!lose(sent++)) line.push_back(*std::move(chunk));
        }
      }
    };
    ask();
    while (!line.empty()) {
      const Chunk chunk = std::move(line.front());
      line.pop_front();
      EXPECT_TRUE(download.Accept(chunk));
      ask();
    }
    download.Restart();
  }
  return sent;
}

TEST_F(Blobs, ADownloadArrivesWhole) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunk, kChunk + 1, 40 * kChunk}) {
    const Bytes bytes = RandomBytes(size);
    const auto source = Source(bytes);
    BlobDownload download(Assembly());
    const int sent = Transfer(download, *source, [](int) { return false; });
    EXPECT_TRUE(download.Complete());
    EXPECT_EQ(sent, static_cast<int>((size + kChunk - 1) / kChunk));
    EXPECT_EQ(Arrived(), bytes);
    EXPECT_FALSE(std::filesystem::exists(Target() + ".part"));
    std::filesystem::remove(Target());
  }
}

TEST_F(Blobs, ADownloadSurvivesLostChunksWithoutAFlood) {
  const Bytes bytes = RandomBytes(64 * kChunk + 5);
  const auto source = Source(bytes);
  BlobDownload download(Assembly());
  Rng rng(3);
  const int sent = Transfer(download, *source, [&](int) { return rng.OneIn(10); });
  EXPECT_TRUE(download.Complete());
  EXPECT_EQ(Arrived(), bytes);
  EXPECT_LT(sent, 65 * 6);
}

TEST_F(Blobs, ADownloadGoesOnWhereItWasCut) {
  const auto source = Source(RandomBytes(10 * kChunk));
  {
    BlobDownload download(Assembly());
    (void)download.Next();
    for (std::uint64_t i = 0; i < 4; ++i) ASSERT_TRUE(download.Accept(*source->Read(i * kChunk)));
  }
  BlobDownload again(Assembly());
  EXPECT_EQ(again.NextOffset(), 4 * kChunk);
  EXPECT_EQ(Transfer(again, *source, [](int) { return false; }), 6);
  EXPECT_TRUE(again.Complete());
}

TEST_F(Blobs, ADamagedPartFileIsFetchedAnew) {
  const auto source = Source(RandomBytes(2 * kChunk));
  std::ofstream(Target() + ".part", std::ios::binary) << Bytes(2 * kChunk, 'x');
  BlobDownload download(Assembly());
  EXPECT_EQ(download.NextOffset(), 0U);
  std::ofstream(Target() + ".part", std::ios::binary) << Bytes(3 * kChunk, 'x');
  BlobDownload larger(Assembly());
  EXPECT_EQ(larger.NextOffset(), 0U);
}

TEST_F(Blobs, AWrongHashThrowsTheBytesAway) {
  const auto source = Source(RandomBytes(2 * kChunk));
  BlobDownload download(Assembly());
  Chunk forged = *source->Read(0);
  forged.data[0] = static_cast<char>(forged.data[0] ^ 1);
  ASSERT_TRUE(download.Accept(forged));
  const Status status = download.Accept(*source->Read(kChunk));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kRefused);
  EXPECT_EQ(download.NextOffset(), 0U);
  EXPECT_FALSE(std::filesystem::exists(Target()));
  ASSERT_TRUE(download.Next());  // and asks again from the start
  Transfer(download, *source, [](int) { return false; });
  EXPECT_TRUE(download.Complete());
}

TEST_F(Blobs, ChunksThatDoNotBelongAreRefused) {
  const auto source = Source(RandomBytes(2 * kChunk));
  BlobAssembly assembly = Assembly();
  const Chunk good = *source->Read(0);
  Chunk other = good;
  other.blob.bytes[0] ^= 1;
  EXPECT_FALSE(assembly.Accept(other));
  Chunk total = good;
  total.total += 1;
  EXPECT_FALSE(assembly.Accept(total));
  Chunk broken = good;
  broken.compression = Compression::kZstd;
  EXPECT_FALSE(assembly.Accept(broken));
  ASSERT_TRUE(assembly.Accept(good));
  EXPECT_TRUE(assembly.Accept(good));  // twice does no harm
  Chunk beyond = good;
  beyond.offset = kChunk + 1;
  EXPECT_TRUE(assembly.Accept(beyond));  // not now
  EXPECT_EQ(assembly.NextOffset(), kChunk);
  EXPECT_FALSE(source->Read(2 * kChunk));
}

TEST_F(Blobs, AChunkBeyondTheEndIsRefused) {
  const auto source = Source(RandomBytes(100));
  BlobAssembly assembly = Assembly();
  Chunk chunk = *source->Read(0);
  chunk.data += '!';
  EXPECT_FALSE(assembly.Accept(chunk));
}

TEST_F(Blobs, AreCompressedWhereThatPays) {
  const Bytes zeros(3 * kChunk, '\0');
  const auto source = Source(zeros);
  const Chunk chunk = *source->Read(0);
  EXPECT_EQ(chunk.compression, Compression::kZstd);
  EXPECT_LT(chunk.data.size(), 1000U);
  BlobDownload download(Assembly());
  Transfer(download, *source, [](int) { return false; });
  EXPECT_EQ(Arrived(), zeros);
  EXPECT_EQ(Source(RandomBytes(kChunk))->Read(0)->compression, Compression::kNone);
}

TEST_F(Blobs, ACompressedChunkCannotGrowBeyondItsBound) {
  const auto large = Source(Bytes(kChunk, '\0'));
  Chunk chunk = *large->Read(0);
  ASSERT_EQ(OpenChunk(chunk)->size(), kChunk);
  chunk.data += chunk.data;  // two frames: twice the size when opened
  EXPECT_FALSE(OpenChunk(chunk));
}

// --- Upload --------------------------------------------------------------------------------------

template <class Lose>
int Transfer(BlobUpload& upload, BlobAssembly& assembly, Lose lose) {
  int sent = 0;
  for (int round = 0; round < 1000 && !upload.Complete(); ++round) {
    std::deque<PutChunk> line;
    const auto push = [&] {
      for (;;) {
        Result<std::optional<PutChunk>> put = upload.Next();
        if (!put || !*put) return;
        if (!lose(sent++)) line.push_back(**std::move(put));
        EXPECT_LE(line.size(), limits::kChunkCredit * 2U);
      }
    };
    push();
    while (!line.empty()) {
      const PutChunk put = std::move(line.front());
      line.pop_front();
      const Result<PutState> state = AcceptPut(put, assembly);
      EXPECT_TRUE(state);
      if (state && !lose(sent)) upload.Accept(*state);
      push();
    }
    upload.Restart();
  }
  return sent;
}

TEST_F(Blobs, AnUploadArrivesWhole) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, 40 * kChunk + 1}) {
    const Bytes bytes = RandomBytes(size);
    BlobUpload upload(Source(bytes));
    BlobAssembly assembly = Assembly();
    const int sent = Transfer(upload, assembly, [](int) { return false; });
    EXPECT_TRUE(upload.Complete());
    EXPECT_EQ(sent, 1 + static_cast<int>((size + kChunk - 1) / kChunk));
    EXPECT_EQ(Arrived(), bytes);
    std::filesystem::remove(Target());
  }
}

TEST_F(Blobs, AnUploadSurvivesLostMessagesWithoutAFlood) {
  const Bytes bytes = RandomBytes(64 * kChunk);
  BlobUpload upload(Source(bytes));
  BlobAssembly assembly = Assembly();
  Rng rng(5);
  const int sent = Transfer(upload, assembly, [&](int) { return rng.OneIn(10); });
  EXPECT_TRUE(upload.Complete());
  EXPECT_EQ(Arrived(), bytes);
  EXPECT_LT(sent, 64 * 8);
}

TEST_F(Blobs, AnUploadGoesOnWhereItWasCut) {
  BlobUpload upload(Source(RandomBytes(10 * kChunk)));
  {
    BlobAssembly before = Assembly();
    const auto source = ChunkSource::Open(folder_ / "source", blob_);
    for (std::uint64_t i = 0; i < 7; ++i) {
      ASSERT_TRUE(before.Accept(*(*source)->Read(i * kChunk)));
    }
  }
  BlobAssembly after = Assembly();
  EXPECT_EQ(Transfer(upload, after, [](int) { return false; }), 1 + 3);
  EXPECT_TRUE(upload.Complete());
}

TEST_F(Blobs, AFileThatChangedIsNotSent) {
  (void)Source(RandomBytes(100));
  std::ofstream(folder_ / "source", std::ios::app) << "more";
  EXPECT_FALSE(ChunkSource::Open(folder_ / "source", blob_));
  EXPECT_FALSE(HashFile(folder_ / "none"));
}

}  // namespace
}  // namespace picube
