// What `./dev bench insn` counts the instructions of: kernels, what a board does each second beside
// them, and chunks of units.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace picube::bench {

// Marks a place for the plugin count.c; does nothing elsewhere.
enum class Mark : std::uint64_t { kBegin = 1, kChunk = 2, kEnd = 3 };
void Tell(Mark mark);

struct InsnCase {
  std::string name;                             // "fft-float-8192"
  double elements = 1;                          // that one call works on
  std::function<std::function<void()>()> make;  // sets up; what it gives is the work once
  std::uint64_t goal = 0;                       // instructions at most; 0 = only the series judges
};
void AddMathCases(std::vector<InsnCase>& cases);
void AddApplicationCases(std::vector<InsnCase>& cases);
void AddBoardCases(std::vector<InsnCase>& cases);

// Units whose chunks, between two looks at the worker's wishes, are counted one by one.
struct ChunkCase {
  std::string name;           // "seti"
  std::function<void()> run;  // tells kChunk at each look
};
void AddChunkCases(std::vector<ChunkCase>& cases);

// Keeps what was computed.
void Keep(const void* result);

}  // namespace picube::bench
