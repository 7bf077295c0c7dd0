#include "workunits/math/isa.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cstdint>

#include "protocol/base/check.h"

namespace picube::math {
namespace {

std::int64_t TargetOf(Isa isa) {
#if HWY_ARCH_X86
  switch (isa) {
    case Isa::kSse4: return HWY_SSE4;
    case Isa::kAvx2: return HWY_AVX2;
    case Isa::kAvx512: return HWY_AVX3;
    case Isa::kBaseline: break;
  }
#endif
  static_cast<void>(isa);
  return HWY_STATIC_TARGET;
}

}  // namespace

std::string_view Name(Isa isa) {
  switch (isa) {
    case Isa::kBaseline: return "baseline";
    case Isa::kSse4: return "sse4";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
  }
  return "?";
}

const std::vector<Isa>& IsasHere() {
  static const std::vector<Isa> all = [] {
    std::vector<Isa> found{Isa::kBaseline};
    const std::int64_t here = hwy::SupportedTargets() & HWY_TARGETS;
    for (const Isa isa : {Isa::kSse4, Isa::kAvx2, Isa::kAvx512}) {
      if (TargetOf(isa) != HWY_STATIC_TARGET && (here & TargetOf(isa)) != 0) found.push_back(isa);
    }
    return found;
  }();
  return all;
}

void UseIsa(Isa isa) {
  const auto& here = IsasHere();
  PICUBE_CHECK(std::find(here.begin(), here.end(), isa) != here.end(), "this machine has that isa");
  // A function table holds one entry a target; a mask of one bit picks that entry.
  hwy::GetChosenTarget().Update(TargetOf(isa));
}

}  // namespace picube::math
