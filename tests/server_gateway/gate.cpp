#include "tests/server_gateway/gate.h"

#include <cstdlib>
#include <utility>

#include "protocol/crypto/hash.h"
#include "protocol/crypto/signatures.h"
#include "protocol/wire/codec.h"

namespace picube::test {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// --- Peer ----------------------------------------------------------------------------------------

Peer::Peer(Gate& gate, const TransportKeys& keys, const ClientSocketOptions& options)
    : gate_(gate), socket_(std::make_unique<ClientSocket>(context_, keys, gate.Key(), options)) {
  EXPECT_TRUE(socket_->Connect(gate.Endpoint()));
  const auto end = steady_clock::now() + kPatience;
  while (steady_clock::now() < end) {
    static_cast<void>(socket_->Poll(milliseconds(20), nullptr));
    const auto event = socket_->TakeEvent();
    if (event == LinkEvent::kConnected) return;
    if (event == LinkEvent::kRefused) break;
  }
  ADD_FAILURE() << "the gate does not let the peer in";
}

void Peer::Send(std::uint16_t version, std::uint64_t request, const Message& message) {
  SendBytes(Encode({version, request, message}));
}

void Peer::SendBytes(BytesView bytes) { EXPECT_EQ(socket_->Send(bytes), SendStatus::kSent); }

std::optional<Envelope> Peer::Await(std::uint64_t request) {
  const auto end = steady_clock::now() + kPatience;
  while (!received_.contains(request) && steady_clock::now() < end) {
    gate_.Turn();
    static_cast<void>(socket_->Poll(milliseconds(1), nullptr));
    while (auto bytes = socket_->Receive()) {
      auto envelope = Decode(*bytes);
      EXPECT_TRUE(envelope) << envelope.error().Text();
      if (envelope) received_[envelope->request] = std::move(*envelope);
    }
  }
  const auto found = received_.find(request);
  if (found == received_.end()) return std::nullopt;
  return std::move(received_.extract(found).mapped());
}

std::optional<Message> Peer::Ask(const Message& message, std::uint16_t version) {
  const std::uint64_t request = next_request_++;
  Send(version, request, message);
  auto answer = Await(request);
  if (!answer) return std::nullopt;
  return std::move(answer->message);
}

// --- Gate ----------------------------------------------------------------------------------------

Gate::Gate(const Quota::Rates& rates, const ServerSocketOptions& sockets)
    : server_keys_(MakeTransportKeys()) {
  boss.keys = MakeKeys();
  const auto& folder = folder_.Path();
  journal = std::move(Journal::Open(folder / "journal.db").value());
  projection = std::move(Projection::Open(folder / "projection.db").value());
  blobs = std::move(BlobStore::Open(folder / "blobs", folder / "journal.db").value());
  DeciderOptions options;
  options.grid.applications = {{"count", 1}};
  options.clocks = {.monotonic_us = [this] { return now_us_; },
                    .wall_ms = [] { return std::int64_t{1'700'000'000'000}; }};
  decider = std::move(Decider::Open(std::move(options), *journal, *projection).value());
  socket = std::make_unique<ServerSocket>(context_, server_keys_, sockets);
  pool_ = std::make_unique<Pool>(1, [] {});
  const auto send = [this](const ReplyTo& reply, const Message& message) {
    door->Send(reply, message);
  };
  blob_desk = std::make_unique<BlobDesk>(*pool_, *blobs, send);
  query_desk = std::make_unique<QueryDesk>(decider->State(), *projection, send);
  door = std::make_unique<Door>(*socket, *decider, *blobs, *blob_desk, *query_desk,
                                server_keys_.key, rates);
  Step(FirstOperator{"boss", boss.keys.transport.key, boss.keys.signing.key});
  Release();
  boss.id = decider->State().FindHost("boss").value();
  endpoint_ = socket->Bind("tcp://127.0.0.1:*").value();
}

void Gate::Read(std::size_t least) {
  decider->BeginTurn();
  const auto end = steady_clock::now() + kPatience;
  std::size_t taken = 0;
  ServerSocket::Received received;
  while (true) {
    while (socket->Receive(received)) {
      ++taken;
      last_connection_ = received.connection;
      door->Handle(received);
    }
    if (taken >= least || steady_clock::now() >= end) break;
    static_cast<void>(socket->Poll(milliseconds(20), nullptr));
  }
  EXPECT_GE(taken, least) << "the messages did not come";
  for (Pool::Completion& completion : pool_->TakeCompletions()) completion();
}

void Gate::Release() {
  Decider::Released released;
  EXPECT_TRUE(decider->Flush(released));
  for (const Event& event : released.events) {
    if (std::holds_alternative<PrincipalsChanged>(event)) door->Admit();
  }
  for (const Outgoing& out : released.messages) {
    door->Send({out.connection, out.request, out.version}, out.message);
  }
}

Member Gate::Join(const std::string& name) {
  Member member{{}, MakeKeys()};
  const TransportKey invitation = MakeTransportKeys().key;
  Step(MadeInvitation{.key = invitation,
                      .kind = PrincipalKind::kHost,
                      .owner = "owner of " + name,
                      .expires = {decider->Now().wall.ms + 3'600'000},
                      .reply = {},
                      .code = {}});
  FromPeer enrol;
  enrol.key = invitation;
  enrol.message =
      Enrol{PrincipalKind::kHost, name, member.keys.transport.key, member.keys.signing.key, {}};
  Step(std::move(enrol));
  Release();
  member.id = decider->State().FindHost(name).value();
  return member;
}

BatchId Gate::Batch(std::uint64_t units) {
  FromPeer submit;
  submit.host = boss.id;
  submit.message = Submit{.application = "count"};
  Step(std::move(submit));
  const BatchId batch = decider->State().LiveBatches().back();
  SplitStep step{batch, {}, true};
  for (std::uint64_t i = 0; i < units; ++i) {
    step.units.push_back({"p" + std::to_string(i), 1e9, 1 << 20, 1 << 20});
  }
  Step(std::move(step));
  Release();
  return batch;
}

std::vector<LeaseId> Gate::Lease(Peer& peer, std::uint32_t units) {
  std::vector<LeaseId> leases;
  const auto welcome = peer.Ask(HelloOf(), kGreetingVersion);
  EXPECT_TRUE(welcome && std::holds_alternative<Welcome>(*welcome));
  while (leases.size() < units) {
    const auto left = static_cast<std::uint32_t>(units - leases.size());
    const auto work = peer.Ask(AskWork{.free_cores = 64, .most_units = left});
    if (!work || !std::holds_alternative<Assign>(*work)) {
      ADD_FAILURE() << "no work";
      break;
    }
    for (const LeaseOffer& offer : std::get<Assign>(*work).leases) leases.push_back(offer.lease);
  }
  return leases;
}

// --- Messages ------------------------------------------------------------------------------------

Hello HelloOf(const std::string& software) {
  Hello hello;
  hello.facts.software = software;
  hello.facts.cores = 64;
  hello.facts.memory_bytes = 1ULL << 30;
  hello.facts.disk_bytes = 1ULL << 30;
  hello.facts.benchmark_flops = 1e9;
  hello.facts.applications = {{"count", 1}};
  return hello;
}

UnitResult ResultOf(LeaseId lease, Bytes payload) {
  UnitResult result;
  result.lease = lease;
  result.digest = Hash(payload);
  result.payload_bytes = payload.size();
  result.payload = std::move(payload);
  return result;
}

Report ReportOf(const Keys& keys, std::vector<UnitResult> results) {
  Report report;
  report.results = std::move(results);
  report.signature = SignReport(keys.signing, report);
  return report;
}

}  // namespace picube::test
