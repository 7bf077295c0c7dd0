#include "workunits/formats/hdf5_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <utility>

#include "protocol/base/descriptor.h"

namespace picube::hdf5 {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr int kSocket = 3;  // in the reader
constexpr int kFile = 4;
constexpr const char* kProgram = "picube-hdf5-reader";

// Above those of the reader, so that none of them is overwritten before it was handed over.
int Above(const Descriptor& fd) { return ::fcntl(fd.Get(), F_DUPFD_CLOEXEC, 10); }

std::unexpected<Error> NoReader(const std::string& program, int error) {
  return Fail(ErrorKind::kHost,
              "HDF5 files cannot be read: " + program + " does not start (" +
                  std::string(std::strerror(error)) + ").",
              "Install the package again, or name the program with PICUBE_HDF5_READER.");
}

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) {
    return "it was ended by signal " + std::to_string(WTERMSIG(status)) + ", " +
           ::strsignal(WTERMSIG(status));
  }
  return "it ended with " + std::to_string(WEXITSTATUS(status));
}

int Spawn(const std::vector<std::string>& command, int socket, int file, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_adddup2(&actions, socket, kSocket);
  posix_spawn_file_actions_adddup2(&actions, file, kFile);
  posix_spawn_file_actions_addclosefrom_np(&actions, kFile + 1);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::vector<std::string> kept;
  for (const char* name : {"HDF5_PLUGIN_PATH", "LD_LIBRARY_PATH"}) {
    if (const char* value = std::getenv(name)) kept.push_back(std::string(name) + "=" + value);
  }
  std::vector<char*> environment;
  for (std::string& one : kept) environment.push_back(one.data());
  environment.push_back(nullptr);
  const int failed =
      ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

}  // namespace

std::vector<std::string> Process::ReaderCommand() {
  if (const char* named = std::getenv("PICUBE_HDF5_READER"); named != nullptr && *named != 0) {
    std::istringstream words(named);
    std::vector<std::string> command;
    for (std::string word; words >> word;) command.push_back(word);
    if (!command.empty()) return command;
  }
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& place : {here / kProgram, here / "../libexec/picube" / kProgram}) {
    if (::access(place.c_str(), X_OK) == 0) return {place.string()};
  }
  return {PICUBE_HDF5_READER_BUILT};
}

Result<std::shared_ptr<Process>> Process::Start(const fs::path& path, const std::string& name,
                                                std::vector<std::string> command,
                                                Duration patience) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.Get() < 0) {
    return Fail(ErrorKind::kUser, name + ": it cannot be opened (" + std::strerror(errno) + ").",
                "Check its name.");
  }
  std::array<int, 2> pair{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) < 0) {
    return NoReader(command[0], errno);
  }
  Descriptor ours(pair[0]);
  const Descriptor theirs(pair[1]);
  const Descriptor high_socket(Above(theirs));
  const Descriptor high_file(Above(file));
  if (high_socket.Get() < 0 || high_file.Get() < 0) return NoReader(command[0], errno);
  ::fcntl(ours.Get(), F_SETFL, O_NONBLOCK);
  pid_t pid = -1;
  if (const int failed = Spawn(command, high_socket.Get(), high_file.Get(), pid); failed != 0) {
    return NoReader(command[0], failed);
  }
  return std::shared_ptr<Process>(new Process(pid, ours.Release(), name, patience));
}

Process::~Process() {
  ::close(socket_);
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

std::unexpected<Error> Process::Broken(const std::string& how) {
  if (broken_.empty()) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
    }
    pid_ = -1;
    // Silence of a program that had ended already is its end.
    broken_ = ended == 0 ? how : HowItEnded(status);
  }
  return Fail(ErrorKind::kUser,
              name_ + ": the program that reads HDF5 files failed on it (" + broken_ + ").",
              "Check the file with h5dump, or fetch it again; the library that reads it takes it "
              "for damaged, or is broken by it.");
}

Status Process::WaitFor(short events, Until until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
    if (left.count() <= 0) return Broken("it took too long");
    pollfd socket{socket_, events, 0};
    const int ready =
        ::poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return Broken(std::strerror(errno));
  }
}

Status Process::Send(BytesView bytes, Until until) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EINTR) {
      if (Status ready = WaitFor(POLLOUT, until); !ready) return ready;
    } else {
      WaitForEnd();
      return Broken("it does not listen");
    }
  }
  return {};
}

Status Process::Receive(void* to, std::size_t bytes, Until until) {
  auto* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = ::recv(socket_, at, bytes, 0);
    if (got > 0) {
      at += got;
      bytes -= static_cast<std::size_t>(got);
    } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      if (Status ready = WaitFor(POLLIN, until); !ready) return ready;
    } else {
      WaitForEnd();
      return Broken("it closed its end");
    }
  }
  return {};
}

// Whoever closed its end is about to end: for a moment, so that the error can say how.
void Process::WaitForEnd() {
  siginfo_t info{};
  for (int i = 0; i < 200; ++i) {
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
        info.si_pid != 0) {
      return;
    }
    ::poll(nullptr, 0, 5);
  }
}

Result<Answer> Process::Exchange(const Question& question) {
  if (!broken_.empty()) return Broken(broken_);
  const Until until = SteadyClock::now() + patience_;
  const Bytes asked = Encode(question);
  const auto size = static_cast<std::uint32_t>(asked.size());
  Bytes framed(reinterpret_cast<const char*>(&size), sizeof size);
  framed += asked;
  if (Status sent = Send(framed, until); !sent) return std::unexpected(sent.error());
  std::uint32_t length = 0;
  if (Status got = Receive(&length, sizeof length, until); !got) {
    return std::unexpected(got.error());
  }
  if (length > kMostMessageBytes) return Broken("its answer makes no sense");
  Bytes bytes(length, '\0');
  if (Status got = Receive(bytes.data(), length, until); !got) {
    return std::unexpected(got.error());
  }
  auto answer = DecodeAnswer(bytes);
  if (!answer) return Broken("its answer makes no sense");
  if (!answer->good) return Fail(ErrorKind::kUser, answer->what, answer->next);
  return std::move(*answer);
}

Result<Answer> Process::Put(const Question& question) {
  const std::lock_guard lock(one_at_a_time_);
  return Exchange(question);
}

Status Process::Read(const Question& question, void* out, std::size_t bytes) {
  const std::lock_guard lock(one_at_a_time_);
  const auto answer = Exchange(question);
  if (!answer) return std::unexpected(answer.error());
  return Receive(out, bytes, SteadyClock::now() + patience_);
}

}  // namespace picube::hdf5
