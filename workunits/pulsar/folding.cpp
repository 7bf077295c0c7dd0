#include "workunits/pulsar/folding.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "protocol/base/rng.h"
#include "workunits/math/fold.h"
#include "workunits/math/parallel.h"

namespace picube::pulsar {
namespace {

// Additions a thread makes between two calls of Pause: 0.1 s on a small board's core.
constexpr double kChunkAdditions = 1.5e8;

double CostOf(const Block& block, std::size_t widths) {
  const double levels = std::bit_width(block.rows);
  return block.bins * (block.rows * levels + block.kept * (2.0 * static_cast<double>(widths) + 3));
}

// numpy's percentile: linear between neighbours. Changes the order.
double Quantile(std::span<float> values, double part) {
  const double position = part * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(position);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(low);
  std::nth_element(values.begin(), middle, values.end());
  const auto at = static_cast<double>(*middle);
  if (low + 1 == values.size()) return at;
  const auto next = static_cast<double>(*std::min_element(middle + 1, values.end()));
  return at + (position - static_cast<double>(low)) * (next - at);
}

float ControlOf(std::span<float> snr) {
  if (snr.empty()) return 0;
  const double median = Quantile(snr, 0.5);
  const double low = Quantile(snr, 0.25);
  const double high = Quantile(snr, 0.75);
  return static_cast<float>(median + 6 * ((high - low) / 1.349));
}

}  // namespace

struct FoldSearch::Outcome {
  std::uint64_t digest = 0;
  Found best;
  std::vector<Found> peaks;
};

struct FoldSearch::Stage {
  std::uint32_t index = 0;
  double factor = 0;
  std::vector<std::int32_t> samples;  // padded for Fold
  std::vector<Block> blocks;
  std::vector<std::size_t> first;  // trial of each block within the stage, and the end
  std::vector<float> snr;          // [width][trial]
  std::vector<Outcome> outcomes;
};

struct FoldSearch::Space {
  math::FoldSpace fold;
  std::vector<std::int64_t> totals, peaks;
  std::vector<double> snr;          // of the best width of each row
  std::vector<std::uint32_t> best;  // its index
};

bool Before(const Found& a, const Found& b) {
  return a.snr != b.snr ? a.snr > b.snr : a.trial < b.trial;
}

void KeepBest(std::vector<Found>& found) {
  std::sort(found.begin(), found.end(), Before);
  if (found.size() > kBest) found.resize(kBest);
}

std::vector<std::int32_t> PrefixOf(std::span<const std::int8_t> samples) {
  std::vector<std::int32_t> prefix(samples.size() + 1);
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) prefix[i + 1] = sum += samples[i];
  return prefix;
}

// Differences are right in 32 bits although the sums they are taken of may wrap around.
void Downsample(std::span<const std::int8_t> samples, std::span<const std::int32_t> prefix,
                double factor, std::span<std::int32_t> out) {
  const std::uint64_t n = StageSamples(samples.size(), factor);
  const auto most = 256 * static_cast<std::int64_t>(samples.size());
  std::uint32_t before = 0;
  for (std::uint64_t k = 1; k <= n; ++k) {
    const auto wished =
        static_cast<std::int64_t>(256 * static_cast<double>(k) * factor + 0.5);  // not negative
    const auto boundary = static_cast<std::uint64_t>(std::min(wished, most));
    const std::uint64_t whole = boundary / 256;
    std::uint32_t sum = 256 * static_cast<std::uint32_t>(prefix[whole]);
    if (const auto part = static_cast<std::uint32_t>(boundary % 256); part != 0) {
      sum += part * static_cast<std::uint32_t>(samples[whole]);
    }
    out[k - 1] = static_cast<std::int32_t>(sum - before);
    before = sum;
  }
}

double StageCost(const FoldPlan& plan, std::uint64_t samples, std::uint32_t stage) {
  const std::size_t widths = WidthsOf(plan).size();
  double cost = 8 * static_cast<double>(StageSamples(samples, StageFactor(plan, stage)));
  for (std::uint32_t p = plan.bins_low; p <= plan.bins_high; ++p) {
    cost += CostOf(BlockOf(plan, samples, stage, p), widths);
  }
  return cost;
}

std::uint64_t FoldMemory(const FoldPlan& plan, std::uint64_t samples) {
  const Block block = BlockOf(plan, samples, 0, plan.bins_low);
  const std::uint64_t row = 8 * math::FoldStride(plan.bins_high) +
                            WidthsOf(plan).size() * (8 + 4 * plan.BinCounts()) + 24;
  return (1U << 20) + block.rows * row + 4 * StageSamples(samples, StageFactor(plan, 0));
}

FoldSearch::FoldSearch(const FoldPlan& plan, std::span<const std::int8_t> samples, double sigma,
                       double threshold)
    : plan_(plan), widths_(WidthsOf(plan)), sigma_(sigma), threshold_(threshold) {
  Use(samples, sigma);
}

FoldSearch::~FoldSearch() = default;

void FoldSearch::Use(std::span<const std::int8_t> samples, double sigma) {
  samples_ = samples;
  sigma_ = sigma;
  prefix_ = PrefixOf(samples);
}

std::uint32_t FoldSearch::StagesAtOnce(std::uint32_t first, std::uint32_t end, int threads) const {
  double cost = 0;
  std::uint32_t stage = first;
  while (stage < end && stage < first + 64) {
    cost += StageCost(plan_, samples_.size(), stage);
    if (cost > kChunkAdditions * threads && stage > first) break;
    ++stage;
  }
  return stage - first;
}

void FoldSearch::Prepare(std::uint32_t stage, Stage& out) const {
  out.index = stage;
  out.factor = StageFactor(plan_, stage);
  out.samples.resize(StageSamples(samples_.size(), out.factor) + math::kFoldPadding);
  Downsample(samples_, prefix_, out.factor, out.samples);
  std::size_t trials = 0;
  for (std::uint32_t p = plan_.bins_low; p <= plan_.bins_high; ++p) {
    out.blocks.push_back(BlockOf(plan_, samples_.size(), stage, p));
    out.first.push_back(trials);
    trials += out.blocks.back().kept;
  }
  out.first.push_back(trials);
  out.snr.resize(widths_.size() * trials);
  out.outcomes.resize(out.blocks.size());
}

void FoldSearch::SearchBlock(Stage& stage, std::size_t index, Space& space) const {
  const Block& block = stage.blocks[index];
  const std::size_t kept = block.kept;
  if (kept == 0) return;
  space.totals.resize(kept);
  space.peaks.resize(kept * widths_.size());
  math::FoldPeaks(stage.samples.data(), block.rows, block.bins, kept, widths_, space.fold,
                  space.totals.data(), space.peaks.data());
  space.snr.assign(kept, -HUGE_VAL);
  space.best.assign(kept, 0);
  const std::size_t trials = stage.first.back();
  for (std::size_t w = 0; w < widths_.size(); ++w) {
    const Weights weights =
        WeightsOf(samples_.size(), stage.factor, block, widths_[w], 256 * sigma_);
    const std::int64_t* peaks = space.peaks.data() + w * kept;
    float* out = stage.snr.data() + w * trials + stage.first[index];
    for (std::size_t s = 0; s < kept; ++s) {
      const double snr =
          SnrOf(weights, static_cast<double>(peaks[s]), static_cast<double>(space.totals[s]));
      out[s] = static_cast<float>(snr);
      if (snr > space.snr[s]) {
        space.snr[s] = snr;
        space.best[s] = static_cast<std::uint32_t>(w);
      }
    }
  }
  Outcome& outcome = stage.outcomes[index];
  const auto found = [&](std::size_t s) {
    const std::size_t w = space.best[s];
    return Found{{stage.index, block.bins, static_cast<std::uint32_t>(s), widths_[w],
                  space.peaks[w * kept + s], space.totals[s]},
                 space.snr[s]};
  };
  const std::size_t radius = std::max<std::size_t>(1, block.bins / 10);
  for (std::size_t s = 0; s < kept; ++s) {
    const std::size_t w = space.best[s];
    const auto peak = static_cast<std::uint64_t>(space.peaks[w * kept + s]);
    outcome.digest = Mix64(outcome.digest ^ peak ^ (static_cast<std::uint64_t>(w) << 56));
    const double snr = space.snr[s];
    if (snr > outcome.best.snr) outcome.best = found(s);
    if (snr < threshold_) continue;
    bool greatest = true;
    for (std::size_t t = s < radius ? 0 : s - radius; t < std::min(kept, s + radius + 1); ++t) {
      greatest = greatest && (t < s ? space.snr[t] < snr : space.snr[t] <= snr);
    }
    if (greatest) outcome.peaks.push_back(found(s));
  }
}

StageResult FoldSearch::Finish(Stage& stage) const {
  StageResult result;
  result.trials = stage.first.back();
  for (const Outcome& outcome : stage.outcomes) {
    result.digest = Mix64(result.digest ^ outcome.digest);
    if (Before(outcome.best, result.best)) result.best = outcome.best;
    result.cells.push_back(static_cast<float>(outcome.best.snr));
    result.peaks.insert(result.peaks.end(), outcome.peaks.begin(), outcome.peaks.end());
  }
  KeepBest(result.peaks);
  for (std::size_t w = 0; w < widths_.size(); ++w) {
    result.controls.push_back(
        ControlOf(std::span(stage.snr).subspan(w * result.trials, result.trials)));
  }
  return result;
}

std::vector<StageResult> FoldSearch::Search(std::uint32_t first, std::uint32_t end, int threads,
                                            const std::function<bool(double)>& go_on) {
  while (spaces_.size() < static_cast<std::size_t>(threads)) {
    spaces_.push_back(std::make_unique<Space>());
  }
  std::vector<Stage> stages(end - first);
  math::ParallelFor(threads, stages.size(), [&](std::size_t i, std::size_t) {
    Prepare(first + static_cast<std::uint32_t>(i), stages[i]);
  });
  struct Item {
    std::size_t stage;
    std::size_t block;
  };
  std::vector<Item> items;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    for (std::size_t b = 0; b < stages[i].blocks.size(); ++b) items.push_back({i, b});
  }
  for (std::size_t done = 0; done < items.size();) {
    if (!go_on(static_cast<double>(done) / static_cast<double>(items.size()))) return {};
    std::size_t until = done;
    double cost = 0;
    while (until < items.size() && (until == done || cost < kChunkAdditions * threads)) {
      cost += CostOf(stages[items[until].stage].blocks[items[until].block], widths_.size());
      ++until;
    }
    math::ParallelFor(threads, until - done, [&](std::size_t i, std::size_t worker) {
      const Item& item = items[done + i];
      SearchBlock(stages[item.stage], item.block, *spaces_[worker]);
    });
    done = until;
  }
  std::vector<StageResult> results(stages.size());
  math::ParallelFor(threads, stages.size(),
                    [&](std::size_t i, std::size_t) { results[i] = Finish(stages[i]); });
  return results;
}

}  // namespace picube::pulsar
