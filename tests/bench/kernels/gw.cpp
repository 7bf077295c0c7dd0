// One template of the merger bank against 32 s of strain, beside the same pipeline written
// straightforwardly with FFTW and the C library's functions.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>

#include "protocol/base/rng.h"
#include "tests/bench/kernels/kernels.h"
#include "workunits/gw/filter.h"
#include "workunits/math/parallel.h"

#if defined(PICUBE_FFTW)
#include <fftw3.h>
#endif

namespace picube::bench {
namespace {

using namespace gw;

constexpr std::uint64_t kSamples = 131'072;
constexpr double kLow = 20;

struct Job {
  Spectra spectra;
  std::unique_ptr<Filter> filter;
  std::vector<Filter::Workspace> workspaces;
};

std::shared_ptr<Job> MakeJob() {
  auto job = std::make_shared<Job>();
  job->spectra = {"M1", 0, 4096, kSamples, {}, {}, {}};
  Rng rng(1);
  for (std::uint64_t k = 0; k <= kSamples / 2; ++k) {
    job->spectra.re.push_back(static_cast<double>(rng.Below(1000)) - 500);
    job->spectra.im.push_back(static_cast<double>(rng.Below(1000)) - 500);
    job->spectra.noise.push_back(1 + 1e5 / static_cast<double>(k + 10));
  }
  job->filter = std::make_unique<Filter>(job->spectra, kLow);
  for (int i = 0; i < 2; ++i) job->workspaces.push_back(job->filter->MakeWorkspace());
  return job;
}

void Templates(Job& job, int threads, std::uint32_t templates = 8) {
  const Bank bank{Family::kMerger, kLow, 0, 20, 1.02, templates, 0.25, 0, 1};
  math::ParallelFor(threads, bank.Size(), [&](std::size_t i, std::size_t worker) {
    benchmark::DoNotOptimize(job.filter->Search(ShapeOf(bank, bank.At(i)), job.workspaces[worker]));
  });
}

#if defined(PICUBE_FFTW)
struct Plain {
  fftwf_complex* values = fftwf_alloc_complex(kSamples);
  fftwf_plan plan =
      fftwf_plan_dft_1d(static_cast<int>(kSamples), values, values, FFTW_BACKWARD, FFTW_MEASURE);
};

void TemplatesPlainly(const Job& job, Plain& plain) {
  const Spectra& spectra = job.spectra;
  const Bank bank{Family::kMerger, kLow, 0, 20, 1.02, 8, 0.25, 0, 1};
  for (std::uint64_t i = 0; i < bank.Size(); ++i) {
    const Shape shape = ShapeOf(bank, bank.At(i));
    const double* p = shape.phase;
    double norm = 0;
    for (std::uint64_t k = 0; k < kSamples; ++k) plain.values[k][0] = plain.values[k][1] = 0;
    for (std::uint64_t k = static_cast<std::uint64_t>(kLow * 32); k < kSamples / 2; ++k) {
      const double f = spectra.Frequency(k);
      if (f > shape.end) break;
      const double u = std::cbrt(f);
      const double phase =
          p[0] / (f * u * u) + p[1] / f + p[2] / (u * u) + p[3] / u + p[4] * u + p[5] * u * u;
      double amplitude = shape.amplitude[0] / (f * std::sqrt(u));
      if (f >= shape.ringdown) {
        const double late = f - shape.ringdown;
        amplitude = shape.amplitude[2] / (late * late + shape.amplitude[3]);
      } else if (f >= shape.merger) {
        amplitude = shape.amplitude[1] / (u * u);
      }
      const double c = amplitude * std::cos(phase);
      const double s = amplitude * std::sin(phase);
      norm += amplitude * amplitude / spectra.noise[k];
      plain.values[k][0] =
          static_cast<float>((spectra.re[k] * c + spectra.im[k] * s) / spectra.noise[k]);
      plain.values[k][1] =
          static_cast<float>((spectra.im[k] * c - spectra.re[k] * s) / spectra.noise[k]);
    }
    fftwf_execute(plain.plan);
    float most = 0;
    std::uint64_t at = 0;
    for (std::uint64_t k = 0; k < kSamples; ++k) {
      const float power =
          plain.values[k][0] * plain.values[k][0] + plain.values[k][1] * plain.values[k][1];
      if (power > most) {
        most = power;
        at = k;
      }
    }
    benchmark::DoNotOptimize(std::sqrt(static_cast<double>(most) / norm));
    benchmark::DoNotOptimize(at);
  }
}
#endif

}  // namespace

void AddGw(std::vector<Case>& cases) {
  const auto job = MakeJob();
  Case one{"gw-8-templates-131072", [job] { Templates(*job, 1); }, "", {}};
#if defined(PICUBE_FFTW)
  const auto plain = std::make_shared<Plain>();
  one.reference = "FFTW, measured plan, and the C library";
  one.theirs = [job, plain] { TemplatesPlainly(*job, *plain); };
#endif
  // As many as lie between two pauses of a unit.
  Case two{"gw-64-templates-131072", [job] { Templates(*job, 2, 64); }, "one thread",
           [job] { Templates(*job, 1, 64); }};
  two.threads = 2;
  two.each_isa = false;
  cases.push_back(std::move(one));
  cases.push_back(std::move(two));
}

}  // namespace picube::bench
