// What a host's readings say of its health, in words: for `picube hosts`, `explain` and displays.
#pragma once

#include <string>

#include "protocol/messages.h"

namespace picube {

// Why the host computes less than it could, from its own words or its firmware's bits; empty = it
// does not, or nobody knows. Bits 0 to 3 of get_throttled: under-voltage now, clock capped,
// throttled, soft temperature limit; the same from 16 on: has happened since the start.
[[nodiscard]] std::string WhySlow(const Readings& readings);
// The firmware slows it, or its governor does.
[[nodiscard]] bool IsSlowed(const Readings& readings);

}  // namespace picube
