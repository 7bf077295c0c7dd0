#include "worker/board/sleeper.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <sstream>
#include <utility>

namespace picube {

Sleeper::Sleeper(const std::string& command) {
  std::istringstream in(command);
  for (std::string word; in >> word;) words_.push_back(word);
}

Status Sleeper::Sleep(Duration span, Instant now) {
  if (words_.empty() || child_ != 0 || (until_ && now < *until_)) return {};
  until_ = now + span;
  std::vector<std::string> words = words_;
  words.push_back(std::to_string(static_cast<std::int64_t>(Seconds(span))));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int error =
      ::posix_spawnp(&child_, arguments[0], nullptr, nullptr, arguments.data(), environ);
  if (error == 0) return {};
  child_ = 0;
  return Fail(ErrorKind::kHost, "cannot run " + words.front() + ": " + std::strerror(error) + ".",
              "Mend sleep_command in worker.yaml.");
}

std::optional<std::string> Sleeper::TakeTrouble() {
  int status = 0;
  if (child_ == 0 || ::waitpid(child_, &status, WNOHANG) != child_) return std::nullopt;
  child_ = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  return words_.front() + " did not put this machine to sleep (status " + std::to_string(status) +
         ")";
}

}  // namespace picube
