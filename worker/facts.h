// What a worker says of its machine. Any thread.
#pragma once

#include <filesystem>
#include <string>

#include "hardware/probe.h"
#include "protocol/messages.h"
#include "worker/worker.h"

namespace picube {

// Without a benchmark.
[[nodiscard]] HostFacts FactsOf(const BoardProbe& probe, const WorkerOptions& options,
                                const std::filesystem::path& state,
                                const ApplicationRegistry& applications);

// BLAKE2b-256 of the board's serial, in hexadecimal; empty if that is unknown. Call InitCrypto()
// before. The same for ever, so it tells boards apart after a new installation; but serials are few
// enough to try them all, so it hides them from readers, not from whoever wants to know.
[[nodiscard]] std::string SerialHash(const BoardFacts& facts);

// The machine's speed on so many threads: from the file `benchmark` in the state directory, or
// measured (0.15 s) and kept there for a day. A sustained figure is good for a quarter of a year.
[[nodiscard]] double KnownFlops(const std::filesystem::path& state, int threads);

// What is left of it when the machine is hot, for KnownFlops to come. Nothing is kept if there is
// no state directory.
void KeepSustainedFlops(const std::filesystem::path& state, int threads, double flops);

}  // namespace picube
