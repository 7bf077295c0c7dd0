// What a peer can do to the door: speak two versions at once, leave, stop reading, come too often.
#include <gtest/gtest.h>

#include "protocol/base/limits.h"
#include "protocol/wire/codec.h"
#include "tests/server_gateway/gate.h"

namespace picube::test {
namespace {

Report AskingReport(const Keys& keys, LeaseId lease) {
  Report report = ReportOf(keys, {ResultOf(lease, "found 1")});
  report.ask = AskWork{.free_cores = 64, .most_units = 1};
  return report;
}

TEST(Door, AnswersInTheVersionInWhichItWasAsked) {
  Gate gate;
  const Member host = gate.Join("pi");
  gate.Batch(4);
  Peer peer(gate, host.keys.transport);
  const LeaseId lease = gate.Lease(peer, 1).at(0);
  // A greeting after the report: the connection's latest message is of version 1 when the report is
  // answered with work, which version 1 has no field for.
  peer.Send(2, 7, AskingReport(host.keys, lease));
  peer.Send(1, 8, HelloOf("greets again"));
  gate.Turn(/*least=*/2);
  const auto ack = peer.Await(7);
  ASSERT_TRUE(ack && std::holds_alternative<Ack>(ack->message));
  EXPECT_EQ(ack->version, 2);
  EXPECT_TRUE(std::get<Ack>(ack->message).assign);
  const auto welcome = peer.Await(8);
  ASSERT_TRUE(welcome && std::holds_alternative<Welcome>(welcome->message));
  EXPECT_EQ(welcome->version, kGreetingVersion);
}

TEST(Door, AVersionOnePeerIsAnsweredInVersionOne) {
  Gate gate;
  const Member host = gate.Join("old");
  gate.Batch(1);
  Peer peer(gate, host.keys.transport);
  ASSERT_TRUE(peer.Ask(HelloOf(), 1));
  peer.Send(1, 9, AskWork{.free_cores = 1, .most_units = 1});
  const auto work = peer.Await(9);
  ASSERT_TRUE(work && std::holds_alternative<Assign>(work->message));
  EXPECT_EQ(work->version, 1);
}

TEST(Door, SendsNothingToAConnectionThatIsGone) {
  Gate gate;
  const Member host = gate.Join("pi");
  gate.Batch(4);
  auto peer = std::make_unique<Peer>(gate, host.keys.transport);
  const LeaseId lease = gate.Lease(*peer, 1).at(0);
  // Two answers wait for the commit; the first one finds the connection gone.
  peer->Send(2, 7, Heartbeat{});
  peer->Send(2, 8, AskingReport(host.keys, lease));
  gate.Read(/*least=*/2);
  const std::uint64_t connection = gate.LastConnection();
  peer.reset();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (gate.socket->Send(connection, "?") != SendStatus::kGone) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the socket does not see it end";
    static_cast<void>(gate.socket->Poll(std::chrono::milliseconds(5), nullptr));
  }
  gate.Release();
  EXPECT_EQ(gate.door->KnownConnections(), 0U);
  EXPECT_FALSE(gate.decider->State().DescribeHost(host.id, gate.decider->Now().now)->connected);
  Peer again(gate, host.keys.transport);
  EXPECT_TRUE(again.Ask(HelloOf(), 1)) << "and comes back as ever";
}

TEST(Door, APeerThatDoesNotReadCountsAsGoneUntilItSpeaks) {
  ServerSocketOptions sockets;
  sockets.send_queue = 4;
  Gate gate({}, sockets);
  const Member host = gate.Join("deaf");
  ClientSocketOptions small;
  small.receive_queue = 4;
  Peer peer(gate, host.keys.transport, small);
  ASSERT_TRUE(peer.Ask(HelloOf(), 1));
  const std::uint64_t connection = gate.LastConnection();
  ASSERT_EQ(gate.door->KnownConnections(), 1U);
  Chunk chunk;
  chunk.data = Bytes(limits::kChunkBytes, 'x');
  chunk.total = chunk.data.size();
  for (int i = 0; i < 20'000 && gate.door->KnownConnections() == 1; ++i) {
    gate.door->Send({connection, 5, 2}, chunk);
  }
  EXPECT_EQ(gate.door->KnownConnections(), 0U) << "everything it does not read is kept";
  gate.Release();
  EXPECT_FALSE(gate.decider->State().DescribeHost(host.id, gate.decider->Now().now)->connected);
  EXPECT_TRUE(peer.Ask(HelloOf(), 1)) << "it reads again and greets";
}

TEST(Door, AMessageThatAVersionCannotCarryIsRefusedNotFatal) {
  Gate gate;
  const Member host = gate.Join("pi");
  Peer peer(gate, host.keys.transport);
  ASSERT_TRUE(peer.Ask(HelloOf(), 1));
  Ack ack;
  ack.no_work = NoWork{};
  gate.door->Send({gate.LastConnection(), 5, 1}, ack);
  const auto answer = peer.Await(5);
  ASSERT_TRUE(answer && std::holds_alternative<Refused>(answer->message));
  EXPECT_EQ(answer->version, kGreetingVersion);
  EXPECT_EQ(gate.door->Count().unsayable, 1U);
}

TEST(Door, UnknownTypeAndWrongVersionAreRefusedWithTheReason) {
  Gate gate;
  const Member host = gate.Join("pi");
  Peer peer(gate, host.keys.transport);
  Bytes strange = Encode({2, 11, AskWork{}});
  strange[1] = 99;  // version
  peer.SendBytes(strange);
  auto answer = peer.Await(11);
  ASSERT_TRUE(answer && std::holds_alternative<Refused>(answer->message));
  EXPECT_NE(std::get<Refused>(answer->message).what.find("protocol version 99"), std::string::npos);
  strange[1] = 2;
  strange[2] = 77;  // type
  strange[3] = 12;  // request
  peer.SendBytes(strange);
  answer = peer.Await(12);
  ASSERT_TRUE(answer && std::holds_alternative<Refused>(answer->message));
  EXPECT_NE(std::get<Refused>(answer->message).what.find("type 77 is unknown"), std::string::npos);
  EXPECT_EQ(gate.door->Count().malformed, 2U);
}

TEST(Door, AHostAboveItsBytesIsToldAndLaterServed) {
  Gate gate({.messages = 1000, .bytes = 4096});
  const Member host = gate.Join("loud");
  Peer peer(gate, host.keys.transport);
  ASSERT_TRUE(peer.Ask(HelloOf(), 1));
  const auto no = peer.Ask(ReportOf(host.keys, {ResultOf(LeaseId{1}, Bytes(8000, 'x'))}));
  ASSERT_TRUE(no && std::holds_alternative<Refused>(*no));
  EXPECT_EQ(gate.door->Count().too_fast, 1U);
  gate.Pass(1s);
  const auto pulse = peer.Ask(Heartbeat{});
  EXPECT_TRUE(pulse && std::holds_alternative<Pulse>(*pulse));
}

TEST(Door, AQuietConnectionIsForgottenWithItsWatchers) {
  Gate gate;
  const BatchId batch = gate.Batch(1);
  Peer boss(gate, gate.boss.keys.transport);
  ASSERT_TRUE(boss.Ask(Watch{batch}));
  EXPECT_TRUE(gate.query_desk->AnyWatchers());
  gate.Pass(limits::kConnectionQuiet + 1s);
  gate.decider->BeginTurn();
  gate.door->Sweep();
  EXPECT_EQ(gate.door->KnownConnections(), 0U);
  EXPECT_FALSE(gate.query_desk->AnyWatchers());
}

TEST(Door, ComplaintsNameWhatIsNewOnce) {
  Gate gate;
  const Member host = gate.Join("noisy");
  Peer peer(gate, host.keys.transport);
  EXPECT_EQ(gate.door->TakeComplaint(), "");
  peer.SendBytes("garbage");
  gate.Turn(1);
  EXPECT_EQ(gate.door->TakeComplaint(), "turned away: 1 malformed messages");
  EXPECT_EQ(gate.door->TakeComplaint(), "");
}

}  // namespace
}  // namespace picube::test
