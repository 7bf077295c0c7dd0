// What a host's readings say of its health, in words: for `picube hosts`, `explain` and displays.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/messages.h"

namespace picube {

// Bits of the firmware's get_throttled that say how it is now; the same from bit 16 on: it has been
// so since the start.
namespace throttled {
inline constexpr std::uint32_t kUnderVoltage = 1U << 0;
inline constexpr std::uint32_t kCapped = 1U << 1;
inline constexpr std::uint32_t kSlowed = 1U << 2;
inline constexpr std::uint32_t kSoftLimit = 1U << 3;
}  // namespace throttled

// Why the host computes less than it could, from its own words or its firmware's bits; empty = it
// does not, or nobody knows.
[[nodiscard]] std::string WhySlow(const Readings& readings);

}  // namespace picube
