// From the parameters of a submission to units: which pairs are searched, and where they are cut.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "workunits/application.h"
#include "workunits/seti/chirp_table.h"

namespace picube::seti {

struct Plan {
  Selection selection;
  std::uint64_t samples = 0;
  std::vector<Pair> pairs;            // chosen, in order; 8 bytes each
  std::vector<std::uint64_t> starts;  // first pair of each unit, and the end
};

// Checks --chirp, --fft-length, --threshold, --units and --unit-seconds against the recording.
// Units are ranges of equal cost, cut at pairs. Errors (kUser) say what the recording has.
[[nodiscard]] Result<Plan> MakePlan(const SahHeader& header, const ChirpTable& table,
                                    const Parameters& parameters);

[[nodiscard]] std::unique_ptr<UnitSource> MakeUnitSource(Plan plan);

// Threads that search these lengths at once, at most: each has a spectrum and an FFT's middle.
[[nodiscard]] int MostThreads(std::uint32_t fft_flags);

// The most memory one unit of this recording takes, with as many threads.
[[nodiscard]] std::uint64_t MemoryFor(const Plan& plan);

}  // namespace picube::seti
