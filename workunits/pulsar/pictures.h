// Plots of a pulsar search: periodogram, folded profile, phase against time, S/N against DM.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "workunits/pulsar/candidates.h"
#include "workunits/pulsar/task.h"

namespace picube::pulsar {

// A series folded at a period: mean of the samples of each bin of phase, in each of `rows` equal
// parts of the time; bins without a sample are 0.
struct FoldedSeries {
  std::size_t rows = 0;
  std::size_t bins = 0;
  std::vector<double> means;  // [row][bin]

  [[nodiscard]] std::vector<double> Profile() const;  // mean of all rows
};
[[nodiscard]] FoldedSeries FoldAt(std::span<const std::int8_t> samples, double sample_seconds,
                                  double period, std::size_t bins, std::size_t rows);

// `cells` is [stage][bins]; `lack` is added to what a picture says of itself.
[[nodiscard]] std::string DrawPeriodogram(const std::string& title, const SearchPlan& search,
                                          std::span<const float> cells, const std::string& lack);
[[nodiscard]] std::string DrawProfile(const std::string& title, const std::string& subtitle,
                                      const FoldedSeries& folded);
[[nodiscard]] std::string DrawPhases(const std::string& title, const std::string& subtitle,
                                     const FoldedSeries& folded, double seconds);
// Curves of the given candidates.
[[nodiscard]] std::string DrawDms(const std::string& title, const std::vector<double>& dms,
                                  std::span<const Candidate> candidates, const std::string& lack);

}  // namespace picube::pulsar
