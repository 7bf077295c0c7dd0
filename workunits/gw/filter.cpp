#include "workunits/gw/filter.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "workunits/math/elementary.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/gw/filter.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "workunits/math/elementary-inl.h"

HWY_BEFORE_NAMESPACE();
namespace picube::gw::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
namespace em = picube::math::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using V = hn::VFromD<D>;
constexpr D kD;
constexpr std::size_t kLanes = 16;
constexpr std::size_t kBlock = 512;

HWY_INLINE V Of(double x) { return hn::Set(kD, x); }

// Phase and amplitude of the bins from i on.
HWY_INLINE V PhaseOf(const Shape& shape, V root, V inverse, V log) {
  const double* p = shape.phase;
  const V two = hn::Mul(inverse, inverse);
  const V three = hn::Mul(two, inverse);
  V sum = hn::Mul(Of(p[0]), hn::Mul(three, two));
  sum = hn::Add(sum, hn::Mul(Of(p[1]), three));
  sum = hn::Add(sum, hn::Mul(Of(p[2]), two));
  sum = hn::Add(sum, hn::Mul(Of(p[3]), inverse));
  if (shape.family == Family::kTaylorF2) {
    sum = hn::Add(sum, hn::Add(Of(p[6]), hn::Mul(Of(p[7]), log)));
    sum = hn::Add(sum, hn::Mul(hn::Add(Of(p[4]), hn::Mul(Of(p[8]), log)), root));
  } else {
    sum = hn::Add(sum, hn::Mul(Of(p[4]), root));
  }
  sum = hn::Add(sum, hn::Mul(Of(p[5]), hn::Mul(root, root)));
  return shape.family == Family::kTaylorF2 ? hn::Neg(sum) : sum;
}

HWY_INLINE V AmplitudeOf(const Shape& shape, V hertz, V inverse, V power) {
  if (shape.family == Family::kTaylorF2) return power;
  const V late = hn::Sub(hertz, Of(shape.ringdown));
  const V ringing =
      hn::Div(Of(shape.amplitude[2]), hn::Add(hn::Mul(late, late), Of(shape.amplitude[3])));
  const V merging = hn::Mul(Of(shape.amplitude[1]), hn::Mul(inverse, inverse));
  const V nearing = hn::Mul(Of(shape.amplitude[0]), power);
  return hn::IfThenElse(hn::Lt(hertz, Of(shape.merger)), nearing,
                        hn::IfThenElse(hn::Lt(hertz, Of(shape.ringdown)), merging, ringing));
}

// Writes d conj(h) / P of `bins` bins as floats, and returns sum |h|^2 / P: 16 lanes, each in the
// order of the bins, joined pairwise.
double Product(const FilterTables& tables, const Shape& shape, std::size_t bins, float* re,
               float* im) {
  alignas(64) double sums[kLanes] = {};
  alignas(64) double out_re[kLanes];
  alignas(64) double out_im[kLanes];
  for (std::size_t group = 0; group < bins; group += kLanes) {
    const std::size_t left = std::min(kLanes, bins - group);
    for (std::size_t i = 0; i < kLanes; i += hn::Lanes(kD)) {
      const std::size_t at = group + i;
      const V hertz = hn::Load(kD, tables.hertz.data() + at);
      const V inverse = hn::Load(kD, tables.inverse.data() + at);
      const V phase = PhaseOf(shape, hn::Load(kD, tables.root.data() + at), inverse,
                              hn::Load(kD, tables.log.data() + at));
      V sine = phase;
      V cosine = phase;
      em::SinCos(kD, phase, sine, cosine);
      const V amplitude =
          AmplitudeOf(shape, hertz, inverse, hn::Load(kD, tables.power.data() + at));
      const V weight = hn::Load(kD, tables.weight.data() + at);
      const V data_re = hn::Load(kD, tables.data_re.data() + at);
      const V data_im = hn::Load(kD, tables.data_im.data() + at);
      hn::Store(hn::Mul(amplitude, hn::Add(hn::Mul(data_re, cosine), hn::Mul(data_im, sine))), kD,
                out_re + i);
      hn::Store(hn::Mul(amplitude, hn::Sub(hn::Mul(data_im, cosine), hn::Mul(data_re, sine))), kD,
                out_im + i);
      V sum = hn::Mul(hn::Mul(amplitude, amplitude), weight);
      // Bins beyond the last one of the template count nothing.
      alignas(64) double lane[kLanes];
      hn::Store(sum, kD, lane);
      for (std::size_t l = 0; l < hn::Lanes(kD); ++l) {
        if (i + l < left) sums[i + l] += lane[l];
      }
    }
    for (std::size_t l = 0; l < left; ++l) {
      re[group + l] = static_cast<float>(out_re[l]);
      im[group + l] = static_cast<float>(out_im[l]);
    }
  }
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  }
  return sums[0];
}

HWY_INLINE float PowerAt(const float* re, const float* im, std::size_t i) {
  return re[i] * re[i] + im[i] * im[i];
}

// The greatest |x|^2 of [from, to), the first of equal ones.
PowerPeak Greatest(const float* re, const float* im, std::size_t from, std::size_t to) {
  PowerPeak best;
  std::size_t best_block = from;
  for (std::size_t block = from; block < to; block += kBlock) {
    const std::size_t end = std::min(block + kBlock, to);
    float most[kLanes] = {};
    std::size_t i = block;
    for (; i + kLanes <= end; i += kLanes) {
#pragma omp simd
      for (std::size_t l = 0; l < kLanes; ++l) {
        const float power = PowerAt(re, im, i + l);
        most[l] = power > most[l] ? power : most[l];
      }
    }
    for (; i < end; ++i) most[0] = std::max(most[0], PowerAt(re, im, i));
    const float top = *std::max_element(most, most + kLanes);
    if (top > best.power) {
      best.power = top;
      best_block = block;
    }
  }
  best.at = best_block;
  while (best.at + 1 < to && PowerAt(re, im, best.at) != best.power) ++best.at;
  return best;
}

}  // namespace picube::gw::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::gw {
namespace {

HWY_EXPORT(Product);
HWY_EXPORT(Greatest);

constexpr std::size_t kGroup = 16;
constexpr int kBands = 16;

math::Aligned<double> Table(std::size_t size) { return math::Aligned<double>(size); }

}  // namespace

Filter::Filter(const Spectra& spectra, double low_hertz)
    : spectra_(spectra), fft_(spectra.samples) {
  FilterTables& t = tables_;
  const double step = spectra.rate / static_cast<double>(spectra.samples);
  t.first = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(low_hertz / step)));
  t.bins = spectra.samples / 2 > t.first ? spectra.samples / 2 - t.first : 0;
  t.padded = (t.bins + kGroup - 1) / kGroup * kGroup;
  for (auto* table :
       {&t.hertz, &t.root, &t.inverse, &t.power, &t.log, &t.data_re, &t.data_im, &t.weight}) {
    *table = Table(t.padded);
  }
  double most = 0;
  for (std::size_t i = 0; i < t.bins; ++i) {
    const std::size_t bin = t.first + i;
    const double f = spectra.Frequency(bin);
    t.hertz[i] = f;
    t.root[i] = math::Pow(f, 1.0 / 3);
    t.inverse[i] = 1 / t.root[i];
    t.power[i] = math::Pow(f, -7.0 / 6);
    t.log[i] = math::Log(f);
    t.weight[i] = 1 / spectra.noise[bin];
    t.data_re[i] = spectra.re[bin] / spectra.noise[bin];
    t.data_im[i] = spectra.im[bin] / spectra.noise[bin];
    most = std::max({most, std::fabs(t.data_re[i]), std::fabs(t.data_im[i])});
  }
  t.scale = most > 0 ? most : 1;
  for (std::size_t i = 0; i < t.bins; ++i) {
    t.data_re[i] /= t.scale;
    t.data_im[i] /= t.scale;
  }
}

Filter::Workspace Filter::MakeWorkspace() const {
  return {math::Aligned<float>(spectra_.samples), math::Aligned<float>(spectra_.samples),
          fft_.MakeWorkspace()};
}

std::uint64_t Filter::WorkspaceBytes(std::uint64_t samples) { return samples * 5 * sizeof(float); }

std::size_t Filter::BinsOf(const Shape& shape) const {
  const double step = spectra_.rate / static_cast<double>(spectra_.samples);
  const double end = std::floor(shape.end / step) + 1 - static_cast<double>(tables_.first);
  return static_cast<std::size_t>(std::clamp(end, 0.0, static_cast<double>(tables_.bins)));
}

std::int64_t Filter::DelayOf(const Shape& shape) const {
  const double samples = std::floor(shape.delay * spectra_.rate + 0.5);
  const auto n = static_cast<double>(spectra_.samples);
  return static_cast<std::int64_t>(samples - std::floor(samples / n) * n);
}

std::uint64_t Filter::SampleOf(const Shape& shape, std::uint64_t lag) const {
  return (lag + static_cast<std::uint64_t>(DelayOf(shape))) % spectra_.samples;
}

double Filter::Transform(const Shape& shape, Workspace& workspace) const {
  const std::size_t bins = BinsOf(shape);
  float* re = workspace.re.data();
  float* im = workspace.im.data();
  const std::size_t n = spectra_.samples;
  const double sum =
      HWY_DYNAMIC_DISPATCH(Product)(tables_, shape, bins, re + tables_.first, im + tables_.first);
  if (!(sum > 0)) return 0;
  for (float* values : {re, im}) {
    std::fill(values, values + tables_.first, 0.0F);
    std::fill(values + tables_.first + bins, values + n, 0.0F);
  }
  fft_.Transform(re, im, 1, re, im, workspace.fft);
  const double points = static_cast<double>(n);
  const double sigma = std::sqrt(4 * sum * spectra_.rate / points);
  return 4 * spectra_.rate / points * tables_.scale / sigma;
}

Peak Filter::Search(const Shape& shape, Workspace& workspace) const {
  const double factor = Transform(shape, workspace);
  if (factor == 0) return {};
  const auto n = static_cast<std::int64_t>(spectra_.samples);
  const auto edge = static_cast<std::int64_t>(kEdgeSeconds * spectra_.rate);
  // Samples edge .. n - edge - 1 as lags, which may wrap round.
  const std::int64_t from = (edge - DelayOf(shape) + n) % n;
  const std::int64_t end = from + n - 2 * edge;
  const auto greatest = [&](std::int64_t low, std::int64_t high) {
    return HWY_DYNAMIC_DISPATCH(Greatest)(workspace.re.data(), workspace.im.data(),
                                          static_cast<std::size_t>(low),
                                          static_cast<std::size_t>(high));
  };
  auto best = greatest(from, std::min(end, n));
  if (end > n) {
    const auto wrapped = greatest(0, end - n);
    if (wrapped.power >= best.power) best = wrapped;
  }
  return {best.at, std::sqrt(static_cast<double>(best.power)) * factor};
}

std::vector<double> Filter::Series(const Shape& shape, Workspace& workspace) const {
  const double factor = Transform(shape, workspace);
  std::vector<double> rho(spectra_.samples);
  for (std::size_t k = 0; k < rho.size(); ++k) {
    const double re = static_cast<double>(workspace.re[k]);
    const double im = static_cast<double>(workspace.im[k]);
    rho[k] = std::sqrt(re * re + im * im) * factor;
  }
  return rho;
}

double Filter::ChiSquare(const Shape& shape, std::uint64_t lag, Workspace& workspace) const {
  const std::size_t bins = BinsOf(shape);
  const std::size_t first = tables_.first;
  float* re = workspace.re.data() + first;
  float* im = workspace.im.data() + first;
  // Shares from one product without data: |h|^2 / P is |d conj(h) / P|^2 over |d / P|^2 times 1/P.
  HWY_DYNAMIC_DISPATCH(Product)(tables_, shape, bins, re, im);
  std::vector<double> share(bins);
  double whole = 0;
  for (std::size_t i = 0; i < bins; ++i) {
    const double data =
        tables_.data_re[i] * tables_.data_re[i] + tables_.data_im[i] * tables_.data_im[i];
    const double product = static_cast<double>(re[i]) * static_cast<double>(re[i]) +
                           static_cast<double>(im[i]) * static_cast<double>(im[i]);
    share[i] = data > 0 ? product / data * tables_.weight[i] : 0;
    whole += share[i];
  }
  if (!(whole > 0)) return 0;
  const double points = static_cast<double>(spectra_.samples);
  const double sigma = std::sqrt(4 * whole * spectra_.rate / points);
  const double factor = 4 * spectra_.rate / points * tables_.scale / sigma;
  std::array<std::pair<double, double>, kBands> bands{};
  double before = 0;
  for (std::size_t i = 0; i < bins; ++i) {
    const auto band =
        static_cast<std::size_t>(std::min(kBands - 1.0, std::floor(before / whole * kBands)));
    before += share[i];
    const double turns = static_cast<double>((first + i) * lag % spectra_.samples) / points;
    const math::Root turn = math::SinCosTurns(turns);
    const double x = static_cast<double>(re[i]);
    const double y = static_cast<double>(im[i]);
    bands[band].first += (x * turn.re - y * turn.im) * factor;
    bands[band].second += (x * turn.im + y * turn.re) * factor;
  }
  std::pair<double, double> all{};
  for (const auto& [x, y] : bands) all = {all.first + x, all.second + y};
  double sum = 0;
  for (const auto& [x, y] : bands) {
    const double dx = x - all.first / kBands;
    const double dy = y - all.second / kBands;
    sum += dx * dx + dy * dy;
  }
  return kBands * sum;
}

std::optional<GivenResult> FilterGiven(const Spectra& spectra, std::span<const float> plus,
                                       std::span<const float> cross) {
  const std::size_t n = spectra.samples;
  const math::Fft<double> fft(n);
  auto workspace = fft.MakeWorkspace();
  std::vector<double> re(n), im(n);
  for (std::size_t k = 0; k < n; ++k) {
    const double window = TukeyWindow(k, n);
    re[k] = static_cast<double>(plus[k]) * window;
    im[k] = static_cast<double>(cross[k]) * window;
  }
  // The minus sign: real and imaginary parts exchanged.
  fft.Transform(im.data(), re.data(), 1, im.data(), re.data(), workspace);
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t bin = std::min(k, n - k);
    const double data_im = k <= n / 2 ? spectra.im[bin] : -spectra.im[bin];
    const double h_re = re[k] / spectra.rate;
    const double h_im = im[k] / spectra.rate;
    const double noise = spectra.noise[bin];
    sum += (h_re * h_re + h_im * h_im) / noise;
    re[k] = (spectra.re[bin] * h_re + data_im * h_im) / noise;
    im[k] = (data_im * h_re - spectra.re[bin] * h_im) / noise;
  }
  if (!(sum > 0) || !std::isfinite(sum)) return std::nullopt;
  fft.Transform(re.data(), im.data(), 1, re.data(), im.data(), workspace);
  const auto points = static_cast<double>(n);
  GivenResult result;
  result.sigma = std::sqrt(sum * spectra.rate / points);
  result.series.resize(n);
  const auto edge = static_cast<std::size_t>(kEdgeSeconds * spectra.rate);
  for (std::size_t k = 0; k < n; ++k) {
    const double rho =
        std::sqrt(re[k] * re[k] + im[k] * im[k]) * 2 * spectra.rate / points / result.sigma;
    result.series[k] = rho;
    const std::size_t sample = (k + n / 2) % n;
    if (sample >= edge && sample < n - edge && rho > result.peak.snr) result.peak = {k, rho};
  }
  return result;
}

}  // namespace picube::gw
#endif
