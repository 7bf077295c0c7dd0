// The search of milkyway: finds the point that makes the stars most likely, a batch of points a
// step.
#pragma once

#include "workunits/milkyway/plan.h"

namespace picube::milkyway {

// `plan` has no points. Errors: no stars, nothing to fit, bounds that cannot be.
[[nodiscard]] Result<std::unique_ptr<Search>> MakeFit(Plan plan, std::string name,
                                                      const SearchOptions& options);

}  // namespace picube::milkyway
