// The agent under its owner's wishes: pauses, less to offer, a slow line.
#include "tests/worker/agent_fixture.h"
#include "worker/core/rate_limit.h"

namespace picube {
namespace {

class OwnersWishes : public AgentTest {
 protected:
  [[nodiscard]] agent::Allowance Allowance() const {
    agent::Allowance all;
    all.facts = options_.facts;
    all.facts.applications = {{"primes", 1}};
    all.threads = options_.threads;
    all.cache_bytes = options_.cache_bytes;
    return all;
  }
  void Deliver(const BlobRef& blob, std::uint64_t offset, std::uint64_t bytes) {
    Chunk chunk;
    chunk.blob = blob.hash;
    chunk.offset = offset;
    chunk.total = blob.size;
    chunk.data = Bytes(bytes, 'x');
    Hear(chunk);
  }
  BlobRef large_{DigestOf(2), 4 * limits::kChunkBytes};
};

TEST_F(OwnersWishes, EachChangeOfAPauseIsSaidOnceInTheLogAndAtOnceToTheServer) {
  BeginWelcomed();
  const std::size_t beats = Sent<Heartbeat>();
  Feed(agent::Pause{"on battery"});
  Feed(agent::Pause{"on battery"});
  EXPECT_EQ(Sent<Heartbeat>(), beats + 1);
  EXPECT_EQ(LastSent<Heartbeat>().paused_why, "on battery");
  EXPECT_EQ(std::ranges::count(log_, "computing pauses: on battery"), 1);
  Feed(agent::Pause{});
  Feed(agent::Pause{});
  EXPECT_EQ(LastSent<Heartbeat>().paused_why, "");
  EXPECT_EQ(std::ranges::count(log_, "computing goes on"), 1);
  EXPECT_EQ(pauses_, (std::vector<bool>{true, false}));
}

TEST_F(OwnersWishes, WhyTheBoardIsSlowIsSaidSoonAndIsNoFlood) {
  BeginWelcomed();
  const auto reads = [&](const std::string& why) {
    agent::BoardReadings in;
    in.readings.slowed_why = why;
    Feed(in);
  };
  Pass(3s);
  const std::size_t beats = Sent<Heartbeat>();
  reads("the temperature is not known");
  Pass(1ms);
  EXPECT_EQ(Sent<Heartbeat>(), beats + 1);
  EXPECT_EQ(LastSent<Heartbeat>().readings.slowed_why, "the temperature is not known");
  for (int second = 0; second < 10; ++second) {
    reads(second % 2 == 0 ? "" : "held at 79 degrees");
    Pass(1s);
  }
  EXPECT_LE(Sent<Heartbeat>(), beats + 1 + 6) << "one in two seconds";
}

TEST_F(OwnersWishes, TheMasterOfASiteHearsOfItsHostsAndARestingHostMaySleep) {
  BeginWelcomed();
  Pulse pulse{.renewed_ms = 60'000};
  pulse.peers = {{.name = "pi2", .readings = {}, .paused_why = {}}};
  Hear(pulse);
  ASSERT_EQ(peers_.size(), 1U);
  EXPECT_EQ(peers_[0].name, "pi2");
  Pass(1s);
  Answer<AskWork>(
      NoWork{.reason = NoWorkReason::kResting, .ask_again_ms = 20'000, .rest_ms = 600'000});
  ASSERT_EQ(sleeps_.size(), 1U);
  EXPECT_EQ(sleeps_[0], 600s);
}

TEST_F(OwnersWishes, WishesKnownBeforeTheStartHoldFromTheFirstUnitOn) {
  options_.facts.applications = {{"primes", 1}};
  agent_.emplace(options_, Rng(7));
  Feed(agent::Pause{"on battery"});
  Feed(Allowance());
  Feed(agent::Started{.results = {}, .leases = {KeptLease(1)}, .blobs = {}});
  EXPECT_TRUE(started_.empty());
  Feed(agent::Pause{});
  EXPECT_EQ(Running(), 1U);
}

TEST_F(OwnersWishes, WhatIsOfferedIsSaidAnewAndWhatWasAcceptedIsComputed) {
  BeginWelcomed();
  HandOut({1, 2});
  agent::Allowance less = Allowance();
  less.facts.applications.clear();
  less.facts.memory_bytes = 1 << 20;
  Feed(less);
  EXPECT_EQ(agent_->State(), AgentState::kGreeting);
  EXPECT_TRUE(LastSent<Hello>().facts.applications.empty());
  EXPECT_EQ(LastSent<Hello>().facts.memory_bytes, 1U << 20);
  EXPECT_EQ(LastSent<Hello>().leases_held.size(), 2U);
  GetWelcome();
  Finish(1);
  Finish(2);
  EXPECT_EQ(LastSent<Report>().results.at(0).outcome, Outcome::kSuccess);
  less.facts.memory_bytes = 1 << 21;
  Feed(less);
  less.facts.memory_bytes = 1 << 22;
  Feed(less);
  EXPECT_EQ(LastSent<Hello>().facts.memory_bytes, 1U << 22) << "while it greets, too";
  GetWelcome();
  const std::size_t hellos = Sent<Hello>();
  Feed(less);
  EXPECT_EQ(Sent<Hello>(), hellos) << "nothing new to say";
}

TEST_F(OwnersWishes, ADayWithoutVolumeFetchesNothingAsksForNothingAndSaysWhy) {
  BeginWelcomed();
  HandOut({1}, {large_});
  agent::Allowance none = Allowance();
  none.no_inputs = "used up";
  Feed(none);
  Deliver(large_, 0, limits::kChunkBytes);
  const std::size_t gets = Sent<GetChunk>();
  const std::size_t asks = Sent<AskWork>();
  Answer<AskWork>(NoWork{NoWorkReason::kNothingToDo, 1000});
  Pass(10s);
  EXPECT_EQ(Sent<GetChunk>(), gets);
  EXPECT_EQ(Sent<AskWork>(), asks);
  EXPECT_EQ(LastSent<Heartbeat>().paused_why, "used up");
  Feed(Allowance());
  for (std::uint64_t i = 1; i < 4; ++i)
    Deliver(large_, i * limits::kChunkBytes, limits::kChunkBytes);
  EXPECT_EQ(Running(), 1U);
}

TEST_F(OwnersWishes, OnASlowLineChunksAreAskedForOneByOneInTime) {
  BeginWelcomed();
  agent::Allowance slow = Allowance();
  slow.down_bytes_per_second = limits::kChunkBytes / 50;  // a chunk in 50 s, longer than a request
  Feed(slow);
  HandOut({1}, {large_});
  EXPECT_EQ(LastSent<GetChunk>().credit, 1U);
  for (std::uint64_t i = 0; i < 3; ++i) {
    Deliver(large_, i * limits::kChunkBytes, limits::kChunkBytes);
    EXPECT_EQ(Sent<GetChunk>(), i + 1);
    Hear(Pulse{});
    Pass(25s);
    Hear(Pulse{});
    Pass(20s);
    Hear(Pulse{});
    EXPECT_EQ(Sent<GetChunk>(), i + 1);
    Pass(6s);
    EXPECT_EQ(Sent<GetChunk>(), i + 2);
  }
  Deliver(large_, 3 * limits::kChunkBytes, limits::kChunkBytes);
  EXPECT_EQ(Running(), 1U);
}

TEST_F(OwnersWishes, OnASlowLinePayloadsLeaveOneChunkAtATime) {
  BeginWelcomed();
  agent::Allowance slow = Allowance();
  slow.up_bytes_per_second = limits::kChunkBytes / 10;
  Feed(slow);
  HandOut({1});
  bounds_.result_bytes = 8 << 20;
  const std::size_t bytes = limits::kInlinePayloadBytes + 2 * limits::kChunkBytes;
  Finish(1, bytes);
  for (std::uint64_t next = 0; next < bytes; next += limits::kChunkBytes) {
    Answer<PutChunk>(PutState{DigestOf(1001), next, false});
    Pass(11s);
    EXPECT_EQ(OffsetsPut().back(), next);
    const std::size_t puts = Sent<PutChunk>();
    Pass(11s);
    EXPECT_EQ(Sent<PutChunk>(), puts) << "until it is confirmed";
  }
  Answer<PutChunk>(PutState{DigestOf(1001), bytes, true});
  EXPECT_EQ(LastSent<Report>().results.at(0).lease, LeaseId{1});
}

TEST(RateLimits, GiveEachPieceItsTime) {
  RateLimit limit;
  limit.Spend(1000, Instant{0});
  EXPECT_FALSE(limit.Limited());
  EXPECT_EQ(limit.FreeAt(), Instant{});
  limit.Set(1000, Instant{0} + 5s);
  EXPECT_EQ(limit.FreeAt(), Instant{0} + 5s);
  limit.Spend(2000, Instant{0} + 5s);
  EXPECT_EQ(limit.FreeAt(), Instant{0} + 7s);
  limit.Spend(500, Instant{0} + 6s);
  EXPECT_EQ(limit.FreeAt(), Instant{0} + 7500ms);
  limit.Spend(1000, Instant{0} + 60s);
  EXPECT_EQ(limit.FreeAt(), Instant{0} + 61s) << "what was not used is lost";
}

}  // namespace
}  // namespace picube
