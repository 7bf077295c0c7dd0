// kernel_bench: how long the computing kernels take on one thread, for each instruction set that
// this machine has. One JSON line a kernel on standard output; seconds are the median of the runs.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/rng.h"
#include "workunits/math/aligned.h"
#include "workunits/math/fft.h"
#include "workunits/math/isa.h"
#include "workunits/math/sincos.h"
#include "workunits/math/sums.h"
#include "workunits/primes/sieve.h"

namespace {

using picube::math::Isa;

constexpr std::size_t kLength = 131072;
constexpr std::size_t kBlocks = 8;  // of a recording of 2^20 samples
constexpr double kSampleRate = 9765.625;

struct Samples {
  picube::math::Aligned<float> re{kLength * kBlocks};
  picube::math::Aligned<float> im{kLength * kBlocks};

  Samples() {
    picube::Rng rng(1);
    for (std::size_t i = 0; i < kLength * kBlocks; ++i) {
      re.data()[i] = rng.OneIn(2) ? 1.0F : -1.0F;
      im.data()[i] = rng.OneIn(2) ? 1.0F : -1.0F;
    }
  }
};

const Samples& Recording() {
  static const Samples samples;
  return samples;
}

// What one block of a pair needs: the dechirped samples and their spectrum.
struct Block {
  Block() : plan(kLength), workspace(plan.MakeWorkspace()) {}

  picube::math::Fft<float> plan;
  picube::math::Fft<float>::Workspace workspace;
  picube::math::Aligned<float> re{kLength};
  picube::math::Aligned<float> im{kLength};
  picube::math::Aligned<float> power{kLength};
  picube::math::ChirpPhase phase = picube::math::PhaseOfChirp(-11.42, kSampleRate);

  void Dechirp(std::size_t first) {
    picube::math::Dechirp(phase, first, kLength, Recording().re.data() + first,
                          Recording().im.data() + first, re.data(), im.data());
  }
  void Power() { plan.Power(re.data(), im.data(), 1, power.data(), workspace); }
};

void Chirp(benchmark::State& state, Isa isa) {
  const picube::math::WithIsa with(isa);
  Block block;
  for (auto _ : state) {
    block.Dechirp(0);
    benchmark::DoNotOptimize(block.re.data()[1]);
  }
}

void Fft(benchmark::State& state, Isa isa) {
  const picube::math::WithIsa with(isa);
  Block block;
  block.Dechirp(0);
  for (auto _ : state) {
    block.Power();
    benchmark::DoNotOptimize(block.power.data()[1]);
  }
}

void SpikeScan(benchmark::State& state, Isa isa) {
  const picube::math::WithIsa with(isa);
  Block block;
  block.Dechirp(0);
  block.Power();
  for (auto _ : state) {
    benchmark::DoNotOptimize(picube::math::SumAndPeak(block.power.data(), kLength));
  }
}

// All blocks of a recording at one chirp rate: what a unit of application seti does again and
// again.
void Pair(benchmark::State& state, Isa isa) {
  const picube::math::WithIsa with(isa);
  Block block;
  for (auto _ : state) {
    for (std::size_t b = 0; b < kBlocks; ++b) {
      block.Dechirp(b * kLength);
      block.Power();
      benchmark::DoNotOptimize(picube::math::SumAndPeak(block.power.data(), kLength));
    }
  }
}

// Integers only, and one code for all instruction sets.
void PrimesWindow(benchmark::State& state) {
  constexpr std::uint64_t kFrom = 1'000'000'000'000;
  picube::primes::BasePrimes base(picube::primes::IntegerRoot(kFrom + (1U << 23)));
  const std::vector<std::uint32_t> primes = base.Piece(0);
  picube::primes::Window window;
  for (auto _ : state) {
    window.Start(kFrom, kFrom + picube::primes::Window::kNarrow);
    window.CrossOut(primes);
    benchmark::DoNotOptimize(window.Count());
  }
}

// One line a kernel: the median of its repetitions.
class JsonLines final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<double> seconds;
    std::string name;
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      name = run.run_name.function_name;
      seconds.push_back(run.real_accumulated_time / static_cast<double>(run.iterations));
    }
    if (seconds.empty()) return;
    std::sort(seconds.begin(), seconds.end());
    const std::size_t slash = name.find('/');
    std::printf("{\"kernel\":\"%s\",\"seconds\":%.6g,\"isa\":\"%s\",\"threads\":1}\n",
                name.substr(0, slash).c_str(), seconds[seconds.size() / 2],
                name.substr(slash + 1).c_str());
    std::fflush(stdout);
  }
};

void Register(const std::string& name, Isa isa, void (*kernel)(benchmark::State&, Isa)) {
  benchmark::RegisterBenchmark((name + "/" + std::string(picube::math::Name(isa))).c_str(), kernel,
                               isa)
      ->Repetitions(5)
      ->MinTime(0.1);
}

}  // namespace

int main(int argc, char** argv) {
  for (const Isa isa : picube::math::IsasHere()) {
    Register("chirp-131072", isa, Chirp);
    Register("fft-131072", isa, Fft);
    Register("spike-scan-131072", isa, SpikeScan);
    Register("pair-131072", isa, Pair);
  }
  benchmark::RegisterBenchmark("primes-window-1e12/baseline", PrimesWindow)
      ->Repetitions(5)
      ->MinTime(0.1);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  JsonLines lines;
  benchmark::RunSpecifiedBenchmarks(&lines);
  return 0;
}
