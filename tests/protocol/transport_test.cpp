#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "protocol/base/limits.h"
#include "protocol/crypto/keys.h"
#include "protocol/transport/client_socket.h"
#include "protocol/transport/server_socket.h"

namespace picube {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{10000};  // only a failing test waits so long

ClientSocketOptions Quick() {
  ClientSocketOptions options;
  options.reconnect_least = 50ms;
  options.reconnect_most = 200ms;
  return options;
}

class Transport : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(InitCrypto());
    server_keys_ = MakeTransportKeys();
    host_keys_ = MakeTransportKeys();
    ServerSocketOptions options;
    options.handshake = 500ms;
    server_ = std::make_unique<ServerSocket>(context_, server_keys_, options);
    const Result<std::string> bound = server_->Bind("tcp://127.0.0.1:*");
    ASSERT_TRUE(bound) << bound.error().Text();
    endpoint_ = *bound;
    server_->SetAdmitted({host_keys_.key});
  }

  std::unique_ptr<ClientSocket> Client(const TransportKeys& keys) {
    auto client = std::make_unique<ClientSocket>(context_, keys, server_keys_.key, Quick());
    EXPECT_TRUE(client->Connect(endpoint_));
    return client;
  }

  // The server's loop: sends every message back, until `done`.
  bool EchoUntil(const std::function<bool()>& done) {
    const auto end = steady_clock::now() + kPatience;
    while (steady_clock::now() < end) {
      if (done()) return true;
      ServerSocket::Received received;
      while (server_->Receive(received)) {
        last_ = received;
        ++received_;
        (void)server_->Send(received.connection, received.bytes);
      }
      (void)server_->Poll(milliseconds(2), nullptr);
    }
    return false;
  }

  bool WaitFor(ClientSocket& client, LinkEvent wanted) {
    return EchoUntil([&] {
      while (const auto event = client.TakeEvent()) {
        if (*event == wanted) return true;
      }
      return false;
    });
  }
  bool SendAndWait(ClientSocket& client, BytesView text) {
    if (!EchoUntil([&] { return client.Send(text) == SendStatus::kSent; })) return false;
    return EchoUntil([&] {
      const auto echo = client.Receive();
      return echo && *echo == text;
    });
  }

  Context context_;
  TransportKeys server_keys_;
  TransportKeys host_keys_;
  std::unique_ptr<ServerSocket> server_;
  std::string endpoint_;
  ServerSocket::Received last_;
  int received_ = 0;
};

TEST_F(Transport, AMessageArrivesWithTheKeyOfItsSender) {
  const auto client = Client(host_keys_);
  EXPECT_EQ(client->Send("too early"), SendStatus::kGone);
  ASSERT_TRUE(WaitFor(*client, LinkEvent::kConnected));
  ASSERT_TRUE(SendAndWait(*client, "hello"));
  EXPECT_EQ(last_.key, host_keys_.key);
  EXPECT_NE(last_.connection, 0U);
  EXPECT_EQ(server_->Dropped(), 0U);
}

TEST_F(Transport, AnUnknownKeyIsRefusedAndToldSo) {
  const auto stranger = Client(MakeTransportKeys());
  ASSERT_TRUE(WaitFor(*stranger, LinkEvent::kRefused));
  EXPECT_EQ(stranger->Send("let me in"), SendStatus::kGone);
  EXPECT_EQ(received_, 0);
  const auto denied = server_->TakeDenied();
  ASSERT_EQ(denied.size(), 1U);
  EXPECT_NE(denied[0].address.find("127.0.0.1"), std::string::npos) << denied[0].address;
  EXPECT_GE(denied[0].attempts, 1U);
  EXPECT_TRUE(server_->TakeDenied().empty());
}

TEST_F(Transport, AnAddressIsToldOfOnceAMinute) {
  const auto stranger = Client(MakeTransportKeys());
  ASSERT_TRUE(WaitFor(*stranger, LinkEvent::kRefused));
  EXPECT_EQ(server_->TakeDenied().size(), 1U);
  ASSERT_TRUE(stranger->Reconnect());
  ASSERT_TRUE(WaitFor(*stranger, LinkEvent::kRefused));
  EXPECT_TRUE(server_->TakeDenied().empty());
}

TEST_F(Transport, ARefusedKeyMayTryAgainAndIsLetInOnceAdmitted) {
  const TransportKeys late = MakeTransportKeys();
  const auto client = Client(late);
  ASSERT_TRUE(WaitFor(*client, LinkEvent::kRefused));
  server_->SetAdmitted({host_keys_.key, late.key});
  ASSERT_TRUE(client->Reconnect());
  ASSERT_TRUE(WaitFor(*client, LinkEvent::kConnected));
  EXPECT_TRUE(SendAndWait(*client, "here I am"));
}

TEST_F(Transport, ARevokedKeyCannotConnectAgain) {
  const auto client = Client(host_keys_);
  ASSERT_TRUE(SendAndWait(*client, "known"));
  server_->SetAdmitted({});
  ASSERT_TRUE(client->Reconnect());
  EXPECT_TRUE(WaitFor(*client, LinkEvent::kRefused));
}

TEST_F(Transport, AServerWithAnotherKeyIsNotBelieved) {
  ClientSocket client(context_, host_keys_, MakeTransportKeys().key, Quick());
  ASSERT_TRUE(client.Connect(endpoint_));
  EXPECT_TRUE(WaitFor(client, LinkEvent::kCut));
  EXPECT_TRUE(WaitFor(client, LinkEvent::kCut)) << "tried again by itself";
  EXPECT_EQ(client.Send("secret"), SendStatus::kGone);
}

TEST_F(Transport, AnOwnerWhoReconnectsIsToldOfEveryEnd) {
  ClientSocketOptions options = Quick();
  options.reconnects = false;
  ClientSocket client(context_, host_keys_, server_keys_.key, options);
  ASSERT_TRUE(client.Connect(endpoint_));
  ASSERT_TRUE(WaitFor(client, LinkEvent::kConnected));
  server_.reset();
  const auto next = [&] {
    std::optional<LinkEvent> event;
    const auto end = steady_clock::now() + kPatience;
    while (!event && steady_clock::now() < end) {
      (void)client.Poll(milliseconds(50), nullptr);
      event = client.TakeEvent();
    }
    return event;
  };
  EXPECT_EQ(next(), LinkEvent::kDisconnected);
  ASSERT_TRUE(client.Reconnect());
  EXPECT_EQ(next(), LinkEvent::kFailed);
  ASSERT_TRUE(client.Reconnect());
  EXPECT_EQ(next(), LinkEvent::kFailed);
}

TEST_F(Transport, AnOversizedMessageIsNotSent) {
  const auto client = Client(host_keys_);
  ASSERT_TRUE(WaitFor(*client, LinkEvent::kConnected));
  EXPECT_EQ(client->Send(Bytes(limits::kMessageBytes + 1, 'x')), SendStatus::kTooLarge);
  EXPECT_EQ(server_->Send(1, Bytes(limits::kMessageBytes + 1, 'x')), SendStatus::kTooLarge);
  EXPECT_TRUE(SendAndWait(*client, Bytes(limits::kMessageBytes - 100, 'x')));
}

TEST_F(Transport, AConnectionThatIsGoneIsSaidToBe) {
  auto client = Client(host_keys_);
  ASSERT_TRUE(SendAndWait(*client, "hello"));
  client.reset();
  const std::uint64_t connection = last_.connection;
  EXPECT_TRUE(EchoUntil([&] { return server_->Send(connection, "?") == SendStatus::kGone; }));
  EXPECT_EQ(server_->Send(4711, "nobody"), SendStatus::kGone);
}

TEST_F(Transport, APeerThatDoesNotReadBecomesSlow) {
  const auto client = Client(host_keys_);
  ASSERT_TRUE(SendAndWait(*client, "hello"));
  const Bytes large(100'000, 'x');
  SendStatus status = SendStatus::kSent;
  for (int i = 0; i < 5000 && status == SendStatus::kSent; ++i) {
    status = server_->Send(last_.connection, large);
  }
  EXPECT_EQ(status, SendStatus::kSlow);
}

TEST_F(Transport, AClientFindsAServerThatComesBack) {
  const auto client = Client(host_keys_);
  ASSERT_TRUE(WaitFor(*client, LinkEvent::kConnected));
  server_.reset();
  const auto end = steady_clock::now() + kPatience;
  std::optional<LinkEvent> event;
  while (!event && steady_clock::now() < end) {
    (void)client->Poll(milliseconds(50), nullptr);
    event = client->TakeEvent();
  }
  EXPECT_EQ(event, LinkEvent::kDisconnected);
  server_ = std::make_unique<ServerSocket>(context_, server_keys_);
  server_->SetAdmitted({host_keys_.key});
  Result<std::string> bound = server_->Bind(endpoint_);
  for (; !bound && steady_clock::now() < end; bound = server_->Bind(endpoint_)) {
    (void)client->Poll(milliseconds(20), nullptr);  // the port is released in the background
  }
  ASSERT_TRUE(bound) << bound.error().Text();
  EXPECT_TRUE(WaitFor(*client, LinkEvent::kConnected));
  EXPECT_TRUE(SendAndWait(*client, "again"));
}

TEST_F(Transport, FiftyClientsGetTheirOwnAnswers) {
  std::vector<TransportKeys> keys;
  std::vector<TransportKey> admitted;
  for (int i = 0; i < 50; ++i) admitted.push_back(keys.emplace_back(MakeTransportKeys()).key);
  server_->SetAdmitted(admitted);
  std::vector<std::unique_ptr<ClientSocket>> clients;
  for (const TransportKeys& pair : keys) clients.push_back(Client(pair));
  std::vector<int> answers(clients.size());
  std::vector<bool> waiting(clients.size());
  const bool all = EchoUntil([&] {
    bool done = true;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const std::string text = std::to_string(i) + "/" + std::to_string(answers[i]);
      if (const auto echo = clients[i]->Receive()) {
        EXPECT_EQ(*echo, text);
        ++answers[i];
        waiting[i] = false;
      }
      if (answers[i] == 20) continue;
      done = false;
      const std::string next = std::to_string(i) + "/" + std::to_string(answers[i]);
      if (!waiting[i]) waiting[i] = clients[i]->Send(next) == SendStatus::kSent;
    }
    return done;
  });
  EXPECT_TRUE(all);
  EXPECT_EQ(received_, 50 * 20);
}

TEST_F(Transport, AWakerEndsAWaitFromAnotherThread) {
  Waker waker;
  std::thread other([&] { waker.Wake(); });
  EXPECT_TRUE(server_->Poll(kPatience, &waker).woken);
  other.join();
  EXPECT_FALSE(server_->Poll(milliseconds(0), &waker).woken);  // cleared
  const auto client = Client(host_keys_);
  waker.Wake();
  EXPECT_TRUE(client->Poll(kPatience, &waker).woken);
}

TEST_F(Transport, BadEndpointsAreErrors) {
  ServerSocket again(context_, server_keys_);
  EXPECT_FALSE(again.Bind("tcp://127.0.0.1:*"));  // one a context
  Context other;
  ServerSocket second(other, server_keys_);
  const Result<std::string> taken = second.Bind(endpoint_);
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().what.find("the port is in use"), std::string::npos);
  EXPECT_FALSE(second.Bind("nonsense"));
  ClientSocket client(context_, host_keys_, server_keys_.key);
  const Status status = client.Connect("nonsense");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kUser);
  EXPECT_EQ(client.Send("x"), SendStatus::kGone);
  EXPECT_FALSE(client.Receive());
}

// --- Peers that do not speak the protocol --------------------------------------------------------

// A plain TCP connection to the server.
class RawPeer {
 public:
  explicit RawPeer(const std::string& endpoint) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawPeer() { ::close(socket_); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  void Send(BytesView bytes) {
    EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] bool IsClosed() {
    char block[256];
    ssize_t got = 1;
    while (got > 0) got = ::recv(socket_, block, sizeof block, MSG_DONTWAIT);
    return got == 0 || (errno != EAGAIN && errno != EINTR);
  }

 private:
  int socket_;
};

// A client of libzmq that keeps none of our rules, but has an admitted key.
class HostileDealer {
 public:
  HostileDealer(const TransportKeys& keys, const TransportKey& server, const std::string& endpoint,
                std::string_view routing_id = {})
      : context_(zmq_ctx_new()), socket_(zmq_socket(context_, ZMQ_DEALER)) {
    const int no_linger = 0;
    zmq_setsockopt(socket_, ZMQ_LINGER, &no_linger, sizeof no_linger);
    zmq_setsockopt(socket_, ZMQ_CURVE_SERVERKEY, server.bytes.data(), 32);
    zmq_setsockopt(socket_, ZMQ_CURVE_PUBLICKEY, keys.key.bytes.data(), 32);
    zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, keys.secret.Data(), 32);
    if (!routing_id.empty()) {
      zmq_setsockopt(socket_, ZMQ_ROUTING_ID, routing_id.data(), routing_id.size());
    }
    EXPECT_EQ(zmq_connect(socket_, endpoint.c_str()), 0);
  }
  ~HostileDealer() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  HostileDealer(const HostileDealer&) = delete;
  HostileDealer& operator=(const HostileDealer&) = delete;

  void Send(BytesView bytes, bool more = false) {
    EXPECT_GE(zmq_send(socket_, bytes.data(), bytes.size(), more ? ZMQ_SNDMORE : 0), 0);
  }

 private:
  void* context_;
  void* socket_;
};

TEST_F(Transport, AnOversizedFrameEndsItsConnection) {
  HostileDealer hostile(host_keys_, server_keys_.key, endpoint_);
  hostile.Send("first");
  ASSERT_TRUE(EchoUntil([&] { return received_ == 1; }));
  const std::uint64_t connection = last_.connection;
  hostile.Send(Bytes(2 * limits::kMessageBytes, 'x'));
  EXPECT_TRUE(EchoUntil([&] { return server_->Send(connection, "?") == SendStatus::kGone; }));
  EXPECT_EQ(received_, 1);
}

TEST_F(Transport, MessagesOfSeveralFramesAreDropped) {
  HostileDealer hostile(host_keys_, server_keys_.key, endpoint_);
  hostile.Send("one", /*more=*/true);
  hostile.Send("two", /*more=*/true);
  hostile.Send("three");
  hostile.Send("whole");
  ASSERT_TRUE(EchoUntil([&] { return received_ == 1; }));
  EXPECT_EQ(server_->Dropped(), 1U);
}

TEST_F(Transport, APeerMayNotChooseItsRoutingId) {
  HostileDealer hostile(host_keys_, server_keys_.key, endpoint_, "victim");
  hostile.Send("I am somebody else");
  EXPECT_TRUE(EchoUntil([&] { return server_->Dropped() == 1; }));
  EXPECT_EQ(received_, 0);
}

TEST_F(Transport, GarbageAndSilenceOnThePortAreCutOff) {
  const auto client = Client(host_keys_);
  ASSERT_TRUE(SendAndWait(*client, "before"));
  RawPeer garbage(endpoint_);
  garbage.Send("GET / HTTP/1.1\r\nHost: cube.local\r\n\r\n" + Bytes(1000, '\xff'));
  RawPeer silent(endpoint_);
  // ZMTP 3 greeting that asks for no security at all.
  RawPeer open(endpoint_);
  open.Send(Bytes("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 16) + Bytes(48, '\0'));
  EXPECT_TRUE(
      EchoUntil([&] { return garbage.IsClosed() && silent.IsClosed() && open.IsClosed(); }));
  EXPECT_TRUE(SendAndWait(*client, "after"));
  EXPECT_EQ(received_, 2);
}

}  // namespace
}  // namespace picube
