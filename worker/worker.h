// The worker as a library: `picube-worker` is RunWorker with the built-in applications, and another
// program can wrap them (or bring its own) by handing over a registry.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "workunits/application.h"

namespace picube {

struct WorkerOptions {
  std::filesystem::path state;    // empty = DefaultWorkerState()
  std::string server;             // endpoint instead of the one joined by; empty = as joined
  std::string name;               // empty = as joined
  int threads = 0;                // 0 = all
  std::uint64_t cache_bytes = 0;  // of input blobs; 0 = the default
  bool once = false;              // ask once, compute what comes, end
  int checkpoint_seconds = 60;    // least time between two checkpoints of a unit
  int reconnect_spread = -1;      // seconds; < 0 = as in worker.yaml
  int discover_seconds = 3;       // how long `discover` listens
  bool json = false;              // output of `discover` and `benchmark`
  int benchmark_seconds = 5;      // each measurement of `benchmark`
  int benchmark_primes = 20'000;  // bound of its prime loop
  double sustained_minutes = -1;  // of load before its sustained figure; < 0 = 10 on a board
  std::string log_level;          // trace, debug, info, warning, error, off; empty = info
  std::string software = "picube-worker 0.1.0";
  std::string mode;           // of the governor: max, cool, quiet, off; empty = as in worker.yaml
  std::string virtual_board;  // 3b, 3b+, 4b, 5: heats up instead of this machine; empty = none
  std::optional<double> ambient;  // °C, of the virtual board's room; nothing = as in worker.yaml
  bool virtual_fan = false;
  std::filesystem::path cap_socket = "/run/picube-cap.sock";
  std::filesystem::path board_root = "/";  // below it the board's sensors are read
};

// $XDG_DATA_HOME/picube/worker, or ~/.local/share/picube/worker.
[[nodiscard]] std::filesystem::path DefaultWorkerState();

// Fields of worker.yaml in the state directory fill what `options` leaves empty. Blocks until the
// worker ends (SIGTERM or SIGINT, which it handles while it runs, or --once, or a refusal).
// Returns an exit code, see WorkerExit in worker/core/agent.h. `applications` is borrowed.
[[nodiscard]] int RunWorker(const WorkerOptions& options, const ApplicationRegistry& applications);

// Makes keys, enrols with a join code, and writes keys and worker.yaml into the state directory.
// Says on standard output what happened. Returns an exit code.
[[nodiscard]] int JoinProject(const WorkerOptions& options, const std::string& code);

// Lists on standard output the servers that announce themselves on this network, with the
// fingerprints of their keys. Returns an exit code.
[[nodiscard]] int DiscoverServers(const WorkerOptions& options);

// Measures this machine (or what a virtual board sustains), and prints it. The sustained figure is
// kept in the state directory, if there is one. Returns an exit code.
[[nodiscard]] int RunBenchmark(const WorkerOptions& options);

// The whole command line of picube-worker.
[[nodiscard]] int WorkerMain(int argc, char** argv, const ApplicationRegistry& applications);

}  // namespace picube
