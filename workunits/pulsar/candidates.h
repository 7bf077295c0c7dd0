// From peaks to candidates: controls, clusters, harmonics, and sifting over dispersion measures.
// Values in, values out; used by the merger alone, so the C library's logarithms may be used.
//
// Folding follows riptide: a peak must pass the threshold and a curve of S/N against frequency,
// fitted to median + 6 sigma of the stages; peaks closer than 0.2/T form a cluster, whose strongest
// is the candidate; weaker candidates that a stronger one explains are marked as its harmonics. The
// Fourier search follows PRESTO's sifting.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "workunits/pulsar/payload.h"
#include "workunits/pulsar/task.h"

namespace picube::pulsar {

struct Candidate {
  bool folded = true;  // else of the Fourier search
  std::uint32_t dm_index = 0;
  std::uint32_t acceleration = 0;
  double period = 0;     // s, at the middle of the series
  double frequency = 0;  // Hz
  double strength = 0;   // S/N, or sigma
  // Folding:
  Trial trial;
  // Fourier search:
  double power = 0;  // summed
  std::uint32_t harmonics = 0;
  double bin = 0;  // r of the frequency
  std::array<float, 16> parts{};
  // After joining:
  std::uint64_t peaks = 1;                // that it stands for
  std::map<std::uint32_t, double> by_dm;  // greatest strength at each DM
  std::size_t harmonic_of = 0;            // rank of a stronger one, from 1; 0 = none
  std::uint32_t harmonic_fast = 1;        // the faster of the two turns p times in q turns of the
  std::uint32_t harmonic_slow = 1;        // slower

  [[nodiscard]] double Duty() const {
    return trial.bins > 0 ? static_cast<double>(trial.width) / static_cast<double>(trial.bins) : 0;
  }
};
// The stronger first; then by series, frequency, trial.
[[nodiscard]] bool Stronger(const Candidate& a, const Candidate& b);

// S/N that a peak of one width must exceed at a frequency: a quadratic in ln(frequency), or nothing
// if fewer than ten stages have trials.
struct Curve {
  bool fitted = false;
  double centre = 0;  // of ln f
  double terms[3] = {};

  [[nodiscard]] double At(double frequency) const;
};
struct ControlPoint {
  double frequency = 0;  // Hz
  double value = 0;
};
[[nodiscard]] Curve FitCurve(std::span<const ControlPoint> points);

// Peaks of one series at one acceleration that pass; `part` has all of its stages that are known.
[[nodiscard]] std::vector<Candidate> PassingPeaks(const SearchPlan& search, const FoldPart& part);
// Peaks of a Fourier search within the periods, with their sigma. Of peaks at one frequency with
// different numbers of harmonics the strongest stays.
[[nodiscard]] std::vector<Candidate> FourierPeaks(const SearchPlan& search, double period_low,
                                                  double period_high, const FourierPart& part);

// The strongest `most`, sorted.
void KeepStrongest(std::vector<Candidate>& all, std::size_t most);

// Joins neighbours closer than 0.2/T (folding), strongest first. `seconds` is T.
[[nodiscard]] std::vector<Candidate> Cluster(std::vector<Candidate> peaks, double seconds);
// Joins those within 1.1 bins (Fourier), and drops what is no pulsar.
[[nodiscard]] std::vector<Candidate> Sift(std::vector<Candidate> peaks, double seconds);

// Marks the harmonics among the first 1,000. `dms` are the dispersion measures by index, `sweep` is
// the delay of the band's lowest frequency for a DM of 1, s.
void MarkFolded(std::vector<Candidate>& candidates, const std::vector<double>& dms, double sweep,
                double seconds);
void MarkFourier(std::vector<Candidate>& candidates, double seconds);

// The fraction nearest to `ratio` (>= 1) with a denominator of at most `most`.
struct Fraction {
  std::uint32_t p = 0;
  std::uint32_t q = 1;
};
[[nodiscard]] Fraction NearestFraction(double ratio, std::uint32_t most);

}  // namespace picube::pulsar
