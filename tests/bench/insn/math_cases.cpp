// The building blocks of workunits/math.
#include <fmt/format.h>

#include "protocol/base/rng.h"
#include "tests/bench/insn/cases.h"
#include "workunits/math/aligned.h"
#include "workunits/math/elementary.h"
#include "workunits/math/fft.h"
#include "workunits/math/fold.h"
#include "workunits/math/gamma.h"
#include "workunits/math/median.h"
#include "workunits/math/sums.h"
#include "workunits/math/taylor_tree.h"

namespace picube::bench {
namespace {

using math::Aligned;

template <class T>
Aligned<T> Noise(std::size_t count) {
  Rng rng(count);
  Aligned<T> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<T>(static_cast<double>(rng.Below(2001)) / 1000 - 1);
  }
  return values;
}

template <class T>
struct FftJob {
  FftJob(std::size_t n, std::size_t count)
      : fft(n), re(Noise<T>(n * count)), im(Noise<T>(n * count)) {}
  math::Fft<T> fft;
  Aligned<T> re, im;
  Aligned<T> out_re{re.size()}, out_im{re.size()};
  typename math::Fft<T>::Workspace space = fft.MakeWorkspace();
};
template <class T>
std::function<void()> MakeFft(std::size_t length) {
  const std::size_t count = math::Fft<T>(length).Batch();
  auto job = std::make_shared<FftJob<T>>(length, count);
  return [job, count] {
    job->fft.Transform(job->re.data(), job->im.data(), count, job->out_re.data(),
                       job->out_im.data(), job->space);
    Keep(job->out_re.data());
  };
}
template <class T>
InsnCase FftCase(const char* kind, std::size_t length) {
  const std::size_t count = math::Fft<T>(length).Batch();
  return {fmt::format("fft-{}-{}", kind, length), static_cast<double>(length * count),
          [length] { return MakeFft<T>(length); }};
}

constexpr std::size_t kColumns = 4096;

template <class T>
struct TreeJob {
  math::TaylorTree<T> tree{16, -100, 100};
  std::size_t stride = tree.Left() + kColumns + tree.Right();
  std::vector<T> cells = std::vector<T>(16 * stride);
  std::vector<T> best = std::vector<T>(kColumns);
  typename math::TaylorTree<T>::Workspace space = tree.MakeWorkspace();
};
template <class T>
std::function<void()> MakeTree() {
  auto job = std::make_shared<TreeJob<T>>();
  Rng rng(1);
  for (T& cell : job->cells) cell = static_cast<T>(rng.Below(200));
  return [job] {
    job->tree.Search(job->cells.data() + job->tree.Left(), job->stride, kColumns, job->best.data(),
                     job->space);
    Keep(job->best.data());
  };
}

std::function<void()> MakeChirp() {
  constexpr std::size_t kCount = 32768;
  auto in = std::make_shared<Aligned<float>>(Noise<float>(kCount));
  auto out = std::make_shared<Aligned<float>>(2 * kCount);
  return [in, out] {
    math::Dechirp(math::PhaseOfChirp(-3.7, 9765.625), 0, kCount, in->data(), in->data(),
                  out->data(), out->data() + kCount);
    Keep(out->data());
  };
}

std::function<void()> MakeSum() {
  auto power = std::make_shared<Aligned<float>>(32768);
  for (std::size_t i = 0; i < power->size(); ++i) (*power)[i] = static_cast<float>(i);
  return [power] {
    const math::Peak peak = math::SumAndPeak(power->data(), power->size());
    Keep(&peak);
  };
}

std::function<void()> MakeElementary() {
  return [] {
    double sum = 0;
    for (int i = 1; i <= 10'000; ++i) {
      const double x = i * 0.003;
      sum += math::Exp(-x) + math::Log(x) + math::SinCos(x).re + math::Pow(x, 0.3);
    }
    Keep(&sum);
  };
}

std::function<void()> MakeGamma() {
  return [] {
    double sum = 0;
    for (int i = 1; i <= 500; ++i) {
      sum += math::LogGamma(i * 0.37) + math::LogUpperGamma(i * 0.1, i * 0.1 + 5);
    }
    Keep(&sum);
  };
}

std::function<void()> MakeMedian() {
  auto values = std::make_shared<Aligned<float>>(Noise<float>(50'000));
  return [values] {
    std::vector<float> copy(values->data(), values->data() + values->size());
    const double deviation = math::MedianAbsoluteDeviation(copy);
    Keep(&deviation);
  };
}

std::function<void()> MakeFold() {
  constexpr std::size_t kRows = 128;
  constexpr std::size_t kBins = 250;
  auto in = std::make_shared<std::vector<std::int32_t>>(kRows * kBins + math::kFoldPadding);
  Rng rng(2);
  for (auto& value : *in) value = static_cast<std::int32_t>(rng.Below(1000));
  auto space = std::make_shared<math::FoldSpace>();
  return [in, space] {
    static constexpr std::uint32_t kWidths[] = {1, 2, 3, 4, 6, 9, 13, 19, 28, 42};
    std::vector<std::int64_t> totals(kRows);
    std::vector<std::int64_t> peaks(kRows * std::size(kWidths));
    math::FoldPeaks(in->data(), kRows, kBins, kRows, kWidths, *space, totals.data(), peaks.data());
    Keep(peaks.data());
  };
}

}  // namespace

void AddMathCases(std::vector<InsnCase>& cases) {
  for (const std::size_t length : {8U, 64U, 512U, 4096U, 32768U, 131072U, 1U << 20}) {
    cases.push_back(FftCase<float>("float", length));
  }
  cases.push_back(FftCase<double>("double", 32768));
  cases.push_back({"chirp", 32768, MakeChirp});
  cases.push_back({"sum-and-peak", 32768, MakeSum});
  cases.push_back({"exp-log-cos-pow", 10'000, MakeElementary});
  cases.push_back({"gamma-functions", 500, MakeGamma});
  cases.push_back({"median-and-deviation", 50'000, MakeMedian});
  cases.push_back({"taylor-tree-float", kColumns, MakeTree<float>});
  cases.push_back({"taylor-tree-u16", kColumns, MakeTree<std::uint16_t>});
  cases.push_back({"fast-folding", 128 * 250, MakeFold});
}

}  // namespace picube::bench
