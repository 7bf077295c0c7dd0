// The log of a run: one line an event, in a form that depends on nothing but the run. Its hash
// tells whether two runs were the same: same seed and same program, same hash, on every machine.
//
// One thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "protocol/base/time.h"

namespace picube::sim {

// FNV-1a over the bytes, mixed at the end. Not for secrets: digests of simulated payloads and the
// hash of the log need to be equal everywhere, nothing more.
[[nodiscard]] std::uint64_t HashBytes(std::string_view bytes, std::uint64_t seed = 0);

class EventLog {
 public:
  // `file` is borrowed and may be null: then lines are only hashed.
  explicit EventLog(std::FILE* file) : file_(file) {}

  // Adds "<microseconds> <who> <what>".
  void Add(Instant when, std::string_view who, std::string_view what);

  [[nodiscard]] std::uint64_t Hash() const { return hash_; }
  [[nodiscard]] std::uint64_t Lines() const { return lines_; }

 private:
  std::FILE* file_;
  std::uint64_t hash_ = 0;
  std::uint64_t lines_ = 0;
  std::string line_;
};

}  // namespace picube::sim
