// What all parts of a run share: time, the log, and the first thing that went wrong.
//
// One thread.
#pragma once

#include <string>
#include <string_view>

#include "simulation/event_log.h"
#include "simulation/event_queue.h"

namespace picube::sim {

struct Stage {
  explicit Stage(std::FILE* log_file) : log(log_file) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  EventQueue queue;
  EventLog log;
  std::string failure;  // empty while all is well

  void Note(std::string_view who, std::string_view what) { log.Add(queue.Now(), who, what); }
  // Only the first failure counts: what follows it is a consequence.
  void Fail(std::string what) {
    if (!failure.empty()) return;
    Note("check", "FAILED " + what);
    failure = std::move(what);
  }
  // Fails unless the condition holds.
  void Require(bool condition, std::string_view what) {
    if (!condition) Fail(std::string(what));
  }
};

}  // namespace picube::sim
