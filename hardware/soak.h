// What is left of a board's speed when it is hot: a real one under load for some minutes, or a
// virtual one in virtual time. The sustained figure is that of the last fifth.
#pragma once

#include <functional>
#include <span>

#include "hardware/board_run.h"
#include "protocol/base/time.h"

namespace picube {

// Mean of the last fifth, at least of one. 0 if there is none.
[[nodiscard]] double SustainedOf(std::span<const double> values);

struct SoakFigures {
  double best = 0;  // of all windows, as MeasureFlops
  double sustained = 0;
  [[nodiscard]] double Part() const { return best > 0 ? sustained / best : 0; }
};
// Blocks for about `span`, on so many threads; `progress` hears each window: seconds since the
// start, and what it gave.
[[nodiscard]] SoakFigures Soak(int threads, Duration span,
                               const std::function<void(double seconds, double flops)>& progress);

struct VirtualSoak {
  double part = 0;         // sustained, of an unthrottled board
  double cores = 0;        // the same in cores at full clock
  double mhz = 0;          // in the last fifth
  double temperature = 0;  // °C, the same
  double most = 0;         // °C, greatest of all
  double throttled = 0;    // part of the last fifth that the firmware slowed the board
  double heat_watts = 0;   // of the chip in the last fifth
};
[[nodiscard]] VirtualSoak SoakVirtually(const BoardRun& run);

}  // namespace picube
