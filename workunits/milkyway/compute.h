// A unit of milkyway on a worker.
#pragma once

#include <span>

#include "workunits/application.h"
#include "workunits/milkyway/task.h"

namespace picube::milkyway {

// `stars` are the whole list; `points` those of the unit, if it has points.
[[nodiscard]] ComputeOutcome ComputeTask(const Task& task, std::span<const Star> stars,
                                         std::span<const Point> points, ComputeContext& context);

}  // namespace picube::milkyway
