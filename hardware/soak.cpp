#include "hardware/soak.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "hardware/benchmark.h"

namespace picube {
namespace {

constexpr Duration kWindow = 10s;
constexpr int kLeastWindows = 5;

}  // namespace

double SustainedOf(std::span<const double> values) {
  if (values.empty()) return 0;
  const auto last = values.last(std::max<std::size_t>(1, values.size() / 5));
  return std::accumulate(last.begin(), last.end(), 0.0) / static_cast<double>(last.size());
}

SoakFigures Soak(int threads, Duration span,
                 const std::function<void(double seconds, double flops)>& progress) {
  const Duration window = std::max<Duration>(1ms, std::min(kWindow, span / kLeastWindows));
  std::vector<double> rates;
  for (Duration done{}; done < span; done += window) {
    rates.push_back(MeasureFlops(threads, window));
    progress(Seconds(done + window), rates.back());
  }
  return {rates.empty() ? 0 : *std::ranges::max_element(rates), SustainedOf(rates)};
}

VirtualSoak SoakVirtually(const BoardRun& run) {
  const BoardResult result = PlayBoard(run);
  const auto sustained = [&](auto field) {
    std::vector<double> values;
    for (const BoardSecond& second : result.seconds) {
      values.push_back(static_cast<double>(second.*field));
    }
    return SustainedOf(values);
  };
  VirtualSoak soak;
  soak.cores = sustained(&BoardSecond::cores);
  soak.part = soak.cores / ModelOf(run.board).cores;
  soak.mhz = sustained(&BoardSecond::mhz);
  soak.temperature = sustained(&BoardSecond::temperature);
  soak.most = result.most;
  soak.throttled = sustained(&BoardSecond::throttled);
  soak.heat_watts = sustained(&BoardSecond::watts);
  return soak;
}

}  // namespace picube
