// picube-server: runs a project; and the few things that are done beside it on its own machine.
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include "protocol/crypto/keys.h"
#include "protocol/qr/qr.h"
#include "server/ask.h"
#include "server/gateway/log.h"
#include "server/gateway/options.h"
#include "server/gateway/server.h"
#include "server/store/backup.h"
#include "server/store/files.h"
#include "server/store/verify.h"
#include "workunits/applications.h"

namespace picube {
namespace {

enum ExitCode { kOk = 0, kError = 1, kUsage = 2, kUnreachable = 3, kUnsound = 4 };

Server* running = nullptr;  // for the signal handler only

void OnSignal(int) {
  if (running != nullptr) running->Stop();
}

int Report(const Error& error) {
  std::fprintf(stderr, "picube-server: %s\n", error.Text().c_str());
  switch (error.kind) {
    case ErrorKind::kLink: return kUnreachable;
    case ErrorKind::kUser: return kUsage;
    default: return kError;
  }
}

std::filesystem::path DefaultState() {
  if (const char* set = std::getenv("PICUBE_SERVER_STATE")) return set;
  if (geteuid() == 0) return "/var/lib/picube";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".local/share/picube/server";
}

struct RunFlags {
  std::string listen, advertise, policy, ready;
};

Result<ServerOptions> OptionsFor(const std::filesystem::path& state, const RunFlags& flags) {
  ServerOptions options;
  options.state = state;
  if (Status read = ReadServerSettings(state / "server.yaml", options); !read) {
    return std::unexpected(read.error());
  }
  if (!flags.listen.empty()) options.listen = flags.listen;
  if (!flags.advertise.empty()) options.advertise = flags.advertise;
  if (!flags.policy.empty()) {
    auto policy = PolicyByName(flags.policy);
    if (!policy) return std::unexpected(policy.error());
    options.policy = *policy;
  }
  return options;
}

// A server that was ended on a full disk comes back on a full disk: it waits for room there too.
Result<std::unique_ptr<Server>> OpenWhenThereIsRoom(const ServerOptions& options,
                                                    const ApplicationRegistry& applications) {
  constexpr std::uint64_t kRoom = 1 << 20;
  for (bool said = false;; said = true) {
    auto server = Server::Open(options, applications);
    const bool full =
        !server && server.error().kind == ErrorKind::kStore && FreeSpace(options.state) < kRoom;
    if (!full) return server;
    if (!said) spdlog::error("waits for room on its disk: {}", server.error().Text());
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

// Each connection is a file. At the limit libzmq's listener spins and nobody new gets in.
void RaiseFileLimit() {
  constexpr rlim_t kEnough = 12'000;  // 10,000 workers, files of the store, commands
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < kEnough) {
    spdlog::warn(
        "only {} files may be open: that many workers cannot connect. Raise the hard limit "
        "(LimitNOFILE of a systemd unit, or `ulimit -Hn`)",
        limit.rlim_cur);
  }
}

int Run(const std::filesystem::path& state, const RunFlags& flags) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("picube-server"));
  SetLogFormat();
  RaiseFileLimit();
  auto options = OptionsFor(state, flags);
  if (!options) return Report(options.error());
  ApplicationRegistry applications;
  AddBuiltInApplications(applications);
  auto server = OpenWhenThereIsRoom(*options, applications);
  if (!server) return Report(server.error());
  running = server->get();
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file-size limit is a full disk, not the end
  if (!flags.ready.empty()) std::ofstream(flags.ready) << (*server)->Endpoint() << std::endl;
  const Status served = (*server)->Run();
  running = nullptr;
  return served ? static_cast<int>(kOk) : Report(served.error());
}

struct InviteFlags {
  std::string owner;
  std::uint32_t hours = 24;
  bool operators = false;
  bool qr = false;
};

int Invite(const std::filesystem::path& state, const InviteFlags& flags) {
  const Control control{
      .kind = ControlKind::kInvite,
      .text = flags.owner,
      .number = static_cast<std::int64_t>(flags.hours) * 3600,
      .principal = flags.operators ? PrincipalKind::kOperator : PrincipalKind::kHost};
  auto answer = AskServer(state, control, std::chrono::seconds(10));
  if (!answer) return Report(answer.error());
  const auto* done = std::get_if<Done>(&*answer);
  if (done == nullptr) return Report({ErrorKind::kProject, "an unexpected answer", ""});
  if (flags.qr) std::cout << QrText(done->text);
  std::cout << done->text << "\n";
  std::cerr << "Good once, for " << flags.hours << " h. On the new machine type:\n  "
            << (flags.operators ? "picube" : "picube-worker") << " join CODE\n";
  return kOk;
}

int Verify(const std::filesystem::path& path) {
  auto report = VerifyChain(path);
  if (!report) return Report(report.error());
  std::cout << report->Text();
  return report->sound ? kOk : kUnsound;
}

int BackUp(const std::filesystem::path& state, const std::string& file) {
  auto summary = Backup(state, file);
  if (!summary) return Report(summary.error());
  std::cout << file << ": journal up to row " << summary->last_seq << ", " << summary->blobs
            << " blobs, " << summary->file_bytes
            << " bytes. It holds the server's keys: keep it safe.\n";
  return kOk;
}

int Restore(const std::filesystem::path& state, const std::string& file) {
  auto summary = RestoreBackup(file, state);
  if (!summary) return Report(summary.error());
  std::cout << state.string() << ": restored up to journal row " << summary->last_seq
            << ". Stop the old server before you start this one.\n";
  return kOk;
}

int Main(int argc, char** argv) {
  CLI::App app("picube-server: a project server of PiCube Grid");
  app.set_version_flag("--version", std::string(kServerSoftware));
  app.footer(
      "Example: picube-server run --listen 'tcp://*:7425'\n"
      "Exit codes: 0 ok, 1 error, 2 usage or settings, 3 no server answers, 4 not sound");
  app.require_subcommand(1);
  std::filesystem::path state = DefaultState();
  std::string file;
  RunFlags flags;
  InviteFlags invitation;
  const auto with_state = [&](CLI::App* command) {
    command->add_option("--state", state, "state directory")->capture_default_str();
    return command;
  };
  auto* run = with_state(app.add_subcommand("run", "serve; makes the state directory if needed"));
  run->add_option("--listen", flags.listen, "endpoint to bind [tcp://*:7425]");
  run->add_option("--advertise", flags.advertise, "endpoint told to workers [found out]");
  run->add_option("--policy", flags.policy,
                  "round-robin, weighted, least-leases, load, adaptive [adaptive]");
  run->add_option("--ready", flags.ready, "write the endpoint to this file when ready");
  auto* invite = with_state(app.add_subcommand("invite", "print a join code for a new machine"));
  invite->add_option("--owner", invitation.owner, "who the machine belongs to");
  invite->add_option("--valid-hours", invitation.hours, "how long the code is good")
      ->capture_default_str()
      ->check(CLI::Range(1, 720));
  invite->add_flag("--operator", invitation.operators, "for a person with the picube command");
  invite->add_flag("--qr", invitation.qr, "also as a QR code");
  auto* verify = with_state(app.add_subcommand("verify", "prove that no decision was altered"));
  verify->add_option("path", file, "a state directory, a journal or a backup instead of --state");
  auto* backup = with_state(app.add_subcommand("backup", "copy everything into one file, live"));
  backup->add_option("file", file, "the backup")->required();
  auto* restore = with_state(app.add_subcommand("restore", "make a state directory of a backup"));
  restore->add_option("file", file, "the backup")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  if (*run) return Run(state, flags);
  if (*invite) return Invite(state, invitation);
  if (*verify) return Verify(file.empty() ? state : std::filesystem::path(file));
  if (*backup) return BackUp(state, file);
  return Restore(state, file);
}

}  // namespace
}  // namespace picube

int main(int argc, char** argv) {
  if (picube::Status crypto = picube::InitCrypto(); !crypto) {
    std::fprintf(stderr, "picube-server: %s\n", crypto.error().Text().c_str());
    return 1;
  }
  return picube::Main(argc, argv);
}
