// Real programs on loopback: a server, workers and the command line, in a folder of their own.
// Every process started here is ended by its id; every wait is bounded.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/files.h"

namespace picube::test {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;

class Process {
 public:
  // Runs argv[0] with output and errors in `log` (appended).
  Process(std::vector<std::string> argv, const std::filesystem::path& log,
          const std::map<std::string, std::string>& environment = {});
  ~Process();  // SIGKILL if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t Pid() const { return pid_; }
  void Signal(int number) const;
  // The exit code, or 128 + signal; -1 if it has not ended in time.
  int Wait(std::chrono::milliseconds patience);
  [[nodiscard]] bool Running();

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

// Asks until it is so; false if it is not in time.
[[nodiscard]] bool Await(const std::function<bool()>& fact, std::chrono::seconds patience = 60s);

struct Output {
  int code = -1;
  std::string out;     // standard output
  std::string errors;  // standard error
};
// Runs a program to its end.
[[nodiscard]] Output RunToEnd(std::vector<std::string> argv,
                              const std::map<std::string, std::string>& environment = {},
                              std::chrono::milliseconds patience = 1min);

// One project in one folder.
class Cube {
 public:
  explicit Cube(const std::filesystem::path& folder) : folder_(folder) {}

  // Starts the server and waits until it serves.
  void StartServer(std::vector<std::string> more = {});
  void KillServer();  // SIGKILL
  // SIGTERM; its exit code.
  int StopServer();
  [[nodiscard]] Process& Server() { return *server_; }

  // Invites, joins; owner = "owner-of-NAME" unless given.
  void Join(const std::string& name, const std::string& owner = "");
  void StartWorker(const std::string& name, std::vector<std::string> more = {});
  // With another program than picube-worker (a forger), `prefix` before the arguments.
  void StartWorkerAs(const std::string& name, std::vector<std::string> program);
  void KillWorker(const std::string& name);
  [[nodiscard]] Process& Worker(const std::string& name) { return *workers_.at(name); }

  // The command line as the operator.
  [[nodiscard]] Output Picube(std::vector<std::string> arguments,
                              std::chrono::milliseconds patience = 2min) const;
  // The same, not waited for; its words go to the log "picube".
  [[nodiscard]] std::unique_ptr<Process> StartPicube(std::vector<std::string> arguments) const;
  // Submits and returns the batch's number; fails the test if it is not taken.
  [[nodiscard]] std::string Submit(std::vector<std::string> arguments) const;
  // Waits until the batch has ended; the exit code of `picube watch`.
  [[nodiscard]] int Watch(const std::string& batch,
                          std::chrono::milliseconds patience = 3min) const;
  // A number of `picube status BATCH --json`; -1 if it cannot be asked.
  [[nodiscard]] long Status(const std::string& batch, const std::string& field) const;
  // Waits until a number of the status reaches `least`.
  [[nodiscard]] bool Await(const std::string& batch, const std::string& field, long least) const;

  [[nodiscard]] std::filesystem::path State() const { return folder_ / "server"; }
  [[nodiscard]] std::filesystem::path WorkerState(const std::string& name) const {
    return folder_ / name;
  }
  [[nodiscard]] std::string Log(const std::string& name) const;

 private:
  std::filesystem::path folder_;
  std::unique_ptr<Process> server_;
  std::map<std::string, std::unique_ptr<Process>> workers_;
};

// The value of `"field": …` in JSON text, as text; empty if there is none.
[[nodiscard]] std::string Field(const std::string& json, const std::string& field);
// Where real recordings lie, or nothing.
[[nodiscard]] std::filesystem::path DataFolder();

}  // namespace picube::test
