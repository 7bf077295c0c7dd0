// Peers that send what they like, against a real server.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <string>

#include "protocol/crypto/join_code.h"
#include "protocol/crypto/signatures.h"
#include "protocol/transport/client_socket.h"
#include "protocol/wire/codec.h"
#include "tests/integration/processes.h"

namespace picube::test {

struct ServerAddress {
  std::string endpoint;
  TransportKey key;
};

inline ServerAddress AddressOf(const Cube& cube) {
  std::ifstream in(cube.State() / "operator" / "endpoint");
  ServerAddress server;
  std::string key;
  std::getline(in, server.endpoint);
  std::getline(in, key);
  EXPECT_TRUE(FromHex(key, server.key));
  return server;
}
inline std::uint16_t PortOf(const ServerAddress& server) {
  return static_cast<std::uint16_t>(
      std::stoi(server.endpoint.substr(server.endpoint.rfind(':') + 1)));
}

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
    EXPECT_EQ(Send(Encode({greeting ? kGreetingVersion : kProtocolVersion, request, message})),
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
    server_ = AddressOf(cube_);
  }
  [[nodiscard]] std::uint16_t Port() const { return PortOf(server_); }
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

}  // namespace picube::test
