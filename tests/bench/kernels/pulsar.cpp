// The two searches of application pulsar on 131,072 samples of noise: folding as a search of 50,016
// trial periods does it, beside its float32 twin; the Fourier search at 51 accelerations.
#include <benchmark/benchmark.h>

#include <memory>

#include "protocol/base/rng.h"
#include "tests/bench/kernels/kernels.h"
#include "workunits/pulsar/folding.h"
#include "workunits/pulsar/fourier.h"
#include "workunits/pulsar/series.h"
#include "workunits/pulsar/twin.h"

namespace picube::bench {
namespace {

constexpr std::size_t kSamples = 131'072;
constexpr double kSampleSeconds = 0.00016384;

struct Noise {
  std::vector<std::int8_t> samples;
  std::vector<float> floats;
};

std::shared_ptr<const Noise> MakeNoise() {
  Rng rng(1);
  auto noise = std::make_shared<Noise>();
  for (std::size_t i = 0; i < kSamples; ++i) {
    noise->samples.push_back(static_cast<std::int8_t>(static_cast<int>(rng.Below(29)) - 14));
    noise->floats.push_back(static_cast<float>(noise->samples.back()) / 8);
  }
  return noise;
}

void FoldAll(const Noise& noise, const pulsar::FoldPlan& plan, int threads) {
  pulsar::FoldSearch search(plan, noise.samples, 8.37, 6);
  benchmark::DoNotOptimize(search.Search(0, plan.stages, threads, [](double) { return true; }));
}

void Accelerations(const Noise& noise, pulsar::FourierSearch& search) {
  for (int a = -25; a <= 25; ++a) {
    const auto moved = pulsar::Resample(noise.samples, a * 1e-9);
    benchmark::DoNotOptimize(search.Search(std::span<const std::int8_t>(moved)));
  }
}

}  // namespace

void AddPulsar(std::vector<Case>& cases) {
  const auto noise = MakeNoise();
  const auto plan = pulsar::MakeFoldPlan(kSampleSeconds, 0.1, 2, 240, 260);
  if (!plan) return;
  cases.push_back({"pulsar-fold-131072", [noise, plan] { FoldAll(*noise, *plan, 1); },
                   "the same in float32 as it is written",
                   [noise, plan] {
                     benchmark::DoNotOptimize(pulsar::twin::SearchFloats(*plan, noise->floats));
                   }});
  Case two{"pulsar-fold-131072", [noise, plan] { FoldAll(*noise, *plan, 2); }, "one thread",
           [noise, plan] { FoldAll(*noise, *plan, 1); }};
  two.threads = 2;
  two.each_isa = false;
  cases.push_back(std::move(two));
  pulsar::FourierPlan fourier;
  fourier.length = kSamples;
  fourier.first_bin = 21;
  fourier.cuts.fill(40);
  const auto search = std::make_shared<pulsar::FourierSearch>(fourier);
  cases.push_back(
      {"pulsar-fourier-131072-51", [noise, search] { Accelerations(*noise, *search); }, "", {}});
}

}  // namespace picube::bench
