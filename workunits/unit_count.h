// How many units a batch is cut into: by the user's --units or --unit-seconds, else so that a unit
// takes about a minute on the slowest host of the grid.
#pragma once

#include <cstdint>

#include "protocol/base/grid_parameters.h"
#include "workunits/application.h"

namespace picube {

// What the server knew of its hosts when the batch was submitted (protocol/base/grid_parameters.h).
struct GridFacts {
  double flop_per_second = 1e10;              // of the slowest host, all cores; default: a Pi 4
  std::uint64_t memory_bytes = 640ULL << 20;  // lent by the host that lends most; default: a Pi 3
};

// Facts that are missing or make no sense have their defaults.
[[nodiscard]] GridFacts GridFactsOf(const Parameters& parameters);

// The two parameters, for ApplicationInfo::parameters.
[[nodiscard]] ParameterSpec UnitsSpec();
[[nodiscard]] ParameterSpec UnitSecondsSpec();

struct UnitCountLimits {
  double most_seconds = 3600;  // a unit may take a day in all, and hosts may be slower than said
  std::uint64_t least_units = 16;  // if nothing was said, and there is as much to cut
  std::uint64_t most_units = 1'000'000;
};

// Units for `cost_flop` in all, cut from `pieces` (each unit gets at least one). Errors say what
// would be right.
[[nodiscard]] Result<std::uint64_t> ReadUnitCount(const Parameters& parameters, double cost_flop,
                                                  std::uint64_t pieces,
                                                  const UnitCountLimits& limits = {});

// Refuses a unit that no host of the grid has the memory for.
// `what` names the unit's parts: "a tile of 262144 channels"; `next` says what makes it smaller.
[[nodiscard]] Status CheckMemory(const Parameters& parameters, std::uint64_t bytes,
                                 const std::string& what, const std::string& next);

}  // namespace picube
