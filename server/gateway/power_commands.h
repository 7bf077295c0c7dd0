// Runs the operator's commands that switch hosts off and on: one process each, with the host's name
// as last argument, never through a shell. Bounded: one at a time, thirty seconds each. Any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "protocol/base/time.h"

namespace picube {

class PowerCommands {
 public:
  // Words of `off` and `on` are separated by spaces. `told` hears, in a thread of its own, what
  // went wrong.
  PowerCommands(const std::string& off, const std::string& on,
                std::function<void(const std::string&)> told,
                Duration patience = std::chrono::seconds(30));
  ~PowerCommands();  // ends the command that runs
  PowerCommands(const PowerCommands&) = delete;
  PowerCommands& operator=(const PowerCommands&) = delete;

  // Does nothing without commands. A later wish for the same host takes the place of one that
  // waits.
  void Switch(const std::string& host, bool on);

 private:
  struct Wish {
    std::string host;
    bool on = false;
  };
  void Work(const std::stop_token& stop);
  void Run(const Wish& wish, const std::stop_token& stop);

  std::vector<std::string> off_;
  std::vector<std::string> on_;
  std::function<void(const std::string&)> told_;
  Duration patience_;
  std::mutex mutex_;
  std::condition_variable_any wished_;
  std::deque<Wish> wishes_;
  std::jthread thread_;  // last
};

}  // namespace picube
