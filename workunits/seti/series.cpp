#include "workunits/seti/series.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "workunits/math/elementary.h"
#include "workunits/math/gamma.h"

namespace picube::seti {
namespace {

double BeamsCrossed(const SahHeader& header) {
  return std::max(header.angle_range / header.beam_width, 1.0);
}

// Beams a second; three values are rounded to float one after the other, as the client does.
struct Slew {
  float seconds = 0;
  float beams = 0;
};
Slew SlewOf(const SahHeader& header) {
  Slew slew;
  slew.seconds = static_cast<float>(header.Seconds());
  const auto degrees = static_cast<float>(header.angle_range / static_cast<double>(slew.seconds));
  slew.beams = static_cast<float>(static_cast<double>(degrees) / header.beam_width);
  return slew;
}

// The longest FFT length that is searched for pulses: a perfect one must be able to pass.
double LongestForPulses(const SahHeader& header, double longest) {
  const double samples = static_cast<double>(header.samples);
  for (int log2 = 20; log2 >= 3; --log2) {
    const double length = static_cast<double>(1U << log2);
    if ((header.fft_flags >> log2 & 1U) == 0 || length > longest) continue;
    const auto n = static_cast<std::uint32_t>(
        std::trunc(samples / length / (header.pulse_beams * BeamsCrossed(header)) + 0.5));
    if (n < 4) continue;
    if (!(FoldThreshold(header.pulse_threshold, 3, (n / 2 + 1) / 2) > n)) return length;
  }
  return 0;
}

}  // namespace

bool InScan(const SahHeader& header) {
  const double slew = header.angle_range / header.Seconds();
  return header.angle_range > 0 && header.pot_min_slew <= slew && slew <= header.pot_max_slew;
}

float GaussianSigma(const SahHeader& header) {
  return static_cast<float>(header.beam_width / 2 / (header.angle_range / header.gauss_pot_length));
}

Segments SegmentsOf(const SahHeader& header, std::uint32_t fft_length) {
  Segments segments;
  segments.all = static_cast<std::uint32_t>(header.samples / fft_length);
  const Slew slew = SlewOf(header);
  const double full = segments.all;
  const auto seconds = static_cast<double>(slew.seconds);
  const auto beams = static_cast<double>(slew.beams);
  const double bins = beams * seconds < header.pulse_beams ? full : full / seconds / beams;
  segments.length =
      static_cast<std::uint32_t>(std::min(std::trunc(bins * header.pulse_beams + 0.5), full));
  const double overlap = std::trunc(bins * header.pot_overlap + 0.5);
  const auto advance = static_cast<std::uint32_t>(
      std::max(1.0, static_cast<double>(segments.length) - std::min(overlap, full)));
  if (segments.length == 0) return segments;
  std::uint32_t start = 0;
  for (; start + segments.length < segments.all; start += advance) segments.starts.push_back(start);
  segments.starts.push_back(segments.all - segments.length);
  return segments;
}

double FoldThreshold(double pulse_threshold, std::uint32_t adds, std::uint32_t bins) {
  const double a = adds;
  const double wanted = -(pulse_threshold + math::Log(std::max(bins, 1U)));
  double low = a + 1.001;
  double high = a + 2 * -wanted * std::sqrt(a) + 10;
  while (math::LogUpperGamma(a, high) > wanted) high *= 2;
  if (math::LogUpperGamma(a, low) < wanted) return low;
  // ln Q falls and is concave: Newton's method from the right stays on its side.
  double x = high;
  for (int i = 0; i < 60; ++i) {
    const double value = math::LogUpperGamma(a, x);
    // d ln Q / dx = -x^(a-1) e^-x / (Gamma(a) Q).
    const double slope = -math::Exp((a - 1) * math::Log(x) - x - math::LogGamma(a) - value);
    if (value > wanted) {
      low = x;
    } else {
      high = x;
    }
    double next = x - (value - wanted) / slope;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (std::fabs(next - x) <= 1e-12 * x) return next;
    x = next;
  }
  return x;
}

Searches::Searches(const SahHeader& header, const ChirpTable& table, const Selection& selection) {
  const std::uint32_t kinds = selection.kinds;
  const bool in_scan = InScan(header);
  const double samples = static_cast<double>(header.samples);
  const double shared = header.pulse_beams * BeamsCrossed(header);
  const double longest =
      std::min(std::trunc(samples / (header.pulse_min * shared)), header.pulse_fft_max);
  const double shortest = std::ceil(samples / (header.pulse_max * shared));
  const bool pulses = (kinds & BitOf(Kind::kPulse)) != 0 && header.pulse_threshold > 0;
  const double passing = pulses ? LongestForPulses(header, longest) : 0;
  every_other_pulse_ = in_scan;
  for (int log2 = 3; log2 <= 20; ++log2) {
    if ((header.fft_flags >> log2 & 1U) == 0) continue;
    const double length = static_cast<double>(1U << log2);
    const bool gaussian = in_scan && length <= samples / header.gauss_pot_length;
    std::uint32_t found = 0;
    // No bin exceeds as many times the mean as there are bins.
    if (length > static_cast<double>(selection.threshold)) found |= BitOf(Kind::kSpike);
    if (header.autocorr_threshold > 0 && (1U << log2) == header.autocorr_length) {
      found |= BitOf(Kind::kAutocorr);
    }
    if (gaussian && header.gauss_chi_sq > 0 && header.gauss_peak_power > 0 &&
        header.gauss_pot_length == 64) {
      found |= BitOf(Kind::kGaussian);
    }
    const double n = SegmentsOf(header, 1U << log2).length;
    if (header.triplet_threshold > 0 &&
        n >= std::max(header.triplet_min, std::ceil(3 * header.triplet_threshold)) &&
        n <= header.triplet_max) {
      found |= BitOf(Kind::kTriplet);
    }
    if (pulses && length >= shortest && length <= std::min(longest, passing) && n >= 4 &&
        (!in_scan || gaussian)) {
      found |= BitOf(Kind::kPulse);
    }
    lengths_[static_cast<std::size_t>(log2)] = found & kinds;
    kinds_ |= found & kinds;
    ratios_[static_cast<std::size_t>(log2)] = table.StepOf(log2) / table.Step();
  }
}

std::uint32_t Searches::Of(const Pair& pair) const {
  const auto log2 = static_cast<std::size_t>(pair.Log2Length());
  std::uint32_t kinds = lengths_[log2];
  if (every_other_pulse_) {
    const auto k = static_cast<double>(std::abs(pair.K()));
    const auto number = static_cast<std::int64_t>(std::floor(k / ratios_[log2] + 0.5));
    if (number % 2 != 0) kinds &= ~BitOf(Kind::kPulse);
  }
  return kinds;
}

FoldTables::Ladder FoldTables::LadderOf(std::uint32_t adds, std::uint32_t n) {
  switch (adds) {
    case 3: return {2 * n / 3, n / 2};
    case 4: return {3 * n / 4, 3 * n / 5};
    default: return {4 * n / 5, 4 * n / 6};
  }
}

FoldTables::FoldTables(const SahHeader& header, std::uint32_t n) : n_(n), levels_(1) {
  for (std::uint32_t step = 32; step <= n; step *= 2) ++levels_;
  for (std::uint32_t adds = 3; adds <= 5; ++adds) {
    auto& levels = limits_[adds - 3];
    levels.resize(levels_);
    const Ladder ladder = LadderOf(adds, n);
    for (std::uint32_t level = 0; level < levels_; ++level) {
      levels[level].resize((ladder.first / (adds - 1) >> level) + 1);
      for (std::uint32_t p = ladder.first; p > ladder.above; --p) {
        const std::uint32_t bins = p / (adds - 1) >> level;
        Limit& limit = levels[level][bins];
        if (limit.threshold != 0) continue;
        const std::uint32_t all = adds << level;
        const double threshold = FoldThreshold(header.pulse_threshold, all, bins);
        limit.threshold = static_cast<float>(threshold);
        limit.display = static_cast<float>(all + header.pulse_display * (threshold - all));
      }
    }
  }
}

PairCosts::PairCosts(const SahHeader& header, const Searches& searches) : searches_(searches) {
  constexpr double kChirp = 36;         // sine, cosine and a complex product, per sample
  constexpr double kScan = 6;           // power, sum and maximum
  constexpr double kGaussian = 20'000;  // of a series of 64
  constexpr double kTriplet = 2;        // of a power
  const auto samples = static_cast<double>(header.samples);
  for (int log2 = 3; log2 <= 20; ++log2) {
    const auto at = static_cast<std::size_t>(log2);
    const double length = static_cast<double>(1U << log2);
    const std::uint32_t kinds = searches.AtLength(log2);
    double cost = samples * (5 * log2 + kChirp + kScan);
    if ((kinds & BitOf(Kind::kAutocorr)) != 0) cost += samples * 3 * log2;
    if ((kinds & BitOf(Kind::kGaussian)) != 0) cost += kGaussian * length;
    const bool pulses = (kinds & BitOf(Kind::kPulse)) != 0;
    if (pulses || (kinds & BitOf(Kind::kTriplet)) != 0) {
      const Segments segments = SegmentsOf(header, 1U << log2);
      const double series = static_cast<double>(segments.starts.size()) * length;
      cost += kTriplet * series * segments.length;
      if (pulses) pulses_[at] = 2 * FoldCost(segments.length) * series;
    }
    spectra_[at] = cost;
  }
}

double PairCosts::Of(const Pair& pair) const {
  const auto at = static_cast<std::size_t>(pair.Log2Length());
  const bool pulses = (searches_.Of(pair) & BitOf(Kind::kPulse)) != 0;
  return spectra_[at] + (pulses ? pulses_[at] : 0);
}

double FoldCost(std::uint32_t n) { return 0.4 * static_cast<double>(n) * static_cast<double>(n); }

}  // namespace picube::seti
