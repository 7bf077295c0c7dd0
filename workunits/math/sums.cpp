#include "workunits/math/sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/math/sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kBlock = 512;

struct BlockSum {
  float sum;
  float peak;
};

// A whole number of groups of 16; `count` <= 512.
BlockSum OneBlock(const float* power, std::size_t count) {
  float sum[kLanes] = {};
  float peak[kLanes] = {};
  for (std::size_t i = 0; i < count; i += kLanes) {
#pragma omp simd
    for (std::size_t l = 0; l < kLanes; ++l) {
      const float p = power[i + l];
      sum[l] += p;
      peak[l] = p > peak[l] ? p : peak[l];
    }
  }
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) {
      sum[l] += sum[l + half];
      peak[l] = peak[l + half] > peak[l] ? peak[l + half] : peak[l];
    }
  }
  return {sum[0], peak[0]};
}

// The block with the greatest value is remembered, and the bin is looked up in it at the end.
Peak SumAndPeak(const float* power, std::size_t n) {
  Peak result;
  float head[kBlock] = {};  // the first block without bin 0, and padding if n < 16
  const std::size_t first = n < kBlock ? n : kBlock;
  for (std::size_t i = 1; i < first; ++i) head[i] = power[i];
  const std::size_t padded = first < kLanes ? kLanes : first;
  BlockSum block = OneBlock(head, padded);
  result.peak = block.peak;
  head[0] = power[0];
  result.sum = static_cast<double>(OneBlock(head, padded).sum);
  std::size_t best = 0;
  for (std::size_t i = kBlock; i < n; i += kBlock) {
    block = OneBlock(power + i, kBlock);
    result.sum += static_cast<double>(block.sum);
    if (block.peak > result.peak) {
      result.peak = block.peak;
      best = i;
    }
  }
  std::size_t bin = best == 0 ? 1 : best;
  while (bin + 1 < n && power[bin] != result.peak) ++bin;
  result.bin = static_cast<std::uint32_t>(bin);
  return result;
}

}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::math {

HWY_EXPORT(SumAndPeak);

Peak SumAndPeak(const float* power, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(SumAndPeak)(power, n);
}

}  // namespace picube::math
#endif
