// What `picube-worker benchmark` measures, and how it says so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "hardware/soak.h"
#include "protocol/base/time.h"

namespace picube {

struct BenchmarkPlan {
  int threads = 1;
  Duration span = 5s;  // of each measurement
  std::uint64_t primes = 20'000;
  Duration soak{};  // 0 = none
};

// Rates are per second; `_all`: on all threads of the plan, else on one.
struct BenchmarkFigures {
  std::string board;
  int threads = 1;
  std::uint64_t primes = 0;
  double events = 0;  // of the prime loop
  double events_all = 0;
  double events_all_10000 = 0;  // of the loop to 10,000, the bound of most published figures
  double flops = 0;             // as what a worker says of itself: MeasureFlops, all threads
  double multiply_add = 0;      // floating-point operations, widest registers, 64 bit
  double multiply_add_all = 0;
  double fft = 0;  // 5 n log2 n a transform of 16,384 complex 32-bit numbers
  double fft_all = 0;
  double copy_bytes = 0;
  double fill_bytes = 0;
  std::optional<SoakFigures> soak;
  double soak_minutes = 0;
  std::optional<double> watts;  // of the board under load, as published: "model"
};

// Blocks. `progress` gets a line for people now and then.
[[nodiscard]] BenchmarkFigures MeasureMachine(
    const BenchmarkPlan& plan, const std::function<void(const std::string&)>& progress);

[[nodiscard]] std::string JsonOf(const BenchmarkFigures& figures);
// With the table of published boards.
[[nodiscard]] std::string TextOf(const BenchmarkFigures& figures);

// Of a virtual board.
struct VirtualBenchmark {
  BoardRun run;
  VirtualSoak soak;
  double part_later = 0;        // what is left after two hours, when the board is as hot as it gets
  std::optional<double> watts;  // of the whole board, by its model
};
[[nodiscard]] VirtualBenchmark MeasureVirtually(const BoardRun& run);
[[nodiscard]] std::string JsonOf(const VirtualBenchmark& benchmark);
[[nodiscard]] std::string TextOf(const VirtualBenchmark& benchmark);

}  // namespace picube
