// How many threads the next chunk of a kernel may use, so that over time the kernel takes what it
// is allowed: whole threads all the time, and one more for a part of it. Pure; one thread.
//
// Decided anew for each slot of a tenth of a second, or for each chunk where chunks are longer:
// what a chunk took too much or too little of is made up for by the next ones (error feedback), so
// the part holds for chunks of any length, and for units that are shorter than a slot.
#pragma once

#include "protocol/base/time.h"

namespace picube {

class ThreadBudget {
 public:
  static constexpr Duration kSlot = 100ms;

  // `most` threads of the kernel at all. `phase` 0 .. 1 puts workers of one box out of step.
  explicit ThreadBudget(int most, double phase = 0);

  // From now on so many threads, 0 .. most; parts of one count.
  void Allow(double threads, Instant now);
  [[nodiscard]] double Allowed() const { return allowed_; }

  // Threads of the chunk that begins now; 0: none may begin before End().
  [[nodiscard]] int Begin(Instant now);
  [[nodiscard]] Instant End() const { return slot_ + kSlot; }
  // The kernel computes no more: it waits, or its unit has ended.
  void Rest(Instant now);

  // Seconds of a thread that ran since this was asked last.
  [[nodiscard]] double TakeThreadSeconds(Instant now);

 private:
  void Pass(Instant now);

  int most_;
  double allowed_;
  double phase_;
  double owed_;       // s of a thread: allowed and not run yet
  double taken_ = 0;  // s of a thread
  int running_ = 0;
  bool begun_ = false;  // a slot has; what passed before it was a rest
  Instant slot_{};
  Instant at_{};
};

}  // namespace picube
