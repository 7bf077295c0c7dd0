// Errors a caller can meet: what happened, where, what to do next, and who acts.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace picube {

// Who has to act. For a unit's error the server's rules depend on it (see server/core).
// Leaves the process: never renumber.
enum class ErrorKind : std::uint8_t {
  kUnit = 1,     // bad input or parameters: the same anywhere
  kHost = 2,     // this machine's environment: disk, memory, missing program
  kLink = 3,     // the way between: try again at once
  kProject = 4,  // a bug of the application: stop the batch
  kUser = 5,     // what a person typed or gave
  kStore = 6,    // the store cannot keep what it must keep: disk full, input/output error
  kRefused = 7,  // the other side said no: key, quota, version
};

[[nodiscard]] std::string_view Name(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kProject;
  std::string what;  // one sentence: what happened and where (file, line, unit, host)
  std::string next;  // one sentence: what to do next; may be empty

  // "what. next" on one line.
  [[nodiscard]] std::string Text() const { return next.empty() ? what : what + " " + next; }
};

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

[[nodiscard]] inline std::unexpected<Error> Fail(ErrorKind kind, std::string what,
                                                 std::string next = {}) {
  return std::unexpected<Error>(Error{kind, std::move(what), std::move(next)});
}

}  // namespace picube
