// The part of the time that a kernel's threads may run holds for chunks of any length.
#include "worker/run/thread_budget.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace picube {
namespace {

struct Ran {
  double threads = 0;  // mean
  int least = 1000;
  int most = 0;
};

// A kernel that computes in chunks for so long.
Ran Chunks(ThreadBudget& budget, Duration chunk, Duration span) {
  Ran ran;
  Instant now{1'000'000};
  const Instant begun = now;
  double sum = 0;
  while (now - begun < span) {
    const int threads = budget.Begin(now);
    const Instant end = threads == 0 ? budget.End() : now + chunk;
    sum += threads * Seconds(end - now);
    now = end;
    ran.least = std::min(ran.least, threads);
    ran.most = std::max(ran.most, threads);
  }
  ran.threads = sum / Seconds(now - begun);
  return ran;
}

TEST(ThreadBudget, PartOfAThreadHoldsForChunksOfAnyLength) {
  for (const Duration chunk : {1ms, 30ms, 100ms, 350ms, 1000ms}) {
    for (const double allowed : {0.4, 1.0, 1.5, 2.25, 3.9, 4.0}) {
      ThreadBudget budget(4);
      budget.Allow(allowed, {});
      const Ran ran = Chunks(budget, chunk, 200s);
      EXPECT_NEAR(ran.threads, allowed, 0.02) << chunk.count() << " us, " << allowed;
      EXPECT_GE(ran.least, static_cast<int>(allowed));
      EXPECT_LE(ran.most, static_cast<int>(allowed) + 1);
    }
  }
}

TEST(ThreadBudget, HalfOfFourThreadsNeverStopsAllAndNeverRunsAll) {
  ThreadBudget budget(4);
  for (const double allowed : {1.9, 2.0, 2.1}) {
    budget.Allow(allowed, {});
    const Ran ran = Chunks(budget, 20ms, 60s);
    EXPECT_GE(ran.least, 1);
    EXPECT_LE(ran.most, 3);
  }
}

TEST(ThreadBudget, RestIsNotMadeUpFor) {
  ThreadBudget budget(4);
  budget.Allow(1.5, Instant{});
  static_cast<void>(budget.Begin(Instant{}));
  budget.Rest(Instant{1'000'000});
  // An hour later it computes as if it had just begun.
  Instant now{3'601'000'000};
  double sum = 0;
  for (int slot = 0; slot < 20; ++slot, now = now + ThreadBudget::kSlot) sum += budget.Begin(now);
  EXPECT_NEAR(sum / 20, 1.5, 0.06);
}

TEST(ThreadBudget, UnitsShorterThanASlotDoNotEscapeIt) {
  ThreadBudget budget(4);
  budget.Allow(0.2, Instant{});
  Instant now{1'000'000};
  const Instant begun = now;
  double ran = 0;
  while (now - begun < 100s) {
    const int threads = budget.Begin(now);
    if (threads == 0) {
      now = budget.End();
      continue;
    }
    ran += threads * 0.03;
    now = now + 30ms;
    budget.Rest(now);
    now = now + 1ms;
  }
  EXPECT_NEAR(ran / 100, 0.2, 0.02);
}

TEST(ThreadBudget, WorkersOfOneBoxDoNotPulseTogether) {
  ThreadBudget first(1, 0);
  ThreadBudget second(1, 0.5);
  int together = 0;
  first.Allow(0.5, {});
  second.Allow(0.5, {});
  Instant now{1'000'000};
  for (int slot = 0; slot < 100; ++slot, now = now + ThreadBudget::kSlot) {
    together += first.Begin(now) + second.Begin(now) == 2 ? 1 : 0;
  }
  EXPECT_LE(together, 2);
}

TEST(ThreadBudget, SaysWhatRan) {
  ThreadBudget budget(2);
  static_cast<void>(budget.Begin(Instant{0}));
  EXPECT_NEAR(budget.TakeThreadSeconds(Instant{500'000}), 1.0, 1e-9);
  budget.Rest(Instant{1'000'000});
  EXPECT_NEAR(budget.TakeThreadSeconds(Instant{9'000'000}), 1.0, 1e-9);
  EXPECT_EQ(budget.TakeThreadSeconds(Instant{10'000'000}), 0);
}

}  // namespace
}  // namespace picube
