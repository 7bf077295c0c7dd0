// The door's own bookkeeping: quotas, connections, uploads, and how long the loop may sleep.
#include <gtest/gtest.h>

#include "server/gateway/connections.h"
#include "server/gateway/quota.h"
#include "server/gateway/upload_ledger.h"
#include "tests/server_gateway/gate.h"

namespace picube::test {
namespace {

TransportKey KeyOf(std::uint8_t n) {
  TransportKey key;
  key.bytes[0] = n;
  return key;
}
Digest BlobOf(std::uint64_t n) {
  Digest blob;
  for (std::size_t i = 0; i < 8; ++i) blob.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
  return blob;
}
constexpr Instant At(Duration since) { return Instant{1'000'000} + since; }

TEST(Quota, AHundredThousandSmallResultsASecondPass) {
  Quota quota({});
  // Reports of 256 results of about 200 bytes: 391 a second, for a minute.
  constexpr std::size_t kReport = 256 * 200 + 1024;
  for (int i = 0; i < 60 * 391; ++i) {
    ASSERT_EQ(quota.Message(KeyOf(1), kReport, At(i * Duration(1'000'000) / 391)),
              Quota::Verdict::kPass);
  }
}

TEST(Quota, BytesAreCountedBesideMessages) {
  Quota quota({.messages = 1000, .bytes = 10'000});
  EXPECT_EQ(quota.Message(KeyOf(1), 9'000, At(0s)), Quota::Verdict::kPass);
  EXPECT_EQ(quota.Message(KeyOf(1), 9'000, At(0s)), Quota::Verdict::kTooMuch);
  EXPECT_EQ(quota.Message(KeyOf(2), 9'000, At(0s)), Quota::Verdict::kPass) << "each has its own";
  EXPECT_EQ(quota.Message(KeyOf(1), 9'000, At(500ms)), Quota::Verdict::kTooMuch);
  EXPECT_EQ(quota.Message(KeyOf(1), 9'000, At(900ms)), Quota::Verdict::kPass);
}

TEST(Quota, MessagesAreCounted) {
  Quota quota({.messages = 2, .bytes = 10'000});
  EXPECT_EQ(quota.Message(KeyOf(1), 1, At(0s)), Quota::Verdict::kPass);
  EXPECT_EQ(quota.Message(KeyOf(1), 1, At(0s)), Quota::Verdict::kPass);
  EXPECT_EQ(quota.Message(KeyOf(1), 1, At(0s)), Quota::Verdict::kTooFast);
  EXPECT_EQ(quota.Message(KeyOf(1), 1, At(500ms)), Quota::Verdict::kPass);
}

TEST(Quota, TenMalformedMessagesRefuseTheirSenderForAnHour) {
  Quota quota({});
  for (std::uint32_t i = 1; i < limits::kMalformedPerMinute; ++i) {
    EXPECT_FALSE(quota.Malformed(KeyOf(1), At(0s)));
  }
  EXPECT_TRUE(quota.Malformed(KeyOf(1), At(30s)));
  EXPECT_EQ(quota.Message(KeyOf(1), 1, At(31s)), Quota::Verdict::kRefused);
  EXPECT_EQ(quota.Message(KeyOf(2), 1, At(31s)), Quota::Verdict::kPass);
  quota.Sweep(At(30s + limits::kRefusalSpan - 1s));
  EXPECT_EQ(quota.Message(KeyOf(1), 1, At(30s + limits::kRefusalSpan - 1s)),
            Quota::Verdict::kRefused);
  EXPECT_EQ(quota.Message(KeyOf(1), 1, At(30s + limits::kRefusalSpan)), Quota::Verdict::kPass);
}

TEST(Quota, NineAMinuteAreForgiven) {
  Quota quota({});
  for (int minute = 0; minute < 5; ++minute) {
    for (std::uint32_t i = 1; i < limits::kMalformedPerMinute; ++i) {
      EXPECT_FALSE(quota.Malformed(KeyOf(1), At(minute * Duration(61s))));
    }
  }
}

TEST(Connections, OfOneKeyTheLongestQuietIsForgottenForANewOne) {
  Connections connections;
  std::vector<Connections::Forgotten> forgotten;
  for (std::uint64_t c = 1; c <= limits::kConnectionsPerKey; ++c) {
    connections.Heard(c, KeyOf(1), HostId{7}, At(Duration(c)), forgotten);
  }
  connections.Heard(1, KeyOf(1), HostId{7}, At(1s), forgotten);  // no longer the quietest
  EXPECT_TRUE(forgotten.empty());
  connections.Heard(1000, KeyOf(1), HostId{7}, At(2s), forgotten);
  ASSERT_EQ(forgotten.size(), 1U);
  EXPECT_EQ(forgotten[0].connection, 2U);
  EXPECT_EQ(forgotten[0].host, HostId{7});
  EXPECT_EQ(connections.Find(2), nullptr);
  EXPECT_EQ(connections.Size(), limits::kConnectionsPerKey);
  connections.Heard(1001, KeyOf(2), HostId{8}, At(2s), forgotten);
  EXPECT_EQ(forgotten.size(), 1U) << "another key has its own";
}

TEST(Connections, TheQuietOnesAreSweptOut) {
  Connections connections;
  std::vector<Connections::Forgotten> forgotten;
  connections.Heard(1, KeyOf(1), HostId{1}, At(0s), forgotten);
  connections.Heard(2, KeyOf(1), HostId{1}, At(10min), forgotten);
  const auto swept = connections.Sweep(At(limits::kConnectionQuiet + 1s));
  ASSERT_EQ(swept.size(), 1U);
  EXPECT_EQ(swept[0].connection, 1U);
  EXPECT_NE(connections.Find(2), nullptr);
}

TEST(UploadLedger, BytesThatNoResultNamesAreBounded) {
  UploadLedger ledger;
  using enum UploadLedger::Verdict;
  const HostId host{1};
  std::uint64_t n = 0;
  while (ledger.Piece(host, BlobOf(n), limits::kResultBytes, At(0s)) == kPass) {
    ledger.Complete(host, BlobOf(n));
    ASSERT_LT(++n, 1000U);
  }
  EXPECT_EQ(n, limits::kUnnamedBytesPerHost / limits::kResultBytes);
  EXPECT_EQ(ledger.Piece(host, BlobOf(n), limits::kResultBytes, At(0s)), kTooManyBytes);
  EXPECT_EQ(ledger.Piece(host, BlobOf(0), limits::kResultBytes, At(0s)), kPass)
      << "what is counted goes on";
  EXPECT_EQ(ledger.Piece(HostId{2}, BlobOf(n), limits::kResultBytes, At(0s)), kPass);
  ledger.Named(host, BlobOf(3));
  EXPECT_EQ(ledger.Piece(host, BlobOf(n), limits::kResultBytes, At(0s)), kPass);
}

TEST(UploadLedger, UnfinishedUploadsAreBoundedAndEndWithTheirBlobs) {
  UploadLedger ledger;
  using enum UploadLedger::Verdict;
  const HostId host{1};
  for (std::uint64_t n = 0; n < limits::kUploadsPerHost; ++n) {
    ASSERT_EQ(ledger.Piece(host, BlobOf(n), 10, At(0s)), kPass);
  }
  EXPECT_EQ(ledger.Piece(host, BlobOf(9999), 10, At(0s)), kTooManyUnfinished);
  ledger.Complete(host, BlobOf(5));
  EXPECT_EQ(ledger.Piece(host, BlobOf(9999), 10, At(1min)), kPass);
  ledger.Sweep(At(limits::kBlobGrace + limits::kCollectEvery + 1s));
  EXPECT_EQ(ledger.UnnamedBytes(host), 10U) << "the latest is younger";
}

TEST(Decider, WhatIsDecidedWaitsNoLongerThanUntilTheNextFlush) {
  Gate gate;
  gate.decider->BeginTurn();
  const Instant now = gate.decider->Now().now;
  const std::chrono::milliseconds most(1000);
  const auto idle = gate.decider->UntilDue(most, now + 50ms);
  EXPECT_EQ(idle, most) << "nothing waits";
  gate.Step(Tick{});
  EXPECT_EQ(gate.decider->UntilDue(most, now + 50ms), std::chrono::milliseconds(50));
  EXPECT_EQ(gate.decider->UntilDue(most, now - 50ms), std::chrono::milliseconds(0));
  gate.Release();
  EXPECT_EQ(gate.decider->UntilDue(most, now + 50ms), most);
}

}  // namespace
}  // namespace picube::test
