// Inputs: fetched in chunks while a unit runs, kept in a bounded cache.
#include <algorithm>

#include "tests/worker/agent_fixture.h"

namespace picube {
namespace {

class InputsTest : public AgentTest {
 protected:
  void Deliver(const BlobRef& blob, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t at = from; at < to; at += limits::kChunkBytes) {
      Chunk chunk;
      chunk.blob = blob.hash;
      chunk.offset = at;
      chunk.total = blob.size;
      chunk.data = Bytes(std::min<std::uint64_t>(limits::kChunkBytes, to - at), 'd');
      Hear(chunk);
    }
  }
  const BlobRef small_{DigestOf(1), 1000};
  const BlobRef large_{DigestOf(2), 20 * limits::kChunkBytes};
};

TEST_F(InputsTest, AUnitStartsWhenItsInputsAreThere) {
  BeginWelcomed();
  HandOut({1}, {small_});
  EXPECT_EQ(Running(), 0U);
  Deliver(small_, 0, small_.size);
  EXPECT_EQ(Running(), 1U);
}

TEST_F(InputsTest, TheNextUnitsInputsComeWhileOneRuns) {
  BeginWelcomed();
  HandOut({1});
  HandOut({2}, {small_});
  EXPECT_EQ(Running(), 1U);
  EXPECT_EQ(LastSent<GetChunk>().blob, small_.hash);
  Deliver(small_, 0, small_.size);
  Finish(1);
  EXPECT_EQ(Running(), 2U);
}

TEST_F(InputsTest, ChunksAreAskedForWithinTheCredit) {
  BeginWelcomed();
  HandOut({1}, {large_});
  EXPECT_EQ(LastSent<GetChunk>().credit, limits::kChunkCredit);
  Deliver(large_, 0, 16 * limits::kChunkBytes);
  ASSERT_EQ(Sent<GetChunk>(), 2U);
  EXPECT_EQ(LastSent<GetChunk>().offset, 16 * limits::kChunkBytes);
  EXPECT_EQ(LastSent<GetChunk>().credit, 4U);
}

TEST_F(InputsTest, ALostChunkIsAskedForAgain) {
  BeginWelcomed();
  HandOut({1}, {large_});
  Deliver(large_, 0, 2 * limits::kChunkBytes);
  Deliver(large_, 3 * limits::kChunkBytes, 16 * limits::kChunkBytes);
  Pass(31s);
  if (agent_->State() == AgentState::kGreeting) GetWelcome();
  EXPECT_EQ(LastSent<GetChunk>().offset, 2 * limits::kChunkBytes);
}

TEST_F(InputsTest, ACutTransferGoesOnWhereItWas) {
  coming_[large_.hash] = 5 * limits::kChunkBytes;
  BeginWelcomed();
  HandOut({1}, {large_});
  EXPECT_EQ(LastSent<GetChunk>().offset, 5 * limits::kChunkBytes);
}

TEST_F(InputsTest, DoubledChunksAreHarmless) {
  BeginWelcomed();
  HandOut({1}, {small_});
  Deliver(small_, 0, small_.size);
  Deliver(small_, 0, small_.size);
  EXPECT_EQ(started_.size(), 1U);
}

TEST_F(InputsTest, TheCacheIsBoundedAndDropsWhatWasLongestUnused) {
  options_.cache_bytes = 2500;
  BeginWelcomed({.results = {}, .leases = {}, .blobs = {{DigestOf(8), 1000}, {DigestOf(9), 1000}}});
  HandOut({1}, {small_});
  EXPECT_EQ(dropped_blobs_, std::vector<Digest>{DigestOf(8)});
}

TEST_F(InputsTest, InputsOfARunningUnitAreNotDropped) {
  options_.cache_bytes = 1500;
  BeginWelcomed();
  HandOut({1}, {small_});
  Deliver(small_, 0, small_.size);
  HandOut({2}, {{DigestOf(3), 1000}});
  EXPECT_TRUE(dropped_blobs_.empty());
  Finish(1);
  EXPECT_EQ(dropped_blobs_, std::vector<Digest>{small_.hash});
  EXPECT_EQ(LastSent<GetChunk>().blob, DigestOf(3));
}

TEST_F(InputsTest, InputsAboveTheCacheAreTheHostsError) {
  options_.cache_bytes = 999;
  BeginWelcomed();
  HandOut({1}, {small_});
  EXPECT_EQ(LastSent<Report>().results[0].error_kind, ErrorKind::kHost);
}

TEST_F(InputsTest, ABlobThatTheServerLacksFailsItsUnits) {
  BeginWelcomed();
  HandOut({1, 2}, {small_});
  Answer<GetChunk>(Refused{ErrorKind::kUser, "no such blob.", {}});
  EXPECT_EQ(agent_->Unreported().size(), 2U);
  EXPECT_TRUE(agent_->Waiting().empty());
}

TEST_F(InputsTest, AWrongHashIsFetchedAgainThreeTimes) {
  BeginWelcomed();
  HandOut({1}, {small_});
  const Error wrong{ErrorKind::kLink, "wrong hash.", {}};
  for (int i = 0; i < 2; ++i) {
    Feed(agent::BlobState{small_.hash, 0, false, wrong});
    EXPECT_TRUE(agent_->Unreported().empty());
    Pass(6s);
  }
  EXPECT_EQ(Sent<GetChunk>(), 3U);
  Feed(agent::BlobState{small_.hash, 0, false, wrong});
  EXPECT_EQ(LastSent<Report>().results[0].error_kind, ErrorKind::kLink);
}

TEST_F(InputsTest, ACancelledUnitsFetchIsGivenUp) {
  BeginWelcomed();
  HandOut({1}, {large_});
  Hear(Cancel{{LeaseId{1}}});
  const std::size_t gets = Sent<GetChunk>();
  Deliver(large_, 0, 16 * limits::kChunkBytes);
  EXPECT_EQ(Sent<GetChunk>(), gets);
}

TEST_F(InputsTest, TheNextWindowIsAskedForWhenHalfHasCome) {
  BeginWelcomed();
  HandOut({1}, {large_});
  Deliver(large_, 0, 7 * limits::kChunkBytes);
  EXPECT_EQ(Sent<GetChunk>(), 1U);
  Deliver(large_, 7 * limits::kChunkBytes, 8 * limits::kChunkBytes);
  ASSERT_EQ(Sent<GetChunk>(), 2U);
  EXPECT_EQ(LastSent<GetChunk>().offset, 16 * limits::kChunkBytes);
  Deliver(large_, 8 * limits::kChunkBytes, large_.size);
  EXPECT_EQ(Running(), 1U);
  EXPECT_EQ(Sent<GetChunk>(), 2U);
}

TEST_F(InputsTest, AFullDiskPausesTheFetchAndFailsNothing) {
  BeginWelcomed();
  HandOut({1}, {large_});
  const Error full{ErrorKind::kStore, "No space left on device.", {}};
  Feed(agent::BlobState{large_.hash, 0, false, full});
  EXPECT_TRUE(agent_->Unreported().empty());
  const std::size_t gets = Sent<GetChunk>();
  Pass(40s);
  if (agent_->State() == AgentState::kGreeting) GetWelcome();
  EXPECT_EQ(Sent<GetChunk>(), gets);
  Feed(agent::SpoolTrouble{});
  EXPECT_EQ(Sent<GetChunk>(), gets + 1);
  Deliver(large_, 0, large_.size);
  EXPECT_EQ(Running(), 1U);
}

TEST_F(InputsTest, ADiskThatHasRoomForAllButThisInputIsTheHostsError) {
  BeginWelcomed();
  HandOut({1}, {large_});
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(agent_->Unreported().empty());
    Feed(agent::BlobState{large_.hash, 0, false, Error{ErrorKind::kStore, "full.", {}}});
    Feed(agent::SpoolTrouble{});
    Pass(6s);
  }
  EXPECT_EQ(LastSent<Report>().results[0].error_kind, ErrorKind::kHost);
  EXPECT_EQ(dropped_blobs_, std::vector<Digest>{large_.hash}) << "its part goes too";
}

TEST_F(InputsTest, APartOfAFetchThatIsGivenUpIsDropped) {
  BeginWelcomed();
  HandOut({1}, {large_});
  Hear(Cancel{{LeaseId{1}}});
  EXPECT_EQ(dropped_blobs_, std::vector<Digest>{large_.hash});
}

TEST_F(InputsTest, TwoWaitingUnitsDoNotKeepEachOthersRoom) {
  options_.cache_bytes = 2500;
  const BlobRef a1{DigestOf(11), 1000};
  const BlobRef a2{DigestOf(12), 1000};
  const BlobRef b1{DigestOf(21), 1000};
  const BlobRef b2{DigestOf(22), 1000};
  agent::UnitWork first = KeptLease(1);
  agent::UnitWork second = KeptLease(2);
  first.inputs = {a1, a2};
  second.inputs = {b1, b2};
  BeginWelcomed({.results = {}, .leases = {first, second}, .blobs = {a1, b1}});
  EXPECT_EQ(LastSent<GetChunk>().blob, a2.hash);
  Deliver(a2, 0, a2.size);
  EXPECT_EQ(Running(), 1U);
  Finish(1);
  Deliver(b1, 0, b1.size);
  Deliver(b2, 0, b2.size);
  EXPECT_EQ(Running(), 2U);
}

TEST_F(InputsTest, NothingIsFetchedBeforeTheCacheIsLookedThrough) {
  agent::UnitWork work = KeptLease(1);
  work.inputs = {small_};
  BeginWelcomed(
      {.results = {}, .leases = {work, KeptLease(2)}, .blobs = {}, .cache_checked = false});
  EXPECT_EQ(Running(), 2U) << "needs no input";
  EXPECT_EQ(Sent<GetChunk>(), 0U);
  Finish(2);
  Feed(agent::CacheChecked{{small_}});
  EXPECT_EQ(Running(), 1U);
  EXPECT_EQ(Sent<GetChunk>(), 0U);
}

}  // namespace
}  // namespace picube
