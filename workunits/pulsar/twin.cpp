#include "workunits/pulsar/twin.h"

#include <algorithm>
#include <cmath>

namespace picube::pulsar::twin {
namespace {

using Rows = std::vector<std::vector<float>>;

Rows Fold(const Rows& in) {
  const std::size_t m = in.size();
  if (m == 1) return in;
  const auto middle = in.begin() + static_cast<std::ptrdiff_t>(m / 2);
  const Rows head = Fold({in.begin(), middle});
  const Rows tail = Fold({middle, in.end()});
  const auto share = [m](std::size_t part, std::size_t s) {
    const float slope = static_cast<float>(part - 1) / static_cast<float>(m - 1);
    const float turned = slope * static_cast<float>(s);
    return static_cast<std::size_t>(turned + 0.5F);
  };
  Rows out;
  for (std::size_t s = 0; s < m; ++s) {
    std::vector<float> row = head[share(head.size(), s)];
    const std::size_t b = share(tail.size(), s);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] += tail[b][(i + s - b) % row.size()];
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace

std::vector<float> Downsample(std::span<const float> x, double factor) {
  if (factor == 1) return {x.begin(), x.end()};
  const std::uint64_t n = StageSamples(x.size(), factor);
  std::vector<float> y;
  for (std::uint64_t k = 0; k < n; ++k) {
    const double start = static_cast<double>(k) * factor;
    const double end = start + factor;
    const auto first = static_cast<std::size_t>(start);
    const std::size_t last = std::min(static_cast<std::size_t>(end), x.size() - 1);
    float sum = static_cast<float>(static_cast<double>(first + 1) - start) * x[first];
    for (std::size_t i = first + 1; i < last; ++i) sum += x[i];
    sum += static_cast<float>(end - static_cast<double>(last)) * x[last];
    y.push_back(sum);
  }
  return y;
}

FloatSearch SearchFloats(const FoldPlan& plan, std::span<const float> x) {
  FloatSearch search;
  const std::vector<std::uint32_t> widths = WidthsOf(plan);
  for (std::uint32_t j = 0; j < plan.stages; ++j) {
    const double factor = StageFactor(plan, j);
    const std::vector<float> y = Downsample(x, factor);
    for (std::uint32_t p = plan.bins_low; p <= plan.bins_high; ++p) {
      const Block block = BlockOf(plan, x.size(), j, p);
      search.trials += block.kept;
      if (block.kept == 0) continue;
      Rows in;
      for (std::size_t r = 0; r < block.rows; ++r) {
        const auto first = y.begin() + static_cast<std::ptrdiff_t>(r * p);
        in.emplace_back(first, first + p);
      }
      const Rows out = Fold(in);
      for (std::uint32_t s = 0; s < block.kept; ++s) {
        std::vector<double> prefix{0};
        for (std::size_t i = 0; i < 2 * p; ++i) {
          prefix.push_back(prefix.back() + static_cast<double>(out[s][i % p]));
        }
        for (const std::uint32_t w : widths) {
          double peak = -HUGE_VAL;
          for (std::size_t i = 0; i < p; ++i) peak = std::max(peak, prefix[i + w] - prefix[i]);
          const double snr = SnrOf(WeightsOf(x.size(), factor, block, w, 1), peak, prefix[p]);
          if (snr > search.best.snr) {
            search.best = {snr, PeriodOf(plan, x.size(), {j, p, s, w, 0, 0}), j, p, s, w};
          }
        }
      }
    }
  }
  return search;
}

}  // namespace picube::pulsar::twin
