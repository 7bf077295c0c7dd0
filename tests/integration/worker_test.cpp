// Real workers: moved from server to server, cut off, killed in the middle, with kernels that do
// not behave.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include "protocol/crypto/join_code.h"
#include "protocol/crypto/keys.h"
#include "tests/integration/processes.h"
#include "worker/link/join.h"

namespace picube::test {
namespace {

namespace fs = std::filesystem;

// Listens on a port of its own on loopback.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    socklen_t size = sizeof own;
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size), 0);
    endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(own.sin_port));
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] const std::string& Endpoint() const { return endpoint_; }
  // The next connection; -1 if none comes within a moment.
  [[nodiscard]] int Accept() const {
    pollfd ready{socket_, POLLIN, 0};
    return poll(&ready, 1, 20) == 1 ? accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC) : -1;
  }

 private:
  int socket_;
  std::string endpoint_;
};

// Passes one connection at a time on to a server; of what the server says only so many bytes.
class SlowLine {
 public:
  SlowLine(const std::string& server, std::size_t bytes)
      : port_(std::stoi(server.substr(server.rfind(':') + 1))),
        left_(bytes),
        thread_([this](const std::stop_token& stop) { Run(stop); }) {}
  [[nodiscard]] const std::string& Endpoint() const { return listener_.Endpoint(); }
  [[nodiscard]] bool UsedUp() const { return left_ == 0; }

 private:
  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int near = listener_.Accept();
      if (near < 0) continue;
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(static_cast<std::uint16_t>(port_));
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      const int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connect(far, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
        while (!stop.stop_requested() && Pass(near, far)) {
        }
      }
      close(near);
      close(far);
    }
  }
  // False if the connection has ended.
  bool Pass(int near, int far) {
    pollfd ready[2] = {{near, POLLIN, 0}, {left_ > 0 ? far : -1, POLLIN, 0}};
    if (poll(ready, 2, 20) <= 0) return true;
    char bytes[4096];
    if (ready[0].revents != 0) {
      const ssize_t got = recv(near, bytes, sizeof bytes, 0);
      if (got <= 0 || send(far, bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) {
        return false;
      }
    }
    if (ready[1].revents != 0) {
      const ssize_t got = recv(far, bytes, std::min(sizeof bytes, left_.load()), 0);
      if (got <= 0 || send(near, bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) {
        return false;
      }
      left_ -= static_cast<std::size_t>(got);
    }
    return true;
  }

  Listener listener_;
  int port_;
  std::atomic<std::size_t> left_;
  std::jthread thread_;
};

class Workers : public ::testing::Test {
 protected:
  Workers() { EXPECT_TRUE(InitCrypto()); }
  // A code of this project's operator.
  static std::string Code(const Cube& cube) {
    return Field(cube.Picube({"invite", "--owner", "ada", "--json"}).out, "code");
  }
  Output Join(const std::string& code, const fs::path& state, std::vector<std::string> more = {}) {
    std::vector<std::string> argv = {PICUBE_WORKER, "join", code, "--state", state.string()};
    argv.insert(argv.end(), more.begin(), more.end());
    return RunToEnd(argv);
  }
  [[nodiscard]] std::string Endpoint() const {
    std::string endpoint = ReadText(folder_.Path() / "ready");
    endpoint.pop_back();
    return endpoint;
  }
  [[nodiscard]] static std::size_t FilesIn(const fs::path& folder, const std::string& ending) {
    std::size_t n = 0;
    std::error_code none;
    for (const auto& file : fs::directory_iterator(folder, none)) {
      n += file.path().extension() == ending ? 1 : 0;
    }
    return n;
  }
  [[nodiscard]] bool AwaitLog(const std::string& name, const std::string& text) const {
    return Await([&] { return cube_.Log(name).find(text) != std::string::npos; });
  }

  Folder folder_;
  Cube cube_{folder_.Path()};
};

// --- Joining -------------------------------------------------------------------------------------

TEST_F(Workers, WhatBelongsToOneServerIsNotReportedToAnotherAndComesBack) {
  fs::create_directories(folder_.Path() / "other");
  Cube other(folder_.Path() / "other");
  cube_.StartServer();
  other.StartServer();
  const fs::path state = cube_.WorkerState("pi1");
  ASSERT_EQ(Join(Code(cube_), state).code, 0);
  cube_.StartWorker("pi1");
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=4000000000", "--units=8"});
  ASSERT_TRUE(cube_.Await(batch, "settled", 1));
  ASSERT_TRUE(Await([&] { return FilesIn(state / "leases", ".lease") >= 1; }));
  cube_.KillWorker("pi1");
  const std::size_t leases = FilesIn(state / "leases", ".lease");
  ASSERT_GE(leases, 1U);

  const std::string theirs = other.Submit({"primes", "--from=0", "--to=1000000", "--units=8"});
  const Output moved = Join(Code(other), state);
  ASSERT_EQ(moved.code, 0) << moved.errors;
  EXPECT_NE(moved.out.find("belong to the server with key"), std::string::npos) << moved.out;
  EXPECT_EQ(FilesIn(state / "leases", ".lease"), 0U);
  cube_.StartWorker("pi1");
  EXPECT_EQ(other.Watch(theirs), 0);
  EXPECT_EQ(other.Status(theirs, "results"), 8) << "its own, and no other's";
  cube_.Worker("pi1").Signal(SIGTERM);
  EXPECT_EQ(cube_.Worker("pi1").Wait(10s), 0);

  const Output back = Join(Code(cube_), state);
  ASSERT_EQ(back.code, 0) << back.errors;
  EXPECT_NE(back.out.find("still knew this machine"), std::string::npos) << back.out;
  EXPECT_EQ(FilesIn(state / "leases", ".lease"), leases);
  cube_.StartWorker("pi1");
  EXPECT_EQ(cube_.Watch(batch), 0);
  EXPECT_EQ(cube_.Status(batch, "results"), 8) << "nothing was computed twice";
}

TEST_F(Workers, AJoinWhoseAnswerWasLostIsCompletedByTheNext) {
  cube_.StartServer();
  const auto lose = [&](const std::string& text, const fs::path& state) {
    fs::create_directories(state);
    const Keys keys = MakeKeys();
    ASSERT_TRUE(SaveKeys((state / "worker.keys.new").string(), keys));
    auto code = ParseJoinCode(text, WallTime{0});
    ASSERT_TRUE(code);
    Context context;
    ASSERT_TRUE(EnrolHost(context, *code, keys, {.name = "lost"}));
  };
  const std::string code = Code(cube_);
  lose(code, cube_.WorkerState("same"));
  const Output same = Join(code, cube_.WorkerState("same"));
  EXPECT_EQ(same.code, 0) << same.errors;
  lose(Code(cube_), cube_.WorkerState("fresh"));
  const Output fresh = Join(Code(cube_), cube_.WorkerState("fresh"));
  EXPECT_EQ(fresh.code, 0) << "with another code: " << fresh.errors;
  cube_.StartWorker("same");
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=2"});
  EXPECT_EQ(cube_.Watch(batch), 0);
}

TEST_F(Workers, KeysThatTheServerHasRetiredDoNotStandInTheWay) {
  cube_.StartServer();
  const fs::path state = cube_.WorkerState("pi1");
  ASSERT_EQ(Join(Code(cube_), state, {"--name", "pi1"}).code, 0);
  ASSERT_EQ(cube_.Picube({"host", "retire", "pi1"}).code, 0);
  fs::rename(state / "worker.keys", state / "worker.keys.new");
  const Output joined = Join(Code(cube_), state);
  EXPECT_EQ(joined.code, 0) << joined.errors;
}

TEST_F(Workers, AJoinThatACrashCutShortIsMadeWholeByTheNextStart) {
  cube_.StartServer();
  cube_.Join("pi1");
  const fs::path state = cube_.WorkerState("pi1");
  fs::rename(state / "worker.yaml", state / "worker.yaml.new");
  fs::rename(state / "worker.keys", state / "worker.keys.new");
  cube_.StartWorker("pi1");
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=2"});
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("pi1");
  EXPECT_TRUE(fs::exists(state / "worker.yaml"));
  EXPECT_FALSE(fs::exists(state / "worker.yaml.new"));
}

TEST_F(Workers, ANameThatIsTooLongDoesNotUseTheCode) {
  cube_.StartServer();
  const std::string code = Code(cube_);
  const fs::path state = cube_.WorkerState("pi1");
  EXPECT_EQ(Join(code, state, {"--name", std::string(65, 'x')}).code, 2);
  EXPECT_EQ(Join(code, state, {"--name", std::string(64, 'x')}).code, 0);
}

TEST_F(Workers, AServerThatEndsHandshakesIsWaitedForAndBothCausesAreSaid) {
  const Listener listener;
  std::jthread closing([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (const int peer = listener.Accept(); peer >= 0) close(peer);
    }
  });
  JoinCode code;
  code.server_transport_key = MakeTransportKeys().key;
  code.invitation_secret = MakeTransportKeys().secret.Copy();
  code.endpoint = listener.Endpoint();
  Context context;
  const auto begun = std::chrono::steady_clock::now();
  const auto enrolled =
      EnrolHost(context, code, MakeKeys(), {.name = "x", .patience = Duration(6s)});
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 6s);
  ASSERT_FALSE(enrolled);
  EXPECT_EQ(enrolled.error().code, WorkerExit::kRefused);
  EXPECT_NE(enrolled.error().error.what.find("not the server"), std::string::npos);
  EXPECT_NE(enrolled.error().error.what.find("restarted"), std::string::npos);
}

TEST_F(Workers, TheServersEndpointsAreKeptAndTriedWhenTheFirstIsGone) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.StartWorker("pi1");
  const fs::path settings = cube_.WorkerState("pi1") / "worker.yaml";
  ASSERT_TRUE(Await([&] { return ReadText(settings).find("endpoints") != std::string::npos; }));
  cube_.KillWorker("pi1");
  const Listener nobody;  // accepts, and says nothing
  std::jthread closing([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (const int peer = nobody.Accept(); peer >= 0) close(peer);
    }
  });
  cube_.StartWorker("pi1", {"--server", nobody.Endpoint()});
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=2"});
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("pi1");
}

// --- Killed in the middle ------------------------------------------------------------------------

TEST_F(Workers, AWorkerThatIsKilledGoesOnFromItsCheckpoint) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.StartWorker("pi1", {"--checkpoint-seconds", "1"});
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=10000000000", "--units=1"});
  const fs::path leases = cube_.WorkerState("pi1") / "leases";
  ASSERT_TRUE(Await([&] { return FilesIn(leases, ".checkpoint") == 1; })) << cube_.Log("pi1");
  cube_.KillWorker("pi1");
  ASSERT_EQ(FilesIn(leases, ".checkpoint"), 1U);
  cube_.StartWorker("pi1", {"--checkpoint-seconds", "1"});
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("pi1");
  EXPECT_NE(cube_.Log("pi1").find("goes on from its checkpoint"), std::string::npos);
  EXPECT_EQ(cube_.Status(batch, "results"), 1);
  const fs::path product = folder_.Path() / "product";
  EXPECT_EQ(cube_.Picube({"product", batch, "--output", product.string()}).code, 0);
  EXPECT_NE(ReadText(product / "total.csv").find("455052511"), std::string::npos)
      << "pi(10^10), as published";
}

TEST_F(Workers, AWorkerThatIsKilledWhileAnInputComesInGoesOnWithIt) {
  cube_.StartServer();
  cube_.Join("pi1");
  const fs::path recording = folder_.Path() / "r.sah";
  ASSERT_EQ(RunToEnd({PICUBE_RECORDING, "make", recording.string(), "--seed", "7"}).code, 0);
  const std::string batch = cube_.Submit(
      {"seti", recording.string(), "--chirp=0:0", "--fft-length=8", "--threshold=4", "--units=1"});
  SlowLine line(Endpoint(), 160'000);
  cube_.StartWorker("pi1", {"--server", line.Endpoint()});
  ASSERT_TRUE(Await([&] { return line.UsedUp(); })) << cube_.Log("pi1");
  const fs::path blobs = cube_.WorkerState("pi1") / "blobs";
  ASSERT_TRUE(Await([&] { return FilesIn(blobs, ".part") == 1; }));
  cube_.KillWorker("pi1");
  EXPECT_EQ(FilesIn(blobs, ".part"), 1U);
  cube_.StartWorker("pi1");
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("pi1");
  EXPECT_EQ(FilesIn(blobs, ".part"), 0U);
}

TEST_F(Workers, AResultTooLargeForAReportArrivesAsABlob) {
  cube_.StartServer();
  cube_.Join("pi1");
  const fs::path recording = folder_.Path() / "r.sah";
  ASSERT_EQ(RunToEnd({PICUBE_RECORDING, "make", recording.string(), "--seed", "7"}).code, 0);
  cube_.StartWorker("pi1");
  const std::string batch = cube_.Submit(
      {"seti", recording.string(), "--chirp=-1:1", "--fft-length=8", "--threshold=4", "--units=1"});
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("pi1");
  const fs::path product = folder_.Path() / "product";
  ASSERT_EQ(cube_.Picube({"product", batch, "--output", product.string()}).code, 0);
  std::uintmax_t largest = 0;
  for (const auto& file : fs::directory_iterator(product)) {
    if (file.path().extension() == ".csv") largest = std::max(largest, file.file_size());
  }
  EXPECT_GT(largest, 1'000'000U) << "a payload of at least a tenth of that";
}

// --- Kernels that do not behave ------------------------------------------------------------------

TEST_F(Workers, AKernelThatDoesNotStopDoesNotKeepTheWorkerFromEnding) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.StartWorkerAs("pi1", {PICUBE_ODD_WORKER, "stubborn"});
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=2"});
  ASSERT_TRUE(cube_.Await(batch, "leased", 1));
  ASSERT_TRUE(
      Await([&] { return FilesIn(cube_.WorkerState("pi1") / "leases", ".attempts") == 1; }));
  cube_.Worker("pi1").Signal(SIGTERM);
  EXPECT_EQ(cube_.Worker("pi1").Wait(15s), 0) << cube_.Log("pi1");
  cube_.StartWorker("pi1");
  EXPECT_EQ(cube_.Watch(batch), 0) << "its units were given back";
}

TEST_F(Workers, AUnitAboveItsMemoryIsEndedAndTheWorkerIsNot) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.StartWorkerAs("pi1", {PICUBE_ODD_WORKER, "hungry"});
  ASSERT_NE(cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=1"}), "");
  EXPECT_TRUE(AwaitLog("pi1", "bytes of memory; its bound is")) << cube_.Log("pi1");
  EXPECT_TRUE(cube_.Worker("pi1").Running());
}

TEST_F(Workers, AnErrorTextOfAnyBytesKeepsNoResultBack) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.Join("pi2");
  cube_.StartWorkerAs("pi1", {PICUBE_ODD_WORKER, "accents"});
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=5"});
  ASSERT_TRUE(cube_.Await(batch, "settled", 4)) << cube_.Log("pi1");
  EXPECT_EQ(cube_.Log("pi1").find("refuses"), std::string::npos) << cube_.Log("pi1");
  cube_.StartWorker("pi2");
  EXPECT_EQ(cube_.Watch(batch), 0);
}

}  // namespace
}  // namespace picube::test
