#include "tests/server_core/driver.h"

#include <utility>

#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace picube::test {

Digest DigestOf(std::string_view text) {
  Digest digest;
  std::uint64_t hash = 0x1234;
  for (const char c : text) hash = Mix64(hash ^ static_cast<unsigned char>(c));
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    if (i % 8 == 0) hash = Mix64(hash);
    digest.bytes[i] = static_cast<std::uint8_t>(hash >> (8 * (i % 8)));
  }
  return digest;
}

TransportKey KeyOf(std::uint64_t number) {
  TransportKey key;
  for (std::size_t i = 0; i < 8; ++i) {
    key.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return key;
}

GridOptions Driver::DefaultOptions() {
  GridOptions options;
  options.software = "picube-server test";
  options.applications = {{"count", 1}, {"sum", 1}};
  return options;
}

HostFacts Driver::DefaultFacts() {
  HostFacts facts;
  facts.cores = 4;
  facts.memory_bytes = 1ULL << 30;
  facts.applications = {{"count", 1}, {"sum", 1}};
  return facts;
}

AskWork Driver::AskFor(std::uint32_t most, std::uint32_t wait_ms) {
  AskWork ask;
  ask.free_cores = 4;
  ask.most_units = most;
  ask.wait_ms = wait_ms;
  return ask;
}

void Driver::Order(ControlKind kind, std::uint64_t id, const std::string& text,
                   std::int64_t number) {
  Control control;
  control.kind = kind;
  control.id = id;
  control.text = text;
  control.number = number;
  From(boss, std::move(control));
}

Driver::Driver(GridOptions made_with)
    : options(std::move(made_with)), grid(std::make_unique<Grid>(options, Rng(7))) {
  Step(FirstOperator{"boss", KeyOf(next_key_++), {}});
  Step(TakeOver{});
  boss = *grid->FindHost("boss");
  connections[boss] = next_connection_++;
}

void Driver::Step(Input input) {
  grid->Step(std::move(input), moment);
  Ready ready = grid->TakeReady();
  messages = std::move(ready.messages);
  records = std::move(ready.records);
  for (Event& event : ready.events) events.push_back(std::move(event));
  if (!records.empty()) journal.push_back({moment.now, records});
  if (check) grid->CheckInvariants();
}

void Driver::From(HostId host, Message message, bool signature_valid) {
  FromPeer input;
  input.host = host;
  input.reply = {connections[host], next_request_++};
  input.message = std::move(message);
  input.signature_valid = signature_valid;
  Step(std::move(input));
}

HostId Driver::Join(const std::string& name, const std::string& owner) {
  const TransportKey invitation = KeyOf(next_key_++);
  Step(MadeInvitation{.key = invitation,
                      .kind = PrincipalKind::kHost,
                      .owner = owner,
                      .expires = {moment.wall.ms + 3'600'000},
                      .reply = {},
                      .code = {}});
  FromPeer input;
  input.key = invitation;
  input.reply = {next_connection_++, 1};
  input.message = Enrol{PrincipalKind::kHost, name, KeyOf(next_key_++), {}, {}};
  Step(std::move(input));
  const auto& enrolled = std::get<Enrolled>(messages.at(0).message);
  const HostId host = enrolled.id;
  Connect(host);
  return host;
}

void Driver::Connect(HostId host, std::vector<LeaseId> held) {
  connections[host] = next_connection_++;
  Hello hello;
  hello.facts = facts;
  hello.leases_held = std::move(held);
  From(host, std::move(hello));
}

void Driver::Disconnect(HostId host) {
  Step(PeerGone{host, connections[host]});
  connections.erase(host);
}

BatchId Driver::Submit(picube::Submit submit) {
  From(boss, std::move(submit));
  const auto* submitted = Last<Submitted>(boss);
  return submitted == nullptr ? BatchId{} : submitted->batch;
}

BatchId Driver::Batch(std::uint64_t units, std::uint32_t quorum, double cost) {
  picube::Submit submit;
  submit.application = "count";
  if (quorum > 1) submit.replication = {ReplicationKind::kQuorum, quorum, false};
  const BatchId batch = Submit(std::move(submit));
  Split(batch, units, /*last=*/true, cost);
  return batch;
}

void Driver::Split(BatchId batch, std::uint64_t units, bool last, double cost) {
  SplitStep step{batch, {}, last};
  for (std::uint64_t i = 0; i < units; ++i) {
    step.units.push_back({"p" + std::to_string(i), cost, 1 << 20, 1 << 20});
  }
  Step(std::move(step));
}

std::vector<LeaseOffer> Driver::Ask(HostId host, std::uint32_t most, std::uint32_t wait_ms) {
  From(host, AskFor(most, wait_ms));
  const auto* assign = Last<Assign>(host);
  return assign == nullptr ? std::vector<LeaseOffer>{} : assign->leases;
}

UnitResult Driver::ResultOf(LeaseId lease, const std::string& payload) {
  UnitResult result;
  result.lease = lease;
  result.digest = DigestOf(payload);
  result.payload = payload;
  result.payload_bytes = payload.size();
  result.cost.cpu_ms = 1000;
  result.cost.wall_ms = 1000;
  return result;
}

Ack Driver::Send(HostId host, Report report, bool signature_valid) {
  if (signature_valid) report.signature.emplace();
  From(host, std::move(report), signature_valid);
  const auto* ack = Last<Ack>(host);
  return ack == nullptr ? Ack{} : *ack;
}

Ack Driver::Return(HostId host, LeaseId lease, const std::string& payload, bool sealed) {
  Report report;
  report.results.push_back(ResultOf(lease, payload));
  return Send(host, std::move(report), sealed);
}

Ack Driver::Fail(HostId host, LeaseId lease, ErrorKind kind, const std::string& text) {
  Report report;
  UnitResult& result = report.results.emplace_back();
  result.lease = lease;
  result.outcome = Outcome::kError;
  result.error_kind = kind;
  result.error_text = text;
  result.digest = DigestOf(text);
  return Send(host, std::move(report), /*signature_valid=*/true);
}

void Driver::Advance(Duration span) {
  moment.now = moment.now + span;
  moment.wall.ms += span / 1ms;
  Step(Tick{});
}

void Driver::Beat(HostId host, std::vector<LeaseId> alive) {
  Heartbeat beat;
  for (const LeaseId lease : alive) beat.alive.push_back({lease, 500});
  From(host, std::move(beat));
}

void Driver::Run(Duration span) {
  for (Duration done{}; done < span; done += 1s) {
    for (const auto& [host, connection] : std::map(connections)) {
      if (host != boss && (done / 1s) % 20 == 0) Beat(host);
    }
    Advance(1s);
  }
}

std::unique_ptr<Grid> Driver::Restored() const {
  auto copy = std::make_unique<Grid>(options, Rng(7));
  for (const Journalled& row : journal) {
    for (const Record& record : row.records) copy->Apply(record, row.at);
  }
  (void)copy->TakeReady();
  return copy;
}

std::unique_ptr<Grid> Driver::RestoredFromSnapshot() const {
  auto copy = std::make_unique<Grid>(options, Rng(7));
  grid->WriteSnapshot([&](const Record& record) { copy->Apply(record, moment.now); });
  (void)copy->TakeReady();
  return copy;
}

void Driver::Restart(bool restored) {
  grid = Restored();
  for (auto it = connections.begin(); it != connections.end();) {
    it = it->first == boss ? std::next(it) : connections.erase(it);
  }
  Step(TakeOver{restored});
}

}  // namespace picube::test
