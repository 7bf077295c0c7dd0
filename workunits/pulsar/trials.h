// The trial periods of a folding search: which stages, which numbers of bins, which rows, and what
// a row's sums mean. Values without state; + - * / sqrt only, so the same on every machine.
//
// The series is summed to samples of f_j original ones, f_j = f_0 G^j with f_0 = P_min/(dt B_lo)
// and G = (B_hi + 1)/B_lo; j is the stage. A stage is folded with p = B_lo .. B_hi bins. Row s of a
// fold of m rows has the period f_j dt p^2/(p - s/(m - 1)). Formulas of riptide (Morello et al.
// 2020).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/error.h"

namespace picube::pulsar {

struct FoldPlan {
  double sample_seconds = 0;
  double period_low = 0;  // s
  double period_high = 0;
  std::uint32_t bins_low = 0;
  std::uint32_t bins_high = 0;
  std::uint32_t stages = 0;

  bool operator==(const FoldPlan&) const = default;

  [[nodiscard]] std::uint32_t BinCounts() const { return bins_high - bins_low + 1; }
};

// A plan for all periods up to `period_high`; checks what the parameters mean together. Errors
// (kUser) name --period and --bins.
[[nodiscard]] Result<FoldPlan> MakeFoldPlan(double sample_seconds, double period_low,
                                            double period_high, std::uint32_t bins_low,
                                            std::uint32_t bins_high);
// Whether a plan out of a message could have been made by MakeFoldPlan.
[[nodiscard]] bool IsSound(const FoldPlan& plan);

// Whether a bin of any profile of so many quantised samples, in 1/256 of a count, fits in 32 bits.
[[nodiscard]] bool BinsFit(const FoldPlan& plan, std::uint64_t samples);

// Samples a stage's sample is made of.
[[nodiscard]] double StageFactor(const FoldPlan& plan, std::uint32_t stage);
// Pulse widths in bins: 1, then half as much again, up to a fifth of the least number of bins.
[[nodiscard]] std::vector<std::uint32_t> WidthsOf(const FoldPlan& plan);
// Number of samples of a stage.
[[nodiscard]] std::uint64_t StageSamples(std::uint64_t samples, double factor);

struct Block {  // the fold of one stage with one number of bins
  std::uint32_t bins = 0;
  std::uint32_t rows = 0;  // m
  std::uint32_t kept = 0;  // rows that are trials, from s = 0 on; may be 0
};
[[nodiscard]] Block BlockOf(const FoldPlan& plan, std::uint64_t samples, std::uint32_t stage,
                            std::uint32_t bins);
[[nodiscard]] std::uint64_t TrialsOf(const FoldPlan& plan, std::uint64_t samples,
                                     std::uint32_t stage);

// One trial and its sums, in integers: M of the best window of `width` bins, A of all bins.
struct Trial {
  std::uint32_t stage = 0;
  std::uint32_t bins = 0;
  std::uint32_t row = 0;
  std::uint32_t width = 0;
  std::int64_t peak = 0;
  std::int64_t total = 0;

  auto operator<=>(const Trial&) const = default;
};

[[nodiscard]] double PeriodOf(const FoldPlan& plan, std::uint64_t samples, const Trial& trial);

// S/N = (high * M - low * A) / noise.
struct Weights {
  double high = 0;   // H + L
  double low = 0;    // L
  double noise = 0;  // of a sum of one bin of all rows
};
// `sigma` is the deviation of a sample.
[[nodiscard]] Weights WeightsOf(std::uint64_t samples, double factor, const Block& block,
                                std::uint32_t width, double sigma);
[[nodiscard]] inline double SnrOf(const Weights& weights, double peak, double total) {
  return (weights.high * peak - weights.low * total) / weights.noise;
}
// Of a trial over quantised samples in units of 1/256.
[[nodiscard]] double SnrOf(const FoldPlan& plan, std::uint64_t samples, double sigma,
                           const Trial& trial);

}  // namespace picube::pulsar
