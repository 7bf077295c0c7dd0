// One unit: its series searched piece by piece, with threads, pauses and checkpoints.
#pragma once

#include "workunits/application.h"
#include "workunits/pulsar/payload.h"
#include "workunits/pulsar/series.h"
#include "workunits/pulsar/task.h"

namespace picube::pulsar {

// `pack` holds the task's series. The payload does not depend on threads, pauses or checkpoints.
[[nodiscard]] ComputeOutcome ComputeTask(const Task& task, const std::vector<Series>& pack,
                                         ComputeContext& context);

// Threads that search at once, at most: each has room of its own.
[[nodiscard]] int MostThreads(const SearchPlan& search, std::uint64_t samples);
// The most memory that a unit with `pack_bytes` of input takes, with as many threads.
[[nodiscard]] std::uint64_t MemoryFor(const SearchPlan& search, std::uint64_t samples,
                                      std::uint64_t pack_bytes);

}  // namespace picube::pulsar
