#include "hardware/live_board.h"

#include <algorithm>
#include <cmath>

namespace picube {
namespace {

constexpr double kMostSeconds = 5;  // passed at once: the machine slept, the board did not heat up
constexpr std::uint32_t kThrottledNow = 1U << 2;
constexpr std::uint32_t kThrottledOnce = 1U << 18;

}  // namespace

LiveBoard::LiveBoard(BoardKind board, const VirtualBoardOptions& options, Rng rng)
    : kind_(board), model_(ModelOf(board)), board_(model_, options, rng) {
  board_.Soak();
}

void LiveBoard::Pass(Duration time, const Allowance& allowance, double used_part) {
  left_ += std::clamp(Seconds(time), 0.0, kMostSeconds);
  const double allowed = allowance.paused ? 0 : allowance.threads + allowance.duty;
  busy_cores_ = std::clamp(used_part, 0.0, 1.0) * std::min(allowed, 1.0 * model_.cores);
  const auto steps = static_cast<int>(left_ / VirtualBoard::kStep);
  if (steps == 0) return;
  left_ -= steps * VirtualBoard::kStep;
  double mhz = 0;
  for (int i = 0; i < steps; ++i) {
    const bool full = clock_.Next(allowance.full_part);
    board_.Step({busy_cores_, full ? 0 : allowance.cap_mhz, 1});
    mhz += board_.RealMhz() / steps;
    if (board_.Throttled()) throttled_before_ = kThrottledOnce;
  }
  clock_part_ = mhz / model_.most_mhz;
}

BoardSample LiveBoard::Sample() {
  BoardSample sample;
  sample.temperature_millicelsius = static_cast<std::int32_t>(std::lround(1000 * board_.Sensor()));
  sample.clock_mhz = static_cast<std::uint32_t>(std::lround(board_.RealMhz()));
  sample.throttle_flags = (board_.Throttled() ? kThrottledNow : 0) | throttled_before_;
  sample.load_permille = static_cast<std::uint32_t>(std::lround(1000 * busy_cores_ / model_.cores));
  return sample;
}

std::string LiveBoard::Called() const {
  switch (kind_) {
    case BoardKind::k3B: return "Raspberry Pi 3 Model B (virtual)";
    case BoardKind::k3BPlus: return "Raspberry Pi 3 Model B Plus (virtual)";
    case BoardKind::k4B: return "Raspberry Pi 4 Model B (virtual)";
    case BoardKind::k5: return "Raspberry Pi 5 Model B (virtual)";
  }
  return "virtual";
}

}  // namespace picube
