// picube-cap-helper: caps the processor's clock for the worker, which has no right to.
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "hardware/cap/cap_server.h"

namespace picube {
namespace {

constexpr const char* kUsage = R"(usage: picube-cap-helper [OPTIONS]

Caps the processor's clock while a client asks for it, and restores what it found.
Clients write "cap MHZ" lines to a unix socket and get "ok MHZ" or "no REASON".

  --socket PATH   listen there [the socket that systemd hands over]
  --group NAME    who may connect to --socket, besides root
  --state DIR     where the original is kept while a cap is in force [/run/picube-cap]
  --root DIR      below it lies sys/devices/system/cpu/cpufreq/policy0 [/]
  --restore       write back what a killed helper left behind, and end

Exit codes: 0 done, 1 failed, 2 wrong option
Example: picube-cap-helper --socket /run/picube-cap.sock --group picube
)";

constexpr int kFirstInherited = 3;  // of systemd's descriptors

struct Options {
  std::string socket;
  std::string group;
  std::string state = "/run/picube-cap";
  std::string root = "/";
  bool restore = false;
  bool help = false;
  CapServerOptions server;
};

int Complain(const std::string& what) {
  std::fprintf(stderr, "picube-cap-helper: %s\n", what.c_str());
  return 1;
}

std::optional<Duration> Milliseconds(std::string_view text) {
  std::uint32_t ms = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, ms);
  if (read.ec != std::errc() || read.ptr != end || ms == 0) return std::nullopt;
  return std::chrono::milliseconds(ms);
}

// False: wrong.
bool Parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--restore") {
      options.restore = true;
      continue;
    }
    if (name == "--help" || name == "-h") {
      options.help = true;
      continue;
    }
    if (++i == argc) return false;
    const std::string value = argv[i];
    if (name == "--socket") {
      options.socket = value;
    } else if (name == "--group") {
      options.group = value;
    } else if (name == "--state") {
      options.state = value;
    } else if (name == "--root") {
      options.root = value;
    } else if (name == "--silence" || name == "--idle") {  // for tests
      const auto span = Milliseconds(value);
      if (!span) return false;
      if (name == "--silence") options.server.silence = *span;
      if (name == "--idle") options.server.idle = *span;
    } else {
      return false;
    }
  }
  return true;
}

// As sd_listen_fds(3) has it: exactly one, a listening unix stream socket. -1: there is none.
int Inherited() {
  const char* const pid = std::getenv("LISTEN_PID");
  const char* const count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr) return -1;
  if (std::to_string(::getpid()) != pid || std::string_view(count) != "1") return -1;
  int domain = 0;
  int type = 0;
  int listens = 0;
  for (const auto& [name, value] :
       {std::pair{SO_DOMAIN, &domain}, {SO_TYPE, &type}, {SO_ACCEPTCONN, &listens}}) {
    socklen_t size = sizeof *value;
    if (::getsockopt(kFirstInherited, SOL_SOCKET, name, value, &size) != 0) return -1;
  }
  if (domain != AF_UNIX || type != SOCK_STREAM || listens == 0) return -1;
  ::fcntl(kFirstInherited, F_SETFD, FD_CLOEXEC);
  ::fcntl(kFirstInherited, F_SETFL, ::fcntl(kFirstInherited, F_GETFL) | O_NONBLOCK);
  return kFirstInherited;
}

// A socket that a run left behind is replaced; anything else there is not.
int Listen(const Options& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (options.socket.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::ranges::copy(options.socket, address.sun_path);
  struct stat there{};
  if (::lstat(options.socket.c_str(), &there) == 0 && S_ISSOCK(there.st_mode)) {
    ::unlink(options.socket.c_str());
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const mode_t before = ::umask(0177);  // nobody else until the group is set
  const int bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0) return -1;
  if (!options.group.empty()) {
    const group* const found = ::getgrnam(options.group.c_str());
    if (found == nullptr) errno = ENOENT;
    if (found == nullptr ||
        ::chown(options.socket.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) {
      return -1;
    }
  }
  if (::chmod(options.socket.c_str(), 0660) != 0) return -1;
  return ::listen(fd, /*backlog=*/16) == 0 ? fd : -1;
}

int RestoreOnly(const CapFiles& files) {
  const auto kept = files.Kept();
  if (!kept) return 0;
  const Status done = files.Do({.kind = CapStep::Kind::kRestore, .khz = *kept});
  return done ? 0 : Complain("the clock is not restored: " + done.error().Text());
}

int Main(int argc, char** argv) {
  Options options;
  if (!Parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (options.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  CapFiles files(options.root, options.state);
  if (const Status locked = files.Lock(); !locked) return Complain(locked.error().Text());
  if (options.restore) return RestoreOnly(files);

  sigset_t ends;
  sigemptyset(&ends);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ends, number);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  const Descriptor stop(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  if (stop.Get() < 0) return Complain(std::string("signalfd: ") + std::strerror(errno));

  const bool by_systemd = options.socket.empty();
  const Descriptor listener(by_systemd ? Inherited() : Listen(options));
  if (listener.Get() < 0) {
    return Complain(by_systemd ? "systemd handed over no socket; give one with --socket PATH"
                               : options.socket + ": " + std::strerror(errno));
  }
  // systemd starts it again when somebody connects; nobody else would.
  if (by_systemd && !options.server.idle) options.server.idle = 60s;
  CapServer server(files, listener.Get(), stop.Get(), options.server);
  const bool restored = server.Run();
  if (!by_systemd) ::unlink(options.socket.c_str());
  return restored ? 0 : 1;
}

}  // namespace
}  // namespace picube

int main(int argc, char** argv) { return picube::Main(argc, argv); }
