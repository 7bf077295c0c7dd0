// From the parameters of a submission to units: which pairs are searched, and where they are cut.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "workunits/application.h"
#include "workunits/seti/chirp_table.h"
#include "workunits/seti/series.h"

namespace picube::seti {

struct Plan {
  Selection selection;
  std::uint64_t samples = 0;
  std::vector<Pair> pairs;  // chosen, in order; 8 bytes each
  PairCosts costs;
  std::uint64_t pot_bytes = 0;        // of a thread, for power over time
  std::vector<std::uint64_t> starts;  // first pair of each unit, and the end
};

// Checks --kinds, --chirp, --fft-length, --threshold, --units and --unit-seconds against the
// recording. Units are ranges of equal cost, cut at pairs. Errors (kUser) say what the recording
// has.
[[nodiscard]] Result<Plan> MakePlan(const SahHeader& header, const ChirpTable& table,
                                    const Parameters& parameters);

[[nodiscard]] std::unique_ptr<UnitSource> MakeUnitSource(Plan plan);

// What power over time takes of a thread, bytes; 0 if none is looked at.
[[nodiscard]] std::uint64_t PotBytes(const SahHeader& header, const Searches& searches);
// Threads that search these lengths at once, at most: each has a spectrum and an FFT's middle.
[[nodiscard]] int MostThreads(std::uint32_t fft_flags, std::uint64_t pot_bytes);

// The most memory one unit of this recording takes, with as many threads.
[[nodiscard]] std::uint64_t MemoryFor(const Plan& plan);

}  // namespace picube::seti
