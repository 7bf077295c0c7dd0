#include "worker/facts.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "hardware/benchmark.h"
#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kBenchmarkGood{24};
constexpr std::chrono::hours kSustainedGood{24 * 91};
constexpr const char* kSustained = "sustained";  // third word of the file

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

std::string SerialHash(const BoardFacts& facts) {
  if (facts.serial.empty()) return {};
  return ToHex(Hash("picube board serial " + facts.serial));
}

double KnownFlops(const fs::path& state, int threads) {
  const fs::path path = state / "benchmark";
  std::error_code error;
  const auto age = fs::file_time_type::clock::now() - fs::last_write_time(path, error);
  if (!error && age >= fs::file_time_type::duration::zero() && age < kSustainedGood) {
    std::ifstream file(path);
    int of_threads = 0;
    double flops = 0;
    if (file >> of_threads >> flops && of_threads == threads && flops > 0) {
      std::string word;
      file >> word;
      if (age < kBenchmarkGood || word == kSustained) return flops;
    }
  }
  const double flops = MeasureFlops(threads);
  std::ofstream(path, std::ios::trunc) << threads << ' ' << flops << '\n';  // lost: measured again
  return flops;
}

void KeepSustainedFlops(const fs::path& state, int threads, double flops) {
  std::ofstream(state / "benchmark", std::ios::trunc)
      << threads << ' ' << flops << ' ' << kSustained << '\n';
}

}  // namespace picube
