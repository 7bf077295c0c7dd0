#include "tests/protocol/samples.h"

#include <utility>

#include "protocol/base/check.h"

namespace picube::samples {
namespace {

Digest D(std::uint8_t first) { return Counting<Digest>(first); }
BlobRef B(std::uint8_t first, std::uint64_t size) { return {D(first), size}; }

HostFacts Facts() {
  HostFacts facts;
  facts.software = "picube-worker 0.1.0";
  facts.board = "Raspberry Pi 4 Model B Rev 1.4";
  facts.isa = "aarch64";
  facts.os = "Debian GNU/Linux 12";
  facts.cores = 4;
  facts.memory_bytes = 4ULL << 30;
  facts.disk_bytes = 20ULL << 30;
  facts.benchmark_flops = 1.5e10;
  facts.applications = {{"seti", 1}, {"primes", 2}};
  return facts;
}

Readings Board() {
  Readings readings;
  readings.temperature_millicelsius = 61300;
  readings.clock_mhz = 1800;
  readings.throttle_flags = 0;
  readings.load_permille = 985;
  readings.milliwatts = 6100;
  return readings;
}

UnitResult Found(std::uint64_t lease) {
  UnitResult result;
  result.lease = {lease};
  result.digest = D(0x20);
  result.payload = "found 2";
  result.payload_bytes = result.payload.size();
  result.cost = {.cpu_ms = 40000,
                 .wall_ms = 10200,
                 .millijoules = 61000,
                 .energy_source = EnergySource::kModel,
                 .top_millicelsius = 64000};
  return result;
}

UnitResult Failed(std::uint64_t lease) {
  UnitResult result;
  result.lease = {lease};
  result.outcome = Outcome::kError;
  result.digest = D(0x40);
  result.error_kind = ErrorKind::kHost;
  result.error_text = "disk full";
  return result;
}

AskWork Ask(std::uint32_t most_units) {
  AskWork ask;
  ask.free_cores = 4;
  ask.most_units = most_units;
  return ask;
}

Assign Work() {
  Assign assign;
  assign.epoch = {3};
  assign.terms.push_back({.batch = {2},
                          .application = {"seti", 1},
                          .bounds = {.wall_seconds = 3600},
                          .inputs = {B(0x60, 1048576)}});
  LeaseOffer offer;
  offer.lease = {1001};
  offer.unit = {17};
  offer.parameters = std::string("\x01\x00\xff", 3);
  offer.cost_flop = 2e12;
  offer.deadline_ms = 900000;
  assign.leases.push_back(offer);
  return assign;
}

BatchInfo Batch() {
  BatchInfo info;
  info.id = {2};
  info.name = "voyager";
  info.application = {"seti", 1};
  info.state = BatchState::kRunning;
  info.owner = "ada";
  info.replication = {.kind = ReplicationKind::kQuorum, .quorum = 2};
  info.units_total = info.units_created = 64;
  info.unsent = 30;
  info.leased = 4;
  info.settled = 30;
  info.results = 62;
  info.flop_total = 1.28e14;
  info.flop_settled = 6e13;
  info.cpu_ms = 1200000;
  info.submitted = {1790000000000};
  return info;
}

HostInfo Host() {
  HostInfo info;
  info.id = {7};
  info.name = "pi3";
  info.owner = "ada";
  info.connected = true;
  info.silent_ms = 1500;
  info.facts = Facts();
  info.readings = Board();
  info.leases = 4;
  info.results = 31;
  info.settled = 30;
  info.cpu_ms = 600000;
  info.flop = 6e13;
  return info;
}

void AddJoining(std::vector<Sample>& all) {
  all.push_back({"enrol",
                 {1, 1,
                  Enrol{PrincipalKind::kHost, "pi3", Counting<TransportKey>(0x00),
                        Counting<SigningKey>(0x20), Counting<Signature>(0x40)}}});
  all.push_back({"enrolled", {1, 1, Enrolled{{7}, "pi3", "ada"}}});
  Hello hello;
  hello.facts = Facts();
  hello.blobs_held = {D(0x60)};
  hello.leases_held = {{998}, {999}};
  all.push_back({"hello", {1, 2, hello}});
  Welcome welcome;
  welcome.host = {7};
  welcome.name = "pi3";
  welcome.epoch = {3};
  welcome.server_time = {1790000000000};
  welcome.software = "picube-server 0.1.0";
  welcome.heartbeat_ms = 20000;
  welcome.silence_ms = 90000;
  welcome.endpoints = {"tcp://cube.local:7100"};
  all.push_back({"welcome", {1, 2, welcome}});
}

void AddWork(std::vector<Sample>& all) {
  const AskWork ask{.free_cores = 4,
                    .most_units = 8,
                    .held_ms = 30000,
                    .wait_ms = 60000,
                    .cached_blobs = {D(0x60)}};
  all.push_back({"ask_work", {2, 3, ask}});
  all.push_back({"assign", {2, 3, Work()}});
  all.push_back({"no_work", {2, 3, NoWork{NoWorkReason::kEnoughHeld, 15000}}});

  Report report;
  report.results = {Found(1001), Failed(1002)};
  report.signature = Counting<Signature>(0x80);
  all.push_back({"report_v1", {1, 4, report}});
  report.results = {Found(1003)};
  report.earlier = {{{1001}, D(0x20)}};
  report.ask = Ask(8);
  all.push_back({"report", {2, 4, report}});

  Ack ack;
  ack.durable = {{1001}, {1003}};
  ack.not_taken = {{{1002}, "no such blob", true}};
  all.push_back({"ack_v1", {1, 4, ack}});
  ack.assign = Work();
  all.push_back({"ack", {2, 4, ack}});

  all.push_back(
      {"heartbeat", {2, 5, Heartbeat{{{{1001}, 250}, {{1003}, 0}}, Board(), "too warm"}}});
  all.push_back({"pulse", {2, 5, Pulse{900000, {{1003}}, true}}});
  all.push_back({"goodbye", {2, 6, Goodbye{{{1003}}}}});
}

void AddBlobs(std::vector<Sample>& all) {
  all.push_back({"get_chunk", {2, 7, GetChunk{D(0x60), 131072, 16}}});
  const Chunk chunk{D(0x60), 131072, 131080, Compression::kNone, "8 bytes!"};
  all.push_back({"chunk", {2, 7, chunk}});
  all.push_back({"put_chunk", {2, 8, PutChunk{chunk}}});
  all.push_back({"put_state", {2, 8, PutState{D(0x60), 131080, true}}});
  all.push_back({"cancel", {2, 0, Cancel{{{1001}, {1003}}}}});
  all.push_back({"drain", {2, 0, Drain{"maintenance"}}});
  all.push_back({"settings", {2, 0, Settings{7, {"threads: 2", "wishes.cores:"}}}});
  all.push_back({"settings_taken", {2, 0, SettingsTaken{7, true, "set: threads"}}});
}

Answer ReportAnswer() {
  Answer answer;
  answer.leases = {{.unit = {22},
                    .lease = {1001},
                    .host = {7},
                    .fate = LeaseFate::kCanonical,
                    .ended = {1790000100000},
                    .held_ms = 61200,
                    .cpu_ms = 236000,
                    .wall_ms = 60000,
                    .top_millicelsius = 61000,
                    .flop = 2e12},
                   {.unit = {23},
                    .lease = {1002},
                    .host = {7},
                    .fate = LeaseFate::kLost,
                    .ended = {1790000190000},
                    .held_ms = 90000,
                    .top_millicelsius = {}}};
  return answer;
}

void AddOperators(std::vector<Sample>& all) {
  Submit submit;
  submit.name = "voyager";
  submit.application = "seti";
  submit.parameters = {{"drift", "4"}, {"snr", "10"}};
  submit.files = {{"voyager.h5", B(0x60, 1048576)}};
  submit.replication = {.kind = ReplicationKind::kQuorum, .quorum = 2, .distinct_owners = true};
  submit.priority = -5;
  submit.request_key = "k1";
  all.push_back({"submit", {2, 9, submit}});
  all.push_back({"submitted", {2, 9, Submitted{{2}}}});
  all.push_back({"query", {2, 10, Query{QueryKind::kExplainHost, 0, "pi3"}}});

  const Query report{.kind = QueryKind::kReport, .id = 2, .name = {}, .after = 21};
  all.push_back({"query_report", {2, 10, report}});

  Answer answer;
  answer.server.emplace();
  answer.server->software = "picube-server 0.1.0";
  answer.server->epoch = {3};
  answer.server->uptime_ms = 86400000;
  answer.server->policy = "adaptive";
  answer.server->hosts_connected = 5;
  answer.server->results_per_second = 12;
  answer.batches = {Batch()};
  answer.hosts = {Host()};
  answer.product = {{"signals.csv", "the signals found, one a line", B(0x90, 4242)}};
  answer.headline = "unit 17 of batch 2 is checking";
  answer.reasons = {{"waits_for_second_copy", "One result is here; two must agree."}};
  answer.more = true;
  all.push_back({"answer", {2, 10, answer}});
  all.push_back({"answer_report", {2, 10, ReportAnswer()}});
  all.push_back({"watch", {2, 11, Watch{{2}}}});
  all.push_back({"batch_progress", {2, 11, BatchProgress{Batch(), 12500, 2720000, false}}});
  all.push_back({"control",
                 {2, 12, Control{ControlKind::kInvite, 0, "ada", 3600, PrincipalKind::kOperator}}});
  Control set{.kind = ControlKind::kSetHost, .text = "pi3"};
  set.settings = {"threads: 2"};
  all.push_back({"control_set", {2, 12, set}});
  all.push_back({"done", {2, 12, Done{"host pi3 drains"}}});
  all.push_back(
      {"refused",
       {2, 12,
        Refused{ErrorKind::kRefused, "Only operators may do this.", "Use an operator's key."}}});
}

}  // namespace

std::vector<Sample> All() {
  std::vector<Sample> all;
  AddJoining(all);
  AddWork(all);
  AddBlobs(all);
  AddOperators(all);
  return all;
}

Envelope Named(const std::string& name) {
  for (Sample& sample : All()) {
    if (sample.name == name) return std::move(sample.envelope);
  }
  PICUBE_CHECK(false, "no such sample");
  return {};
}

Envelope ReportOfSixteen() {
  Report report;
  for (std::uint64_t i = 0; i < 16; ++i) report.results.push_back(Found(1'000'000 + i));
  report.signature = Counting<Signature>(0x80);
  report.ask = Ask(16);
  return {2, 123456, std::move(report)};
}

Envelope AssignOfSixteen() {
  Assign assign = Work();
  const LeaseOffer offer = assign.leases.front();
  assign.leases.assign(16, offer);
  for (std::uint64_t i = 0; i < 16; ++i) assign.leases[i].lease.value = 1'000'000 + i;
  return {2, 123456, std::move(assign)};
}

}  // namespace picube::samples
