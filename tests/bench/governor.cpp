// governor_bench: what the governor reaches on virtual boards. One JSON line a case: case, board,
// value, goal, holds; exit code 1 if one does not hold.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

#include "hardware/board_run.h"

namespace picube::sim {
namespace {

constexpr BoardKind kBoards[] = {BoardKind::k3B, BoardKind::k4B, BoardKind::k5};
bool all_hold = true;

void Print(const char* what, std::string_view board, double value, double goal, bool holds) {
  std::printf("{\"case\":\"%s\",\"board\":\"%s\",\"value\":%.4g,\"goal\":%.4g,\"holds\":%s}\n",
              what, std::string(board).c_str(), value, goal, holds ? "true" : "false");
  all_hold = all_hold && holds;
}
void AtMost(const char* what, std::string_view board, double value, double goal) {
  Print(what, board, value, goal, value <= goal);
}
void AtLeast(const char* what, std::string_view board, double value, double goal) {
  Print(what, board, value, goal, value >= goal);
}

void ConstantLoad() {
  const double by_clock[] = {56, 88, 69};
  const double by_threads[] = {49, 80, 54};
  for (const BoardKind board : kBoards) {
    const auto index = static_cast<std::size_t>(board);
    const BoardResult clock =
        PlayBoard({.board = board, .virtual_board = {}, .governor = {}, .heat = {}});
    AtMost("overshoot, K", Name(board), clock.most - 79, board == BoardKind::k5 ? 1.2 : 1.0);
    AtMost("deviation, K", Name(board), clock.deviation, 0.3);
    AtMost("firmware throttling, % of the time", Name(board), 100 * clock.throttled, 0);
    AtLeast("work by clock, %", Name(board), 100 * clock.work, by_clock[index]);
    BoardRun threads{.board = board, .virtual_board = {}, .governor = {}, .heat = {}};
    threads.governor.can_cap = false;
    const BoardResult pulsed = PlayBoard(threads);
    AtMost("overshoot by threads, K", Name(board), pulsed.most - 79,
           board == BoardKind::k5 ? 1.2 : 1.0);
    AtLeast("work by threads, %", Name(board), 100 * pulsed.work, by_threads[index]);
  }
}

// 59 boards of other heat, speed and surroundings, an hour each.
void RandomBoards() {
  Rng rng(59);
  const auto between = [&rng](double low, double high) {
    return low + (high - low) * static_cast<double>(rng.Below(1001)) / 1000;
  };
  double most = 0;
  for (std::uint64_t i = 0; i < 59; ++i) {
    BoardRun run{.board = kBoards[i % 3],
                 .virtual_board = {},
                 .governor = {},
                 .hours = 1,
                 .seed = i,
                 .heat = {}};
    run.virtual_board = {between(10, 40), between(0.5, 1.5), std::exp2(between(-1, 1))};
    run.governor.can_cap = rng.OneIn(2);
    most = std::max(most, PlayBoard(run).most - 79);
  }
  AtMost("59 random boards, K above the set point", "all", most, 2.5);
}

// The load jumps every 30 to 120 s.
void JumpingLoad() {
  for (const BoardKind board : kBoards) {
    double throttled = 0;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Rng rng(seed);
      double until = 0;
      double heat = 1;
      BoardRun run{.board = board, .virtual_board = {}, .governor = {}, .seed = seed, .heat = {}};
      run.governor.set_point = 77;
      run.heat = [&](double now) {
        if (now >= until) {
          until = now + 30 + static_cast<double>(rng.Below(91));
          heat = 0.6 + 0.7 * static_cast<double>(rng.Below(1001)) / 1000;
        }
        return heat;
      };
      throttled = std::max(throttled, PlayBoard(run).throttled_later);
    }
    AtMost("jumping load, set point 77: firmware throttling later, %", Name(board), 100 * throttled,
           0);
  }
}

void OwnCost() {
  Governor governor(ModelOf(BoardKind::k3B), {});
  constexpr int kSteps = 1'000'000;
  double sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kSteps; ++i) {
    GovernorReading reading;
    reading.temperature = 78 + i % 5 * 0.5;
    sum += governor.Step(reading, 1).cap_mhz;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (sum < 0) std::puts("");
  AtMost("governor's decisions, % of a core", "this machine", 100 * took.count() / kSteps, 0.2);
}

// Four threads at half duty: two cores' worth.
void DutySteps() {
  BoardRun run{
      .board = BoardKind::k3B, .virtual_board = {}, .governor = {}, .hours = 1, .heat = {}};
  run.governor.can_cap = false;
  const BoardResult result = PlayBoard(run);
  AtLeast("threads that run at any moment, at least", "3b", result.least_threads, 1);
  AtMost("threads that run at any moment, at most", "3b", result.most_threads, 3);
}

}  // namespace
}  // namespace picube::sim

int main() {
  picube::sim::ConstantLoad();
  picube::sim::RandomBoards();
  picube::sim::JumpingLoad();
  picube::sim::OwnCost();
  picube::sim::DutySteps();
  return picube::sim::all_hold ? 0 : 1;
}
