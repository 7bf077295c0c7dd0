#include "simulation/board_run.h"

#include <algorithm>
#include <cmath>

#include "workunits/plot/svg.h"

namespace picube::sim {
namespace {

constexpr int kSlots = 10;          // of a second
constexpr std::size_t kWarm = 600;  // s

// One second of what was allowed, slot by slot.
BoardSecond Second(const Allowance& allowance, const BoardModel& model, double heat,
                   VirtualBoard& board, Pulse& clock, Pulse& thread, BoardResult& result,
                   bool warm) {
  BoardSecond second;
  for (int slot = 0; slot < kSlots; ++slot) {
    const bool full = clock.Next(allowance.full_part);
    const int more = thread.Next(allowance.duty) ? 1 : 0;
    const int threads = allowance.paused ? 0 : allowance.threads + more;
    if (warm && !allowance.paused) {
      result.least_threads = std::min(result.least_threads, threads);
      result.most_threads = std::max(result.most_threads, threads);
    }
    board.Step({static_cast<double>(threads), full ? 0 : allowance.cap_mhz, heat});
    second.cores += threads * board.RealMhz() / model.most_mhz / kSlots;
    second.mhz += board.RealMhz() / kSlots;
    second.throttled = second.throttled || board.Throttled();
  }
  second.temperature = board.Temperature();
  return second;
}

void Summarise(const BoardModel& model, BoardResult& result) {
  const auto& all = result.seconds;
  double sum = 0;
  double squares = 0;
  std::size_t late = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    result.work += all[i].cores / model.cores;
    result.most = std::max(result.most, all[i].temperature);
    result.throttled += all[i].throttled ? 1 : 0;
    if (i >= kWarm) {
      result.most_later = std::max(result.most_later, all[i].temperature);
      result.throttled_later += all[i].throttled ? 1 : 0;
    }
    if (i < all.size() / 2) continue;
    ++late;
    sum += all[i].temperature;
    squares += all[i].temperature * all[i].temperature;
  }
  const auto seconds = static_cast<double>(all.size());
  result.work /= seconds;
  result.throttled /= seconds;
  if (all.size() > kWarm) result.throttled_later /= seconds - kWarm;
  result.mean = sum / static_cast<double>(late);
  const double variance = squares / static_cast<double>(late) - result.mean * result.mean;
  result.deviation = std::sqrt(std::max(0.0, variance));
}

}  // namespace

BoardResult Run(const BoardRun& run) {
  const BoardModel& model = ModelOf(run.board);
  VirtualBoard board(model, run.virtual_board, Rng(run.seed));
  Governor governor(model, run.governor);
  Pulse clock;
  Pulse thread;
  BoardResult result;
  result.least_threads = model.cores;  // until the board is warm
  const auto seconds = static_cast<std::size_t>(run.hours * 3600);
  for (std::size_t i = 0; i < seconds; ++i) {
    GovernorReading reading;
    reading.temperature = board.Sensor();
    reading.throttled = board.Throttled();
    const Allowance allowance = governor.Step(reading, 1);
    const double heat = run.heat ? run.heat(static_cast<double>(i)) : 1;
    result.seconds.push_back(
        Second(allowance, model, heat, board, clock, thread, result, i >= kWarm));
  }
  result.joules = board.Joules();
  result.state = governor.State();
  Summarise(model, result);
  return result;
}

std::string PlotOf(const BoardRun& run, const BoardResult& result) {
  const BoardModel& model = ModelOf(run.board);
  PlotSpec plot;
  plot.title =
      "Board " + std::string(Name(run.board)) + ", mode " + std::string(Name(run.governor.mode));
  plot.subtitle = "temperature, and cores at full clock in tenths";
  plot.x_label = "minutes";
  plot.y_label = "degrees C; tenths of a core";
  plot.x_max = static_cast<double>(result.seconds.size()) / 60;
  plot.y_max = std::max(90.0, result.most + 2);
  const std::size_t step = std::max<std::size_t>(1, result.seconds.size() / 600);
  for (std::size_t i = step; i < result.seconds.size(); i += step) {
    const BoardSecond& from = result.seconds[i - step];
    const BoardSecond& to = result.seconds[i];
    const double x0 = static_cast<double>(i - step) / 60;
    const double x1 = static_cast<double>(i) / 60;
    plot.segments.push_back({x0, from.temperature, x1, to.temperature, "#d62728", 1.5, {}});
    plot.segments.push_back({x0, 10 * from.cores, x1, 10 * to.cores, "#1f77b4", 1, {}});
  }
  plot.segments.push_back(
      {0, run.governor.set_point, plot.x_max, run.governor.set_point, "#999999", 1, "set point"});
  plot.legend = {{"#d62728", "temperature"},
                 {"#1f77b4", "cores of " + std::to_string(model.cores) + ", tenths"},
                 {"#999999", "set point"}};
  return SvgText(plot);
}

}  // namespace picube::sim
