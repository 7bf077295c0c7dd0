#include "workunits/pulsar/candidates.h"

#include <algorithm>
#include <cmath>

#include "workunits/pulsar/significance.h"

namespace picube::pulsar {
namespace {

constexpr std::size_t kMostMarked = 1000;  // each is compared with each
constexpr std::size_t kLeastPoints = 10;   // of a fitted curve
constexpr double kSameBins = 1.1;          // of two Fourier candidates, in bins

// Solves a symmetric 3 x 3 system by elimination; false if it has no one solution.
bool Solve(double a[3][4], double out[3]) {
  for (int i = 0; i < 3; ++i) {
    int pivot = i;
    for (int r = i + 1; r < 3; ++r) {
      if (std::fabs(a[r][i]) > std::fabs(a[pivot][i])) pivot = r;
    }
    if (!(std::fabs(a[pivot][i]) > 1e-12)) return false;
    for (int c = 0; c < 4; ++c) std::swap(a[i][c], a[pivot][c]);
    for (int r = 0; r < 3; ++r) {
      if (r == i) continue;
      const double factor = a[r][i] / a[i][i];
      for (int c = i; c < 4; ++c) a[r][c] -= factor * a[i][c];
    }
  }
  for (int i = 0; i < 3; ++i) out[i] = a[i][3] / a[i][i];
  return true;
}

// Joins `from` into the stronger `into`.
void Join(Candidate& into, const Candidate& from) {
  into.peaks += from.peaks;
  for (const auto& [dm, strength] : from.by_dm) {
    double& best = into.by_dm[dm];
    best = std::max(best, strength);
  }
}

// One harmonic that stands out alone, and is a high one: interference.
bool IsRogue(const Candidate& c) {
  if (c.harmonics < 4) return false;
  std::vector<float> sorted(c.parts.begin(), c.parts.begin() + c.harmonics);
  const auto most = std::max_element(sorted.begin(), sorted.end());
  const auto index = most - sorted.begin();
  std::sort(sorted.begin(), sorted.end());
  const auto ratio = static_cast<double>(sorted[c.harmonics - 1]) /
                     std::max(1e-9, static_cast<double>(sorted[c.harmonics - 2]));
  return c.harmonics >= 8 ? index >= 4 && ratio > 2 : index >= 2 && ratio > 3;
}

bool IsPulsar(const Candidate& c) {
  if (c.period < 0.0005 || c.period > 15) return false;
  const auto end = c.parts.begin() + c.harmonics;
  return std::any_of(c.parts.begin(), end, [](float p) { return p >= 8; }) && !IsRogue(c);
}

// Whether folded H is explained by the stronger F; then p/q is the ratio of their frequencies.
bool IsHarmonic(const Candidate& f, const Candidate& h, const std::vector<double>& dms,
                double sweep, double seconds, Fraction& out) {
  const Candidate& fast = f.frequency > h.frequency ? f : h;
  const Candidate& slow = f.frequency > h.frequency ? h : f;
  out = NearestFraction(fast.frequency / slow.frequency, 100);
  const double ratio = static_cast<double>(out.p) / static_cast<double>(out.q);
  const double off = std::fabs(ratio * slow.frequency - fast.frequency);
  if (off * seconds / fast.Duty() > 1) return false;
  const double pulse = std::min(f.Duty() * f.period, h.Duty() * h.period);
  if (std::fabs(dms[f.dm_index] - dms[h.dm_index]) * sweep / pulse > 3) return false;
  const double expected =
      f.strength / std::sqrt(static_cast<double>(out.p) * static_cast<double>(out.q));
  return std::fabs(h.strength - expected) <= 3;
}

// The ratios that PRESTO's sifting knows.
bool IsRatio(double ratio, double tolerance, Fraction& out) {
  for (std::uint32_t p = 2; p <= 16; ++p) {
    for (std::uint32_t q = 1; q < (p <= 5 ? p : 2); ++q) {
      if (std::fabs(ratio - static_cast<double>(p) / static_cast<double>(q)) < tolerance) {
        out = {p, q};
        return true;
      }
    }
  }
  return false;
}

template <class Explains>
void Mark(std::vector<Candidate>& candidates, const Explains& explains) {
  const std::size_t count = std::min(candidates.size(), kMostMarked);
  for (std::size_t i = 0; i < count; ++i) {
    if (candidates[i].harmonic_of != 0) continue;
    for (std::size_t k = i + 1; k < count; ++k) {
      Fraction ratio;
      if (candidates[k].harmonic_of != 0 || !explains(candidates[i], candidates[k], ratio)) {
        continue;
      }
      candidates[k].harmonic_of = i + 1;
      candidates[k].harmonic_fast = ratio.p;
      candidates[k].harmonic_slow = ratio.q;
    }
  }
}

}  // namespace

bool Stronger(const Candidate& a, const Candidate& b) {
  if (a.strength != b.strength) return a.strength > b.strength;
  if (a.dm_index != b.dm_index) return a.dm_index < b.dm_index;
  if (a.acceleration != b.acceleration) return a.acceleration < b.acceleration;
  if (a.frequency != b.frequency) return a.frequency < b.frequency;
  return a.trial < b.trial;
}

double Curve::At(double frequency) const {
  const double x = std::log(frequency) - centre;
  return terms[0] + x * (terms[1] + x * terms[2]);
}

Curve FitCurve(std::span<const ControlPoint> points) {
  Curve curve;
  if (points.size() < kLeastPoints) return curve;
  for (const ControlPoint& point : points) curve.centre += std::log(point.frequency);
  curve.centre /= static_cast<double>(points.size());
  double system[3][4] = {};
  for (const ControlPoint& point : points) {
    const double x = std::log(point.frequency) - curve.centre;
    const double powers[3] = {1, x, x * x};
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) system[r][c] += powers[r] * powers[c];
      system[r][3] += powers[r] * point.value;
    }
  }
  curve.fitted = Solve(system, curve.terms);
  return curve;
}

std::vector<Candidate> PassingPeaks(const SearchPlan& search, const FoldPart& part) {
  const FoldPlan& plan = search.fold;
  const std::vector<std::uint32_t> widths = WidthsOf(plan);
  std::vector<Curve> curves;
  for (std::size_t w = 0; w < widths.size() && !part.peaks.empty(); ++w) {
    std::vector<ControlPoint> points;
    for (std::uint32_t j = 0; j < part.stages; ++j) {
      const std::uint32_t stage = part.first_stage + j;
      if (TrialsOf(plan, part.samples, stage) == 0) continue;
      const double shortest =
          StageFactor(plan, stage) * plan.sample_seconds * static_cast<double>(plan.bins_low);
      const double growth = StageFactor(plan, 1) / StageFactor(plan, 0);
      points.push_back({1 / (shortest * std::sqrt(growth)),
                        static_cast<double>(part.controls[j * widths.size() + w])});
    }
    curves.push_back(FitCurve(points));
  }
  std::vector<Candidate> passing;
  for (const Found& peak : part.peaks) {
    const double period = PeriodOf(plan, part.samples, peak.trial);
    const auto w = std::find(widths.begin(), widths.end(), peak.trial.width) - widths.begin();
    const Curve& curve = curves[static_cast<std::size_t>(w)];
    if (curve.fitted && !(peak.snr > curve.At(1 / period))) continue;
    Candidate candidate;
    candidate.dm_index = part.dm_index;
    candidate.acceleration = part.acceleration;
    candidate.period = period;
    candidate.frequency = 1 / period;
    candidate.strength = peak.snr;
    candidate.trial = peak.trial;
    candidate.by_dm[part.dm_index] = peak.snr;
    passing.push_back(std::move(candidate));
  }
  return passing;
}

std::vector<Candidate> FourierPeaks(const SearchPlan& search, double period_low, double period_high,
                                    const FourierPart& part) {
  const FourierPlan& plan = search.fourier_plan;
  const double seconds = static_cast<double>(plan.length) * search.sample_seconds;
  const double bins = static_cast<double>(plan.EndBin() - plan.first_bin);
  std::vector<Candidate> all;
  for (const auto& peaks : part.peaks) {
    for (const FourierPeak& peak : peaks) {
      Candidate c;
      c.folded = false;
      c.dm_index = part.dm_index;
      c.acceleration = part.acceleration;
      c.harmonics = 1U << peak.log2_harmonics;
      c.bin = static_cast<double>(peak.half_bin) / (2.0 * static_cast<double>(c.harmonics));
      c.frequency = c.bin / seconds;
      c.period = 1 / c.frequency;
      c.power = static_cast<double>(peak.power);
      c.parts = peak.parts;
      const double trials =
          bins / static_cast<double>(c.harmonics) * static_cast<double>(search.accelerations.count);
      c.strength = Sigma(c.power, c.harmonics, trials);
      c.by_dm[part.dm_index] = c.strength;
      if (c.period >= period_low && c.period <= period_high) all.push_back(std::move(c));
    }
  }
  std::sort(all.begin(), all.end(), Stronger);
  std::vector<Candidate> kept;
  for (Candidate& c : all) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Candidate& k) {
      return std::fabs(k.bin - c.bin) < kSameBins;
    });
    if (!known) kept.push_back(std::move(c));
  }
  return kept;
}

void KeepStrongest(std::vector<Candidate>& all, std::size_t most) {
  std::sort(all.begin(), all.end(), Stronger);
  if (all.size() > most) all.erase(all.begin() + static_cast<std::ptrdiff_t>(most), all.end());
}

std::vector<Candidate> Cluster(std::vector<Candidate> peaks, double seconds) {
  std::sort(peaks.begin(), peaks.end(), [](const Candidate& a, const Candidate& b) {
    return a.frequency != b.frequency ? a.frequency < b.frequency : Stronger(a, b);
  });
  std::vector<Candidate> clusters;
  double last = 0;
  for (Candidate& peak : peaks) {
    const double frequency = peak.frequency;
    if (clusters.empty() || frequency - last > 0.2 / seconds) {
      clusters.push_back(std::move(peak));
    } else {
      if (Stronger(peak, clusters.back())) std::swap(peak, clusters.back());
      Join(clusters.back(), peak);
    }
    last = frequency;
  }
  std::sort(clusters.begin(), clusters.end(), Stronger);
  return clusters;
}

std::vector<Candidate> Sift(std::vector<Candidate> peaks, double seconds) {
  std::sort(peaks.begin(), peaks.end(), Stronger);
  std::vector<Candidate> kept;
  std::map<double, std::size_t> by_frequency;  // of those kept
  const double reach = kSameBins / seconds;
  for (Candidate& peak : peaks) {
    const auto near = by_frequency.lower_bound(peak.frequency - reach);
    if (near != by_frequency.end() && near->first < peak.frequency + reach) {
      Join(kept[near->second], peak);
    } else if (IsPulsar(peak)) {
      by_frequency.emplace(peak.frequency, kept.size());
      kept.push_back(std::move(peak));
    }
  }
  return kept;
}

void MarkFolded(std::vector<Candidate>& candidates, const std::vector<double>& dms, double sweep,
                double seconds) {
  Mark(candidates, [&](const Candidate& f, const Candidate& h, Fraction& ratio) {
    return IsHarmonic(f, h, dms, sweep, seconds, ratio);
  });
}

void MarkFourier(std::vector<Candidate>& candidates, double seconds) {
  Mark(candidates, [&](const Candidate& f, const Candidate& h, Fraction& ratio) {
    const double fast = std::max(f.frequency, h.frequency);
    const double slow = std::min(f.frequency, h.frequency);
    return IsRatio(fast / slow, kSameBins / (seconds * slow), ratio);
  });
}

// Convergents of the continued fraction, and the last one shortened.
Fraction NearestFraction(double ratio, std::uint32_t most) {
  double p0 = 0;
  double q0 = 1;
  double p1 = 1;
  double q1 = 0;
  double rest = ratio;
  for (int i = 0; i < 64; ++i) {
    const double whole = std::floor(rest);
    const double p2 = whole * p1 + p0;
    const double q2 = whole * q1 + q0;
    if (i > 0 && (q2 > most || !(p2 < 4e9))) {
      const double k = std::floor((static_cast<double>(most) - q0) / q1);
      const double p = p0 + k * p1;
      const double q = q0 + k * q1;
      const bool nearer = q > 0 && std::fabs(p / q - ratio) < std::fabs(p1 / q1 - ratio);
      if (nearer) return {static_cast<std::uint32_t>(p), static_cast<std::uint32_t>(q)};
      break;
    }
    p0 = p1;
    q0 = q1;
    p1 = p2;
    q1 = q2;
    if (rest == whole) break;
    rest = 1 / (rest - whole);
  }
  return {static_cast<std::uint32_t>(std::min(p1, 4e9)), static_cast<std::uint32_t>(q1)};
}

}  // namespace picube::pulsar
