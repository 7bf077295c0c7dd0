// Bad input of every kind a person can give: a clear error that says what to do, and nothing lost.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/integration/processes.h"

namespace picube::test {
namespace {

class BadInput : public ::testing::Test {
 protected:
  std::filesystem::path Make(const std::string& name, const std::string& bytes) {
    const auto path = folder_.Path() / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  // A server start that must fail; what it said.
  Output StartAndFail(const std::filesystem::path& state,
                      const std::string& listen = "tcp://127.0.0.1:*") {
    return RunToEnd({PICUBE_SERVER, "run", "--state", state.string(), "--listen", listen}, {}, 20s);
  }

  // A recording of noise; the only thing that may be wrong with it is what a test does to it.
  std::string MadeRecording() {
    const auto path = folder_.Path() / "made.sah";
    EXPECT_EQ(RunToEnd({PICUBE_RECORDING, "make", path.string(), "--tones", "0"}).code, 0);
    return ReadText(path);
  }
  // `picube submit seti ARGUMENTS` ends as wrong usage and says why.
  void ExpectRefused(std::vector<std::string> arguments, const std::string& words) {
    arguments.insert(arguments.begin(), {"submit", "seti"});
    const Output output = cube_.Picube(arguments);
    EXPECT_EQ(output.code, kWrongUsage) << arguments.back();
    EXPECT_NE(output.errors.find(words), std::string::npos)
        << arguments.back() << " said: " << output.errors;
  }
  void ExpectNoBatch() {
    const Output status = cube_.Picube({"status", "--json"});
    EXPECT_EQ(status.code, 0);
    EXPECT_NE(status.out.find("\"batches\": []"), std::string::npos) << status.out;
  }
  static constexpr int kWrongUsage = 2;

  Folder folder_;
  Cube cube_{folder_.Path()};
};

TEST_F(BadInput, RecordingsThatAreNoneAreRefusedByName) {
  cube_.StartServer();
  const std::string whole = MadeRecording();
  const std::size_t data = whole.find("<data ");
  ASSERT_NE(data, std::string::npos);
  std::string newer = whole;
  newer.replace(newer.find("x-setiathome", data), 12, "x-setiathome-2");
  std::string longer = whole;
  longer.insert(longer.find("</data>"), std::string(80, '0') + "\n");
  struct Bad {
    std::string name;
    std::string bytes;
    std::string words;
  };
  const std::vector<Bad> all = {
      {"empty.sah", "", "empty.sah is empty"},
      {"garbage.sah", std::string("\x00\xff\x13garbage\x80", 11), "not a SETI@home work unit"},
      {"text.sah", "<workunit><version>99</version></workunit>", "not a SETI@home work unit"},
      {"newer.sah", newer, "is not encoded as x-setiathome"},
      {"cut.sah", whole.substr(0, (data + whole.size()) / 2), "the file is truncated"},
      {"cut-header.sah", whole.substr(0, data / 2), "the file is truncated"},
      {"longer.sah", longer, "goes on after the 262144 bytes"},
  };
  for (const Bad& bad : all) {
    ExpectRefused({Make(bad.name, bad.bytes).string()}, bad.words);
    ExpectRefused({Make(bad.name, bad.bytes).string()}, bad.name);
  }
  ExpectRefused({(folder_.Path() / "none.sah").string()}, "No such file");
  ExpectNoBatch();
}

TEST_F(BadInput, RangesOutsideTheRecordingAreRefused) {
  cube_.StartServer();
  const std::string recording = Make("r.sah", MadeRecording()).string();
  // A length may be too short for spikes and right for pulses, so these ask for spikes alone.
  const std::vector<std::pair<std::string, std::string>> all = {
      {"--chirp=-5000:5000", "outside the recording: its table goes from -"},
      {"--chirp=3:-3", "its first rate is the greater one"},
      {"--chirp=x", "--chirp x is not a range of drift rates"},
      {"--chirp=0.0000001:0.0000002", "falls between two chirp rates"},
      {"--fft-length=100", "--fft-length 100 is not a length of this recording"},
      {"--fft-length=4194304", "--fft-length 4194304 is not a length of this recording"},
      {"--fft-length=16", "--fft-length 16 cannot have a signal of these kinds; a spike above 24"},
      {"--threshold=-1", "--threshold -1 is not a power of at least 1"},
      {"--threshold=131072", "of these kinds, or a spike above 131072"},
      {"--unit-seconds=86400", "--unit-seconds 86400 is not a time from 0.001 to 3600 seconds"},
      {"--no-such=1", "no-such"},
      {"--kinds=comets", "--kinds comets is no kind of signal"},
  };
  for (const auto& [option, words] : all) {
    const bool kinds = option.starts_with("--kinds");
    ExpectRefused(kinds ? std::vector<std::string>{recording, option}
                        : std::vector<std::string>{recording, "--kinds=spikes", option},
                  words);
  }
  ExpectNoBatch();
}

TEST_F(BadInput, RangeOfPrimesWithoutItsEndIsNamed) {
  cube_.StartServer();
  const Output output = cube_.Picube({"submit", "primes"});
  EXPECT_EQ(output.code, kWrongUsage);
  EXPECT_NE(output.errors.find("--to is missing"), std::string::npos) << output.errors;
  ExpectNoBatch();
}

TEST_F(BadInput, JoinCodeIsGoodOnce) {
  cube_.StartServer();
  const Output invited = cube_.Picube({"invite", "--json"});
  const std::string code = Field(invited.out, "code");
  const auto join = [&](const std::string& name, const std::string& text) {
    return RunToEnd(
        {PICUBE_WORKER, "join", text, "--name", name, "--state", (folder_.Path() / name).string()},
        {}, 30s);
  };
  EXPECT_EQ(join("first", code).code, 0);
  const Output again = join("second", code);
  EXPECT_EQ(again.code, 8) << again.errors;
  std::string mistyped = code;
  mistyped[20] = mistyped[20] == '3' ? '4' : '3';
  EXPECT_EQ(join("third", mistyped).code, 6);
  EXPECT_EQ(join("fourth", "hello").code, 6);
}

TEST_F(BadInput, JoinCodeIsGoodUntilItExpires) {
  cube_.StartServer();
  const Output invited = cube_.Picube({"invite", "--valid", "1s", "--json"});
  const std::string code = Field(invited.out, "code");
  const auto expired = std::chrono::steady_clock::now() + 1s;
  const auto join = [&](const std::string& text) {
    return RunToEnd({PICUBE_WORKER, "join", text, "--name", "late", "--state",
                     (folder_.Path() / "late").string()},
                    {}, 30s);
  };
  while (std::chrono::steady_clock::now() < expired) poll(nullptr, 0, 10);
  const Output late = join(code);
  EXPECT_EQ(late.code, 7) << late.errors;
  EXPECT_NE(late.errors.find("expired"), std::string::npos) << late.errors;
  EXPECT_NE(late.errors.find(" invite"), std::string::npos) << "what to do: " << late.errors;
  EXPECT_EQ(cube_.Picube({"hosts", "--json"}).out.find("late"), std::string::npos);
  EXPECT_EQ(join(Field(cube_.Picube({"invite", "--json"}).out, "code")).code, 0);
}

TEST_F(BadInput, KeyFileThatOthersMayReadIsRefused) {
  cube_.StartServer();
  ASSERT_EQ(cube_.StopServer(), 0);
  const auto key = cube_.State() / "keys" / "server.keys";
  ASSERT_EQ(chmod(key.c_str(), 0644), 0);
  const Output output = StartAndFail(cube_.State());
  EXPECT_NE(output.code, 0);
  EXPECT_NE(output.errors.find("chmod"), std::string::npos) << output.errors;
}

TEST_F(BadInput, PortInUseIsSaid) {
  cube_.StartServer();
  std::string endpoint = ReadText(folder_.Path() / "ready");
  endpoint.pop_back();
  const Output output = StartAndFail(folder_.Path() / "other", endpoint);
  EXPECT_NE(output.code, 0);
  EXPECT_NE(output.errors.find("in use"), std::string::npos) << output.errors;
}

TEST_F(BadInput, SecondServerOnOneStateIsRefused) {
  cube_.StartServer();
  const Output output = StartAndFail(cube_.State());
  EXPECT_NE(output.code, 0);
  EXPECT_NE(output.errors.find(std::to_string(cube_.Server().Pid())), std::string::npos)
      << output.errors;
}

TEST_F(BadInput, StateOfANewerVersionIsLeftAlone) {
  cube_.StartServer();
  ASSERT_EQ(cube_.StopServer(), 0);
  std::ofstream(cube_.State() / "version", std::ios::trunc) << "999\n";
  const Output output = StartAndFail(cube_.State());
  EXPECT_NE(output.code, 0);
  EXPECT_NE(output.errors.find("newer"), std::string::npos) << output.errors;
}

TEST_F(BadInput, FlippedByteInTheJournalIsFoundAndNothingIsServed) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.KillServer();  // no snapshot on the way out: the rows are needed
  const auto journal = cube_.State() / "journal.db";
  std::filesystem::path victim = cube_.State() / "journal.db-wal";
  if (!std::filesystem::exists(victim) || std::filesystem::file_size(victim) == 0) victim = journal;
  std::string bytes = ReadText(victim);
  const auto name = bytes.find("owner-of-pi1");
  ASSERT_NE(name, std::string::npos);
  // The write-ahead file has checksums of its own: a torn one is dropped by SQLite. Fold it in
  // first.
  if (victim != journal) {
    cube_.StartServer();
    ASSERT_EQ(cube_.StopServer(), 0);
    bytes = ReadText(journal);
  }
  for (auto at = bytes.find("owner-of-pi1"); at != std::string::npos;
       at = bytes.find("owner-of-pi1", at + 1)) {
    bytes[at] = 'O';
  }
  std::ofstream(journal, std::ios::binary | std::ios::trunc) << bytes;
  const Output verified = RunToEnd({PICUBE_SERVER, "verify", "--state", cube_.State().string()});
  EXPECT_EQ(verified.code, 4) << verified.out << verified.errors;
  const Output output = StartAndFail(cube_.State());
  EXPECT_NE(output.code, 0);
  EXPECT_NE(output.errors.find("verify"), std::string::npos) << output.errors;
}

TEST_F(BadInput, ServerThatCannotWriteIsReadOnlyUntilItCan) {
  cube_.StartServer();
  cube_.Join("pi1");
  const rlimit none{0, RLIM_INFINITY};
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(prlimit(cube_.Server().Pid(), RLIMIT_FSIZE, &none, nullptr), 0);
  const Output refused =
      cube_.Picube({"submit", "primes", "--from=0", "--to=1000", "--units=1"}, 40s);
  EXPECT_NE(refused.code, 0) << refused.out;
  EXPECT_TRUE(cube_.Server().Running());
  ASSERT_EQ(prlimit(cube_.Server().Pid(), RLIMIT_FSIZE, &all, nullptr), 0);
  cube_.StartWorker("pi1");
  std::string batch;
  for (int attempt = 0; attempt < 100 && batch.empty(); ++attempt) {
    const Output output =
        cube_.Picube({"submit", "primes", "--from=0", "--to=1000000", "--units=3", "--json"});
    if (output.code == 0) batch = Field(output.out, "id");
  }
  ASSERT_FALSE(batch.empty()) << cube_.Log("server");
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("server") << cube_.Log("pi1");
}

// A log that can be read while no file can be written.
class PipeLog {
 public:
  explicit PipeLog(const std::filesystem::path& path) {
    EXPECT_EQ(mkfifo(path.c_str(), 0600), 0);
    pipe_ = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~PipeLog() { close(pipe_); }
  PipeLog(const PipeLog&) = delete;
  PipeLog& operator=(const PipeLog&) = delete;
  [[nodiscard]] bool Await(const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (text_.find(text) == std::string::npos && std::chrono::steady_clock::now() < end) {
      pollfd ready{pipe_, POLLIN, 0};
      static_cast<void>(poll(&ready, 1, 100));
      char bytes[4096];
      const ssize_t got = read(pipe_, bytes, sizeof bytes);
      if (got > 0) text_.append(bytes, static_cast<std::size_t>(got));
    }
    return text_.find(text) != std::string::npos;
  }
  [[nodiscard]] const std::string& Text() const { return text_; }

 private:
  int pipe_;
  std::string text_;
};

TEST_F(BadInput, WorkerThatCannotWriteLosesNoResult) {
  cube_.StartServer();
  cube_.Join("pi1");
  PipeLog log(folder_.Path() / "pi1.log");
  cube_.StartWorker("pi1");
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000000", "--units=100"});
  ASSERT_TRUE(cube_.Await(batch, "settled", 5));
  const rlimit none{0, RLIM_INFINITY};
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(prlimit(cube_.Worker("pi1").Pid(), RLIMIT_FSIZE, &none, nullptr), 0);
  ASSERT_TRUE(log.Await("Results are reported from memory")) << log.Text();
  EXPECT_TRUE(cube_.Worker("pi1").Running());
  EXPECT_EQ(cube_.Status(batch, "failed"), 0);
  ASSERT_EQ(prlimit(cube_.Worker("pi1").Pid(), RLIMIT_FSIZE, &all, nullptr), 0);
  EXPECT_TRUE(log.Await("the state directory can be written again")) << log.Text();
  EXPECT_EQ(cube_.Watch(batch), 0) << log.Text();
  EXPECT_EQ(cube_.Status(batch, "settled"), 100);
}

TEST_F(BadInput, MistypedSettingsNameLineAndColumn) {
  std::filesystem::create_directories(folder_.Path() / "s");
  cube_.StartServer();
  ASSERT_EQ(cube_.StopServer(), 0);
  std::ofstream(cube_.State() / "server.yaml") << "listen: tcp://127.0.0.1:*\nschedulling: {}\n";
  const Output output = StartAndFail(cube_.State());
  EXPECT_EQ(output.code, 2);
  EXPECT_NE(output.errors.find("server.yaml:2:1"), std::string::npos) << output.errors;
}

}  // namespace
}  // namespace picube::test
