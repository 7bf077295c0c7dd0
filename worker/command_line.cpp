#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <utility>

#include "worker/core/agent.h"
#include "worker/worker.h"

namespace picube {
namespace {

constexpr const char* kFooter = R"(
Exit codes: 0 done, 1 failed, 2 wrong option or worker.yaml, 3 no work (--once),
  4 server does not answer, 5 server refuses this worker, 6 join code mistyped,
  7 join code expired, 8 join code used or withdrawn, 9 no usable keys,
  10 another worker runs on this state directory

Example:
  picube-worker join picube1-9Q3TR-…        # once; the code comes from `picube invite`
  picube-worker                             # from then on; stop it with Ctrl-C)";

std::uint64_t constexpr kMebibyte = 1ULL << 20;

struct CommandLine {
  WorkerOptions options;
  std::string code;
  std::uint64_t cache_mb = 0;
};

void AddOptions(CLI::App& app, CommandLine& line) {
  WorkerOptions& o = line.options;
  app.add_option("--state", o.state, "state directory [" + DefaultWorkerState().string() + "]")
      ->type_name("DIR");
  app.add_option("--server", o.server, "endpoint instead of the one joined by")
      ->type_name("tcp://HOST:PORT");
  app.add_option("--threads", o.threads, "threads to compute with, 0 = all [0]")
      ->type_name("N")
      ->check(CLI::Range(0, 1024));
  app.add_option("--cache-mb", line.cache_mb, "input data kept, in MiB [4096]")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30));
  app.add_option("--checkpoint-seconds", o.checkpoint_seconds,
                 "least time between checkpoints of a unit [60]")
      ->type_name("N")
      ->check(CLI::Range(1, 86'400));
  app.add_option("--reconnect-spread", o.reconnect_spread,
                 "after a lost connection wait a random time below this [15]")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, 3600));
  app.add_option("--log-level", o.log_level, "debug, info, warning, error or off [info]")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}));
  app.add_option("--mode", o.mode,
                 "of the heat: max, cool, quiet, off [cool if the clock can be capped]")
      ->type_name("MODE")
      ->check(CLI::IsMember({"max", "cool", "quiet", "off"}));
  CLI::Option* board = app.add_option("--virtual-board", o.virtual_board,
                                      "computes as a board that heats up: 3b, 3b+, 4b, 5")
                           ->type_name("BOARD")
                           ->check(CLI::IsMember({"3b", "3b+", "4b", "5"}));
  app.add_option("--ambient", o.ambient, "of the virtual board's room, in degrees C [25]")
      ->type_name("C")
      ->check(CLI::Range(-20, 60))
      ->needs(board);
  app.add_flag("--fan", o.virtual_fan, "the virtual board has a fan")->needs(board);
  app.add_option("--sysroot", o.board_root,
                 "below it /sys, /proc and /dev of the board are read [/]")
      ->type_name("DIR");
  app.add_option("--cap-socket", o.cap_socket,
                 "where picube-cap-helper listens [" + o.cap_socket.string() + "]")
      ->type_name("PATH");
  app.add_flag("--once", o.once, "ask once, compute what comes, end");
}

CLI::App* AddBenchmark(CLI::App& app, WorkerOptions& o) {
  CLI::App* benchmark = app.add_subcommand("benchmark",
                                           "measure this machine: the prime loop of sysbench, "
                                           "flop/s, memory, heat; with --virtual-board\n"
                                           "what that one sustains, in virtual time");
  benchmark->add_option("--seconds", o.benchmark_seconds, "of each measurement [5]")
      ->type_name("N")
      ->check(CLI::Range(1, 600));
  benchmark->add_option("--primes", o.benchmark_primes, "bound of the loop [20000]")
      ->type_name("N")
      ->check(CLI::Range(3, 10'000'000));
  benchmark
      ->add_option("--sustained", o.sustained_minutes,
                   "full load before the sustained figure, 0 = none [10 on a Raspberry Pi, else 0]")
      ->type_name("MINUTES")
      ->check(CLI::Range(0.0, 1440.0));
  benchmark->add_flag("--json", o.json, "as JSON");
  return benchmark;
}

}  // namespace

int WorkerMain(int argc, char** argv, const ApplicationRegistry& applications) {
  CommandLine line;
  CLI::App app("picube-worker: computes work units of a PiCube grid. Needs no privileges.",
               "picube-worker");
  app.set_version_flag("--version", line.options.software);
  app.fallthrough();
  app.require_subcommand(0, 1);
  app.footer(kFooter);
  AddOptions(app, line);
  CLI::App* join = app.add_subcommand("join", "join a project with a code from its operator");
  join->add_option("CODE", line.code, "the join code")->required();
  join->add_option("--name", line.options.name, "name of this host [this machine's]");
  CLI::App* discover =
      app.add_subcommand("discover", "list the servers of this network (to join takes a code)");
  discover->add_option("--seconds", line.options.discover_seconds, "how long to listen [3]")
      ->type_name("N")
      ->check(CLI::Range(1, 60));
  discover->add_flag("--json", line.options.json, "as JSON");
  CLI::App* benchmark = AddBenchmark(app, line.options);
  app.add_subcommand("run", "compute until stopped (also without a command)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return std::to_underlying(code == 0 ? WorkerExit::kOk : WorkerExit::kUsage);
  }
  line.options.cache_bytes = line.cache_mb * kMebibyte;
  if (*benchmark) return RunBenchmark(line.options);
  if (*discover) return DiscoverServers(line.options);
  return *join ? JoinProject(line.options, line.code) : RunWorker(line.options, applications);
}

}  // namespace picube
