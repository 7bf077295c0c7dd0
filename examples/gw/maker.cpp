#include "examples/gw/maker.h"

#include <bit>
#include <cmath>

#include "protocol/base/rng.h"
#include "workunits/gw/bank.h"
#include "workunits/math/elementary.h"
#include "workunits/math/fft.h"
#include "workunits/parameters.h"

namespace picube::examples {
namespace {

constexpr double kLowest = 15;  // Hz: below it the noise rises no more

// One-sided density, 1/Hz: seismic wall, thermal noise, shot noise.
double NoiseAt(double hertz) {
  const double f = std::max(hertz, kLowest) / 100;
  const double wall = 1 / (f * f * f * f * f * f * f * f) * 1e-6;
  return 1e-46 * (wall + 0.5 / f + 0.5 + 0.3 * f * f);
}

struct Spectrum {
  std::vector<double> re, im;  // N / 2 + 1
};

// Two normal numbers from two uniform ones (Box and Muller).
gw::Value Normal(Rng& rng) {
  const double u = (static_cast<double>(rng.Next() >> 11) + 1) * 0x1p-53;
  const double t = static_cast<double>(rng.Next() >> 11) * 0x1p-53;
  const double radius = std::sqrt(-2 * math::Log(u));
  const math::Root turn = math::SinCosTurns(t);
  return {radius * turn.re, radius * turn.im};
}

// Adds the merger to the spectrum, scaled to its signal-to-noise ratio in this noise.
void AddMerger(const StrainOptions& options, double step, Spectrum& spectrum) {
  const gw::Shape shape = gw::ShapeOf({}, {options.chirp_mass, options.eta});
  double sum = 0;
  const std::size_t bins = spectrum.re.size();
  const auto first = static_cast<std::size_t>(kLowest / step);
  for (std::size_t k = first; k < bins; ++k) {
    const double f = static_cast<double>(k) * step;
    const gw::Value h = gw::At(shape, f);
    sum += 4 * (h.re * h.re + h.im * h.im) / NoiseAt(f) * step;
  }
  const double scale = options.snr / std::sqrt(sum);
  for (std::size_t k = first; k < bins; ++k) {
    const double f = static_cast<double>(k) * step;
    const gw::Value h = gw::At(shape, f);
    // The template's merger comes `delay` after its origin.
    const math::Root turn = math::SinCosTurns(-f * (options.merger - shape.delay));
    spectrum.re[k] += scale * (h.re * turn.re - h.im * turn.im);
    spectrum.im[k] += scale * (h.re * turn.im + h.im * turn.re);
  }
}

Status CheckOptions(const StrainOptions& options) {
  const auto wrong = [](const std::string& what) {
    return Status(Fail(ErrorKind::kUser, what + " cannot be.", "See --help."));
  };
  const std::uint64_t samples = options.rate * options.seconds;
  if (!std::has_single_bit(options.rate) || options.rate > 65536) return wrong("--rate");
  if (!std::has_single_bit(samples) || options.seconds < 8 || samples > kMostStrainSamples) {
    return wrong("--seconds");
  }
  if (!(options.chirp_mass >= 1 && options.chirp_mass <= 500)) return wrong("--chirp-mass");
  if (!(options.eta >= 0.05 && options.eta <= 0.25)) return wrong("--eta");
  if (!(options.snr >= 0 && options.snr <= 1e4)) return wrong("--snr");
  if (!(options.merger >= 0 && options.merger <= static_cast<double>(options.seconds))) {
    return wrong("--merger");
  }
  if (options.detector.empty() || options.detector.size() > 16) return wrong("--detector");
  return {};
}

}  // namespace

Result<Strain> MakeStrain(const StrainOptions& options) {
  if (auto sound = CheckOptions(options); !sound) return std::unexpected(sound.error());
  const std::size_t n = options.rate * options.seconds;
  const double step = 1 / static_cast<double>(options.seconds);
  Spectrum spectrum{std::vector<double>(n / 2 + 1), std::vector<double>(n / 2 + 1)};
  Rng rng(options.seed);
  for (std::size_t k = 1; k < n / 2; ++k) {
    const gw::Value normal = Normal(rng);
    const double size =
        std::sqrt(NoiseAt(static_cast<double>(k) * step) * static_cast<double>(options.seconds)) /
        2;
    spectrum.re[k] = size * normal.re;
    spectrum.im[k] = size * normal.im;
  }
  if (options.snr > 0) AddMerger(options, step, spectrum);
  std::vector<double> re(n), im(n);
  for (std::size_t k = 1; k < n / 2; ++k) {
    re[k] = re[n - k] = spectrum.re[k];
    im[k] = spectrum.im[k];
    im[n - k] = -spectrum.im[k];
  }
  const math::Fft<double> fft(n);
  auto workspace = fft.MakeWorkspace();
  fft.Transform(re.data(), im.data(), 1, re.data(), im.data(), workspace);
  Strain strain{options.detector, options.start, static_cast<double>(options.rate), std::move(re)};
  for (double& sample : strain.samples) sample *= step;
  return strain;
}

}  // namespace picube::examples
