// Peers that mean harm, against a real server: each attempt gets what docs/PROTOCOL.md says, and
// the honest go on working.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/base/limits.h"
#include "protocol/base/rng.h"
#include "protocol/crypto/hash.h"
#include "tests/integration/raw_peer.h"

namespace picube::test {
namespace {

TEST_F(HostilePeer, UnknownKeyIsTurnedAwayAtTheDoor) {
  RawPeer stranger(MakeTransportKeys(), server_);
  EXPECT_EQ(stranger.FirstEvent(), LinkEvent::kRefused);
  ExpectServerWorks();
}

TEST_F(HostilePeer, GarbageOnTheRawPortChangesNothing) {
  Rng rng(4);
  for (int attempt = 0; attempt < 20; ++attempt) {
    const int raw = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(Port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(raw, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    std::string garbage(1 + rng.Below(4096), '\0');
    for (char& c : garbage) c = static_cast<char>(rng.Next());
    static_cast<void>(send(raw, garbage.data(), garbage.size(), MSG_NOSIGNAL));
    close(raw);
  }
  ExpectServerWorks();
}

TEST_F(HostilePeer, MalformedMessagesAreRefusedAndThenTheirSenderIs) {
  RawPeer peer(Enrolled("noisy").transport, server_);
  ASSERT_EQ(peer.FirstEvent(), LinkEvent::kConnected);
  Bytes good = Encode({kOldestProtocolVersion, 7, HelloForPrimes()});
  for (std::size_t i = 0; i < limits::kMalformedPerMinute; ++i) {
    static_cast<void>(peer.Send(good.substr(0, good.size() - 1 - i)));
  }
  auto answer = peer.Answer(7);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<Refused>(*answer));
  static_cast<void>(peer.Send(Encode({kOldestProtocolVersion, 8, HelloForPrimes()})));
  EXPECT_FALSE(peer.Answer(8)) << "refused for an hour means no answer";
  ExpectServerWorks();
}

TEST_F(HostilePeer, OversizedFrameReachesNobody) {
  RawPeer peer(Enrolled("big").transport, server_);
  ASSERT_EQ(peer.FirstEvent(), LinkEvent::kConnected);
  EXPECT_EQ(peer.Send(Bytes(limits::kMessageBytes + 1, 'x')), SendStatus::kTooLarge);
  ExpectServerWorks();
}

TEST_F(HostilePeer, ReplayedReportIsAnsweredAsTheFirstTimeAndCountsOnce) {
  const Keys keys = Enrolled("replayer");
  const std::string batch = cube_.Submit(
      {"primes", "--from=0", "--to=1000000", "--units=4", "--replication", "quorum:2"});
  RawPeer peer(keys.transport, server_);
  ASSERT_EQ(peer.FirstEvent(), LinkEvent::kConnected);
  ASSERT_TRUE(peer.Ask(HelloForPrimes()));
  auto work = peer.Ask(AskWork{.free_cores = 1, .most_units = 1, .wait_ms = 1000});
  ASSERT_TRUE(work && std::holds_alternative<Assign>(*work));
  Report report;
  UnitResult& result = report.results.emplace_back();
  result.lease = std::get<Assign>(*work).leases.at(0).lease;
  result.payload = "a lie";
  result.payload_bytes = result.payload.size();
  result.digest = Hash(result.payload);
  report.signature = SignReport(keys.signing, report);
  for (int again = 0; again < 3; ++again) {
    auto answer = peer.Ask(report);
    ASSERT_TRUE(answer && std::holds_alternative<Ack>(*answer));
    EXPECT_EQ(std::get<Ack>(*answer).durable, std::vector<LeaseId>{result.lease});
  }
  EXPECT_EQ(cube_.Status(batch, "results"), 1);
  EXPECT_EQ(cube_.Status(batch, "settled"), 0) << "one host alone made a quorum of two";
}

TEST_F(HostilePeer, ResultForAnothersLeaseHasNoEffect) {
  const Keys honest = Enrolled("honest");
  const Keys thief = Enrolled("thief");
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=1"});
  RawPeer first(honest.transport, server_);
  ASSERT_EQ(first.FirstEvent(), LinkEvent::kConnected);
  ASSERT_TRUE(first.Ask(HelloForPrimes()));
  auto work = first.Ask(AskWork{.free_cores = 1, .most_units = 1, .wait_ms = 1000});
  ASSERT_TRUE(work && std::holds_alternative<Assign>(*work));
  RawPeer second(thief.transport, server_);
  ASSERT_EQ(second.FirstEvent(), LinkEvent::kConnected);
  ASSERT_TRUE(second.Ask(HelloForPrimes()));
  Report report;
  UnitResult& result = report.results.emplace_back();
  result.lease = std::get<Assign>(*work).leases.at(0).lease;
  result.digest = Hash("");
  report.signature = SignReport(thief.signing, report);
  auto answer = second.Ask(report);
  ASSERT_TRUE(answer && std::holds_alternative<Ack>(*answer));
  EXPECT_TRUE(std::get<Ack>(*answer).durable.empty());
  EXPECT_EQ(cube_.Status(batch, "results"), 0);
}

TEST_F(HostilePeer, ReportSignedByAnotherKeyIsRefused) {
  const Keys keys = Enrolled("forged-signature");
  ASSERT_NE(cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=1"}), "");
  RawPeer peer(keys.transport, server_);
  ASSERT_EQ(peer.FirstEvent(), LinkEvent::kConnected);
  ASSERT_TRUE(peer.Ask(HelloForPrimes()));
  auto work = peer.Ask(AskWork{.free_cores = 1, .most_units = 1, .wait_ms = 1000});
  ASSERT_TRUE(work && std::holds_alternative<Assign>(*work));
  Report report;
  UnitResult& result = report.results.emplace_back();
  result.lease = std::get<Assign>(*work).leases.at(0).lease;
  result.digest = Hash("");
  report.signature = SignReport(MakeSigningKeys(), report);
  auto answer = peer.Ask(report);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<Refused>(*answer));
}

TEST_F(HostilePeer, HostMayNotActAsOperator) {
  RawPeer peer(Enrolled("upstart").transport, server_);
  ASSERT_EQ(peer.FirstEvent(), LinkEvent::kConnected);
  auto answer = peer.Ask(Control{.kind = ControlKind::kRetireHost, .text = "operator"});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(std::holds_alternative<Refused>(*answer));
}

}  // namespace
}  // namespace picube::test
