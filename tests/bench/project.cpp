#include "tests/bench/project.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "protocol/base/check.h"
#include "protocol/wire/codec.h"
#include "server/gateway/server.h"

namespace picube::bench {
namespace {

class EmptySource final : public UnitSource {
 public:
  explicit EmptySource(std::uint64_t total) : total_(total) {}
  std::uint64_t Total() const override { return total_; }
  void Skip(std::uint64_t units) override { next_ += units; }
  std::optional<UnitPlan> Next() override {
    if (next_ >= total_) return std::nullopt;
    ++next_;
    return UnitPlan{.parameters = std::to_string(next_), .cost_flop = 1};
  }

 private:
  std::uint64_t total_;
  std::uint64_t next_ = 0;
};

class Counting final : public Merger {
 public:
  explicit Counting(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Status Add(std::uint64_t, BytesView payload) override {
    ++units_;
    bytes_ += payload.size();
    return {};
  }
  Result<std::vector<MergedFile>> Finish(std::uint64_t missing) override {
    const auto path = folder_ / "count.txt";
    std::ofstream(path) << units_ << ' ' << bytes_ << ' ' << missing << '\n';
    return std::vector<MergedFile>{{"count.txt", "units, bytes, missing", path}};
  }

 private:
  std::filesystem::path folder_;
  std::uint64_t units_ = 0;
  std::uint64_t bytes_ = 0;
};

class EmptyApplication final : public Application {
 public:
  const ApplicationInfo& Info() const override { return info_; }
  Result<std::unique_ptr<UnitSource>> Split(const Dataset&,
                                            const Parameters& parameters) const override {
    const std::uint64_t units = std::strtoull(parameters.at("units").c_str(), nullptr, 10);
    return std::make_unique<EmptySource>(units);
  }
  ComputeOutcome Compute(const UnitInput&, ComputeContext&) const override { return Bytes(); }
  Result<std::unique_ptr<Merger>> StartMerge(const Dataset&, const Parameters&,
                                             const std::filesystem::path& folder) const override {
    return std::make_unique<Counting>(folder);
  }

 private:
  ApplicationInfo info_{.name = "empty",
                        .version = 1,
                        .summary = "",
                        .files_help = "",
                        .least_files = 0,
                        .most_files = 0,
                        .parameters = {}};
};

Server* serving = nullptr;

[[noreturn]] void Serve(const ProjectOptions& options, int ready) {
  spdlog::set_level(spdlog::level::warn);
  ApplicationRegistry applications;
  applications.Add(std::make_unique<EmptyApplication>());
  ServerOptions server_options{.state = options.state, .listen = "tcp://127.0.0.1:*"};
  server_options.units_ahead = options.units_ahead;
  server_options.messages_per_second = 10'000'000;
  auto server = Server::Open(server_options, applications);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().Text().c_str());
    _exit(1);
  }
  serving = server->get();
  signal(SIGTERM, [](int) { serving->Stop(); });
  if (write(ready, "r", 1) != 1) _exit(1);
  const Status served = (*server)->Run();
  if (!served) std::fprintf(stderr, "%s\n", served.error().Text().c_str());
  std::ofstream(options.state / "record-bytes") << (*server)->RecordBytes();
  server->reset();
  _exit(served ? 0 : 1);
}

}  // namespace

Project::Project(ProjectOptions options) : options_(std::move(options)) {}
Project::~Project() {
  if (pid_ > 0) Kill(SIGKILL);
}

double Project::Start() {
  const auto begin = std::chrono::steady_clock::now();
  int ends[2];
  PICUBE_CHECK(pipe(ends) == 0, "a pipe");
  pid_ = fork();
  if (pid_ == 0) Serve(options_, ends[1]);
  close(ends[1]);
  char byte = 0;
  PICUBE_CHECK(read(ends[0], &byte, 1) == 1, "the server did not start");
  close(ends[0]);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void Project::Kill(int signal_number) {
  kill(pid_, signal_number);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::uint64_t Project::ResidentBytes() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

std::uint64_t Project::RecordBytes() const {
  std::ifstream in(options_.state / "record-bytes");
  std::uint64_t bytes = 0;
  in >> bytes;
  return bytes;
}

Peer::Peer(Context& context, const TransportKeys& keys, const TransportKey& server,
           const std::string& endpoint)
    : socket_(context, keys, server) {
  PICUBE_CHECK(socket_.Connect(endpoint).has_value(), "connect");
  while (true) {
    static_cast<void>(socket_.Poll(std::chrono::milliseconds(1000), nullptr));
    const auto event = socket_.TakeEvent();
    if (event == LinkEvent::kConnected) return;
    PICUBE_CHECK(event != LinkEvent::kRefused, "the server refuses the key");
  }
}

Message Peer::Ask(const Message& question) {
  const std::uint16_t version =
      std::holds_alternative<Hello>(question) || std::holds_alternative<Enrol>(question)
          ? kGreetingVersion
          : kProtocolVersion;
  const Bytes bytes = Encode({.version = version, .request = ++request_, .message = question});
  PICUBE_CHECK(socket_.Send(bytes) == SendStatus::kSent, "send");
  while (true) {
    static_cast<void>(socket_.Poll(std::chrono::milliseconds(1000), nullptr));
    while (auto received = socket_.Receive()) {
      auto answer = Decode(*received);
      PICUBE_CHECK(answer.has_value(), "an answer that cannot be read");
      if (const auto* no = std::get_if<Refused>(&answer->message)) {
        std::fprintf(stderr, "refused: %s\n", no->what.c_str());
        std::abort();
      }
      if (answer->request == request_) return std::move(answer->message);
    }
  }
}

Address AddressOf(const std::filesystem::path& state) {
  std::ifstream in(state / "operator" / "endpoint");
  Address address;
  std::string key;
  std::getline(in, address.endpoint);
  std::getline(in, key);
  PICUBE_CHECK(FromHex(key, address.server), "the operator's endpoint file");
  auto keys = LoadKeys((state / "operator" / "keys").string());
  PICUBE_CHECK(keys.has_value(), "the operator's keys");
  address.operator_keys = std::move(*keys);
  return address;
}

}  // namespace picube::bench
