#include "worker/facts.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "hardware/benchmark.h"
#include "protocol/base/limits.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kBenchmarkGood{24};

}  // namespace

HostFacts FactsOf(const BoardProbe& probe, const WorkerOptions& options, const fs::path& state,
                  const ApplicationRegistry& applications) {
  const BoardFacts board = probe.Facts();
  HostFacts facts;
  facts.software = options.software;
  facts.board = board.board;
  facts.isa = BoardProbe::Isa();
  facts.os = board.os;
  facts.cores = board.cores.value_or(std::max(1U, std::thread::hardware_concurrency()));
  facts.memory_bytes = board.memory_bytes.value_or(0);
  std::error_code error;
  const fs::space_info space = fs::space(state, error);
  if (!error) facts.disk_bytes = space.available;
  for (const Application* application : applications.All()) {
    if (facts.applications.size() == limits::kApplications) break;
    facts.applications.push_back({application->Info().name, application->Info().version});
  }
  return facts;
}

double KnownFlops(const fs::path& state, int threads) {
  const fs::path path = state / "benchmark";
  std::error_code error;
  const auto age = fs::file_time_type::clock::now() - fs::last_write_time(path, error);
  if (!error && age >= fs::file_time_type::duration::zero() && age < kBenchmarkGood) {
    std::ifstream file(path);
    int of_threads = 0;
    double flops = 0;
    if (file >> of_threads >> flops && of_threads == threads && flops > 0) return flops;
  }
  const double flops = MeasureFlops(threads);
  std::ofstream(path, std::ios::trunc) << threads << ' ' << flops << '\n';  // lost: measured again
  return flops;
}

}  // namespace picube
