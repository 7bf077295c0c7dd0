// What the server adds to the parameters of a submission: facts of its hosts at that moment, kept
// with the batch, so that splitting and merging see the same for ever. Others cannot give these.
#pragma once

#include <string_view>

namespace picube {

inline constexpr std::string_view kGridPrefix = "grid.";
// Declared operations a second of the slowest host, all cores; a whole number.
inline constexpr std::string_view kGridFlops = "grid.flops";
// Memory of the host that has most, bytes.
inline constexpr std::string_view kGridMemory = "grid.memory";

}  // namespace picube
