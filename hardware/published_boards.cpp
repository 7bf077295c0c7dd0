#include "hardware/published_boards.h"

#include <array>

namespace picube {
namespace {

constexpr std::array<PublishedBoard, 9> kBoards = {{
    {.name = "Pi 3B",
     .model = "Raspberry Pi 3 Model B Rev",
     .idle_watts = 1.4,
     .stress_watts = 3.7,
     .copy_mb = 1110,
     .fill_mb = 1705,
     .primes_20000_s = 115.15,
     .note = "PiCube thesis, almost surely a 32-bit system"},
    {.name = "Pi 3B+",
     .model = "Raspberry Pi 3 Model B Plus",
     .idle_watts = 1.9,
     .stress_watts = 5.1,
     .copy_mb = 1230,
     .fill_mb = 1640,
     .primes_10000 = 2459},
    {.name = "Zero 2 W",
     .model = "Raspberry Pi Zero 2 W",
     .idle_watts = 0.6,
     .stress_watts = 2.1,
     .linpack_watts = 2.1,
     .linpack_gflops = 0.370,
     .copy_mb = 1300,
     .fill_mb = 1570,
     .note = "its Linpack is bound by memory"},
    {.name = "Pi 4B",
     .model = "Raspberry Pi 4 Model B",
     .idle_watts = 1.6,
     .stress_watts = 5.0,
     .linpack_watts = 7.2,
     .linpack_gflops = 11.889,
     .copy_mb = 2737,
     .fill_mb = 3103,
     .primes_10000 = 5901},
    {.name = "Pi 400",
     .model = "Raspberry Pi 400",
     .idle_watts = 2.7,
     .stress_watts = 5.2,
     .linpack_watts = 6.4,
     .linpack_gflops = 11.08,
     .copy_mb = 2565},
    {.name = "CM4",
     .model = "Raspberry Pi Compute Module 4",
     .idle_watts = 2.5,
     .stress_watts = 4.6,
     .linpack_watts = 5.2,
     .linpack_gflops = 11.43,
     .copy_mb = 2831},
    {.name = "Pi 5",
     .model = "Raspberry Pi 5 Model B",
     .idle_watts = 2.8,
     .stress_watts = 9.7,
     .linpack_watts = 12.7,
     .linpack_gflops = 35.17,
     .copy_mb = 4805,
     .fill_mb = 13677,
     .primes_10000 = 10945},
    {.name = "CM5",
     .model = "Raspberry Pi Compute Module 5",
     .idle_watts = 2.4,
     .stress_watts = 8.5,
     .linpack_watts = 9.2,
     .linpack_gflops = 32.15,
     .copy_mb = 6013},
    {.name = "Celeron J1900",
     .model = "",
     .primes_20000_s = 11.28,
     .note = "a PC of the PiCube thesis"},
}};

}  // namespace

std::span<const PublishedBoard> PublishedBoards() { return kBoards; }

const PublishedBoard* PublishedBoardOf(std::string_view model) {
  for (const PublishedBoard& board : kBoards) {
    if (!board.model.empty() && model.starts_with(board.model)) return &board;
  }
  return nullptr;
}

}  // namespace picube
