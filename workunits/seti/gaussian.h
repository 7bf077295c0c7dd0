// Gaussians: a source that passes the beam shows as a bell in the power of a bin over time.
#pragma once

#include <array>
#include <vector>

#include "workunits/formats/sah.h"
#include "workunits/seti/findings.h"

namespace picube::seti {

class GaussianSearch {
 public:
  explicit GaussianSearch(const SahHeader& header);

  // The series of one bin: `count` powers, `stride` apart; 64 groups. Adds what is reported to
  // `found` (or marginal), offers good fits to its bests. `like` has the pair and the bin.
  void Search(const float* powers, std::size_t count, std::size_t stride, const Signal& like,
              Findings& found) const;

 private:
  static constexpr std::size_t kBins = 64;
  using Series = std::array<double, kBins>;
  struct Fit {
    double mean = 0, peak = 0, chi_sq = 0, null_chi_sq = 0;
  };
  [[nodiscard]] double MeanAway(const Series& y, int offset) const;
  [[nodiscard]] double PeakAt(const Series& y, int offset, double mean) const;
  [[nodiscard]] Fit FitAt(const Series& y, int offset, double mean, double peak,
                          double spectra) const;
  [[nodiscard]] bool Promises(const Series& y) const;
  [[nodiscard]] double ScoreOf(const Fit& fit) const;

  double chi_sq_, null_chi_sq_, power_, peak_power_;
  float sigma_;
  int half_ = 1;   // bins of the bell on a side
  int first_ = 0;  // offsets
  int last_ = -1;
  std::vector<double> weights_;  // by distance, up to 63
  double norm_ = 1;
  double chi_part_ = 0;  // of the score, at the thresholds
  double null_part_ = 0;
};

}  // namespace picube::seti
