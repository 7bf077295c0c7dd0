// A governed board under load, in virtual time: what it reaches, and how hot it gets.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "hardware/governor.h"
#include "hardware/virtual_board.h"

namespace picube {

struct BoardRun {
  BoardKind board = BoardKind::k3B;
  VirtualBoardOptions virtual_board;
  GovernorOptions governor;
  double hours = 2;
  std::uint64_t seed = 1;
  // Heat of the code at a time in seconds, 1 = as the model's load; empty = 1.
  std::function<double(double seconds)> heat;
};

struct BoardSecond {
  double temperature = 0;  // °C, as it is
  double cores = 0;        // at full clock, that ran
  double mhz = 0;          // mean of the second
  double watts = 0;        // of heat, mean of the second
  bool throttled = false;
};

struct BoardResult {
  double work = 0;             // part of an unthrottled board's
  double most = 0;             // greatest temperature, °C
  double most_later = 0;       // the same after the first ten minutes
  double mean = 0;             // of the temperature in the second half
  double deviation = 0;        // the same
  double throttled = 0;        // part of the time that the firmware slowed the board
  double throttled_later = 0;  // after the first ten minutes
  double joules = 0;           // of heat
  int least_threads =
      0;  // that ran in any tenth of a second after the first ten minutes, unless it was paused
  int most_threads = 0;
  GovernorState state;
  std::vector<BoardSecond> seconds;
};

[[nodiscard]] BoardResult PlayBoard(const BoardRun& run);

}  // namespace picube
