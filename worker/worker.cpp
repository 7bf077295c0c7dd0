#include "worker/worker.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <utility>

#include "hardware/probe.h"
#include "protocol/base/limits.h"
#include "protocol/crypto/keys.h"
#include "protocol/lan/lan.h"
#include "protocol/transport/context.h"
#include "worker/board/keeper.h"
#include "worker/core/agent.h"
#include "worker/display/machine.h"
#include "worker/display/make.h"
#include "worker/facts.h"
#include "worker/joining.h"
#include "worker/link/link.h"
#include "worker/log.h"
#include "worker/owner.h"
#include "worker/settings.h"
#include "worker/shell.h"
#include "worker/spool/blob_folder.h"
#include "worker/spool/spool.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

constexpr Duration kDisplayPatience = 500ms;  // for its last words

// Options win over the file.
WorkerSettings Merge(WorkerSettings settings, const WorkerOptions& options) {
  if (!options.server.empty()) settings.server = options.server;
  if (options.threads > 0) settings.threads = options.threads;
  if (settings.threads <= 0)
    settings.threads = static_cast<int>(std::thread::hardware_concurrency());
  settings.threads = std::clamp(settings.threads, 1, 1024);
  if (options.cache_bytes > 0)
    settings.cache_mb = std::max<std::uint64_t>(1, options.cache_bytes >> 20);
  if (options.reconnect_spread >= 0) settings.reconnect_spread = options.reconnect_spread;
  if (!options.log_level.empty()) settings.log_level = options.log_level;
  return settings;
}

AgentOptions AgentOptionsOf(const WorkerOptions& options, const WorkerSettings& settings) {
  AgentOptions agent;
  agent.threads = static_cast<std::uint32_t>(settings.threads);
  agent.once = options.once;
  agent.cache_bytes = settings.cache_mb << 20;
  return agent;
}

// A retired list would only be tried in vain, so a failure to keep it is worth a line, no more.
void KeepEndpoints(const fs::path& state, WorkerLog& log,
                   const std::vector<std::string>& endpoints) {
  const Status kept = SaveEndpoints(state / "worker.yaml", endpoints);
  if (!kept) log.Warn(kept.error().what, MonotonicNow());
}

// Draws what the worker does until it is stopped.
DisplayLoop::Parts DisplayParts(const WorkerOptions& options, const DisplaySettings& settings,
                                const BoardFacts& facts, const BoardKeeper& board, Waker& waker) {
  const bool is_pi = facts.board.find("Raspberry Pi") != std::string::npos;
  const auto machine = std::make_shared<MachineView>([&board] { return board.Sample(); },
                                                     facts.cores, options.board_root);
  return {.display = MakeDisplay(settings, options.board_root, is_pi),
          .look = [machine](Instant now) { return machine->Look(now, std::time(nullptr)); },
          .wake = [&waker] { waker.Wake(); },
          .now = MonotonicNow};
}

Owner::Place PlaceOf(const WorkerOptions& options, const WorkerSettings& settings,
                     const HostFacts& facts) {
  const fs::path state = StateOf(options);
  Owner::Place place;
  place.settings_file = state / "worker.yaml";
  place.load = [options, file = place.settings_file]() -> Result<WorkerSettings> {
    auto read = LoadSettings(file);
    if (!read) return std::unexpected(read.error());
    return Merge(*std::move(read), options);
  };
  place.board_root = options.board_root;
  place.volume_file = state / "volume";
  const std::string& server = settings.server;
  const std::size_t host = server.find("://") == std::string::npos ? 0 : server.find("://") + 3;
  place.project = {server.substr(host, server.rfind(':') - host), server,
                   Fingerprint(settings.server_key)};
  place.facts = facts;
  return place;
}

BoardKeeperOptions BoardOptionsOf(const WorkerOptions& options, const WorkerSettings& settings) {
  BoardKeeperOptions board;
  board.settings = settings.board;
  if (!options.mode.empty()) board.settings.mode = GovernorModeNamed(options.mode);
  board.virtual_board = BoardNamed(options.virtual_board);
  board.virtual_options.ambient = options.ambient.value_or(settings.board.ambient);
  if (options.virtual_fan) board.virtual_options.resistance_times = kFanned;
  board.threads = settings.threads;
  board.cap_socket = options.cap_socket;
  board.state = StateOf(options);
  return board;
}

RunnerOptions RunnerOptionsOf(const WorkerOptions& options, const WorkerSettings& settings) {
  RunnerOptions runner;
  runner.threads = settings.threads;
  // Workers of one box have folders of their own.
  constexpr std::size_t kPhases = 1024;
  runner.phase = static_cast<double>(fs::hash_value(StateOf(options)) % kPhases) / kPhases;
  runner.least_checkpoint_interval = std::chrono::seconds(options.checkpoint_seconds);
  return runner;
}

int RunJoined(const WorkerOptions& options, const WorkerSettings& settings, Keys keys, Spool& spool,
              const ApplicationRegistry& applications) {
  const fs::path state = StateOf(options);
  auto blobs = BlobFolder::Open(state / "blobs");
  if (!blobs) return Stop(WorkerExit::kFailed, blobs.error());
  BoardProbe probe(options.board_root);
  WorkerLog log(settings.log_level);
  Waker waker;
  const StopSignals signals(waker);
  AgentOptions agent = AgentOptionsOf(options, settings);
  std::random_device seed;
  Rng rng((std::uint64_t{seed()} << 32) | seed());
  BoardKeeper board(probe, BoardOptionsOf(options, settings), rng.Fork());
  agent.facts = FactsOf(probe, options, state, applications);
  agent.facts.board = board.Called();
  agent.facts.offline_seconds = static_cast<std::uint32_t>(settings.offline_hours) * 3600;
  agent.facts.benchmark_flops = KnownFlops(state, settings.threads);
  Context context;
  const ReconnectOptions reconnect{.spread = std::chrono::seconds(settings.reconnect_spread),
                                   .patient = !options.once};
  Link link(context, std::move(keys), settings.server_key, Reconnect(reconnect, rng.Fork()));
  std::vector<std::string> endpoints = settings.endpoints;
  endpoints.insert(endpoints.begin(), settings.server);
  if (const Status begun = link.Connect(std::move(endpoints), MonotonicNow()); !begun) {
    return Stop(WorkerExit::kUsage, begun.error());
  }
  log.Info(options.software + " on " + agent.facts.board + ", " + std::to_string(settings.threads) +
               " threads, server " + settings.server,
           MonotonicNow());
  const auto keep = [&](const std::vector<std::string>& told) { KeepEndpoints(state, log, told); };
  DisplayLoop display(DisplayParts(options, settings.display, probe.Facts(), board, waker));
  Owner owner(PlaceOf(options, settings, agent.facts), settings);
  const auto gpio = MakeGpioKernel();
  FanKeeper fan(settings.fan.follow, MakeFanOutput(settings.fan, options.board_root, *gpio));
  Sleeper sleeper(settings.sleep_command);
  Shell shell({spool, *blobs, link, log, waker, probe, board, fan, sleeper, applications, display,
               owner, settings.name, keep},
              std::move(agent), RunnerOptionsOf(options, settings), rng.Fork());
  const int code = shell.Run(signals);
  log.Flush();
  const bool drawn = display.Stop(kDisplayPatience);
  // A kernel or a display that does not come back would hold the process for ever. All that matters
  // is on disk.
  if (shell.KernelRuns() || !drawn) std::_Exit(code);
  return code;
}

}  // namespace

fs::path DefaultWorkerState() {
  // getenv is safe here: nothing in the process changes the environment.
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
    return fs::path(data) / "picube" / "worker";
  }
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : ".") / ".local" / "share" / "picube" / "worker";
}

int RunWorker(const WorkerOptions& options, const ApplicationRegistry& applications) {
  if (const Status ready = InitCrypto(); !ready) return Stop(WorkerExit::kFailed, ready.error());
  const fs::path state = StateOf(options);
  std::error_code error;
  const bool joined = fs::exists(state / "worker.yaml", error) || JoinIsUnfinished(state);
  if (!joined) {
    return Stop(WorkerExit::kKeys, {ErrorKind::kUser,
                                    "this worker has not joined a project yet (there is no " +
                                        (state / "worker.yaml").string() + ").",
                                    "Ask the server's operator for a code, then run: "
                                    "picube-worker join CODE"});
  }
  auto spool = Spool::Open(state);
  if (!spool) return Stop(ExitFor(spool.error()), spool.error());
  if (const Status finished = FinishJoin(state, **spool); !finished) {
    return Stop(WorkerExit::kFailed, finished.error());
  }
  const auto settings = LoadSettings(state / "worker.yaml");
  if (!settings) return Stop(WorkerExit::kUsage, settings.error());
  if (settings->server_key.IsZero()) {
    return Stop(WorkerExit::kUsage,
                {ErrorKind::kUser, (state / "worker.yaml").string() + " lacks server_key.",
                 "Join again: picube-worker join CODE"});
  }
  const auto moved = (*spool)->BelongTo(Fingerprint(settings->server_key));
  if (!moved) return Stop(WorkerExit::kFailed, moved.error());
  SayMoved(*moved, **spool);
  auto keys = LoadKeys((state / "worker.keys").string());
  if (!keys) return Stop(WorkerExit::kKeys, keys.error());
  return RunJoined(options, Merge(*settings, options), *std::move(keys), **spool, applications);
}

int DiscoverServers(const WorkerOptions& options) {
  const auto found = FindLanServers(std::chrono::seconds(options.discover_seconds));
  if (!found) return Stop(WorkerExit::kFailed, found.error());
  if (options.json) {
    nlohmann::json servers = nlohmann::json::array();
    for (const LanServer& server : *found) {
      servers.push_back({{"name", server.name},
                         {"endpoint", server.endpoint},
                         {"key_fingerprint", server.fingerprint}});
    }
    constexpr auto kReplace = nlohmann::json::error_handler_t::replace;  // names of strangers
    std::printf("%s\n", servers.dump(2, ' ', false, kReplace).c_str());
    return std::to_underlying(WorkerExit::kOk);
  }
  for (const LanServer& server : *found) {
    std::printf("%s  %s  key %s\n", server.name.c_str(), server.endpoint.c_str(),
                server.fingerprint.c_str());
  }
  if (found->empty()) {
    std::printf(
        "No server announces itself on this network.\n"
        "A join code names its server: picube-worker join CODE works all the same.\n");
  } else {
    std::printf("To join one, ask its operator for a code: picube-worker join CODE\n");
  }
  return std::to_underlying(WorkerExit::kOk);
}

}  // namespace picube
