// What has been found, put together: one candidate of each detector for each tenth of a second, and
// pairs of detectors that agree.
#pragma once

#include <string>
#include <vector>

#include "workunits/gw/plan.h"

namespace picube::gw {

inline constexpr double kClusterSeconds = 0.1;
inline constexpr double kCoincidenceSeconds = 0.015;  // light between two sites, and some

struct Candidate {
  std::uint32_t detector = 0;
  std::uint64_t index = 0;  // template
  Peak peak;
  double time = 0;  // GPS seconds of the merger
};

// The loudest of each tenth of a second, loudest first; `found` in any order.
[[nodiscard]] std::vector<Candidate> Cluster(std::vector<Candidate> found);

struct Coincidence {
  Candidate first, second;           // of two detectors
  [[nodiscard]] double Snr() const;  // root of the sum of squares
};
// Candidates of different detectors within kCoincidenceSeconds, with the same or neighbouring
// templates; loudest first.
[[nodiscard]] std::vector<Coincidence> Coincidences(const Bank& bank,
                                                    const std::vector<Candidate>& candidates);

}  // namespace picube::gw
