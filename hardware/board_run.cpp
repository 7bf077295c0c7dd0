#include "hardware/board_run.h"

#include <algorithm>
#include <cmath>

namespace picube {
namespace {

constexpr int kSlots = 10;          // of a second
constexpr std::size_t kWarm = 600;  // s

// One second of what was allowed, slot by slot.
BoardSecond Second(const Allowance& allowance, const BoardModel& model, double heat,
                   VirtualBoard& board, DutyPulse& clock, DutyPulse& thread, BoardResult& result,
                   bool warm) {
  BoardSecond second;
  const double joules = board.Joules();
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
  second.watts = board.Joules() - joules;
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

BoardResult PlayBoard(const BoardRun& run) {
  const BoardModel& model = ModelOf(run.board);
  VirtualBoard board(model, run.virtual_board, Rng(run.seed));
  Governor governor(model, run.governor);
  DutyPulse clock;
  DutyPulse thread;
  BoardResult result;
  result.least_threads = model.cores;  // until the board is warm
  const auto seconds = static_cast<std::size_t>(std::lround(run.hours * 3600));
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

}  // namespace picube
