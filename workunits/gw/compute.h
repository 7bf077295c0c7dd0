// A unit of gw on a worker.
#pragma once

#include "workunits/application.h"
#include "workunits/gw/task.h"

namespace picube::gw {

[[nodiscard]] ComputeOutcome ComputeBank(const Task& task, const Spectra& spectra,
                                         ComputeContext& context);
[[nodiscard]] ComputeOutcome ComputeGiven(const Task& task, const Spectra& spectra,
                                          const GivenSeries& given, ComputeContext& context);

}  // namespace picube::gw
