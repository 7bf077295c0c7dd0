// The inner loop of application seti at its longest transform, beside the same by FFTW.
#include <benchmark/benchmark.h>

#include <cmath>
#include <complex>
#include <cstdio>
#include <memory>

#include "protocol/base/rng.h"
#include "tests/bench/kernels/kernels.h"
#include "workunits/math/aligned.h"
#include "workunits/math/fft.h"
#include "workunits/math/parallel.h"
#include "workunits/math/sincos.h"
#include "workunits/math/sums.h"

#if defined(PICUBE_FFTW)
#include <fftw3.h>
#endif

namespace picube::bench {
namespace {

constexpr std::size_t kLength = 131072;
constexpr std::size_t kBlocks = 8;  // of a recording of 2^20 samples
constexpr double kSampleRate = 9765.625;
constexpr double kDrift = -11.42;  // Hz/s

struct Samples {
  math::Aligned<float> re{kLength * kBlocks};
  math::Aligned<float> im{kLength * kBlocks};

  Samples() {
    Rng rng(1);
    for (std::size_t i = 0; i < kLength * kBlocks; ++i) {
      re[i] = rng.OneIn(2) ? 1.0F : -1.0F;
      im[i] = rng.OneIn(2) ? 1.0F : -1.0F;
    }
  }
};

// One block of a pair of chirp rate and length: dechirped, transformed, scanned.
struct Block {
  explicit Block(std::shared_ptr<const Samples> recording) : samples(std::move(recording)) {}

  void Dechirp(std::size_t first) {
    math::Dechirp(math::PhaseOfChirp(kDrift, kSampleRate), first, kLength,
                  samples->re.data() + first, samples->im.data() + first, re.data(), im.data());
  }
  void Transform() {
    plan.Transform(re.data(), im.data(), 1, out_re.data(), out_im.data(), workspace);
  }
  void Whole(std::size_t first) {
    Dechirp(first);
    plan.Power(re.data(), im.data(), 1, power.data(), workspace);
    benchmark::DoNotOptimize(math::SumAndPeak(power.data(), kLength));
  }

  std::shared_ptr<const Samples> samples;
  math::Fft<float> plan{kLength};
  math::Fft<float>::Workspace workspace = plan.MakeWorkspace();
  math::Aligned<float> re{kLength}, im{kLength}, out_re{kLength}, out_im{kLength}, power{kLength};
};

#if defined(PICUBE_FFTW)
const char* const kPipeline = "FFTW 3.3, measured plan, sine by recurrence, plain scan";

// The straightforward way: interleaved samples, the chirp by a recurrence in double, FFTW, a scan.
class Straight {
 public:
  explicit Straight(const Samples& samples)
      : in_(kLength * kBlocks),
        data_(fftwf_alloc_complex(kLength)),
        out_(fftwf_alloc_complex(kLength)) {
    for (std::size_t i = 0; i < in_.size(); ++i) in_[i] = {samples.re[i], samples.im[i]};
    plan_ = fftwf_plan_dft_1d(kLength, data_, out_, FFTW_BACKWARD, FFTW_MEASURE);
  }
  ~Straight() {
    fftwf_destroy_plan(plan_);
    fftwf_free(data_);
    fftwf_free(out_);
  }
  Straight(const Straight&) = delete;
  Straight& operator=(const Straight&) = delete;

  void Dechirp(std::size_t first) {
    const double turn = 2 * 3.14159265358979323846;
    const double half = 0.5 * kDrift / (kSampleRate * kSampleRate);
    const double i0 = static_cast<double>(first);
    std::complex<double> w = std::polar(1.0, turn * half * i0 * i0);
    std::complex<double> step = std::polar(1.0, turn * half * (2 * i0 + 1));
    const std::complex<double> twist = std::polar(1.0, turn * half * 2);
    for (std::size_t i = 0; i < kLength; ++i) {
      const auto c = static_cast<float>(w.real());
      const auto s = static_cast<float>(w.imag());
      const std::complex<float> x = in_[first + i];
      data_[i][0] = x.real() * c - x.imag() * s;
      data_[i][1] = x.real() * s + x.imag() * c;
      w = {w.real() * step.real() - w.imag() * step.imag(),
           w.real() * step.imag() + w.imag() * step.real()};
      step = {step.real() * twist.real() - step.imag() * twist.imag(),
              step.real() * twist.imag() + step.imag() * twist.real()};
    }
  }
  void Transform() { fftwf_execute(plan_); }
  void Scan() {
    double sum = 0;
    float peak = 0;
    std::size_t bin = 0;
    for (std::size_t i = 0; i < kLength; ++i) {
      const float power = out_[i][0] * out_[i][0] + out_[i][1] * out_[i][1];
      sum += static_cast<double>(power);
      if (i > 0 && power > peak) {
        peak = power;
        bin = i;
      }
    }
    benchmark::DoNotOptimize(sum);
    benchmark::DoNotOptimize(bin);
  }
  void Whole(std::size_t first) {
    Dechirp(first);
    Transform();
    Scan();
  }

 private:
  std::vector<std::complex<float>> in_;
  fftwf_complex* data_;
  fftwf_complex* out_;
  fftwf_plan plan_;
};
#endif

template <class Worker>
void Pair(Worker& worker) {
  for (std::size_t b = 0; b < kBlocks; ++b) worker.Whole(b * kLength);
}

}  // namespace

void AddSeti(std::vector<Case>& cases) {
  const auto samples = std::make_shared<const Samples>();
  const auto block = std::make_shared<Block>(samples);
  block->Dechirp(0);
  Case chirp{"chirp-131072", [block] { block->Dechirp(0); }, "", {}};
  Case fft{"fft-131072", [block] { block->Transform(); }, "", {}};
  Case pair{"seti-pair-131072", [block] { Pair(*block); }, "", {}};
#if defined(PICUBE_FFTW)
  const auto straight = std::make_shared<Straight>(*samples);
  chirp.reference = "sine by recurrence";
  chirp.theirs = [straight] { straight->Dechirp(0); };
  fft.reference = "FFTW 3.3, measured plan";
  fft.theirs = [straight] { straight->Transform(); };
  pair.reference = kPipeline;
  pair.theirs = [straight] { Pair(*straight); };
#else
  std::fputs("FFTW is not installed (libfftw3-dev): nothing to compare seti with\n", stderr);
#endif
  const auto second = std::make_shared<Block>(samples);
  Case two{.kernel = "seti-pair-131072",
           .ours =
               [block, second] {
                 math::ParallelFor(2, kBlocks, [&](std::size_t b, std::size_t worker) {
                   (worker == 0 ? *block : *second).Whole(b * kLength);
                 });
               },
           .reference = "one thread",
           .theirs = [block] { Pair(*block); },
           .threads = 2,
           .each_isa = false};
  for (Case& one : std::vector<Case>{chirp, fft, pair, two}) cases.push_back(std::move(one));
}

}  // namespace picube::bench
