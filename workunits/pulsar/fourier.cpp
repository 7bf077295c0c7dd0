#include "workunits/pulsar/fourier.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/pulsar/fourier.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "protocol/base/check.h"
#include "protocol/base/rng.h"
#include "workunits/math/sincos.h"
#include "workunits/pulsar/folding.h"

HWY_BEFORE_NAMESPACE();
namespace picube::pulsar::HWY_NAMESPACE {

constexpr std::size_t kLanes = 16;
constexpr int kTaps = 16;  // on either side of a half bin

// F_k of the even and odd samples' transform Z, k = first .. end - 1: with Y = conj Z_(M-k),
// F = (Z + Y)/2 - i w (Z - Y)/2, w = e^(-2 pi i k/L).
void Untangle(const float* z_re, const float* z_im, const float* root_re, const float* root_im,
              std::size_t m, float* re, float* im) {
  re[0] = z_re[0] + z_im[0];
  im[0] = 0;
#pragma omp simd
  for (std::size_t k = 1; k < m; ++k) {
    const float sum_re = 0.5F * (z_re[k] + z_re[m - k]);
    const float sum_im = 0.5F * (z_im[k] - z_im[m - k]);
    const float diff_re = 0.5F * (z_im[k] + z_im[m - k]);  // of -i (Z - Y)/2
    const float diff_im = 0.5F * (z_re[m - k] - z_re[k]);
    re[k] = sum_re + (root_re[k] * diff_re - root_im[k] * diff_im);
    im[k] = sum_im + (root_re[k] * diff_im + root_im[k] * diff_re);
  }
}

void Split(const float* x, std::size_t m, float* even, float* odd) {
  for (std::size_t i = 0; i < m; ++i) {
    even[i] = x[2 * i];
    odd[i] = x[2 * i + 1];
  }
}

void PowersOf(const float* re, const float* im, std::size_t count, float* out) {
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) out[i] = re[i] * re[i] + im[i] * im[i];
}

// out[2 i], out[2 i + 1]: |F|^2 * scale at bin i and half a bin on, for `count` bins, a multiple of
// 2. A(r) = -i sum over u = 0.5 .. 15.5 of (F_(r-u) - F_(r+u))/(pi u).
void HalfBins(const float* re, const float* im, std::size_t count, float scale, float* out) {
  float taps[kTaps];
  for (int j = 0; j < kTaps; ++j) {
    taps[j] = static_cast<float>(1.0 / (3.14159265358979323846 * (j + 0.5)));
  }
  for (std::size_t first = 0; first < count; first += kLanes) {
    const std::size_t lanes = std::min(kLanes, count - first);
    float a[kLanes] = {};
    float b[kLanes] = {};
    const float* at_re = re + first;
    const float* at_im = im + first;
    for (int j = 0; j < kTaps; ++j) {
      // Beyond `lanes` lies the rest of the spectrum or its padding.
#pragma omp simd
      for (std::size_t l = 0; l < kLanes; ++l) {
        a[l] += taps[j] * (at_re[static_cast<std::ptrdiff_t>(l) - j] -
                           at_re[l + 1 + static_cast<std::size_t>(j)]);
        b[l] += taps[j] * (at_im[static_cast<std::ptrdiff_t>(l) - j] -
                           at_im[l + 1 + static_cast<std::size_t>(j)]);
      }
    }
    float whole[kLanes];
    float half[kLanes];
#pragma omp simd
    for (std::size_t l = 0; l < kLanes; ++l) {
      whole[l] = (at_re[l] * at_re[l] + at_im[l] * at_im[l]) * scale;
      half[l] = (a[l] * a[l] + b[l] * b[l]) * scale;
    }
    for (std::size_t l = 0; l < lanes; ++l) {
      out[2 * (first + l)] = whole[l];
      out[2 * (first + l) + 1] = half[l];
    }
  }
}

// sums[i] += q[(h (first + i) + H/2) >> log2] for i < count.
void AddHarmonic(const float* q, std::uint32_t first, std::uint32_t h, std::uint32_t log2,
                 std::size_t count, float* sums) {
  const std::uint32_t start = h * first + (1U << log2) / 2;
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) {
    sums[i] += q[static_cast<std::int32_t>((start + h * static_cast<std::uint32_t>(i)) >> log2)];
  }
}

float GreatestOf(const float* values, std::size_t count) {
  float best[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
#pragma omp simd
    for (std::size_t l = 0; l < kLanes; ++l)
      best[l] = values[i + l] > best[l] ? values[i + l] : best[l];
  }
  for (; i < count; ++i) best[0] = std::max(best[0], values[i]);
  return *std::max_element(best, best + kLanes);
}

}  // namespace picube::pulsar::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::pulsar {
namespace {

HWY_EXPORT(Untangle);
HWY_EXPORT(Split);
HWY_EXPORT(PowersOf);
HWY_EXPORT(HalfBins);
HWY_EXPORT(AddHarmonic);
HWY_EXPORT(GreatestOf);

constexpr std::size_t kRoom = 64;        // bins of zeros before and behind the spectrum
constexpr std::size_t kChunk = 2048;     // half bins summed at once
constexpr std::uint32_t kLowestBin = 8;  // nothing below is normalised
constexpr std::uint32_t kApart = 8;      // half bins: a peak is the greatest within
constexpr double kLn2 = 0.69314718055994530942;

// The middle value, or the mean of the two middle ones. Changes the order.
double MedianOf(std::span<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  const auto upper = static_cast<double>(*middle);
  if (values.size() % 2 == 1) return upper;
  return 0.5 * (upper + static_cast<double>(*std::max_element(values.begin(), middle)));
}

}  // namespace

std::uint32_t FourierPlan::EndBin() const {
  const auto bins = static_cast<std::uint32_t>(length / 2);
  std::uint32_t end = first_bin;
  while (end + block_bins < bins - 1) end += block_bins;
  return end;
}

bool IsSound(const FourierPlan& plan) {
  return std::has_single_bit(plan.length) && plan.length >= kShortestFourier &&
         plan.length <= kLongestFourier && plan.first_bin >= kLowestBin &&
         plan.first_bin < plan.length / 2 &&
         plan.first_bin + plan.block_bins + plan.reach < plan.length / 2 && plan.sums >= 1 &&
         plan.sums <= kHarmonicSums && plan.reach >= 16 && plan.reach <= kRoom &&
         plan.block_bins >= 64 && plan.block_bins % 2 == 0 && plan.block_bins <= 4096 &&
         std::all_of(plan.cuts.begin(), plan.cuts.end(), [](float c) { return c > 0; });
}

bool Before(const FourierPeak& a, const FourierPeak& b) {
  return a.power != b.power ? a.power > b.power : a.half_bin < b.half_bin;
}

std::uint64_t FourierMemory(const FourierPlan& plan) { return 4 * 7 * plan.length + (1U << 20); }

double FourierCost(const FourierPlan& plan) {
  const auto n = static_cast<double>(plan.length);
  return n * (2.5 * static_cast<double>(std::bit_width(plan.length)) + 60 +
              5.0 * static_cast<double>(1U << plan.sums));
}

FourierSearch::FourierSearch(const FourierPlan& plan)
    : plan_(plan), fft_(plan.length / 2), workspace_(fft_.MakeWorkspace()) {
  PICUBE_CHECK(IsSound(plan), "the plan was checked");
  const std::size_t bins = plan.length / 2;
  root_re_ = math::Aligned<float>(bins);
  root_im_ = math::Aligned<float>(bins);
  for (std::size_t k = 0; k < bins; ++k) {
    const math::Root root = math::UnitRoot(k, plan.length);
    root_re_[k] = static_cast<float>(root.re);
    root_im_[k] = static_cast<float>(-root.im);
  }
  even_ = math::Aligned<float>(bins);
  odd_ = math::Aligned<float>(bins);
  re_ = math::Aligned<float>(bins + 2 * kRoom);
  im_ = math::Aligned<float>(bins + 2 * kRoom);
  powers_ = math::Aligned<float>(plan.length + kChunk);
  block_.resize(plan.block_bins + 2 * plan.reach);
}

FourierResult FourierSearch::Search(std::span<const std::int8_t> samples) {
  PICUBE_CHECK(samples.size() <= plan_.length, "the series fits");
  float* x = powers_.data();  // not needed yet
  for (std::size_t i = 0; i < samples.size(); ++i) x[i] = static_cast<float>(samples[i]);
  std::fill(x + samples.size(), x + plan_.length, 0.0F);
  return Run();
}

FourierResult FourierSearch::Search(std::span<const float> samples) {
  PICUBE_CHECK(samples.size() <= plan_.length, "the series fits");
  float* x = powers_.data();
  std::copy(samples.begin(), samples.end(), x);
  std::fill(x + samples.size(), x + plan_.length, 0.0F);
  return Run();
}

FourierResult FourierSearch::Run() {
  Spectrum();
  std::fill(powers_.data(), powers_.data() + powers_.size(), 0.0F);
  // Low bins first; from the first bin of the search on they are made again, by its own blocks.
  if (plan_.first_bin > kLowestBin) Normalise(kLowestBin);
  for (std::uint32_t bin = plan_.first_bin; bin < plan_.EndBin(); bin += plan_.block_bins) {
    Normalise(bin);
  }
  FourierResult result;
  Sum(result);
  return result;
}

void FourierSearch::Spectrum() {
  const std::size_t m = plan_.length / 2;
  HWY_DYNAMIC_DISPATCH(Split)(powers_.data(), m, even_.data(), odd_.data());
  // Exchanged parts turn the sign of the transform.
  fft_.Transform(odd_.data(), even_.data(), 1, odd_.data(), even_.data(), workspace_);
  HWY_DYNAMIC_DISPATCH(Untangle)
  (even_.data(), odd_.data(), root_re_.data(), root_im_.data(), m, re_.data() + kRoom,
   im_.data() + kRoom);
}

void FourierSearch::Normalise(std::uint32_t first_bin) {
  const std::size_t bins = plan_.length / 2;
  // Zeros before bin 0 are part of the block, as in PRESTO.
  const float* re = re_.data() + kRoom + first_bin;
  const float* im = im_.data() + kRoom + first_bin;
  const std::size_t reach = plan_.reach;
  HWY_DYNAMIC_DISPATCH(PowersOf)(re - reach, im - reach, block_.size(), block_.data());
  const double median = MedianOf(block_);
  const double scale = median > 0 ? kLn2 / median : 0;
  const std::size_t count = std::min<std::size_t>(plan_.block_bins, bins - first_bin);
  HWY_DYNAMIC_DISPATCH(HalfBins)
  (re, im, count, static_cast<float>(scale),
   powers_.data() + 2 * static_cast<std::size_t>(first_bin));
}

void FourierSearch::Sum(FourierResult& result) {
  const std::uint32_t end = 2 * plan_.EndBin();
  std::vector<float> sums(kChunk);
  for (std::uint32_t first = 2 * plan_.first_bin; first < end; first += kChunk) {
    const std::size_t count = std::min<std::size_t>(kChunk, end - first);
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (std::uint32_t log2 = 0; log2 < plan_.sums; ++log2) {
      const std::uint32_t harmonics = 1U << log2;
      for (std::uint32_t h = 1; h <= harmonics; h += 2) {
        HWY_DYNAMIC_DISPATCH(AddHarmonic)(powers_.data(), first, h, log2, count, sums.data());
      }
      Collect(first, std::span<const float>(sums).first(count), log2, result);
    }
  }
  for (auto& peaks : result.peaks) {
    std::sort(peaks.begin(), peaks.end(),
              [](const FourierPeak& a, const FourierPeak& b) { return Before(a, b); });
    if (peaks.size() > kBest) peaks.resize(kBest);
    for (FourierPeak& peak : peaks) {
      const std::uint32_t harmonics = 1U << peak.log2_harmonics;
      for (std::uint32_t h = 1; h <= harmonics; ++h) {
        peak.parts[h - 1] = powers_[(h * peak.half_bin + harmonics / 2) >> peak.log2_harmonics];
      }
    }
  }
}

void FourierSearch::Collect(std::uint32_t first, std::span<const float> sums, std::uint32_t log2,
                            FourierResult& result) const {
  const float greatest = HWY_DYNAMIC_DISPATCH(GreatestOf)(sums.data(), sums.size());
  result.digest = Mix64(result.digest ^ std::bit_cast<std::uint32_t>(greatest));
  if (!(greatest >= plan_.cuts[log2])) return;
  auto& peaks = result.peaks[log2];
  for (std::uint32_t i = 0; i < sums.size(); ++i) {
    if (!(sums[i] >= plan_.cuts[log2])) continue;
    FourierPeak peak{first + i, log2, sums[i], {}};
    if (!peaks.empty() && peak.half_bin - peaks.back().half_bin <= kApart) {
      if (Before(peak, peaks.back())) peaks.back() = peak;
    } else {
      peaks.push_back(peak);
    }
  }
}

namespace twin {

double PowerAt(const std::vector<double>& re, const std::vector<double>& im,
               const FourierPlan& plan, std::uint32_t block_first, std::uint32_t half_bin) {
  const auto bins = static_cast<std::int64_t>(re.size());
  const auto inside = [bins](std::int64_t k) { return k >= 0 && k < bins; };
  std::vector<double> powers;
  const auto first = static_cast<std::int64_t>(block_first) - plan.reach;
  for (std::int64_t k = first; k < first + plan.block_bins + 2 * plan.reach; ++k) {
    const auto at = static_cast<std::size_t>(k);
    powers.push_back(inside(k) ? re[at] * re[at] + im[at] * im[at] : 0);
  }
  std::sort(powers.begin(), powers.end());
  const double median = 0.5 * (powers[powers.size() / 2] + powers[powers.size() / 2 - 1]);
  double a = 0;
  double b = 0;
  const double pi = std::acos(-1.0);
  for (int j = -16; j < 16; ++j) {
    const double u = half_bin % 2 == 0 ? j : j + 0.5;
    const std::int64_t k = half_bin / 2 + (half_bin % 2) - static_cast<std::int64_t>(std::ceil(u));
    const double sinc = u == 0 ? 1 : std::sin(pi * u) / (pi * u);
    if (!inside(k)) continue;
    const auto at = static_cast<std::size_t>(k);  // times conj(e^(i pi u) sinc u)
    a += sinc * (re[at] * std::cos(pi * u) + im[at] * std::sin(pi * u));
    b += sinc * (im[at] * std::cos(pi * u) - re[at] * std::sin(pi * u));
  }
  return (a * a + b * b) * std::log(2.0) / median;
}

}  // namespace twin

}  // namespace picube::pulsar
#endif
