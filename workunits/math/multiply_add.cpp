#include "workunits/math/multiply_add.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/math/multiply_add.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Registers: enough to hide four or five cycles of two units, few enough for the sixteen of AVX2.
constexpr std::size_t kChains = 12;
constexpr int kRounds = 1024;

// Every number stays near 1 for ever.
double Block(double& sink) {
  const hn::ScalableTag<double> d;
  using V = hn::Vec<decltype(d)>;
  const V factor = hn::Set(d, 0.999);
  const V more = hn::Set(d, 0.001);
  V x[kChains];
  for (std::size_t i = 0; i < kChains; ++i) x[i] = hn::Set(d, 1 + sink);
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < kChains; ++i) x[i] = hn::MulAdd(x[i], factor, more);
  }
  V sum = x[0];
  for (std::size_t i = 1; i < kChains; ++i) sum = hn::Add(sum, x[i]);
  sink = hn::GetLane(sum) * 1e-6;
  return 2.0 * kRounds * kChains * static_cast<double>(hn::Lanes(d));
}

}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::math {

HWY_EXPORT(Block);

double MultiplyAddBlock(double& sink) { return HWY_DYNAMIC_DISPATCH(Block)(sink); }

}  // namespace picube::math
#endif
