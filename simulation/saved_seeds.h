// The seeds worth keeping: simulation/seeds.txt has one a line, with why it is kept, and for some
// the hash of their event log.
//
//   # seed  profile  log hash          why
//   17      -        -                 a row landed in the crash, nobody was told
//
// "-" stands for "chosen by the seed" and "not pinned".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/error.h"
#include "simulation/scenario.h"

namespace picube::sim {

struct SavedSeed {
  std::uint64_t seed = 0;
  std::optional<Profile> profile;
  std::optional<std::uint64_t> log_hash;
  std::string why;

  [[nodiscard]] SimOptions Options() const;
};

// kUser, with the line's number, if a line is none of the above.
[[nodiscard]] Result<std::vector<SavedSeed>> ParseSeeds(std::string_view text);
[[nodiscard]] Result<std::vector<SavedSeed>> ReadSeeds(const std::string& path);
// The file's text with these seeds, aligned.
[[nodiscard]] std::string SeedsText(const std::vector<SavedSeed>& seeds);

}  // namespace picube::sim
