// picube-sim: plays runs of the whole grid from seeds and says whether every rule held.
#include <unistd.h>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "simulation/board_command.h"
#include "simulation/compare.h"
#include "simulation/saved_seeds.h"
#include "simulation/scenario.h"
#include "simulation/world.h"

namespace {

using namespace picube;
using namespace picube::sim;

// What a handler may print when a check of a core aborts: made before each run.
char replay_line[512];
std::size_t replay_length = 0;

extern "C" void SayReplay(int signal) {
  static_cast<void>(!write(STDERR_FILENO, replay_line, replay_length));
  _exit(128 + signal);
}

struct Arguments {
  std::uint64_t seed = 1;
  std::string seeds;  // "A..B"
  std::uint32_t hosts = 0;
  std::uint32_t units = 0;
  double days = 0;
  std::string policy;
  std::string profile;
  bool colluders = false;
  bool compare = false;
  bool json = false;
  bool quiet = false;
  std::string log;
  std::string saved;
  std::string pin;
  std::uint32_t check_every = 1;
};

SimOptions OptionsOf(const Arguments& arguments) {
  SimOptions options;
  options.seed = arguments.seed;
  if (!arguments.profile.empty()) options.profile = ProfileNamed(arguments.profile);
  if (!arguments.policy.empty()) options.policy = PolicyNamed(arguments.policy);
  if (arguments.hosts != 0) options.hosts = arguments.hosts;
  if (arguments.units != 0) options.units = arguments.units;
  if (arguments.days > 0) {
    options.storm = Duration(static_cast<std::int64_t>(arguments.days * 86'400e6));
  }
  options.colluders = arguments.colluders;
  options.check_every = arguments.check_every;
  return options;
}

// The command that plays this seed again, with all that was given on this command line.
std::string ReplayOf(const Arguments& a, const char* program, std::uint64_t seed) {
  std::string command = std::string(program) + " --seed " + std::to_string(seed);
  if (!a.profile.empty()) command += " --profile " + a.profile;
  if (!a.policy.empty()) command += " --policy " + a.policy;
  if (a.hosts != 0) command += " --hosts " + std::to_string(a.hosts);
  if (a.units != 0) command += " --units " + std::to_string(a.units);
  if (a.days > 0) {
    char days[40];
    std::snprintf(days, sizeof days, " --days %.17g", a.days);
    command += days;
  }
  if (a.colluders) command += " --colluders";
  return command;
}

void PrepareReplay(std::uint64_t seed, const std::string& command) {
  replay_length = static_cast<std::size_t>(
      std::snprintf(replay_line, sizeof replay_line,
                    "seed %llu FAILED: a check of the core did not hold (above)\nreplay: %s\n",
                    static_cast<unsigned long long>(seed), command.c_str()));
}

void PrintJson(std::uint64_t seed, const Scenario& scenario, const RunResult& result) {
  std::string failure;
  for (const char c : result.failure) {
    if (c == '"' || c == '\\') failure += '\\';
    failure += c;
  }
  const RunCounts& n = result.counts;
  const auto number = [](std::uint64_t x) { return static_cast<unsigned long long>(x); };
  std::printf(
      "{\"seed\":%llu,\"profile\":\"%s\",\"policy\":\"%s\",\"ok\":%s,\"failure\":\"%s\","
      "\"log_hash\":\"%016llx\",\"log_lines\":%llu,\"virtual_seconds\":%lld,\"hosts\":%zu,"
      "\"rows\":%llu,\"leases\":%llu,\"leases_lost\":%llu,\"results\":%llu,\"settled\":%llu,"
      "\"failed\":%llu,\"wrong\":%llu,\"server_starts\":%llu}\n",
      number(seed), std::string(Name(scenario.profile)).c_str(),
      std::string(PolicyName(scenario.policy)).c_str(), result.failure.empty() ? "true" : "false",
      failure.c_str(), number(result.log_hash), number(result.log_lines),
      static_cast<long long>(result.virtual_time.count() / 1'000'000), scenario.hosts.size(),
      number(n.rows), number(n.leases), number(n.leases_lost), number(n.results), number(n.settled),
      number(n.failed), number(n.wrong), number(n.server_starts));
}

void PrintLine(std::uint64_t seed, const Scenario& scenario, const RunResult& result) {
  const RunCounts& n = result.counts;
  const auto number = [](std::uint64_t x) { return static_cast<unsigned long long>(x); };
  std::printf(
      "seed %llu %-7s %-12s %s log %016llx: %lld h, %zu hosts, %llu settled, %llu failed, "
      "%llu leases (%llu lost), %llu server starts%s\n",
      number(seed), std::string(Name(scenario.profile)).c_str(),
      std::string(PolicyName(scenario.policy)).c_str(), result.failure.empty() ? "ok" : "FAILED",
      number(result.log_hash), static_cast<long long>(result.virtual_time.count() / 3'600'000'000),
      scenario.hosts.size(), number(n.settled), number(n.failed), number(n.leases),
      number(n.leases_lost), number(n.server_starts),
      n.wrong != 0 ? " (lies believed where one result is)" : "");
}

bool PlaySeed(const Arguments& arguments, std::uint64_t seed, const std::string& command) {
  SimOptions options = OptionsOf(arguments);
  options.seed = seed;
  PrepareReplay(seed, command);
  std::FILE* log = nullptr;
  if (!arguments.log.empty()) {
    log = std::fopen(arguments.log.c_str(), "w");
    if (log == nullptr) {
      std::fprintf(stderr, "cannot write %s\n", arguments.log.c_str());
      std::exit(1);
    }
  }
  const Scenario scenario = MakeScenario(options);
  const RunResult result = Play(scenario, log);
  if (log != nullptr) std::fclose(log);
  if (arguments.json) {
    PrintJson(seed, scenario, result);
  } else if (!arguments.quiet || !result.failure.empty()) {
    PrintLine(seed, scenario, result);
  }
  if (result.failure.empty()) return true;
  std::fprintf(stderr, "seed %llu FAILED: %s\nreplay: %s\n", static_cast<unsigned long long>(seed),
               result.failure.c_str(), command.c_str());
  return false;
}

// Plays the kept runs; with `pin` the hashes are written back instead of compared.
int PlaySaved(const std::string& path, const char* program, bool pin) {
  auto seeds = ReadSeeds(path);
  if (!seeds) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), seeds.error().Text().c_str());
    return 2;
  }
  int failed = 0;
  for (SavedSeed& seed : *seeds) {
    Arguments arguments;
    if (seed.profile) arguments.profile = Name(*seed.profile);
    const std::string command = ReplayOf(arguments, program, seed.seed);
    PrepareReplay(seed.seed, command);
    const Scenario scenario = MakeScenario(seed.Options());
    RunResult result = Play(scenario);
    if (pin && seed.log_hash) seed.log_hash = result.log_hash;
    if (result.failure.empty() && seed.log_hash && *seed.log_hash != result.log_hash) {
      result.failure = "its event log is not the pinned one";
    }
    PrintLine(seed.seed, scenario, result);
    if (result.failure.empty()) continue;
    ++failed;
    std::fprintf(stderr, "seed %llu FAILED: %s\nreplay: %s\n",
                 static_cast<unsigned long long>(seed.seed), result.failure.c_str(),
                 command.c_str());
  }
  if (failed != 0 || !pin) return failed == 0 ? 0 : 1;
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    std::fprintf(stderr, "cannot write %s\n", path.c_str());
    return 1;
  }
  std::fputs(SeedsText(*seeds).c_str(), file);
  return std::fclose(file) == 0 ? 0 : 1;
}

int PlayComparison(const Arguments& arguments, const char* program) {
  const SimOptions options = OptionsOf(arguments);
  PrepareReplay(arguments.seed,
                ReplayOf(arguments, program, arguments.seed) + " --compare-policies");
  const std::vector<PolicyRun> runs = ComparePolicies(options);
  std::fputs(TableOf(runs, PerfectSeconds(options)).c_str(), stdout);
  for (const PolicyRun& run : runs) {
    if (!run.result.failure.empty()) return 1;
  }
  return 0;
}

// "A..B", both included.
std::optional<std::pair<std::uint64_t, std::uint64_t>> RangeOf(const std::string& text) {
  unsigned long long first = 0;
  unsigned long long last = 0;
  char more = 0;
  if (std::sscanf(text.c_str(), "%llu..%llu%c", &first, &last, &more) != 2 || last < first) {
    return std::nullopt;
  }
  return std::pair<std::uint64_t, std::uint64_t>{first, last};
}

void Describe(CLI::App& app, Arguments& a) {
  app.footer(
      "Example: picube-sim --seeds 1..200 --profile crashy\n"
      "The same seed gives the same log and the same hash on every machine.");
  app.add_option("--seed", a.seed, "play this run")->capture_default_str()->group("What");
  app.add_option("--seeds", a.seeds, "play all runs from A to B: A..B")->group("What");
  app.add_option("--profile", a.profile, "calm, flaky, hostile or crashy [by the seed]")
      ->check(CLI::IsMember({"calm", "flaky", "hostile", "crashy"}))
      ->group("What");
  app.add_option("--policy", a.policy, "scheduling policy [by the seed]")
      ->check(CLI::IsMember({"round-robin", "weighted", "least-leases", "load", "adaptive"}))
      ->group("What");
  app.add_option("--hosts", a.hosts, "workers [3 to 8]")->group("What");
  app.add_option("--units", a.units, "work units [50 to 200]")->group("What");
  app.add_option("--days", a.days, "virtual days during which things fail [1/48 to 1/6]")
      ->group("What");
  app.add_option("--saved", a.saved, "play the runs kept in this file")->group("What");
  app.add_option("--pin", a.pin, "play them and write their hashes into the file")->group("What");
  app.add_flag("--colluders", a.colluders, "liars agree on their lies")->group("What");
  app.add_flag("--compare-policies", a.compare, "print a table of all policies")->group("What");
  app.add_option("--check-every", a.check_every, "steps between two checks of all invariants")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group("How");
  app.add_option("--log", a.log, "write the event log to this file")->group("How");
  app.add_flag("--json", a.json, "one JSON object a run")->group("How");
  app.add_flag("--quiet", a.quiet, "print only what fails")->group("How");
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Plays the whole grid under virtual time from a seed and checks every rule.",
               "picube-sim");
  Describe(app, arguments);
  BoardArguments board;
  const CLI::App* board_command = AddBoardCommand(app, board);
  CLI11_PARSE(app, argc, argv);
  if (board_command->parsed()) return RunBoard(board);
  std::signal(SIGABRT, SayReplay);

  if (arguments.compare) return PlayComparison(arguments, argv[0]);
  if (!arguments.pin.empty()) return PlaySaved(arguments.pin, argv[0], /*pin=*/true);
  if (!arguments.saved.empty()) return PlaySaved(arguments.saved, argv[0], /*pin=*/false);
  std::pair<std::uint64_t, std::uint64_t> range{arguments.seed, arguments.seed};
  if (!arguments.seeds.empty()) {
    const auto given = RangeOf(arguments.seeds);
    if (!given) {
      std::fprintf(stderr, "--seeds takes A..B with A no greater than B, such as 1..200\n");
      return 2;
    }
    range = *given;
  }
  for (std::uint64_t seed = range.first;; ++seed) {
    if (!PlaySeed(arguments, seed, ReplayOf(arguments, argv[0], seed))) return 1;
    if (seed == range.second) return 0;
  }
}
