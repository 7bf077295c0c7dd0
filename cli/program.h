// The program `picube` without the world: words in, text and an exit code out. main() hands it the
// world; tests hand it a small one.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/link.h"
#include "cli/profile.h"
#include "workunits/application.h"

namespace picube {

// Part of the interface, documented in docs/CLI.md: never renumber.
enum class Exit : int {
  kOk = 0,
  kGridError = 1,    // the grid, or this machine, could not do it
  kWrongUsage = 2,   // what was typed, or the data that was given
  kUnreachable = 3,  // no answer from the server
  kBatchFailed = 4,
  kBatchCancelled = 5,
  kRefused = 6,  // the server does not know the key, or it may not do this
};
[[nodiscard]] Exit ExitOf(ErrorKind kind);

// What the program is given. All functions are called from one thread.
struct World {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::size_t width = 80;
  Environment environment;
  Clock now;
  std::function<WallTime()> wall;
  std::function<std::string()> make_request_key;  // unguessable, new at each call
  std::function<Result<std::unique_ptr<Link>>(const ServerAddress&, const TransportKeys&)> connect;
  const ApplicationRegistry& applications;
};

// `words` without the program's name.
[[nodiscard]] Exit RunPicube(const std::vector<std::string>& words, World& world);

}  // namespace picube
