// Which instructions a kernel is compiled for. The bits of every result are the same for all of
// them: kernels only use + - * / sqrt and integers, never a fused multiply-add.
//
// A kernel's file is compiled once for each instruction set by Highway (hwy/foreach_target.h; see
// sums.cpp for the shape), and the best one of the machine is chosen when it is first called. On
// x86-64 these are SSE4, AVX2 and AVX-512 (and plain C++ for older machines); on arm64 it is NEON
// as every Armv8 has it: nothing asks for the AES instructions that a Raspberry Pi 3 or 4 lacks.
#pragma once

#include <string_view>
#include <vector>

namespace picube::math {

enum class Isa {
  kBaseline,  // what every machine of the architecture has: plain C++ on x86-64, NEON on arm64
  kSse4,
  kAvx2,
  kAvx512,
};

[[nodiscard]] std::string_view Name(Isa isa);  // "baseline", "sse4", "avx2", "avx512"

// Those that this machine can run and this program was built with, the best one last.
[[nodiscard]] const std::vector<Isa>& IsasHere();

// For tests and benchmarks: from now on every kernel of this process uses this one of IsasHere().
// Must not be called while a kernel runs.
void UseIsa(Isa isa);

// While it lives, every kernel uses this instruction set.
class WithIsa {
 public:
  explicit WithIsa(Isa isa) { UseIsa(isa); }
  ~WithIsa() { UseIsa(IsasHere().back()); }
  WithIsa(const WithIsa&) = delete;
  WithIsa& operator=(const WithIsa&) = delete;
};

}  // namespace picube::math
