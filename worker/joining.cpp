// Joining. Files in the state directory, in the order in which they appear and go:
//
//   worker.keys.new   the keys that the server is asked to take; written before it hears of them,
//                     so that an answer that gets lost leaves no host that nobody can be. The next
//                     join uses them again.
//   worker.yaml.new   the server has taken them. From here on the join only needs to be made whole,
//                     which every start does:
//   servers/OLD/      the old server's keys (and, by Spool::BelongTo, its leases and results)
//   worker.keys       worker.keys.new, renamed
//   worker.yaml       worker.yaml.new, renamed
#include "worker/joining.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/base/text.h"
#include "protocol/crypto/keys.h"
#include "protocol/transport/context.h"
#include "worker/facts.h"
#include "worker/link/join.h"
#include "worker/settings.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

std::string MachineName() {
  std::array<char, limits::kNameBytes + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "worker";
  return CleanText(name.data(), limits::kNameBytes);
}

WallTime WallNow() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

fs::path FreshKeys(const fs::path& state) { return state / "worker.keys.new"; }
fs::path FreshSettings(const fs::path& state) { return state / "worker.yaml.new"; }

// What is not there has been moved before.
Status Move(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error || error == std::errc::no_such_file_or_directory) return {};
  return Fail(ErrorKind::kStore,
              "cannot move " + from.string() + " to " + to.string() + ": " + error.message() + ".");
}

// The server that the state directory belonged to until now; nothing if there was none.
std::optional<TransportKey> ServerOf(const fs::path& state) {
  const auto settings = LoadSettings(state / "worker.yaml");
  if (!settings || settings->server_key.IsZero()) return std::nullopt;
  return settings->server_key;
}

struct Joined {
  std::string name;
  std::string owner;  // empty = not said
  HostId id;
  bool known = false;  // by earlier keys: the code was not needed
};

class Joining {
 public:
  Joining(const WorkerOptions& options, const JoinCode& code, Spool& spool)
      : state_(StateOf(options)),
        code_(code),
        spool_(spool),
        name_(options.name.empty() ? MachineName() : options.name),
        facts_(FactsOf(BoardProbe(options.board_root), options, state_, {})) {}

  std::expected<Joined, JoinFailure> Run() {
    if (const auto back = Return()) return *back;
    auto keys = LoadKeys(FreshKeys(state_).string());
    for (bool used = keys.has_value();; used = false) {
      if (!used) {
        keys = MakeKeys();
        if (const Status saved = SaveKeys(FreshKeys(state_).string(), *keys); !saved) {
          return std::unexpected(JoinFailure{WorkerExit::kFailed, saved.error()});
        }
      }
      auto joined = Enter(*keys);
      // Keys of an earlier attempt that the server has seen and does not want: others may do.
      if (joined || !used || joined.error().code != WorkerExit::kCodeUsed) return joined;
    }
  }

 private:
  // To a server that was left, as the host that its leases and results belong to.
  std::optional<Joined> Return() {
    const std::string server = Fingerprint(code_.server_transport_key);
    const fs::path path = spool_.FolderOf(server) / "worker.keys";
    const auto keys = LoadKeys(path.string());
    if (!keys) return std::nullopt;
    GreetRequest greeting{.facts = facts_, .leases = spool_.LeasesHeldFor(server)};
    const auto welcome = GreetHost(context_, code_, *keys, greeting);
    if (!welcome || !Move(path, FreshKeys(state_))) return std::nullopt;
    return Joined{.name = welcome->name, .owner = {}, .id = welcome->host, .known = true};
  }

  // When the code is refused or the server silent, it may have taken the keys in an earlier try
  // whose answer was lost: then it greets them.
  std::expected<Joined, JoinFailure> Enter(const Keys& keys) {
    auto enrolled = EnrolHost(context_, code_, keys, {.name = name_});
    if (enrolled)
      return Joined{.name = enrolled->name, .owner = enrolled->owner, .id = enrolled->id};
    GreetRequest greeting{.facts = facts_, .leases = {}, .patience = 5s};
    const auto welcome = GreetHost(context_, code_, keys, greeting);
    if (welcome) return Joined{.name = welcome->name, .owner = {}, .id = welcome->host};
    return std::unexpected(std::move(enrolled.error()));
  }

  const fs::path state_;
  const JoinCode& code_;
  Spool& spool_;
  const std::string name_;
  const HostFacts facts_;
  Context context_;
};

// The settings of an earlier join stay, except for what the new one says.
Status SaveJoin(const fs::path& state, const JoinCode& code, const Joined& joined) {
  WorkerSettings settings = LoadSettings(state / "worker.yaml").value_or(WorkerSettings{});
  settings.server = code.endpoint;
  settings.endpoints.clear();
  settings.server_key = code.server_transport_key;
  settings.server_signing_key = code.server_signing_key;
  settings.name = joined.name;
  return SaveSettings(FreshSettings(state), settings);
}

void SayJoined(const WorkerOptions& options, const JoinCode& code, const Joined& joined) {
  const std::string owner = joined.owner.empty() ? "" : ", owner " + joined.owner;
  const std::string state = options.state.empty() ? "" : " --state " + options.state.string();
  std::printf("Joined %s (key %s) as %s (host %llu%s).\n", code.endpoint.c_str(),
              Fingerprint(code.server_transport_key).c_str(), joined.name.c_str(),
              static_cast<unsigned long long>(joined.id.value), owner.c_str());
  if (joined.known) {
    std::printf("The server still knew this machine by its earlier keys; the code is not used.\n");
  }
  std::printf("Start computing with: picube-worker%s\n", state.c_str());
}

}  // namespace

int Stop(WorkerExit code, const Error& error) {
  std::fprintf(stderr, "picube-worker: %s\n", error.Text().c_str());
  return std::to_underlying(code);
}

fs::path StateOf(const WorkerOptions& options) {
  return options.state.empty() ? DefaultWorkerState() : options.state;
}

WorkerExit ExitFor(const Error& error) {
  return error.kind == ErrorKind::kRefused ? WorkerExit::kStateInUse : WorkerExit::kFailed;
}

bool JoinIsUnfinished(const fs::path& state) {
  std::error_code error;
  return fs::exists(FreshSettings(state), error);
}

Status FinishJoin(const fs::path& state, const Spool& spool) {
  if (!JoinIsUnfinished(state)) return {};
  const auto fresh = LoadSettings(FreshSettings(state));
  if (!fresh) return std::unexpected(fresh.error());
  const auto left = ServerOf(state);
  std::error_code error;
  if (fs::exists(FreshKeys(state), error)) {
    if (left && *left != fresh->server_key) {
      const fs::path folder = spool.FolderOf(Fingerprint(*left));
      fs::create_directories(folder, error);
      const Status kept = Move(state / "worker.keys", folder / "worker.keys");
      if (!kept) return kept;
    }
    if (Status moved = Move(FreshKeys(state), state / "worker.keys"); !moved) return moved;
  }
  return Move(FreshSettings(state), state / "worker.yaml");
}

void SayMoved(const Spool::Moved& moved, const Spool& spool) {
  const auto count = [](const Spool::Count& n) {
    return std::to_string(n.results) + " results and " + std::to_string(n.leases) +
           " unfinished units";
  };
  if (!moved.aside.None()) {
    std::printf(
        "%s belong to the server with key %s; they are kept in %s until this worker joins "
        "it again.\n",
        count(moved.aside).c_str(), moved.left.c_str(), spool.FolderOf(moved.left).c_str());
  }
  if (!moved.back.None()) {
    std::printf("%s of an earlier time with this server are taken up again.\n",
                count(moved.back).c_str());
  }
}

int JoinProject(const WorkerOptions& options, const std::string& text) {
  if (const Status ready = InitCrypto(); !ready) return Stop(WorkerExit::kFailed, ready.error());
  if (options.name.size() > limits::kNameBytes || !IsCleanText(options.name)) {
    return Stop(WorkerExit::kUsage,
                {ErrorKind::kUser,
                 "a host's name has at most " + std::to_string(limits::kNameBytes) +
                     " bytes, all of them printable.",
                 "Give a shorter one with --name; the code has not been used."});
  }
  auto code = ReadJoinCode(text, WallNow());
  if (!code) return Stop(code.error().code, code.error().error);
  if (!options.server.empty()) code->endpoint = options.server;
  const fs::path state = StateOf(options);
  const auto spool = Spool::Open(state);
  if (!spool) return Stop(ExitFor(spool.error()), spool.error());
  const auto fail = [](const Error& error) { return Stop(WorkerExit::kFailed, error); };
  if (const Status finished = FinishJoin(state, **spool); !finished) return fail(finished.error());
  if (const auto now = ServerOf(state)) {  // so that it is known whose leases and results these are
    const auto moved = (*spool)->BelongTo(Fingerprint(*now));
    if (!moved) return fail(moved.error());
  }
  const auto joined = Joining(options, *code, **spool).Run();
  if (!joined) return Stop(joined.error().code, joined.error().error);
  if (const Status saved = SaveJoin(state, *code, *joined); !saved) return fail(saved.error());
  if (const Status finished = FinishJoin(state, **spool); !finished) return fail(finished.error());
  const auto moved = (*spool)->BelongTo(Fingerprint(code->server_transport_key));
  if (!moved) return fail(moved.error());
  SayMoved(*moved, **spool);
  SayJoined(options, *code, *joined);
  return std::to_underlying(WorkerExit::kOk);
}

}  // namespace picube
