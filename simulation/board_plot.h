// What a governed board did, drawn.
#pragma once

#include <string>

#include "hardware/board_run.h"

namespace picube::sim {

// Temperature, clock and threads over time, as SVG.
[[nodiscard]] std::string PlotOf(const BoardRun& run, const BoardResult& result);

}  // namespace picube::sim
