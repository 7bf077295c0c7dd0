// Two result files of one work unit beside each other: by the rules of the original validator, and
// by ours, which also compares what that one forgets: chirp rates and the powers of most kinds.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/error.h"

namespace picube::seti {

struct ResultRow {
  std::string kind;  // "spike", "autocorr", "triplet", "pulse", "gaussian"
  bool best = false;
  std::map<std::string, double> value;  // by tag
  std::vector<int> pot;
};

// The rows of a result file, official or ours; rows of zeros are left out. Any text may come; a row
// without a number that its kind has is an error (kUser) that names the line.
[[nodiscard]] Result<std::vector<ResultRow>> ReadResultRows(std::string_view text,
                                                            const std::string& name);

enum class Likeness : std::uint8_t { kStrong, kWeak, kNone };
// Strong: every row of each file has a like one in the other. Weak: at least one, and at least half
// of each.
[[nodiscard]] Likeness OfficialLikeness(const std::vector<ResultRow>& a,
                                        const std::vector<ResultRow>& b);

// What differs, a sentence each; nothing if the files agree: kind, FFT length and chirp rate equal,
// bin and delay equal, time within a second, powers within 1e-3, periods within 1e-5, one to one. A
// row that is as near to its threshold may be missing; `thresholds` by kind, of peak_power, for a
// pulse its own.
[[nodiscard]] std::vector<std::string> Differences(const std::vector<ResultRow>& a,
                                                   const std::vector<ResultRow>& b,
                                                   const std::map<std::string, double>& thresholds);

}  // namespace picube::seti
