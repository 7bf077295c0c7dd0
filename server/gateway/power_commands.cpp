#include "server/gateway/power_commands.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <sstream>
#include <utility>

namespace picube {
namespace {

constexpr Duration kLookEvery = 20ms;

std::vector<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// The child's end, or nothing while it runs.
std::optional<int> Ended(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) != child) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

PowerCommands::PowerCommands(const std::string& off, const std::string& on,
                             std::function<void(const std::string&)> told, Duration patience)
    : off_(Words(off)), on_(Words(on)), told_(std::move(told)), patience_(patience) {
  if (off_.empty() || on_.empty()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
}

PowerCommands::~PowerCommands() = default;

void PowerCommands::Switch(const std::string& host, bool on) {
  if (off_.empty() || on_.empty()) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(wishes_, [&](const Wish& wish) { return wish.host == host; });
  wishes_.push_back({host, on});
  wished_.notify_all();
}

void PowerCommands::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wished_.wait(lock, stop, [this] { return !wishes_.empty(); })) {
    const Wish wish = std::move(wishes_.front());
    wishes_.pop_front();
    lock.unlock();
    Run(wish, stop);
    lock.lock();
  }
}

void PowerCommands::Run(const Wish& wish, const std::stop_token& stop) {
  std::vector<std::string> words = wish.on ? on_ : off_;
  words.push_back(wish.host);
  const std::string what = words.front() + " " + wish.host;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ);
  if (error != 0) return told_("cannot run " + what + ": " + std::strerror(error));
  std::unique_lock lock(mutex_);
  const auto end = std::chrono::steady_clock::now() + patience_;
  std::optional<int> code;
  while (!(code = Ended(child)) && !stop.stop_requested() &&
         std::chrono::steady_clock::now() < end) {
    wished_.wait_for(lock, stop, kLookEvery, [] { return false; });
  }
  lock.unlock();
  if (!code) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (!stop.stop_requested()) told_(what + " did not end in time and was killed");
  } else if (*code != 0) {
    told_(what + " ended with code " + std::to_string(*code));
  }
}

}  // namespace picube
