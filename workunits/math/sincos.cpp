#include "workunits/math/sincos.h"

#include <cmath>

#include "protocol/base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/math/sincos.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {

constexpr double kTwoPi = 6.283185307179586476925;
constexpr int kLanes = 16;

// sin and cos of turns / 2^32, in float32. Quadrant by integers; Taylor polynomials for the rest,
// |x| <= pi/4, whose first terms left out are 2e-9 and 1e-10.
HWY_INLINE void SinCos32(std::uint32_t turns, float& re, float& im) {
  const std::uint32_t quadrant = (turns + 0x20000000U) >> 30;
  const auto rest = static_cast<std::int32_t>(turns - (quadrant << 30));
  const float x = static_cast<float>(rest) * static_cast<float>(kTwoPi / 4294967296.0);
  const float y = x * x;
  const float s3 = -1.0F / 5040.0F + y * (1.0F / 362880.0F);
  const float s2 = 1.0F / 120.0F + y * s3;
  const float s1 = -1.0F / 6.0F + y * s2;
  const float sine = x + x * (y * s1);
  const float c3 = 1.0F / 40320.0F - y * (1.0F / 3628800.0F);
  const float c2 = -1.0F / 720.0F + y * c3;
  const float c1 = 1.0F / 24.0F + y * c2;
  const float cosine = (1.0F - 0.5F * y) + (y * y) * c1;
  const bool swap = (quadrant & 1U) != 0;
  const float c = swap ? sine : cosine;
  const float s = swap ? cosine : sine;
  re = ((quadrant + 1U) & 2U) != 0 ? -c : c;
  im = (quadrant & 2U) != 0 ? -s : s;
}

// Lanes are 16 neighbouring samples. phase(i + 16) = phase(i) + step(i) and step(i + 16) =
// step(i) + 512 factor, all modulo 2^64.
void DechirpSamples(std::uint64_t factor, std::uint64_t first, std::size_t count,
                    const float* __restrict re, const float* __restrict im,
                    float* __restrict out_re, float* __restrict out_im) {
  std::uint64_t phase[kLanes];
  std::uint64_t step[kLanes];
  std::uint32_t turns[kLanes];
  for (std::uint64_t l = 0; l < kLanes; ++l) {
    phase[l] = factor * (first + l) * (first + l);
    step[l] = factor * (32 * (first + l) + 256);
  }
  const std::size_t whole = count / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
#pragma omp simd
    for (std::size_t l = 0; l < kLanes; ++l) {
      turns[l] = static_cast<std::uint32_t>(phase[l] >> 32);
      phase[l] += step[l];
      step[l] += 512 * factor;
    }
#pragma omp simd
    for (std::size_t l = 0; l < kLanes; ++l) {
      float c = 0;
      float s = 0;
      SinCos32(turns[l], c, s);
      out_re[i + l] = re[i + l] * c - im[i + l] * s;
      out_im[i + l] = re[i + l] * s + im[i + l] * c;
    }
  }
  for (std::size_t i = whole; i < count; ++i) {
    float c = 0;
    float s = 0;
    SinCos32(static_cast<std::uint32_t>((factor * (first + i) * (first + i)) >> 32), c, s);
    out_re[i] = re[i] * c - im[i] * s;
    out_im[i] = re[i] * s + im[i] * c;
  }
}

}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::math {
namespace {

HWY_EXPORT(DechirpSamples);

constexpr double kTwoPi = 6.283185307179586476925;

// Taylor series for |x| <= pi/4; the first term left out is below 1e-18.
Root SmallAngle(double x) {
  const double y = x * x;
  double s = 0;
  double c = 0;
  // From the smallest term upwards: 1 - y/(2*3) * (1 - y/(4*5) * ...), the same for the cosine.
  for (int k = 9; k >= 1; --k) {
    s = 1.0 - y / (2.0 * k * (2.0 * k + 1.0)) * (k == 9 ? 1.0 : s);
    c = 1.0 - y / (2.0 * k * (2.0 * k - 1.0)) * (k == 9 ? 1.0 : c);
  }
  return {c, x * s};
}

}  // namespace

Root UnitRoot(std::uint64_t j, std::uint64_t n) {
  PICUBE_CHECK(n != 0 && (n & (n - 1)) == 0, "a root of a power of two");
  // In units of 1/(8 n) turn, so that an eighth of a turn is n units.
  const std::uint64_t units = (j & (n - 1)) * 8;
  const std::uint64_t quadrant = (units + n) / (2 * n) & 3U;
  const auto nearest = static_cast<std::int64_t>((units + n) / (2 * n) * 2 * n);
  const double rest = static_cast<double>(static_cast<std::int64_t>(units) - nearest);
  const Root r = SmallAngle(rest / (8.0 * static_cast<double>(n)) * kTwoPi);
  switch (quadrant) {
    case 0: return r;
    case 1: return {-r.im, r.re};
    case 2: return {-r.re, -r.im};
    default: return {r.im, -r.re};
  }
}

ChirpPhase PhaseOfChirp(double hertz_per_second, double sample_rate) {
  const double exact = 9223372036854775808.0 * hertz_per_second / (sample_rate * sample_rate);
  PICUBE_CHECK(exact > -4.6e18 && exact < 4.6e18, "a chirp rate below half the rate squared");
  return {static_cast<std::uint64_t>(static_cast<std::int64_t>(std::floor(exact + 0.5)))};
}

void Dechirp(ChirpPhase phase, std::uint64_t first, std::size_t count, const float* re,
             const float* im, float* out_re, float* out_im) {
  HWY_DYNAMIC_DISPATCH(DechirpSamples)(phase.factor, first, count, re, im, out_re, out_im);
}

}  // namespace picube::math
#endif
