// A report as a picture: the speed-up against the number of nodes, and each node's time.
#pragma once

#include <string>

#include "cli/report/report.h"

namespace picube::report {

// The whole SVG file. `title` names the batch.
[[nodiscard]] std::string PlotText(const Report& report, const std::string& title);

}  // namespace picube::report
