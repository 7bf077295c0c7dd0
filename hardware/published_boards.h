// What others have published of Raspberry Pis and of what they are compared with: watts and speed.
// Facts with their sources in docs/BOARD.md; what is not known is absent.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace picube {

struct PublishedBoard {
  std::string_view name;
  // How its device tree names it, the beginning; empty: it is no Raspberry Pi.
  std::string_view model;
  std::optional<double> idle_watts;    // of the whole board
  std::optional<double> stress_watts;  // with four busy cores
  std::optional<double> linpack_watts;
  std::optional<double> linpack_gflops;  // HPL, all cores
  std::optional<double> copy_mb;         // MB/s
  std::optional<double> fill_mb;         // MB/s
  std::optional<double> primes_10000;    // events/s of sysbench on all cores, 64-bit system
  std::optional<double> primes_20000_s;  // for 10,000 events on all cores
  std::string_view note;
};
[[nodiscard]] std::span<const PublishedBoard> PublishedBoards();

// By what the board says of itself ("Raspberry Pi 4 Model B Rev 1.4"); nothing if it is not known.
[[nodiscard]] const PublishedBoard* PublishedBoardOf(std::string_view model);

}  // namespace picube
