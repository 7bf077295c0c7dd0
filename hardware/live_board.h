// A virtual board in real time: somebody computes on this machine, and the board heats up as a
// Raspberry Pi would. Its sensors answer as a probe's do. One thread.
#pragma once

#include "hardware/governor.h"
#include "hardware/probe.h"
#include "hardware/virtual_board.h"
#include "protocol/base/time.h"

namespace picube {

class LiveBoard {
 public:
  // It has been idle for long: warm, not cold.
  LiveBoard(BoardKind board, const VirtualBoardOptions& options, Rng rng);

  // So much time has passed: this was allowed, and of the time that it allowed this part was used
  // (0 .. 1; more counts as 1).
  void Pass(Duration time, const Allowance& allowance, double used_part);
  // Cores of the board that computed meanwhile, mean.
  [[nodiscard]] double BusyCores() const { return busy_cores_; }
  // Mean clock meanwhile, part of the board's greatest.
  [[nodiscard]] double ClockPart() const { return clock_part_; }

  [[nodiscard]] BoardSample Sample();
  // "Raspberry Pi 3 Model B (virtual)".
  [[nodiscard]] std::string Called() const;
  [[nodiscard]] const BoardModel& Model() const { return model_; }

 private:
  BoardKind kind_;
  const BoardModel& model_;
  VirtualBoard board_;
  DutyPulse clock_;
  double left_ = 0;  // s, less than a step
  double busy_cores_ = 0;
  double clock_part_ = 1;
  std::uint32_t throttled_before_ = 0;
};

}  // namespace picube
