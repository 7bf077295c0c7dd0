// How fast this machine is, roughly: so that a server's first estimate of it is not a guess.
#pragma once

#include <cstdint>
#include <functional>

#include "protocol/base/time.h"

namespace picube {

// Multiplications and additions of 64-bit floats a second, on so many threads at once, measured for
// `span`. Blocks. > 0.
[[nodiscard]] double MeasureFlops(int threads, Duration span = 150ms);

// The same of what `make` gives each thread for its own, called by that thread: an event that does
// work and returns how much. Blocks.
using Event = std::function<double()>;
[[nodiscard]] double MeasureEach(const std::function<Event()>& make, int threads, Duration span);

// Bytes copied, and bytes filled, a second by one thread, in blocks that no cache holds. Blocks.
[[nodiscard]] double MeasureCopy(Duration span);
[[nodiscard]] double MeasureFill(Duration span);

// How many times a second `event` is done, by so many threads at once, measured for `span`. Blocks.
[[nodiscard]] double MeasureEvents(const std::function<void()>& event, int threads, Duration span);

}  // namespace picube
