// A part of messages.h: one lease that has ended, as reports are made from it.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/ids.h"
#include "protocol/base/time.h"

namespace picube {

// What became of a lease. Leaves the process: never renumber.
enum class LeaseFate : std::uint8_t {
  kCanonical = 1,  // its result is the one believed
  kCopy = 2,       // its result agreed with that
  kDisagreed = 3,  // its result lost against it
  kError = 4,      // it came back with an error
  kLost = 5,       // ended without a result: deadline, silence, given back, called off
  kUnused = 6,     // its result was set against none: its unit has not settled
};
struct LeaseInfo {  // one lease that has ended
  UnitId unit;
  LeaseId lease;
  HostId host;
  LeaseFate fate = LeaseFate::kLost;
  WallTime ended;
  std::uint64_t held_ms = 0;  // from its grant to then
  std::uint64_t cpu_ms = 0;   // of the computation, as its host says
  std::uint64_t wall_ms = 0;
  std::optional<std::int32_t> top_millicelsius;
  double flop = 0;  // declared for the unit
  bool operator==(const LeaseInfo&) const = default;
};

}  // namespace picube
