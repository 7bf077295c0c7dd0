#include "tests/integration/processes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

extern char** environ;

namespace picube::test {
namespace {

std::vector<std::string> EnvironmentWith(const std::map<std::string, std::string>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!more.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : more) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t Spawn(std::vector<std::string> argv, const std::map<std::string, std::string>& environment,
            const std::string& out, const std::string& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND;
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), kFlags, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), kFlags, 0600);
  auto texts = EnvironmentWith(environment);
  auto env = Pointers(texts);
  auto args = Pointers(argv);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, args[0], &actions, nullptr, args.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(failed, 0) << "cannot run " << args[0];
  return pid;
}

}  // namespace

Process::Process(std::vector<std::string> argv, const std::filesystem::path& log,
                 const std::map<std::string, std::string>& environment)
    : pid_(Spawn(std::move(argv), environment, log.string(), log.string())) {}

Process::~Process() {
  if (pid_ > 0 && Running()) {
    Signal(SIGKILL);
    static_cast<void>(Wait(10s));
  }
}

void Process::Signal(int number) const {
  if (!ended_ && pid_ > 0) kill(pid_, number);
}

bool Process::Running() { return Wait(std::chrono::milliseconds(0)) == -1; }

int Process::Wait(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!ended_) {
    const pid_t got = waitpid(pid_, &status_, WNOHANG);
    if (got == pid_) {
      ended_ = true;
      break;
    }
    if (got < 0 || std::chrono::steady_clock::now() >= end) return -1;
    poll(nullptr, 0, 5);
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

bool Await(const std::function<bool()>& fact, std::chrono::seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!fact()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    ::poll(nullptr, 0, 20);
  }
  return true;
}

Output RunToEnd(std::vector<std::string> argv,
                const std::map<std::string, std::string>& environment,
                std::chrono::milliseconds patience) {
  const Folder folder;
  const auto out = folder.Path() / "out";
  const auto errors = folder.Path() / "errors";
  const auto end = std::chrono::steady_clock::now() + patience;
  const pid_t pid = Spawn(std::move(argv), environment, out.string(), errors.string());
  int status = 0;
  Output output;
  while (true) {
    if (waitpid(pid, &status, WNOHANG) == pid) {
      output.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (std::chrono::steady_clock::now() >= end) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      break;
    }
    poll(nullptr, 0, 2);
  }
  output.out = ReadText(out);
  output.errors = ReadText(errors);
  return output;
}

void Cube::StartServer(std::vector<std::string> more) {
  const auto ready = folder_ / "ready";
  std::filesystem::remove(ready);
  std::vector<std::string> argv = {PICUBE_SERVER,    "run",         "--state",
                                   State().string(), "--listen",    "tcp://127.0.0.1:*",
                                   "--ready",        ready.string()};
  argv.insert(argv.end(), more.begin(), more.end());
  server_ = std::make_unique<Process>(argv, folder_ / "server.log");
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (ReadText(ready).find('\n') == std::string::npos) {
    ASSERT_TRUE(server_->Running()) << "the server did not start:\n" << Log("server");
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the server does not get ready";
    poll(nullptr, 0, 5);
  }
}

void Cube::KillServer() {
  server_->Signal(SIGKILL);
  static_cast<void>(server_->Wait(10s));
}

int Cube::StopServer() {
  server_->Signal(SIGTERM);
  return server_->Wait(30s);
}

void Cube::Join(const std::string& name, const std::string& owner) {
  const Output invited =
      Picube({"invite", "--owner", owner.empty() ? "owner-of-" + name : owner, "--json"});
  ASSERT_EQ(invited.code, 0) << invited.errors << invited.out;
  const Output joined = RunToEnd({PICUBE_WORKER, "join", Field(invited.out, "code"), "--name", name,
                                  "--state", WorkerState(name).string()});
  ASSERT_EQ(joined.code, 0) << joined.errors << joined.out;
}

void Cube::StartWorker(const std::string& name, std::vector<std::string> more) {
  std::vector<std::string> argv = {
      PICUBE_WORKER,        "run", "--state", WorkerState(name).string(), "--threads", "1",
      "--reconnect-spread", "0"};
  argv.insert(argv.end(), more.begin(), more.end());
  workers_[name] = std::make_unique<Process>(argv, folder_ / (name + ".log"));
}

void Cube::StartWorkerAs(const std::string& name, std::vector<std::string> program) {
  for (const std::string& argument :
       {std::string("run"), std::string("--state"), WorkerState(name).string(),
        std::string("--threads"), std::string("1"), std::string("--reconnect-spread"),
        std::string("0")}) {
    program.push_back(argument);
  }
  workers_[name] = std::make_unique<Process>(program, folder_ / (name + ".log"));
}

void Cube::KillWorker(const std::string& name) {
  workers_.at(name)->Signal(SIGKILL);
  static_cast<void>(workers_.at(name)->Wait(10s));
}

Output Cube::Picube(std::vector<std::string> arguments, std::chrono::milliseconds patience) const {
  arguments.insert(arguments.begin(), PICUBE_CLI);
  return RunToEnd(std::move(arguments), {{"PICUBE_PROFILE", (State() / "operator").string()}},
                  patience);
}

std::unique_ptr<Process> Cube::StartPicube(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), PICUBE_CLI);
  const std::map<std::string, std::string> environment{
      {"PICUBE_PROFILE", (State() / "operator").string()}};
  return std::make_unique<Process>(std::move(arguments), folder_ / "picube.log", environment);
}

std::string Cube::Submit(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "submit");
  arguments.push_back("--json");
  const Output output = Picube(std::move(arguments));
  EXPECT_EQ(output.code, 0) << output.errors << output.out;
  return Field(output.out, "id");
}

int Cube::Watch(const std::string& batch, std::chrono::milliseconds patience) const {
  return Picube({"watch", batch}, patience).code;
}

long Cube::Status(const std::string& batch, const std::string& field) const {
  const Output output = Picube({"status", batch, "--json"}, 20s);
  const std::string value = Field(output.out, field);
  return output.code == 0 && !value.empty() ? std::strtol(value.c_str(), nullptr, 10) : -1;
}

bool Cube::Await(const std::string& batch, const std::string& field, long least) const {
  const auto end = std::chrono::steady_clock::now() + 2min;
  while (Status(batch, field) < least) {
    if (std::chrono::steady_clock::now() >= end) return false;
    poll(nullptr, 0, 50);
  }
  return true;
}

std::string Cube::Log(const std::string& name) const { return ReadText(folder_ / (name + ".log")); }

std::string Field(const std::string& json, const std::string& field) {
  const std::string key = "\"" + field + "\":";
  auto at = json.find(key);
  if (at == std::string::npos) return {};
  at = json.find_first_not_of(" \"", at + key.size());
  return json.substr(at, json.find_first_of("\",\n}", at) - at);
}

std::filesystem::path DataFolder() {
  if (const char* set = std::getenv("PICUBE_TEST_DATA")) return set;
  return PICUBE_DATA_FALLBACK;
}

}  // namespace picube::test
