// picube-cap-helper as a process, on real unix sockets, below a folder that stands for /.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hardware/cap/cap_client.h"
#include "hardware/cap/cap_files.h"
#include "protocol/base/descriptor.h"
#include "tests/files.h"

namespace picube {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{20};

int MillisecondsUntil(Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

sockaddr_un AddressOf(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path.string(), address.sun_path);
  return address;
}

// A connection that waits for each answer.
class Peer {
 public:
  explicit Peer(const fs::path& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = AddressOf(path);
    connected_ =
        ::connect(socket_.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  [[nodiscard]] bool Connected() const { return connected_; }
  // False: the other side has closed.
  bool Say(const std::string& bytes) {
    return ::send(socket_.Get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // The next line, or "closed", or "nothing" if none comes in time.
  std::string Hear() {
    const auto end = Clock::now() + kPatience;
    for (;;) {
      const std::size_t at = heard_.find('\n');
      if (at != std::string::npos) {
        const std::string line = heard_.substr(0, at);
        heard_.erase(0, at + 1);
        return line;
      }
      pollfd waiting{socket_.Get(), POLLIN, 0};
      if (::poll(&waiting, 1, MillisecondsUntil(end)) <= 0) return "nothing";
      char bytes[256];
      const ssize_t got = ::recv(socket_.Get(), bytes, sizeof bytes, 0);
      if (got <= 0) return "closed";
      heard_.append(bytes, static_cast<std::size_t>(got));
    }
  }
  std::string Ask(const std::string& line) { return Say(line + "\n") ? Hear() : "closed"; }

 private:
  Descriptor socket_;
  std::string heard_;
  bool connected_ = false;
};

// A machine with a policy of 600 to 1200 MHz that somebody has capped at 1100.
class Machine {
 public:
  Machine() {
    fs::create_directories(Policy());
    test::WriteText(Policy() / "cpuinfo_min_freq", "600000\n");
    test::WriteText(Policy() / "cpuinfo_max_freq", "1200000\n");
    test::WriteText(File(), "1100000\n");
    const sockaddr_un address = AddressOf(Socket());
    EXPECT_EQ(::bind(listener_.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(::listen(listener_.Get(), 16), 0);
  }
  ~Machine() {
    if (pid_ > 0) Kill();
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] fs::path Policy() const {
    return folder_ / "sys/devices/system/cpu/cpufreq/policy0";
  }
  [[nodiscard]] fs::path File() const { return Policy() / "scaling_max_freq"; }
  [[nodiscard]] fs::path State() const { return folder_ / "run"; }
  [[nodiscard]] fs::path Socket() const { return folder_ / "cap.sock"; }
  [[nodiscard]] std::string Cap() const { return test::ReadText(File()); }

  // Without --socket it gets the listening socket as systemd hands it over.
  void Start(std::vector<std::string> more = {}) {
    std::vector<std::string> argv = {PICUBE_CAP_HELPER, "--root", folder_.Path().string(),
                                     "--state", State().string()};
    argv.insert(argv.end(), more.begin(), more.end());
    const bool own = std::ranges::find(more, "--socket") != more.end();
    pid_ = ::fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) Run(argv, own);
  }
  void Signal(int number) const { ::kill(pid_, number); }
  void Freeze() const {
    Signal(SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  // The exit code, or 128 + signal.
  int Wait() {
    const auto end = Clock::now() + kPatience;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (Clock::now() >= end) return -1;
      ::poll(nullptr, 0, 1);
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int Stop() {
    Signal(SIGTERM);
    return Wait();
  }
  void Kill() {
    Signal(SIGKILL);
    Wait();
  }
  // The file holds it, at last.
  [[nodiscard]] bool Await(const std::string& text) const {
    const Descriptor watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    ::inotify_add_watch(watch.Get(), File().c_str(), IN_MODIFY | IN_CLOSE_WRITE);
    for (const auto end = Clock::now() + kPatience; Cap() != text;) {
      pollfd waiting{watch.Get(), POLLIN, 0};
      if (::poll(&waiting, 1, MillisecondsUntil(end)) <= 0) return false;
      char events[4096];
      static_cast<void>(!::read(watch.Get(), events, sizeof events));
    }
    return true;
  }

 private:
  [[noreturn]] void Run(std::vector<std::string>& argv, bool own) const {
    // Root, too, shall find a read-only file read-only.
    ::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
    if (!own) {
      // A copy keeps close-on-exec only if it is the same descriptor.
      if (listener_.Get() == 3) ::fcntl(3, F_SETFD, 0);
      if (::dup2(listener_.Get(), 3) != 3) ::_exit(126);
      ::setenv("LISTEN_FDS", "1", 1);
      ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    }
    std::vector<char*> pointers;
    for (std::string& text : argv) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }

  test::Folder folder_;
  Descriptor listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  pid_t pid_ = -1;
};

TEST(CapHelper, CapsWhileAClientAsksAndRestoresWhenItGoes) {
  Machine machine;
  machine.Start();
  {
    Peer peer(machine.Socket());
    EXPECT_EQ(peer.Ask("cap 900"), "ok 900");
    EXPECT_EQ(machine.Cap(), "900000\n");
    EXPECT_EQ(peer.Ask("cap 600"), "ok 600");
    EXPECT_EQ(machine.Cap(), "600000\n");
    EXPECT_EQ(test::ReadText(machine.State() / "original"), "1 1100000\n");
  }
  EXPECT_TRUE(machine.Await("1100000\n"));
  EXPECT_EQ(machine.Stop(), 0);
  EXPECT_FALSE(fs::exists(machine.State() / "original"));
}

TEST(CapHelper, RestoresWhenItIsToldToEnd) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    Machine machine;
    machine.Start();
    Peer peer(machine.Socket());
    ASSERT_EQ(peer.Ask("cap 700"), "ok 700");
    machine.Signal(number);
    EXPECT_EQ(machine.Wait(), 0);
    EXPECT_EQ(machine.Cap(), "1100000\n");
  }
}

TEST(CapHelper, RestoresWhenItsClientFallsSilentAndGoesOnWithIt) {
  Machine machine;
  machine.Start({"--silence", "100"});
  Peer peer(machine.Socket());
  ASSERT_EQ(peer.Ask("cap 700"), "ok 700");
  EXPECT_TRUE(machine.Await("1100000\n"));
  EXPECT_EQ(peer.Ask("cap 800"), "ok 800");
  EXPECT_TRUE(machine.Await("1100000\n"));
}

TEST(CapHelper, AfterASigkillTheNextStartRestores) {
  Machine machine;
  machine.Start();
  {
    Peer peer(machine.Socket());
    ASSERT_EQ(peer.Ask("cap 700"), "ok 700");
    machine.Kill();
  }
  EXPECT_EQ(machine.Cap(), "700000\n");
  machine.Start();
  EXPECT_TRUE(machine.Await("1100000\n"));
  // And the first cap of the new one does not take the old cap for the original.
  Peer peer(machine.Socket());
  ASSERT_EQ(peer.Ask("cap 800"), "ok 800");
  EXPECT_EQ(machine.Stop(), 0);
  EXPECT_EQ(machine.Cap(), "1100000\n");
}

TEST(CapHelper, AfterASigkillSystemdRestoresByACommand) {
  Machine machine;
  machine.Start();
  {
    Peer peer(machine.Socket());
    ASSERT_EQ(peer.Ask("cap 700"), "ok 700");
    machine.Kill();
  }
  for (int i = 0; i < 2; ++i) {  // a second time there is nothing to do
    machine.Start({"--restore"});
    EXPECT_EQ(machine.Wait(), 0);
    EXPECT_EQ(machine.Cap(), "1100000\n");
  }
}

TEST(CapHelper, AKeptOriginalThatIsDamagedMeansTheGreatestClock) {
  for (const char* kept : {"", "1", "2 1100000\n", "1 -5\n", "1 99999999999\n", "1 1300000\n"}) {
    Machine machine;
    fs::create_directories(machine.State());
    test::WriteText(machine.State() / "original", kept);
    machine.Start({"--restore"});
    EXPECT_EQ(machine.Wait(), 0);
    EXPECT_EQ(machine.Cap(), "1200000\n") << kept;
  }
}

TEST(CapHelper, RefusesWhatIsOutOfRange) {
  Machine machine;
  machine.Start();
  Peer peer(machine.Socket());
  for (const char* mhz : {"0", "599", "1201", "999999"}) {
    EXPECT_EQ(peer.Ask(std::string("cap ") + mhz), "no out of range 600 to 1200");
  }
  EXPECT_EQ(machine.Cap(), "1100000\n");
  EXPECT_FALSE(fs::exists(machine.State() / "original"));
  EXPECT_EQ(peer.Ask("cap 1000"), "ok 1000");  // it is no offence
}

TEST(CapHelper, SaysNoIfTheFileIsReadOnly) {
  Machine machine;
  ASSERT_EQ(::chmod(machine.File().c_str(), 0444), 0);
  machine.Start();
  Peer peer(machine.Socket());
  EXPECT_EQ(peer.Ask("cap 900"), "no scaling_max_freq: Permission denied");
  EXPECT_EQ(machine.Cap(), "1100000\n");
  EXPECT_EQ(machine.Stop(), 0);
  EXPECT_FALSE(fs::exists(machine.State() / "original"));
}

TEST(CapHelper, SaysNoIfTheMachineHasNoSuchClock) {
  Machine machine;
  fs::remove(machine.File());
  machine.Start();
  Peer peer(machine.Socket());
  EXPECT_EQ(peer.Ask("cap 900"), "no the present cap cannot be read");
  EXPECT_FALSE(fs::exists(machine.File()));
  fs::remove(machine.Policy() / "cpuinfo_max_freq");
  EXPECT_EQ(peer.Ask("cap 900"), "no the limits of the clock cannot be read");
  EXPECT_EQ(machine.Stop(), 0);
}

TEST(CapHelper, NeverWritesThroughALink) {
  Machine machine;
  const fs::path other = machine.Policy() / "other";
  test::WriteText(other, "1100000\n");
  fs::remove(machine.File());
  fs::create_symlink(other, machine.File());
  machine.Start();
  Peer peer(machine.Socket());
  EXPECT_TRUE(peer.Ask("cap 900").starts_with("no scaling_max_freq: ")) << "obeyed";
  EXPECT_EQ(test::ReadText(other), "1100000\n");
}

TEST(CapHelper, DropsWhoTalksNonsense) {
  Machine machine;
  machine.Start();
  for (const std::string& line : {std::string("restore"), std::string("cap"), std::string(),
                                  std::string("cap 900\0", 8), std::string("\x1b[2J")}) {
    Peer peer(machine.Socket());
    EXPECT_EQ(peer.Ask(line), "no the one command is: cap MHZ");
    EXPECT_EQ(peer.Hear(), "closed");
  }
  Peer endless(machine.Socket());
  while (endless.Say(std::string(1000, '9'))) {
  }
  EXPECT_EQ(machine.Cap(), "1100000\n");
  EXPECT_FALSE(fs::exists(machine.State() / "original"));
}

TEST(CapHelper, AWordInPiecesIsAWord) {
  Machine machine;
  machine.Start();
  Peer peer(machine.Socket());
  for (const char* piece : {"c", "ap 9", "0"}) ASSERT_TRUE(peer.Say(piece));
  EXPECT_EQ(peer.Ask("0"), "ok 900");
  ASSERT_TRUE(peer.Say("cap 800\ncap 700\n"));
  EXPECT_EQ(peer.Hear(), "ok 800");
  EXPECT_EQ(peer.Hear(), "ok 700");
}

TEST(CapHelper, ASecondClientIsRefusedUntilTheFirstGoes) {
  Machine machine;
  machine.Start();
  Peer second(machine.Socket());
  {
    Peer first(machine.Socket());
    ASSERT_EQ(first.Ask("cap 900"), "ok 900");
    EXPECT_EQ(second.Ask("cap 600"), "no another client holds the cap");
    EXPECT_EQ(machine.Cap(), "900000\n");
  }
  ASSERT_TRUE(machine.Await("1100000\n"));
  EXPECT_EQ(second.Ask("cap 600"), "ok 600");
}

TEST(CapHelper, SilentClientsAndThousandsOfConnectsKeepNobodyOut) {
  Machine machine;
  machine.Start();
  std::vector<std::unique_ptr<Peer>> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(std::make_unique<Peer>(machine.Socket()));
  Peer holder(machine.Socket());
  ASSERT_EQ(holder.Ask("cap 900"), "ok 900");
  for (int i = 0; i < 3000; ++i) {
    Peer peer(machine.Socket());
    ASSERT_TRUE(peer.Connected());
    if (i % 3 == 0) peer.Say("cap 60");
    if (i % 3 == 1) peer.Say("cap 600\n");
    if (i % 500 == 0) {
      ASSERT_EQ(holder.Ask("cap 900"), "ok 900");
    }
    ASSERT_EQ(machine.Cap(), "900000\n");
  }
  EXPECT_EQ(holder.Ask("cap 800"), "ok 800");
  EXPECT_EQ(machine.Cap(), "800000\n");
}

TEST(CapHelper, WhoDoesNotFetchAnswersIsDropped) {
  Machine machine;
  machine.Start();
  Peer flood(machine.Socket());
  while (flood.Say("cap 900\ncap 600\n")) {
  }
  EXPECT_TRUE(machine.Await("1100000\n"));
  Peer peer(machine.Socket());
  // Commands of the flood count against those of this second.
  std::string answer;
  const auto end = Clock::now() + kPatience;
  do {
    answer = peer.Ask("cap 700");
  } while (answer == "no too many commands" && Clock::now() < end);
  EXPECT_EQ(answer, "ok 700");
}

TEST(CapHelper, EndsWhenNobodyCapsAndServesTheNextConnection) {
  Machine machine;
  machine.Start({"--idle", "50"});
  Peer silent(machine.Socket());
  EXPECT_EQ(machine.Wait(), 0);
  Peer peer(machine.Socket());  // systemd's socket is still there, and starts it again
  ASSERT_TRUE(peer.Say("cap 900\n"));
  machine.Start();
  EXPECT_EQ(peer.Hear(), "ok 900");
}

TEST(CapHelper, WithoutSystemdItMakesItsOwnSocket) {
  Machine machine;
  const fs::path path = machine.State() / "own.sock";
  for (int i = 0; i < 2; ++i) {  // the second time it finds what a SIGKILL left
    machine.Start({"--socket", path.string()});
    std::unique_ptr<Peer> peer;
    const auto end = Clock::now() + kPatience;
    do {
      ::poll(nullptr, 0, 1);
      peer = std::make_unique<Peer>(path);
    } while (!peer->Connected() && Clock::now() < end);
    EXPECT_EQ(peer->Ask("cap 900"), "ok 900");
    EXPECT_EQ(fs::status(path).permissions(), fs::perms(0660));
    if (i == 0) machine.Kill();
  }
  EXPECT_EQ(machine.Stop(), 0);
  EXPECT_EQ(machine.Cap(), "1100000\n");
  EXPECT_FALSE(fs::exists(path));
}

TEST(CapHelper, TwoOnOneFolderAndAWrongOptionAreRefused) {
  Machine machine;
  CapFiles files(machine.Policy(), machine.State());
  ASSERT_TRUE(files.Lock());
  machine.Start();
  EXPECT_EQ(machine.Wait(), 1);
  machine.Start({"--cap", "900"});
  EXPECT_EQ(machine.Wait(), 2);
  machine.Start({"--help"});
  EXPECT_EQ(machine.Wait(), 0);
}

// --- The worker's side --------------------------------------------------------------------------

Instant Now() {
  const auto now = Clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(now).count()};
}

// Asks until the answer is there; the time passed to the client is that of `now`.
bool Obeyed(CapClient& client, std::uint32_t mhz, Instant now) {
  for (const auto end = Clock::now() + kPatience; Clock::now() < end;) {
    client.Cap(mhz, now);
    if (client.InForce()) return true;
    if (!client.Refusal().empty()) return false;
    ::poll(nullptr, 0, 1);
  }
  return false;
}

TEST(CapClients, CapAndLetGo) {
  Machine machine;
  machine.Start();
  CapClient client(machine.Socket());
  EXPECT_FALSE(client.InForce());
  EXPECT_TRUE(Obeyed(client, 900, Now()));
  EXPECT_EQ(machine.Cap(), "900000\n");
  client.Cap(0, Now());
  EXPECT_FALSE(client.InForce());
  EXPECT_TRUE(machine.Await("1100000\n"));
  EXPECT_TRUE(Obeyed(client, 800, Now()));
  EXPECT_EQ(machine.Cap(), "800000\n");
}

TEST(CapClients, RepeatThemselvesSoThatTheCapStays) {
  Machine machine;
  machine.Start({"--silence", "10000"});
  CapClient client(machine.Socket());
  const Instant begun = Now();
  ASSERT_TRUE(Obeyed(client, 900, begun));
  test::WriteText(machine.File(), "1100000\n");  // somebody else wrote
  client.Cap(900, begun + 900ms);
  client.Cap(900, begun + 1s);
  EXPECT_TRUE(machine.Await("900000\n"));
}

TEST(CapClients, AnAbsentHelperIsNotWaitedForAndTriedEverMoreSeldom) {
  const test::Folder folder;
  CapClient client(folder / "nobody.sock");
  const auto begun = Clock::now();
  for (int s = 0; s < 10'000; ++s) {
    client.Cap(900, Instant{} + std::chrono::seconds(s));
    ASSERT_FALSE(client.InForce());
  }
  EXPECT_LT(Clock::now() - begun, kPatience);
}

TEST(CapClients, FindAHelperThatComesLater) {
  Machine machine;
  CapClient client(machine.Socket());
  client.Cap(900, {});  // systemd's socket takes it in; nobody answers yet
  client.Cap(900, Instant{} + 1s);
  EXPECT_FALSE(client.InForce());
  machine.Start();
  EXPECT_TRUE(Obeyed(client, 900, Instant{} + 2s));
  machine.Kill();
  machine.Start();
  Instant now{};
  const auto end = Clock::now() + kPatience;
  do {  // each turn is a minute to the client
    now = now + 1min;
    client.Cap(700, now);
    ::poll(nullptr, 0, 1);
    client.Cap(700, now);
  } while (!(client.InForce() && machine.Cap() == "700000\n") && Clock::now() < end);
  EXPECT_TRUE(client.InForce());
}

TEST(CapClients, AHelperThatHangsIsNotInForce) {
  Machine machine;
  machine.Start();
  CapClient client(machine.Socket());
  ASSERT_TRUE(Obeyed(client, 900, Instant{}));
  machine.Freeze();
  client.Cap(900, Instant{} + 1s);
  EXPECT_TRUE(client.InForce());
  client.Cap(900, Instant{} + 3s);
  EXPECT_FALSE(client.InForce());
  machine.Signal(SIGCONT);
  EXPECT_TRUE(Obeyed(client, 900, Instant{} + 4s));
}

TEST(CapClients, ARefusalIsHandedOn) {
  Machine machine;
  machine.Start();
  CapClient client(machine.Socket());
  EXPECT_FALSE(Obeyed(client, 5000, Now()));
  EXPECT_EQ(client.Refusal(), "out of range 600 to 1200");
}

}  // namespace
}  // namespace picube
