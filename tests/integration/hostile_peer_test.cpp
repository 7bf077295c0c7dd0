// Peers that mean harm, against a real server: each attempt gets what docs/PROTOCOL.md says, and
// the honest go on working.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "protocol/base/limits.h"
#include "protocol/base/rng.h"
#include "protocol/crypto/hash.h"
#include "protocol/crypto/join_code.h"
#include "protocol/crypto/signatures.h"
#include "protocol/transport/client_socket.h"
#include "protocol/wire/codec.h"
#include "tests/integration/processes.h"

namespace picube::test {
namespace {

struct ServerAddress {
  std::string endpoint;
  TransportKey key;
};

// A connection that can send any bytes.
class RawPeer {
 public:
  RawPeer(const TransportKeys& keys, const ServerAddress& server)
      : socket_(context_, keys, server.key) {
    EXPECT_TRUE(socket_.Connect(server.endpoint));
  }
  // The first event of the connection.
  std::optional<LinkEvent> FirstEvent() {
    for (int i = 0; i < 50; ++i) {
      static_cast<void>(socket_.Poll(std::chrono::milliseconds(200), nullptr));
      if (auto event = socket_.TakeEvent()) return event;
    }
    return std::nullopt;
  }
  SendStatus Send(BytesView bytes) { return socket_.Send(bytes); }
  // The answer to `request`; nothing within two seconds.
  std::optional<Message> Answer(std::uint64_t request) {
    for (int i = 0; i < 20; ++i) {
      static_cast<void>(socket_.Poll(std::chrono::milliseconds(100), nullptr));
      while (auto bytes = socket_.Receive()) {
        auto envelope = Decode(*bytes);
        if (envelope && envelope->request == request) return std::move(envelope->message);
      }
    }
    return std::nullopt;
  }
  std::optional<Message> Ask(const Message& message) {
    const std::uint64_t request = ++request_;
    const bool greeting =
        std::holds_alternative<Hello>(message) || std::holds_alternative<Enrol>(message);
    EXPECT_EQ(
        Send(Encode({greeting ? kOldestProtocolVersion : kProtocolVersion, request, message})),
        SendStatus::kSent);
    return Answer(request);
  }

 private:
  Context context_;
  ClientSocket socket_;
  std::uint64_t request_ = 100;
};

class HostilePeer : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(InitCrypto());
    cube_.StartServer();
    std::ifstream in(cube_.State() / "operator" / "endpoint");
    std::string key;
    std::getline(in, server_.endpoint);
    std::getline(in, key);
    ASSERT_TRUE(FromHex(key, server_.key));
  }
  // A host of the test's own, enrolled through the protocol.
  Keys Enrolled(const std::string& name) {
    const std::string code = Field(cube_.Picube({"invite", "--json"}).out, "code");
    auto parsed = ParseJoinCode(code, WallTime{0});
    EXPECT_TRUE(parsed) << code;
    const TransportKeys invitation = parsed->Invitation();
    Keys keys = MakeKeys();
    Enrol enrol{PrincipalKind::kHost, name, keys.transport.key, keys.signing.key, {}};
    enrol.proof = SignEnrol(
        keys.signing, {server_.key, invitation.key, enrol.transport_key, enrol.signing_key, name});
    RawPeer joining(invitation, server_);
    EXPECT_EQ(joining.FirstEvent(), LinkEvent::kConnected);
    auto answer = joining.Ask(enrol);
    EXPECT_TRUE(answer && std::holds_alternative<struct Enrolled>(*answer));
    return keys;
  }
  static Hello HelloForPrimes() {
    Hello hello;
    hello.facts.cores = 1;
    hello.facts.memory_bytes = 1ULL << 30;
    hello.facts.disk_bytes = 1ULL << 30;
    hello.facts.applications = {{"primes", 1}};
    return hello;
  }
  void ExpectServerWorks() {
    EXPECT_TRUE(cube_.Server().Running());
    EXPECT_EQ(cube_.Picube({"hosts"}).code, 0);
  }

  Folder folder_;
  Cube cube_{folder_.Path()};
  ServerAddress server_;
};

TEST_F(HostilePeer, UnknownKeyIsTurnedAwayAtTheDoor) {
  RawPeer stranger(MakeTransportKeys(), server_);
  EXPECT_EQ(stranger.FirstEvent(), LinkEvent::kRefused);
  ExpectServerWorks();
}

TEST_F(HostilePeer, GarbageOnTheRawPortChangesNothing) {
  const int port = std::stoi(server_.endpoint.substr(server_.endpoint.rfind(':') + 1));
  Rng rng(4);
  for (int attempt = 0; attempt < 20; ++attempt) {
    const int raw = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
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
