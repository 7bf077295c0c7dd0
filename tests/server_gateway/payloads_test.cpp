// What the door keeps of the bytes that hosts send, and what it does not.
#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"
#include "protocol/crypto/signatures.h"
#include "tests/server_gateway/gate.h"

namespace picube::test {
namespace {

class Payloads : public ::testing::Test {
 protected:
  Payloads() { gate_.Batch(4); }

  Ack Report(const std::vector<UnitResult>& results) {
    auto answer = peer_.Ask(ReportOf(host_.keys, results));
    EXPECT_TRUE(answer && std::holds_alternative<Ack>(*answer));
    return answer && std::holds_alternative<Ack>(*answer) ? std::get<Ack>(*answer) : Ack{};
  }
  // A result whose payload is the blob `digest`, said to have `bytes` bytes.
  static UnitResult Claim(LeaseId lease, const Digest& digest, std::uint64_t bytes) {
    UnitResult result;
    result.lease = lease;
    result.digest = digest;
    result.payload_bytes = bytes;
    return result;
  }
  std::optional<Message> Put(const Bytes& blob) {
    return peer_.Ask(PutChunk{{.blob = Hash(blob), .total = blob.size(), .data = blob}});
  }

  Gate gate_;
  Member host_ = gate_.Join("pi");
  Peer peer_{gate_, host_.keys.transport};
};

TEST_F(Payloads, ABlobIsTakenForAResultOnlyAtItsTrueSize) {
  const LeaseId lease = gate_.Lease(peer_, 1).at(0);
  const BlobRef blob = gate_.blobs->PutBytes(Bytes(30'000, 'b')).value();
  const Ack lie = Report({Claim(lease, blob.hash, 20 * 1024)});
  EXPECT_TRUE(lie.durable.empty());
  ASSERT_EQ(lie.not_taken.size(), 1U);
  EXPECT_EQ(lie.not_taken[0].why, "no such blob");
  const Ack truth = Report({Claim(lease, blob.hash, blob.size)});
  EXPECT_EQ(truth.durable, std::vector<LeaseId>{lease});
}

TEST_F(Payloads, AnEmptyPayloadOfFiveHundredBytesIsRefused) {
  const LeaseId lease = gate_.Lease(peer_, 1).at(0);
  const BlobRef blob = gate_.blobs->PutBytes(Bytes(500, 'b')).value();
  const auto answer = peer_.Ask(ReportOf(host_.keys, {Claim(lease, blob.hash, blob.size)}));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<Refused>(*answer));
}

TEST_F(Payloads, OnlyResultsOfOwnOpenLeasesAreStored) {
  const Member thief = gate_.Join("thief");
  Peer other(gate_, thief.keys.transport);
  ASSERT_TRUE(other.Ask(HelloOf(), 1));
  const LeaseId lease = gate_.Lease(peer_, 1).at(0);
  const Bytes invented(2000, 'i');
  const Bytes stolen(2000, 's');
  const auto answer = other.Ask(
      ReportOf(thief.keys, {ResultOf(LeaseId{999'999}, invented), ResultOf(lease, stolen)}));
  ASSERT_TRUE(answer && std::holds_alternative<Ack>(*answer));
  EXPECT_EQ(std::get<Ack>(*answer).not_taken.size(), 2U);
  EXPECT_FALSE(gate_.blobs->Has(Hash(invented)));
  EXPECT_FALSE(gate_.blobs->Has(Hash(stolen)));

  const Bytes honest(2000, 'h');
  EXPECT_EQ(Report({ResultOf(lease, honest)}).durable, std::vector<LeaseId>{lease});
  EXPECT_TRUE(gate_.blobs->Has(Hash(honest)));

  const Bytes second(2000, '2');  // answered as the first time
  EXPECT_EQ(Report({ResultOf(lease, second)}).durable, std::vector<LeaseId>{lease});
  EXPECT_FALSE(gate_.blobs->Has(Hash(second)));
}

TEST_F(Payloads, OfTwoResultsForOneLeaseTheFirstIsStored) {
  const LeaseId lease = gate_.Lease(peer_, 1).at(0);
  const Bytes first(2000, '1');
  const Bytes second(2000, '2');
  EXPECT_FALSE(Report({ResultOf(lease, first), ResultOf(lease, second)}).durable.empty());
  EXPECT_TRUE(gate_.blobs->Has(Hash(first)));
  EXPECT_FALSE(gate_.blobs->Has(Hash(second)));
}

TEST_F(Payloads, APayloadAboveItsUnitsBoundIsRecordedAsAnErrorWithoutIt) {
  const LeaseId lease = gate_.Lease(peer_, 1).at(0);
  const BlobRef blob = gate_.blobs->PutBytes(Bytes((1 << 20) + 1, 'b')).value();
  EXPECT_EQ(Report({Claim(lease, blob.hash, blob.size)}).durable, std::vector<LeaseId>{lease});
  const auto info = gate_.decider->State().DescribeHost(host_.id, gate_.decider->Now().now);
  EXPECT_EQ(info->errors, 1U);
}

TEST_F(Payloads, NothingIsStoredWhileTheStoreIsInTrouble) {
  const LeaseId lease = gate_.Lease(peer_, 1).at(0);
  gate_.Step(StoreTrouble{"the disk is full"});
  const Bytes payload(2000, 'p');
  const Ack no = Report({ResultOf(lease, payload)});
  ASSERT_EQ(no.not_taken.size(), 1U);
  EXPECT_TRUE(no.not_taken[0].again);
  EXPECT_FALSE(gate_.blobs->Has(Hash(payload)));
  gate_.Step(StoreTrouble{""});
  EXPECT_EQ(Report({ResultOf(lease, payload)}).durable, std::vector<LeaseId>{lease});
  EXPECT_TRUE(gate_.blobs->Has(Hash(payload)));
}

TEST_F(Payloads, AHostsUploadsAreBoundedUntilItsResultsNameThem) {
  ASSERT_TRUE(peer_.Ask(HelloOf(), 1));
  for (std::size_t i = 0; i < limits::kUploadsPerHost; ++i) {
    const Digest blob = Hash("blob " + std::to_string(i));
    const auto begun = peer_.Ask(PutChunk{{.blob = blob, .total = 100'000}});
    ASSERT_TRUE(begun && std::holds_alternative<PutState>(*begun)) << i;
  }
  const Bytes small(100, 's');
  auto more = Put(small);
  ASSERT_TRUE(more);
  EXPECT_TRUE(std::holds_alternative<Refused>(*more)) << "too many unfinished";
  gate_.Pass(limits::kBlobGrace + limits::kCollectEvery + 1s);
  gate_.decider->BeginTurn();
  gate_.door->Sweep();
  more = Put(small);
  ASSERT_TRUE(more);
  EXPECT_TRUE(std::holds_alternative<PutState>(*more)) << "the old ones are collected by now";
}

TEST_F(Payloads, NobodyCanSpoilWhatAnotherSends) {
  const Member vandal = gate_.Join("vandal");
  Peer other(gate_, vandal.keys.transport);
  const Bytes blob(40'000, 'b');
  const Bytes garbage(20'000, 'g');
  const auto spoiled =
      other.Ask(PutChunk{{.blob = Hash(blob), .total = blob.size(), .data = garbage}});
  ASSERT_TRUE(spoiled && std::holds_alternative<PutState>(*spoiled));
  const auto put = Put(blob);
  ASSERT_TRUE(put && std::holds_alternative<PutState>(*put));
  EXPECT_TRUE(std::get<PutState>(*put).complete);
}

TEST_F(Payloads, WhatASubmissionReliesOnCountsAsJustUsed) {
  const BlobRef blob = gate_.blobs->PutBytes(Bytes(5000, 'd')).value();
  const auto day_old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(30);
  std::filesystem::last_write_time(gate_.blobs->Path(blob.hash), day_old);
  Peer boss(gate_, gate_.boss.keys.transport);
  const auto submitted =
      boss.Ask(Submit{.name = "b", .application = "count", .files = {{"data", blob}}});
  ASSERT_TRUE(submitted && std::holds_alternative<Submitted>(*submitted));
  // A collection that asked before the submission who needs what.
  const auto garbage =
      gate_.blobs->CollectGarbage([](const Digest&) { return false; }, std::chrono::hours(24), 0);
  ASSERT_TRUE(garbage);
  EXPECT_TRUE(gate_.blobs->Has(blob.hash));
}

TEST_F(Payloads, WhatAReportReliesOnCountsAsJustUsed) {
  const LeaseId lease = gate_.Lease(peer_, 1).at(0);
  const BlobRef blob = gate_.blobs->PutBytes(Bytes(30'000, 'r')).value();
  const auto day_old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(30);
  std::filesystem::last_write_time(gate_.blobs->Path(blob.hash), day_old);
  EXPECT_FALSE(Report({Claim(lease, blob.hash, blob.size)}).durable.empty());
  ASSERT_TRUE(
      gate_.blobs->CollectGarbage([](const Digest&) { return false; }, std::chrono::hours(24), 0));
  EXPECT_TRUE(gate_.blobs->Has(blob.hash));
}

}  // namespace
}  // namespace picube::test
