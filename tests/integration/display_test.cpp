// The little display on a real LCDd (LCDproc's daemon, Debian package lcdproc) with its text
// driver, on a port of its own; skipped where there is none.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>

#include "hardware/display/lcdd.h"
#include "hardware/display/pages.h"
#include "tests/integration/processes.h"
#include "worker/display/tcp_stream.h"

namespace picube::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLcdd = "/usr/sbin/LCDd";
constexpr const char* kUnbuffered = "/usr/bin/stdbuf";

int FreePort() {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(file, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
  socklen_t size = sizeof own;
  EXPECT_EQ(getsockname(file, reinterpret_cast<sockaddr*>(&own), &size), 0);
  close(file);
  return ntohs(own.sin_port);
}

std::string Drivers() {
  for (const auto& entry : fs::directory_iterator("/usr/lib")) {
    std::error_code none;
    if (fs::exists(entry.path() / "lcdproc" / "text.so", none)) {
      return (entry.path() / "lcdproc").string() + "/";
    }
  }
  return {};
}

std::size_t Times(const std::string& text, const std::string& word) {
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++times;
  return times;
}

class RealLcdd : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* needed : {kLcdd, kUnbuffered}) {
      if (!fs::exists(needed)) GTEST_SKIP() << "skipped: no " << needed << " on this machine";
    }
    port_ = FreePort();
    Start();
  }
  void Start() {
    screen_ = folder_ / ("screen" + std::to_string(starts_++));
    const fs::path conf = folder_.Write(
        "LCDd.conf", "[server]\nDriverPath=" + Drivers() +
                         "\nDriver=text\nBind=127.0.0.1\nPort=" + std::to_string(port_) +
                         "\nWaitTime=2\nServerScreen=no\nReportToSyslog=no\n[text]\nSize=16x2\n");
    lcdd_ = std::make_unique<Process>(
        std::vector<std::string>{kUnbuffered, "-o0", kLcdd, "-c", conf.string(), "-f"}, screen_);
  }
  void Kill() {
    lcdd_->Signal(SIGKILL);
    ASSERT_NE(lcdd_->Wait(10s), -1);
  }
  [[nodiscard]] std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  // The last whole picture that it drew: between two lines of dashes.
  [[nodiscard]] std::string Shown() const {
    const std::string edge = "+----------------+\n";
    const std::string all = ReadText(screen_);
    const std::size_t end = all.rfind("|\n" + edge);
    if (end == std::string::npos || end < 37) return {};
    const std::string two = all.substr(end - 36, 37);  // |16|\n|16|
    return two.substr(1, 16) + "|" + two.substr(20, 16);
  }
  // The display's own time: five times as fast as the real one, so that it need not be waited for,
  // and slow enough for LCDd, which looks about eight times a second, to answer within its
  // patience.
  [[nodiscard]] Instant Now() { return {calls_++ * 100'000}; }
  // Shows it again and again until people can read it.
  [[nodiscard]] bool Reads(LcddDisplay& display, const Frame& frame) {
    const std::string wanted = ToLatin1(frame.rows[0]) + "|" + ToLatin1(frame.rows[1]);
    return Await([&] {
      static_cast<void>(display.Show(frame, Now()));
      return Shown() == wanted;
    });
  }

  Folder folder_;
  int port_ = 0;
  int starts_ = 0;
  fs::path screen_;
  std::int64_t calls_ = 0;
  std::unique_ptr<Process> lcdd_;
};

TEST_F(RealLcdd, ShowsExactlyWhatThePagesSay) {
  LcddDisplay display(std::make_unique<TcpStream>(Address()));
  DisplayView view;
  view.host = "picube-03";
  view.address = "192.168.1.23";
  view.temperature_millicelsius = 61'200;
  view.fan = FanOnDisplay{.rpm = 2300, .percent = 70, .follows_millicelsius = {}};
  view.cube = {{.name = "a\"b\\c{d}e", .pause = "50% #;$"}};
  for (const Page& page : PagesOf(view, /*heart_beats=*/true)) {
    EXPECT_TRUE(Reads(display, page.frame)) << Shown();
  }
  // Every sign that a row can have, those that its protocol gives a meaning among them.
  for (int first = 0x20; first < 0x7D; first += 32) {
    std::string signs;
    for (int i = 0; i < 32; ++i) signs += static_cast<char>(std::min(first + i, 0x7D));
    const Frame frame{{RowOf(signs.substr(0, 16)), RowOf(signs.substr(16))}};
    EXPECT_TRUE(Reads(display, frame)) << Shown();
  }
}

TEST_F(RealLcdd, ShowsAgainAfterItWasKilledAndStarted) {
  LcddDisplay display(std::make_unique<TcpStream>(Address()));
  const Frame frame{{RowOf("picube-03"), RowOf("hello")}};
  ASSERT_TRUE(Reads(display, frame));
  Kill();
  EXPECT_TRUE(Await([&] { return !display.Show(frame, Now()); }));
  EXPECT_EQ(display.Where(), "");
  Start();
  EXPECT_TRUE(Reads(display, frame)) << Shown();
}

TEST_F(RealLcdd, AWorkerDrawsOnItAndComputesOnWhenItDies) {
  Cube cube(folder_.Path());
  cube.StartServer();
  cube.Join("pi");
  const fs::path settings = cube.WorkerState("pi") / "worker.yaml";
  WriteText(settings, ReadText(settings) + "display: {kind: lcdd, lcdd: \"" + Address() + "\"}\n");
  cube.StartWorker("pi");
  EXPECT_TRUE(Await([&] { return Times(cube.Log("pi"), "display: LCDd at " + Address()) == 1; }));
  char name[256] = {};
  ASSERT_EQ(gethostname(name, sizeof name - 1), 0);
  const std::string host = ToLatin1(RowOf(ToDisplay(name))).substr(0, 8);
  EXPECT_TRUE(Await([&] { return Shown().starts_with(host); })) << Shown();
  EXPECT_TRUE(Await([&] { return Shown().starts_with("waits for a unit"); })) << Shown();

  Kill();
  EXPECT_TRUE(Await([&] { return Times(cube.Log("pi"), "the display does not work") == 1; }));
  const std::string batch = cube.Submit({"primes", "--from=0", "--to=1000000", "--units=2"});
  EXPECT_EQ(cube.Watch(batch), 0);
  Start();
  EXPECT_TRUE(Await([&] { return Shown().starts_with("waits for a unit"); })) << Shown();
  cube.Worker("pi").Signal(SIGTERM);
  EXPECT_EQ(cube.Worker("pi").Wait(20s), 0);
  // LCDd takes the screen of a client away that has gone.
  EXPECT_TRUE(Await([&] { return !Shown().starts_with(host); })) << Shown();
  EXPECT_EQ(Times(cube.Log("pi"), "the display does not work"), 1U);
}

}  // namespace
}  // namespace picube::test
