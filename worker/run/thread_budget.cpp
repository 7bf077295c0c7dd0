#include "worker/run/thread_budget.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace picube {
namespace {

// What was not run for longer than this is not made up for: nothing runs hot after a rest.
constexpr double kMostOwed = 1;  // s of a thread

}  // namespace

ThreadBudget::ThreadBudget(int most, double phase)
    : most_(most), allowed_(most), phase_(phase), owed_(-phase * Seconds(kSlot)) {}

void ThreadBudget::Pass(Instant now) {
  const double seconds = std::max(0.0, Seconds(now - std::exchange(at_, now)));
  owed_ += (allowed_ - running_) * seconds;
  taken_ += running_ * seconds;
  // A rest pays what was taken too much, and no more.
  const double most = begun_ ? kMostOwed : -phase_ * Seconds(kSlot);
  owed_ = std::clamp(owed_, -kMostOwed * most_, most);
}

void ThreadBudget::Allow(double threads, Instant now) {
  Pass(now);
  const double before = std::exchange(allowed_, std::clamp(threads, 0.0, 1.0 * most_));
  // What was owed of other threads says nothing about these.
  if (std::floor(before) != std::floor(allowed_)) owed_ = -phase_ * Seconds(kSlot);
}

int ThreadBudget::Begin(Instant now) {
  Pass(now);
  if (begun_ && now < End()) return running_;
  begun_ = true;
  slot_ = now;
  const double whole = std::floor(allowed_);
  const bool more = allowed_ > whole && owed_ >= 0;
  running_ = static_cast<int>(whole) + (more ? 1 : 0);
  return running_;
}

void ThreadBudget::Rest(Instant now) {
  Pass(now);
  begun_ = false;
  running_ = 0;
}

double ThreadBudget::TakeThreadSeconds(Instant now) {
  Pass(now);
  return std::exchange(taken_, 0);
}

}  // namespace picube
