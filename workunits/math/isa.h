// Which instructions a kernel is compiled for. The bits of every result are the same for all of
// them: kernels only use + - * / sqrt and integers, never a fused multiply-add.
#pragma once

namespace picube::math {

enum class Isa {
  kBaseline,  // what every machine of the architecture has: SSE2 or Armv8 NEON
  kAvx2,      // x86-64 with AVX2
};

// The best one of this machine.
[[nodiscard]] inline Isa BestIsa() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return Isa::kAvx2;
#endif
  return Isa::kBaseline;
}

}  // namespace picube::math

// A body marked PICUBE_KERNEL is inlined into one function for each Isa and compiled for it there.
#define PICUBE_KERNEL [[gnu::always_inline]] inline
#if defined(__x86_64__)
#define PICUBE_AVX2 [[gnu::target("avx2")]]
#endif
