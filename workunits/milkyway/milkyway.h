// Application `milkyway`: how likely a list of stars is, given a smooth background and streams; the
// separation likelihood of MilkyWay@home. See docs/MILKYWAY.md.
//
// The payload has the sums of rows, the densities of stars, or the values of points, as
// little-endian doubles (task.h).
#pragma once

#include <memory>

#include "workunits/application.h"

namespace picube {

[[nodiscard]] std::unique_ptr<Application> MakeMilkyWayApplication();

}  // namespace picube
