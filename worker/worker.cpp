#include "worker/worker.h"

#include <unistd.h>

#include <algorithm>
#include <array>
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
#include "worker/core/agent.h"
#include "worker/link/join.h"
#include "worker/link/link.h"
#include "worker/log.h"
#include "worker/settings.h"
#include "worker/shell.h"
#include "worker/spool/blob_folder.h"
#include "worker/spool/spool.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

// Said before the log is there, and by `join`, which has none.
int Stop(WorkerExit code, const Error& error) {
  std::fprintf(stderr, "picube-worker: %s\n", error.Text().c_str());
  return std::to_underlying(code);
}

fs::path StateOf(const WorkerOptions& options) {
  return options.state.empty() ? DefaultWorkerState() : options.state;
}

std::string MachineName() {
  std::array<char, limits::kNameBytes + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "worker";
  return name.data();
}

WallTime WallNow() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

WorkerExit ExitFor(const Error& error) {
  return error.kind == ErrorKind::kRefused ? WorkerExit::kStateInUse : WorkerExit::kFailed;
}

// Options win over the file.
WorkerSettings Merge(WorkerSettings settings, const WorkerOptions& options) {
  if (!options.server.empty()) settings.server = options.server;
  if (options.threads > 0) settings.threads = options.threads;
  if (settings.threads <= 0)
    settings.threads = static_cast<int>(std::thread::hardware_concurrency());
  settings.threads = std::clamp(settings.threads, 1, 1024);
  if (options.cache_bytes > 0)
    settings.cache_mb = std::max<std::uint64_t>(1, options.cache_bytes >> 20);
  if (!options.log_level.empty()) settings.log_level = options.log_level;
  return settings;
}

HostFacts FactsOf(const BoardProbe& probe, const WorkerOptions& options, const fs::path& state,
                  const ApplicationRegistry& applications) {
  const BoardFacts board = probe.Facts();
  HostFacts facts;
  facts.software = options.software;
  facts.board = board.board;
  facts.isa = BoardProbe::Isa();
  facts.os = board.os;
  facts.cores = board.cores.value_or(std::max(1U, std::thread::hardware_concurrency()));
  facts.memory_bytes = board.memory_bytes.value_or(0);
  std::error_code error;
  const fs::space_info space = fs::space(state, error);
  if (!error) facts.disk_bytes = space.available;
  for (const Application* application : applications.All()) {
    if (facts.applications.size() == limits::kApplications) break;
    facts.applications.push_back({application->Info().name, application->Info().version});
  }
  return facts;
}

AgentOptions AgentOptionsOf(const WorkerOptions& options, const WorkerSettings& settings) {
  AgentOptions agent;
  agent.threads = static_cast<std::uint32_t>(settings.threads);
  agent.once = options.once;
  agent.cache_bytes = settings.cache_mb << 20;
  return agent;
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
  Context context;
  Link link(context, std::move(keys), settings.server_key);
  if (const Status begun = link.Connect(settings.server); !begun) {
    return Stop(WorkerExit::kUsage, begun.error());
  }
  AgentOptions agent = AgentOptionsOf(options, settings);
  agent.facts = FactsOf(probe, options, state, applications);
  std::random_device seed;
  const std::uint64_t random = (std::uint64_t{seed()} << 32) | seed();
  RunnerOptions runner;
  runner.threads = settings.threads;
  log.Info(options.software + " on " + agent.facts.board + ", " + std::to_string(settings.threads) +
               " threads, server " + settings.server,
           MonotonicNow());
  Shell shell({spool, *blobs, link, log, waker, probe, applications}, std::move(agent), runner,
              Rng(random));
  const int code = shell.Run(signals);
  log.Flush();
  // A kernel that does not come back would hold the process for ever. All that matters is on disk.
  if (shell.KernelRuns()) std::_Exit(code);
  return code;
}

// The settings of an earlier join stay, except for what the new one says.
Status SaveJoin(const fs::path& state, const JoinCode& code, const Enrolled& enrolled) {
  const fs::path path = state / "worker.yaml";
  WorkerSettings settings = LoadSettings(path).value_or(WorkerSettings{});
  settings.server = code.endpoint;
  settings.server_key = code.server_transport_key;
  settings.server_signing_key = code.server_signing_key;
  settings.name = enrolled.name;
  return SaveSettings(path, settings);
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
  if (!fs::exists(state / "worker.yaml", error)) {
    return Stop(WorkerExit::kKeys, {ErrorKind::kUser,
                                    "this worker has not joined a project yet (there is no " +
                                        (state / "worker.yaml").string() + ").",
                                    "Ask the server's operator for a code, then run: "
                                    "picube-worker join CODE"});
  }
  const auto settings = LoadSettings(state / "worker.yaml");
  if (!settings) return Stop(WorkerExit::kUsage, settings.error());
  if (settings->server_key.IsZero()) {
    return Stop(WorkerExit::kUsage,
                {ErrorKind::kUser, (state / "worker.yaml").string() + " lacks server_key.",
                 "Join again: picube-worker join CODE"});
  }
  auto spool = Spool::Open(state);
  if (!spool) return Stop(ExitFor(spool.error()), spool.error());
  auto keys = LoadKeys((state / "worker.keys").string());
  if (!keys) return Stop(WorkerExit::kKeys, keys.error());
  return RunJoined(options, Merge(*settings, options), *std::move(keys), **spool, applications);
}

int JoinProject(const WorkerOptions& options, const std::string& text) {
  if (const Status ready = InitCrypto(); !ready) return Stop(WorkerExit::kFailed, ready.error());
  auto code = ReadJoinCode(text, WallNow());
  if (!code) return Stop(code.error().code, code.error().error);
  if (!options.server.empty()) code->endpoint = options.server;
  const fs::path state = StateOf(options);
  const auto spool = Spool::Open(state);
  if (!spool) return Stop(ExitFor(spool.error()), spool.error());
  // The keys are on disk before the server hears of them: an answer that gets lost must not leave a
  // host that nobody can be. Old keys stay until the new ones are good.
  const fs::path fresh = state / "worker.keys.new";
  const Keys keys = MakeKeys();
  if (const Status saved = SaveKeys(fresh.string(), keys); !saved) {
    return Stop(WorkerExit::kFailed, saved.error());
  }
  Context context;
  const std::string name = options.name.empty() ? MachineName() : options.name;
  const auto enrolled = EnrolHost(context, *code, keys, {.name = name});
  if (!enrolled) return Stop(enrolled.error().code, enrolled.error().error);
  std::error_code error;
  fs::rename(fresh, state / "worker.keys", error);
  if (error) {
    return Stop(WorkerExit::kFailed,
                {ErrorKind::kStore, "cannot write worker.keys: " + error.message() + ".", {}});
  }
  if (const Status saved = SaveJoin(state, *code, *enrolled); !saved) {
    return Stop(WorkerExit::kFailed, saved.error());
  }
  std::printf(
      "Joined %s (key %s) as %s (host %llu, owner %s).\nStart computing with: picube-worker%s\n",
      code->endpoint.c_str(), Fingerprint(code->server_transport_key).c_str(),
      enrolled->name.c_str(), static_cast<unsigned long long>(enrolled->id.value),
      enrolled->owner.c_str(), options.state.empty() ? "" : (" --state " + state.string()).c_str());
  return std::to_underlying(WorkerExit::kOk);
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
