// What a worker says of its machine. Any thread.
#pragma once

#include <filesystem>

#include "hardware/probe.h"
#include "protocol/messages.h"
#include "worker/worker.h"

namespace picube {

// Without a benchmark.
[[nodiscard]] HostFacts FactsOf(const BoardProbe& probe, const WorkerOptions& options,
                                const std::filesystem::path& state,
                                const ApplicationRegistry& applications);

// The machine's speed on so many threads: from the file `benchmark` in the state directory, or
// measured (0.15 s) and kept there for a day.
[[nodiscard]] double KnownFlops(const std::filesystem::path& state, int threads);

}  // namespace picube
