// The folding search of one series, stage by stage, in integers.
//
// A stage's samples are sums over f original ones with boundaries in units of 1/256 sample:
// b_k = floor(256 k f + 0.5), y_k = C(b_(k+1)) - C(b_k), C(b) = 256 sum of q_i for i < b div 256,
// plus (b mod 256) q_(b div 256). Profiles and sums are exact; a trial's S/N is one formula in
// double.
//
// A FoldSearch borrows the samples. It uses threads inside Search; calls must not overlap.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "workunits/pulsar/trials.h"

namespace picube::pulsar {

inline constexpr std::size_t kBest = 100;  // peaks kept of one series, at most

struct Found {
  Trial trial;
  double snr = 0;

  bool operator==(const Found&) const = default;
};
// The greater S/N first, then the lower trial.
[[nodiscard]] bool Before(const Found& a, const Found& b);
// Sorts and keeps the first kBest.
void KeepBest(std::vector<Found>& found);

struct StageResult {
  std::uint64_t trials = 0;
  std::uint64_t digest = 0;  // of best width and sum of every row, in order
  Found best;                // of all rows; snr 0 if none is above 0
  std::vector<Found> peaks;  // rows that are best of those within bins/10 rows, above the threshold
  std::vector<float> controls;  // per width: median + 6 (q75 - q25)/1.349 of S/N; 0 if no trial
  std::vector<float> cells;     // per number of bins: greatest S/N, 0 if none
};

class FoldSearch {
 public:
  // `samples` has sigma as its deviation; `threshold` is the least S/N of a peak.
  FoldSearch(const FoldPlan& plan, std::span<const std::int8_t> samples, double sigma,
             double threshold);
  ~FoldSearch();

  // Another series of the same plan; room is kept.
  void Use(std::span<const std::int8_t> samples, double sigma);

  // Stages that one call should take so that all threads have work and no call is long.
  [[nodiscard]] std::uint32_t StagesAtOnce(std::uint32_t first, std::uint32_t end,
                                           int threads) const;
  // Results of stages first .. end - 1. `go_on` is asked between chunks with the done part of the
  // call; if it says false the result is empty.
  [[nodiscard]] std::vector<StageResult> Search(std::uint32_t first, std::uint32_t end, int threads,
                                                const std::function<bool(double)>& go_on);

 private:
  struct Stage;
  struct Space;
  struct Outcome;
  void Prepare(std::uint32_t stage, Stage& out) const;
  void SearchBlock(Stage& stage, std::size_t block, Space& space) const;
  [[nodiscard]] StageResult Finish(Stage& stage) const;

  FoldPlan plan_;
  std::vector<std::uint32_t> widths_;
  std::span<const std::int8_t> samples_;
  double sigma_;
  double threshold_;
  std::vector<std::int32_t> prefix_;
  std::vector<std::unique_ptr<Space>> spaces_;
};

// Sums of `factor` samples with boundaries in 1/256 sample; `prefix[i]` is the sum of the first i
// samples. `out` has StageSamples(...) values and may be longer.
void Downsample(std::span<const std::int8_t> samples, std::span<const std::int32_t> prefix,
                double factor, std::span<std::int32_t> out);
[[nodiscard]] std::vector<std::int32_t> PrefixOf(std::span<const std::int8_t> samples);

// Additions of one stage, about; for the sizes of units and chunks.
[[nodiscard]] double StageCost(const FoldPlan& plan, std::uint64_t samples, std::uint32_t stage);
// Bytes that one thread needs beside the series.
[[nodiscard]] std::uint64_t FoldMemory(const FoldPlan& plan, std::uint64_t samples);

}  // namespace picube::pulsar
