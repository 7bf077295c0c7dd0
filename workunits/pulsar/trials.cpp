#include "workunits/pulsar/trials.h"

#include <algorithm>
#include <cmath>

#include "workunits/parameters.h"
#include "workunits/pulsar/series.h"

namespace picube::pulsar {
namespace {

constexpr std::uint32_t kLeastBins = 8;
constexpr std::uint32_t kMostBins = 4096;
constexpr std::uint32_t kMostBlocks = 200'000;  // stages times numbers of bins

double Growth(const FoldPlan& plan) {
  return (static_cast<double>(plan.bins_high) + 1) / static_cast<double>(plan.bins_low);
}

// The periods of stage j begin at period_low G^j.
std::uint32_t CountStages(const FoldPlan& plan) {
  double low = plan.period_low;
  std::uint32_t stages = 0;
  while (low < plan.period_high && stages <= kMostBlocks) {
    low *= Growth(plan);
    ++stages;
  }
  return std::max(stages, 1U);
}

// The variance of one sample of a stage over that of an original one.
double SampleVariance(std::uint64_t stage_samples, double factor) {
  const double whole = std::floor(factor);
  const double x = static_cast<double>(stage_samples) * (factor - whole);
  if (x > 1) return factor - 1.0 / 3;
  return (whole - 1) * (whole - 1) + 2.0 / 3 * x * x - x + 1;
}

}  // namespace

bool IsSound(const FoldPlan& plan) {
  const bool numbers = plan.sample_seconds > 0 && plan.period_low > 0 &&
                       plan.period_high >= plan.period_low && plan.period_high < 1e9 &&
                       plan.bins_low >= kLeastBins && plan.bins_high >= plan.bins_low &&
                       plan.bins_high <= kMostBins;
  return numbers && plan.period_low >= plan.sample_seconds * static_cast<double>(plan.bins_low) &&
         plan.stages == CountStages(plan) &&
         static_cast<std::uint64_t>(plan.stages) * plan.BinCounts() <= kMostBlocks;
}

Result<FoldPlan> MakeFoldPlan(double sample_seconds, double period_low, double period_high,
                              std::uint32_t bins_low, std::uint32_t bins_high) {
  FoldPlan plan{sample_seconds, period_low, period_high, bins_low, bins_high, 0};
  if (bins_low < kLeastBins || bins_high < bins_low || bins_high > kMostBins) {
    return Fail(ErrorKind::kUser,
                "--bins " + std::to_string(bins_low) + ":" + std::to_string(bins_high) +
                    " is no range of numbers from " + std::to_string(kLeastBins) + " to " +
                    std::to_string(kMostBins) + ".",
                "Give --bins LO:HI, such as 240:260.");
  }
  const double least = sample_seconds * static_cast<double>(bins_low);
  if (!(period_low >= least)) {
    return Fail(ErrorKind::kUser,
                "--period from " + NumberText(period_low) + " s: " + std::to_string(bins_low) +
                    " bins (--bins) of " + NumberText(sample_seconds) + " s are " +
                    NumberText(least, 6) + " s long.",
                "Give longer periods or fewer bins.");
  }
  plan.stages = CountStages(plan);
  if (static_cast<std::uint64_t>(plan.stages) * plan.BinCounts() > kMostBlocks) {
    return Fail(ErrorKind::kUser,
                "--period and --bins make more than " + std::to_string(kMostBlocks) +
                    " folds of the series.",
                "Give a shorter range of periods or a wider one of bins.");
  }
  return plan;
}

bool BinsFit(const FoldPlan& plan, std::uint64_t samples) {
  const double each = static_cast<double>(samples) / static_cast<double>(plan.bins_low) +
                      StageFactor(plan, plan.stages) + 2;
  return each * 127 * 256 < 2147483648.0;
}

double StageFactor(const FoldPlan& plan, std::uint32_t stage) {
  double factor = plan.period_low / (plan.sample_seconds * static_cast<double>(plan.bins_low));
  const double growth = Growth(plan);
  for (std::uint32_t j = 0; j < stage; ++j) factor *= growth;
  return factor;
}

std::vector<std::uint32_t> WidthsOf(const FoldPlan& plan) {
  const std::uint32_t most = std::max(1U, plan.bins_low / 5);
  std::vector<std::uint32_t> widths;
  for (std::uint32_t w = 1; w <= most; w = std::max(w + 1, w * 3 / 2)) widths.push_back(w);
  return widths;
}

std::uint64_t StageSamples(std::uint64_t samples, double factor) {
  return static_cast<std::uint64_t>(std::floor(static_cast<double>(samples) / factor));
}

Block BlockOf(const FoldPlan& plan, std::uint64_t samples, std::uint32_t stage,
              std::uint32_t bins) {
  const double factor = StageFactor(plan, stage);
  const double tau = factor * plan.sample_seconds;
  const std::uint64_t n = StageSamples(samples, factor);
  const double longest = plan.period_high / tau;  // bins of the longest period
  Block block;
  block.bins = bins;
  const auto p = static_cast<double>(bins);
  if (bins > n || p > std::floor(longest)) return block;
  block.rows = static_cast<std::uint32_t>(n / bins);
  const auto m = static_cast<double>(block.rows);
  const double kept = std::ceil(p * (m - 1) * (1 - p / std::min(longest, p + 1)));
  block.kept = static_cast<std::uint32_t>(std::clamp(kept, 0.0, m));
  return block;
}

std::uint64_t TrialsOf(const FoldPlan& plan, std::uint64_t samples, std::uint32_t stage) {
  std::uint64_t trials = 0;
  for (std::uint32_t p = plan.bins_low; p <= plan.bins_high; ++p) {
    trials += BlockOf(plan, samples, stage, p).kept;
  }
  return trials;
}

double PeriodOf(const FoldPlan& plan, std::uint64_t samples, const Trial& trial) {
  const double factor = StageFactor(plan, trial.stage);
  const auto p = static_cast<double>(trial.bins);
  const auto rows = static_cast<double>(StageSamples(samples, factor) / trial.bins);
  const double drift = rows > 1 ? static_cast<double>(trial.row) / (rows - 1) : 0;
  return factor * plan.sample_seconds * p * p / (p - drift);
}

Weights WeightsOf(std::uint64_t samples, double factor, const Block& block, std::uint32_t width,
                  double sigma) {
  const auto p = static_cast<double>(block.bins);
  const auto w = static_cast<double>(width);
  const double height = std::sqrt((p - w) / (p * w));
  Weights weights;
  weights.low = height * w / (p - w);
  weights.high = height + weights.low;
  const double variance = SampleVariance(StageSamples(samples, factor), factor);
  weights.noise = sigma * std::sqrt(static_cast<double>(block.rows) * variance);
  return weights;
}

double SnrOf(const FoldPlan& plan, std::uint64_t samples, double sigma, const Trial& trial) {
  const double factor = StageFactor(plan, trial.stage);
  const Block block = BlockOf(plan, samples, trial.stage, trial.bins);
  return SnrOf(WeightsOf(samples, factor, block, trial.width, 256 * sigma),
               static_cast<double>(trial.peak), static_cast<double>(trial.total));
}

}  // namespace picube::pulsar
