// The whole server in this process: how it starts and how it stops.
#include <gtest/gtest.h>

#include <thread>

#include "protocol/wire/codec.h"
#include "server/gateway/server.h"
#include "tests/server_gateway/gate.h"
#include "workunits/applications.h"

namespace picube::test {
namespace {

class Serving : public ::testing::Test {
 protected:
  Serving() { AddBuiltInApplications(applications_); }

  ServerOptions Options(const std::string& name) {
    ServerOptions options;
    options.state = folder_.Path() / name;
    options.listen = "tcp://127.0.0.1:*";
    options.announce = false;
    return options;
  }
  std::uint64_t RowsOf(const std::string& name) {
    auto journal = Journal::Open(folder_.Path() / name / "journal.db");
    EXPECT_TRUE(journal);
    return (*journal)->LastSeq();
  }

  Folder folder_;
  ApplicationRegistry applications_;
};

// The server's first operator, over loopback.
class Operator {
 public:
  Operator(const std::filesystem::path& state, const Server& server)
      : keys_(LoadKeys((state / "operator" / "keys").string()).value()),
        socket_(context_, keys_.transport,
                LoadKeys((state / "keys" / "server.keys").string()).value().transport.key) {
    EXPECT_TRUE(socket_.Connect(server.Endpoint()));
    for (auto end = End(); std::chrono::steady_clock::now() < end;) {
      static_cast<void>(socket_.Poll(std::chrono::milliseconds(100), nullptr));
      if (socket_.TakeEvent() == LinkEvent::kConnected) return;
    }
    ADD_FAILURE() << "cannot connect";
  }
  void Send(std::uint64_t request, const Message& message) {
    EXPECT_EQ(socket_.Send(Encode({2, request, message})), SendStatus::kSent);
  }
  std::optional<Message> Await(std::uint64_t request) {
    for (auto end = End(); std::chrono::steady_clock::now() < end;) {
      static_cast<void>(socket_.Poll(std::chrono::milliseconds(100), nullptr));
      while (auto bytes = socket_.Receive()) {
        auto envelope = Decode(*bytes);
        if (envelope && envelope->request == request) return std::move(envelope->message);
      }
    }
    return std::nullopt;
  }

 private:
  static std::chrono::steady_clock::time_point End() {
    return std::chrono::steady_clock::now() + kPatience;
  }
  Context context_;
  Keys keys_;
  ClientSocket socket_;
};

TEST_F(Serving, APortInUseIsSaidAndLeavesTheStateAsItWas) {
  const auto first = Server::Open(Options("first"), applications_);
  ASSERT_TRUE(first) << first.error().Text();
  {
    ASSERT_TRUE(Server::Open(Options("second"), applications_));
  }
  const std::uint64_t before = RowsOf("second");
  auto options = Options("second");
  options.listen = (*first)->Endpoint();
  const auto second = Server::Open(options, applications_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find("the port is in use"), std::string::npos)
      << second.error().Text();
  EXPECT_EQ(RowsOf("second"), before);
}

TEST_F(Serving, StopsWhileABatchStillWaitsForItsUnits) {
  auto options = Options("state");
  options.commit_gap = std::chrono::hours(1);  // what is asked for now is decided at the end
  BatchId batch{1};
  {
    auto server = Server::Open(options, applications_);
    ASSERT_TRUE(server) << server.error().Text();
    Status served;
    std::jthread loop([&] { served = (*server)->Run(); });
    Operator boss(options.state, **server);
    boss.Send(1, Submit{.name = "late",
                        .application = "primes",
                        .parameters = {{"from", "0"}, {"to", "1000000"}, {"units", "4"}}});
    boss.Send(2, Query{.kind = QueryKind::kServer});
    EXPECT_TRUE(boss.Await(2)) << "answered at once: the submission before it has been taken";
    (*server)->Stop();
    loop.join();
    EXPECT_TRUE(served) << served.error().Text();
  }
  options.commit_gap = Duration(0);
  auto server = Server::Open(options, applications_);
  ASSERT_TRUE(server) << server.error().Text();
  std::jthread loop([&] { EXPECT_TRUE((*server)->Run()); });
  Operator boss(options.state, **server);
  std::uint64_t units = 0;
  for (std::uint64_t request = 1; units < 4 && request < 2000; ++request) {
    boss.Send(request, Query{.kind = QueryKind::kBatch, .id = batch.value});
    const auto answer = boss.Await(request);
    ASSERT_TRUE(answer && std::holds_alternative<Answer>(*answer)) << "the batch is not known";
    units = std::get<Answer>(*answer).batches.at(0).units_created;
  }
  EXPECT_EQ(units, 4U) << "the next server makes them";
  (*server)->Stop();
}

}  // namespace
}  // namespace picube::test
