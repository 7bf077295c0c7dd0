// Puts this machine to sleep by a command of the owner's, when the server needs it less: one that
// sets the clock's alarm and halts (deploy/power/). Opt-in. One thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/time.h"

namespace picube {

class Sleeper {
 public:
  // Words separated by spaces; empty: this machine never sleeps. The seconds are added.
  explicit Sleeper(const std::string& command);

  [[nodiscard]] bool MaySleep() const { return !words_.empty(); }
  // Begins the command and does not wait for it: it ends the machine. kHost: it cannot be begun.
  // Asked again within the same span, or while it runs, it does nothing.
  [[nodiscard]] Status Sleep(Duration span, Instant now);
  // What became of it, once it has ended with an error.
  [[nodiscard]] std::optional<std::string> TakeTrouble();

 private:
  std::vector<std::string> words_;
  std::optional<Instant> until_;
  pid_t child_ = 0;
};

}  // namespace picube
