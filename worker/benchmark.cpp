// `picube-worker benchmark`: what this machine computes a second.
#include "hardware/benchmark.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "worker/core/agent.h"
#include "worker/worker.h"
#include "workunits/primes/badge.h"

namespace picube {

int RunBenchmark(const WorkerOptions& options) {
  const int threads = options.threads > 0
                          ? options.threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const Duration span = std::chrono::seconds(options.benchmark_seconds);
  const auto most = static_cast<std::uint64_t>(options.benchmark_primes);
  const auto event = [most] {
    // What the loop counts is not used, but must be counted.
    volatile std::uint64_t kept = primes::BadgeEvent(most);
    static_cast<void>(kept);
  };
  const double one = MeasureEvents(event, 1, span);
  const double all = threads == 1 ? one : MeasureEvents(event, threads, span);
  const double flops = MeasureFlops(threads, span);
  if (options.json) {
    const nlohmann::json figures = {{"primes_to", most},
                                    {"events_per_second", one},
                                    {"threads", threads},
                                    {"events_per_second_all", all},
                                    {"flop_per_second", flops}};
    std::puts(figures.dump().c_str());
    return std::to_underlying(WorkerExit::kOk);
  }
  fmt::print(
      "prime loop to {} (as sysbench cpu): {:.1f} events/s on one thread, {:.1f} on {}\n"
      "64-bit multiplications and additions: {:.2f} GFLOP/s on {}\n",
      most, one, all, threads, flops / 1e9, threads);
  return std::to_underlying(WorkerExit::kOk);
}

}  // namespace picube
