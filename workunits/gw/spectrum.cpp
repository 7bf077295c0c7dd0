#include "workunits/gw/spectrum.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "workunits/bytes.h"
#include "workunits/math/elementary.h"
#include "workunits/math/fft.h"
#include "workunits/parameters.h"

namespace picube::gw {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr std::uint64_t kSegmentSeconds = 4;
constexpr std::uint64_t kLeastSeconds = 8;
constexpr std::uint64_t kMostSamples = math::Fft<double>::kLongest;

// The transform of a real series: n / 2 + 1 values. The library's transform has the plus sign, so
// the imaginary part changes its sign.
void RealTransform(const math::Fft<double>& fft, math::Fft<double>::Workspace& workspace,
                   std::vector<double>& series, std::vector<double>& re, std::vector<double>& im) {
  std::vector<double> zero(series.size());
  re.resize(series.size());
  im.resize(series.size());
  fft.Transform(series.data(), zero.data(), 1, re.data(), im.data(), workspace);
  re.resize(series.size() / 2 + 1);
  im.resize(series.size() / 2 + 1);
  for (double& value : im) value = -value;
}

double Blackman(std::uint64_t k, std::uint64_t n) {
  const double turn = static_cast<double>(k) / static_cast<double>(n - 1);
  return 0.42 - 0.5 * math::SinCosTurns(turn).re + 0.08 * math::SinCosTurns(2 * turn).re;
}

// The density at the frequencies k / 4 Hz.
std::vector<double> Welch(const Strain& strain) {
  const auto rate = static_cast<std::uint64_t>(strain.rate);
  const std::uint64_t n = kSegmentSeconds * rate;
  const math::Fft<double> fft(n);
  auto workspace = fft.MakeWorkspace();
  std::vector<double> window(n);
  double square = 0;
  for (std::uint64_t k = 0; k < n; ++k) {
    window[k] = Blackman(k, n);
    square += window[k] * window[k];
  }
  std::vector<double> density(n / 2 + 1);
  std::uint64_t segments = 0;
  std::vector<double> segment(n), re, im;
  for (std::uint64_t first = 0; first + n <= strain.samples.size(); first += n / 2, ++segments) {
    double mean = 0;
    for (std::uint64_t k = 0; k < n; ++k) mean += strain.samples[first + k];
    mean /= static_cast<double>(n);
    for (std::uint64_t k = 0; k < n; ++k) {
      segment[k] = (strain.samples[first + k] - mean) * window[k];
    }
    RealTransform(fft, workspace, segment, re, im);
    for (std::uint64_t k = 0; k <= n / 2; ++k) {
      const double twice = k == 0 || k == n / 2 ? 1 : 2;
      density[k] += twice * ((re[k] * re[k] + im[k] * im[k]) / (strain.rate * square));
    }
  }
  for (double& value : density) value /= static_cast<double>(segments);
  return density;
}

std::unexpected<Error> Bad(const std::string& name, const std::string& what,
                           const std::string& next) {
  return Fail(ErrorKind::kUser, name + ": " + what + ".", next);
}

}  // namespace

double TukeyWindow(std::uint64_t i, std::uint64_t n) {
  const double width = static_cast<double>(n - 1) / 8;
  const auto edge = static_cast<std::uint64_t>(width / 2);
  const std::uint64_t k = std::min(i, n - 1 - i);
  if (k > edge) return 1;
  const double half_turns = 2 * static_cast<double>(k) / width - 1;
  return (1 + math::SinCosTurns(half_turns / 2).re) / 2;
}

Result<Spectra> MakeSpectra(const Strain& strain, const std::string& name) {
  const std::uint64_t n = strain.samples.size();
  const auto rate = static_cast<std::uint64_t>(strain.rate);
  if (!std::has_single_bit(rate) || rate < 64) {
    return Bad(name, "its rate of " + std::to_string(rate) + " a second is not a power of two",
               "Use the files of 4096 or 16384 samples a second.");
  }
  if (!std::has_single_bit(n) || n > kMostSamples || n < kLeastSeconds * rate) {
    return Bad(name,
               std::to_string(n) + " samples are not a power of two from " +
                   std::to_string(kLeastSeconds) + " s to " + std::to_string(kMostSamples),
               "Use the files of 32 s.");
  }
  const auto [least, most] = std::ranges::minmax(strain.samples);
  if (least == most) {
    return Bad(name, "its strain is constant", "Use another stretch of data.");
  }
  Spectra spectra{strain.detector, strain.start, strain.rate, n, {}, {}, {}};
  std::vector<double> windowed(n);
  for (std::uint64_t k = 0; k < n; ++k) windowed[k] = strain.samples[k] * TukeyWindow(k, n);
  const math::Fft<double> fft(n);
  auto workspace = fft.MakeWorkspace();
  RealTransform(fft, workspace, windowed, spectra.re, spectra.im);
  for (std::uint64_t k = 0; k <= n / 2; ++k) {
    spectra.re[k] /= strain.rate;
    spectra.im[k] /= strain.rate;
  }
  const std::vector<double> density = Welch(strain);
  const std::uint64_t step = n / (kSegmentSeconds * rate);  // bins of ours to one of Welch's
  spectra.noise.resize(n / 2 + 1);
  for (std::uint64_t k = 0; k <= n / 2; ++k) {
    const std::uint64_t at = k / step;
    const double part = static_cast<double>(k % step) / static_cast<double>(step);
    spectra.noise[k] =
        part == 0 ? density[at] : density[at] + (density[at + 1] - density[at]) * part;
  }
  const bool sound = std::ranges::all_of(
      spectra.noise, [](double p) { return p > 0 && std::isfinite(p) && std::isfinite(1 / p); });
  if (!sound) {
    return Bad(name, "its strain has no noise at some frequency", "Use another stretch of data.");
  }
  return spectra;
}

Bytes EncodeSpectra(const Spectra& spectra) {
  ByteWriter out;
  out.U32(kFormat);
  out.U8(static_cast<std::uint8_t>(spectra.detector.size()));
  for (const char c : spectra.detector) out.U8(static_cast<std::uint8_t>(c));
  out.F64(spectra.start);
  out.F64(spectra.rate);
  out.U64(spectra.samples);
  for (std::size_t k = 0; k < spectra.noise.size(); ++k) {
    out.F64(spectra.re[k]);
    out.F64(spectra.im[k]);
    out.F64(spectra.noise[k]);
  }
  return out.Take();
}

std::optional<Spectra> DecodeSpectra(BytesView bytes) {
  ByteReader in(bytes);
  Spectra spectra;
  if (in.U32() != kFormat) return std::nullopt;
  const std::size_t name = in.U8();
  for (std::size_t i = 0; i < name; ++i) spectra.detector += static_cast<char>(in.U8());
  spectra.start = in.F64();
  spectra.rate = in.F64();
  spectra.samples = in.U64();
  if (!in.Good() || name > 16 || !std::isfinite(spectra.start) ||
      !(spectra.rate >= 64 && spectra.rate <= 1e6) || !std::has_single_bit(spectra.samples) ||
      spectra.samples < 1024 || spectra.samples > kMostSamples ||
      in.Left() != 24 * (spectra.samples / 2 + 1)) {
    return std::nullopt;
  }
  for (std::uint64_t k = 0; k <= spectra.samples / 2; ++k) {
    spectra.re.push_back(in.F64());
    spectra.im.push_back(in.F64());
    spectra.noise.push_back(in.F64());
    if (!std::isfinite(spectra.re[k]) || !std::isfinite(spectra.im[k]) || !(spectra.noise[k] > 0) ||
        !std::isfinite(spectra.noise[k])) {
      return std::nullopt;
    }
  }
  if (!in.Done()) return std::nullopt;
  return spectra;
}

}  // namespace picube::gw
