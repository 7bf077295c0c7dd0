#include "tests/cli/fake_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"
#include "protocol/crypto/keys.h"
#include "protocol/transport/blob_transfer.h"

namespace picube {
namespace {

class FakeLink final : public Link {
 public:
  explicit FakeLink(FakeServer& server) : server_(server) {}
  Status Send(const Envelope& envelope) override {
    for (Envelope& answer : server_.Handle(envelope)) waiting_.push_back(std::move(answer));
    return {};
  }
  Result<std::optional<Envelope>> Receive(Duration wait) override {
    if (server_.link_error) return std::unexpected(*server_.link_error);
    if (waiting_.empty()) {
      server_.now = server_.now + wait;
      return std::nullopt;
    }
    Envelope next = std::move(waiting_.front());
    waiting_.pop_front();
    server_.now = server_.now + 10ms;
    return next;
  }
  std::string Endpoint() const override { return "tcp://cube.local:7100"; }

 private:
  FakeServer& server_;
  std::deque<Envelope> waiting_;
};

class Units final : public UnitSource {
 public:
  explicit Units(std::uint64_t total) : total_(total) {}
  std::uint64_t Total() const override { return total_; }
  void Skip(std::uint64_t) override {}
  std::optional<UnitPlan> Next() override { return std::nullopt; }

 private:
  std::uint64_t total_;
};

}  // namespace

std::vector<Envelope> FakeServer::Handle(const Envelope& envelope) {
  asked.push_back(envelope.message);
  if (lose > 0) {
    --lose;
    return {};
  }
  std::vector<Message> answers;
  if (const auto* put = std::get_if<PutChunk>(&envelope.message)) {
    if (!put->chunk.data.empty() && break_after_chunks && chunks_++ >= *break_after_chunks) {
      return {};
    }
    answers.push_back(TakeChunk(*put));
  } else if (const auto* get = std::get_if<GetChunk>(&envelope.message)) {
    answers = GiveChunks(*get);
    if (break_after_chunks) {
      const std::size_t left = *break_after_chunks - std::min(chunks_, *break_after_chunks);
      answers.resize(std::min(answers.size(), left));
      chunks_ += answers.size();
    }
  } else if (std::holds_alternative<Watch>(envelope.message) && !watched.empty()) {
    for (const BatchProgress& progress : watched) answers.emplace_back(progress);
    watched.clear();
  } else if (answer) {
    if (std::optional<Message> one = answer(envelope.message)) answers.push_back(std::move(*one));
  }
  std::vector<Envelope> envelopes;
  for (Message& message : answers) {
    envelopes.push_back({.request = envelope.request, .message = std::move(message)});
  }
  return envelopes;
}

Message FakeServer::TakeChunk(const PutChunk& put) {
  const Chunk& chunk = put.chunk;
  std::string& held = arriving[chunk.blob];
  const Result<Bytes> data = OpenChunk(chunk);
  if (!data) return Refused{data.error().kind, data.error().what, data.error().next};
  if (chunk.offset == held.size()) held += *data;
  if (held.size() == chunk.total && Hash(held) == chunk.blob) blobs[chunk.blob] = held;
  return PutState{chunk.blob, held.size(), blobs.contains(chunk.blob)};
}

std::vector<Message> FakeServer::GiveChunks(const GetChunk& get) const {
  const auto blob = blobs.find(get.blob);
  if (blob == blobs.end()) return {Refused{ErrorKind::kUser, "no such blob.", ""}};
  std::vector<Message> chunks;
  std::uint64_t offset = get.offset;
  for (std::uint32_t i = 0; i < get.credit && offset < blob->second.size(); ++i) {
    Chunk chunk{.blob = get.blob, .offset = offset, .total = blob->second.size(), .data = {}};
    chunk.data = blob->second.substr(offset, limits::kChunkBytes);
    offset += chunk.data.size();
    chunks.emplace_back(std::move(chunk));
  }
  return chunks;
}

std::unique_ptr<Link> FakeServer::Connect() { return std::make_unique<FakeLink>(*this); }

FakeApplication::FakeApplication() {
  info_.name = "mosaic";
  info_.summary = "Cut pictures into tiles";
  info_.files_help = "one or two pictures (.pic)";
  info_.least_files = 1;
  info_.most_files = 2;
  info_.parameters = {{"chirp", "LO:HI", "-1:1", "range of chirp rates in Hz/s"},
                      {"threshold", "P", "24", "least power, as a multiple of the mean"},
                      {"fft-length", "N", "", "samples of one spectrum; a power of two"}};
}

Result<std::unique_ptr<UnitSource>> FakeApplication::Split(const Dataset& dataset,
                                                           const Parameters& parameters) const {
  for (const Dataset::File& file : dataset.files) {
    if (!ReadAll(file.path).starts_with("data")) {
      return Fail(ErrorKind::kUser, file.name + " is not a picture.", "Give a .pic file.");
    }
  }
  const auto chirp = parameters.find("chirp");
  return std::make_unique<Units>(chirp != parameters.end() && chirp->second == "0:0" ? 0 : 7);
}

Desk::Desk() {
  std::string pattern = (std::filesystem::temp_directory_path() / "picube-cli-XXXXXX").string();
  if (mkdtemp(pattern.data()) != nullptr) folder = pattern;
  EXPECT_TRUE(InitCrypto().has_value());
  applications.Add(std::make_unique<FakeApplication>());
  variables = {{"HOME", folder.string()}, {"USER", "ada"}, {"PICUBE_PROFILE", Path("profile")}};
}

Desk::~Desk() { std::filesystem::remove_all(folder); }

void Desk::Join() const {
  ASSERT_TRUE(PrepareKeys(folder / "profile").has_value());
  const ServerAddress address{"tcp://cube.local:7100", MakeTransportKeys().key};
  ASSERT_TRUE(SaveAddress(folder / "profile", address).has_value());
}

std::string Desk::Write(const std::string& name, const std::string& content) const {
  std::ofstream(folder / name, std::ios::binary) << content;
  return Path(name);
}

Exit Desk::Run(const std::vector<std::string>& words) {
  std::ostringstream to_out, to_err;
  World world{.out = to_out,
              .err = to_err,
              .out_is_terminal = terminal,
              .err_is_terminal = terminal,
              .width = 80,
              .environment =
                  [this](const std::string& name) {
                    const auto it = variables.find(name);
                    return it == variables.end() ? std::string() : it->second;
                  },
              .now = [this] { return server.now; },
              .wall = [] { return WallTime{1'772'000'000'000}; },
              .make_request_key = [this] { return "key-" + std::to_string(++keys_made); },
              .connect = [this](const ServerAddress&,
                                const TransportKeys&) -> Result<std::unique_ptr<Link>> {
                ++connections;
                return server.Connect();
              },
              .applications = applications};
  const Exit exit = RunPicube(words, world);
  out = to_out.str();
  err = to_err.str();
  return exit;
}

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void ExpectGolden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(PICUBE_GOLDEN) / name;
  if (std::getenv("PICUBE_REWRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(ReadAll(path), text) << "if this is meant: PICUBE_REWRITE=1 and look at the diff";
}

BatchInfo ExampleBatch() {
  BatchInfo batch;
  batch.id = {3};
  batch.name = "arecibo";
  batch.application = {"mosaic", 2};
  batch.state = BatchState::kRunning;
  batch.owner = "ada";
  batch.replication = {.kind = ReplicationKind::kQuorum, .quorum = 2, .distinct_owners = true};
  batch.priority = -5;
  batch.units_total = batch.units_created = 1024;
  batch.unsent = 503;
  batch.leased = 4;
  batch.checking = 3;
  batch.settled = 512;
  batch.failed = 2;
  batch.results = 1040;
  batch.disagreed = 2;
  batch.leases_lost = 3;
  batch.flop_total = 2.5e12;
  batch.flop_settled = 1.25e12;
  batch.cpu_ms = 3'725'000;
  batch.submitted = {1'771'999'000'123};
  return batch;
}

HostInfo ExampleHost() {
  HostInfo host;
  host.id = {7};
  host.name = "pi3";
  host.owner = "ada";
  host.connected = true;
  host.silent_ms = 1200;
  host.facts.software = "picube-worker 0.1.0";
  host.facts.board = "Raspberry Pi 4 Model B Rev 1.4";
  host.facts.isa = "aarch64";
  host.facts.os = "Debian GNU/Linux 12";
  host.facts.cores = 4;
  host.facts.memory_bytes = 4ULL << 30;
  host.facts.disk_bytes = 20ULL << 30;
  host.facts.benchmark_flops = 1.5e10;
  host.facts.applications = {{"mosaic", 2}};
  host.readings.temperature_millicelsius = 61'400;
  host.readings.clock_mhz = 1500;
  host.leases = 4;
  host.results = 520;
  host.settled = 500;
  host.disagreed = 1;
  host.errors = 2;
  host.leases_lost = 3;
  host.cpu_ms = 99'000;
  host.flop = 1e12;
  return host;
}

ServerInfo ExampleServer() {
  ServerInfo server;
  server.software = "picube-server 0.1.0";
  server.epoch = {2};
  server.uptime_ms = 3'725'000;
  server.policy = "adaptive";
  server.hosts_connected = 4;
  server.batches_live = 1;
  server.units_live = 510;
  server.leases_live = 4;
  server.results = 1'234'567;
  server.results_per_second = 12;
  return server;
}

}  // namespace picube
