#include "hardware/benchmark.h"

#include <array>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

namespace picube {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kChains = 16;  // independent of each other, as in a good kernel
constexpr int kRounds = 4096;

// Its values stay near 1 for ever. The result only keeps the work from being left out.
double Block(std::array<double, kChains>& x) {
  for (int round = 0; round < kRounds; ++round) {
    for (double& value : x) value = value * 0.999999 + 0.000001;
  }
  return x[0];
}

double CountUntil(Clock::time_point end) {
  std::array<double, kChains> x{};
  volatile double sink = 0;
  double blocks = 0;
  do {
    sink = Block(x);
    ++blocks;
  } while (Clock::now() < end);
  static_cast<void>(sink);
  return blocks * kRounds * kChains * 2;
}

// What `body` returns for each thread, added, a second. It is given the end of the span.
double PerSecond(int threads, Duration span, const std::function<double(Clock::time_point)>& body) {
  const Clock::time_point begun = Clock::now();
  std::vector<double> done(static_cast<std::size_t>(threads));
  {
    std::vector<std::jthread> workers;
    for (double& mine : done) workers.emplace_back([&] { mine = body(begun + span); });
  }
  double all = 0;
  for (const double mine : done) all += mine;
  return all / std::chrono::duration<double>(Clock::now() - begun).count();
}

// Larger than any cache of a board, small enough for the least of them.
constexpr std::size_t kMemoryBlock = 32U << 20;

// As if somebody read what `memory` points to.
void Use(const void* memory) { __asm__ volatile("" ::"r"(memory) : "memory"); }

}  // namespace

double MeasureFlops(int threads, Duration span) { return PerSecond(threads, span, CountUntil); }

double MeasureEach(const std::function<Event()>& make, int threads, Duration span) {
  return PerSecond(threads, span, [&](Clock::time_point end) {
    const Event event = make();
    double work = 0;
    do {
      work += event();
    } while (Clock::now() < end);
    return work;
  });
}

double MeasureEvents(const std::function<void()>& event, int threads, Duration span) {
  const auto make = [&event]() -> Event {
    return [&event] {
      event();
      return 1.0;
    };
  };
  return MeasureEach(make, threads, span);
}

double MeasureCopy(Duration span) {
  std::vector<char> from(kMemoryBlock, 1);  // touched, so that its pages are there
  std::vector<char> to(kMemoryBlock, 2);
  const auto copy = [&] {
    std::memcpy(to.data(), from.data(), kMemoryBlock);
    Use(to.data());
  };
  return kMemoryBlock * MeasureEvents(copy, 1, span);
}

double MeasureFill(Duration span) {
  std::vector<char> to(kMemoryBlock, 2);
  char value = 0;
  const auto fill = [&] {
    std::memset(to.data(), ++value, kMemoryBlock);
    Use(to.data());
  };
  return kMemoryBlock * MeasureEvents(fill, 1, span);
}

}  // namespace picube
