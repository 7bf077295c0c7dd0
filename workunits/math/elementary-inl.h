// Elementary functions over Highway vectors of double, in a fixed order of + - * / and integers:
// each lane has the bits of the function of one number in elementary.h, where errors and special
// values are said. For kernels inside HWY_NAMESPACE; `d` is any tag of double, one lane included.
//
// Polynomials by Chebyshev interpolation of the rest after the leading terms, so that the leading
// terms stay exact; none of them errs by more than 2e-17 of the function.

// Not #pragma once: compiled once for each instruction set.
#if defined(PICUBE_MATH_ELEMENTARY_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PICUBE_MATH_ELEMENTARY_INL_H
#undef PICUBE_MATH_ELEMENTARY_INL_H
#else
#define PICUBE_MATH_ELEMENTARY_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {
namespace elementary {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
// Adding it rounds to an integer, which then stands in the low bits.
inline constexpr double kRounder = 0x1.8p52;

// c[0] + x (c[1] + x (c[2] + ...)).
template <class D, std::size_t kCount, class V = hn::VFromD<D>>
HWY_INLINE V Polynomial(D d, V x, const double (&c)[kCount]) {
  V sum = hn::Set(d, c[kCount - 1]);
  for (std::size_t i = kCount - 1; i-- > 0;) sum = hn::Add(hn::Set(d, c[i]), hn::Mul(x, sum));
  return sum;
}

// 2^n for an n that is an integer between -1022 and 1023.
template <class D, class V = hn::VFromD<D>>
HWY_INLINE V PowerOfTwo(D d, V n) {
  const hn::RebindToUnsigned<D> du;
  const auto biased = hn::BitCast(du, hn::Add(n, hn::Set(d, kRounder + 1023)));
  return hn::BitCast(d, hn::ShiftLeft<52>(biased));
}

// y 2^n, rounded once, also where it is not a normal number; |n| <= 1100.
template <class D, class V = hn::VFromD<D>>
HWY_INLINE V Scale(D d, V y, V n) {
  const V rounder = hn::Set(d, kRounder);
  const V half = hn::Sub(hn::Add(hn::Mul(n, hn::Set(d, 0.5)), rounder), rounder);
  return hn::Mul(hn::Mul(y, PowerOfTwo(d, half)), PowerOfTwo(d, hn::Sub(n, half)));
}

// e^r 2^n for |r| <= 0.3467.
template <class D, class V = hn::VFromD<D>>
HWY_INLINE V ExpOfRest(D d, V r, V n) {
  static constexpr double kExp[] = {
      0x1.0000000000001p-1,  0x1.5555555555556p-3,  0x1.5555555553d4fp-5,  0x1.11111111109adp-7,
      0x1.6c16c17893833p-10, 0x1.a01a01a7c8d47p-13, 0x1.a019b8ef67c6cp-16, 0x1.71de0d9c145d0p-19,
      0x1.2891a8c1d838dp-22, 0x1.af38d53857513p-26};
  const V tail = hn::Mul(hn::Mul(r, r), Polynomial(d, r, kExp));
  return Scale(d, hn::Add(hn::Set(d, 1.0), hn::Add(r, tail)), n);
}

// x kept between bounds; what is not a number becomes the lower one.
template <class D, class V = hn::VFromD<D>>
HWY_INLINE V Within(D d, V x, double low, double high) {
  const V above = hn::IfThenElse(hn::Gt(x, hn::Set(d, low)), x, hn::Set(d, low));
  return hn::IfThenElse(hn::Lt(above, hn::Set(d, high)), above, hn::Set(d, high));
}

template <class D, class V = hn::VFromD<D>>
HWY_INLINE V KeepNoNumber(D, V x, V result) {
  return hn::IfThenElse(hn::Eq(x, x), result, x);
}

// What a positive number is made of: m 2^k, m between sqrt(1/2) and sqrt(2).
template <class V>
struct Parts {
  V f;  // m - 1
  V k;
};

template <class D, class V = hn::VFromD<D>>
HWY_INLINE Parts<V> PartsOf(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const auto small = hn::Lt(x, hn::Set(d, 0x1p-1022));  // not normal: leading zeros
  const V normal = hn::IfThenElse(small, hn::Mul(x, hn::Set(d, 0x1p54)), x);
  const auto bits = hn::BitCast(du, normal);
  // The exponent steps at sqrt(1/2) instead of 1.
  const auto stepped = hn::Add(bits, hn::Set(du, 0x3FF0000000000000ULL - 0x3FE6A09E667F3BCDULL));
  const auto exponent = hn::ShiftRight<52>(stepped);
  const V k = hn::Sub(hn::BitCast(d, hn::Or(exponent, hn::Set(du, 0x4330000000000000ULL))),
                      hn::Set(d, 0x1p52 + 1023));
  const auto m =
      hn::Add(hn::Sub(bits, hn::ShiftLeft<52>(exponent)), hn::Set(du, 0x3FF0000000000000ULL));
  return {hn::Sub(hn::BitCast(d, m), hn::Set(d, 1.0)),
          hn::IfThenElse(small, hn::Sub(k, hn::Set(d, 54.0)), k)};
}

// ln(1 + f) - f, for sqrt(1/2) <= 1 + f <= sqrt(2), with s = f/(2 + f):
// ln((1 + s)/(1 - s)) = f - f^2/2 + s (f^2/2 + R), R = 2/3 s^2 + 2/5 s^4 + ...
template <class D, class V = hn::VFromD<D>>
HWY_INLINE V LogRest(D d, V f) {
  static constexpr double kLog[] = {
      0x1.5555555555558p-1, 0x1.99999999952abp-2, 0x1.2492492df7663p-2, 0x1.c71c62ddb431bp-3,
      0x1.7462b6e311a89p-3, 0x1.39fe16ad885a7p-3, 0x1.2b5bd9a316a24p-3};
  const V s = hn::Div(f, hn::Add(hn::Set(d, 2.0), f));
  const V z = hn::Mul(s, s);
  const V half = hn::Mul(hn::Mul(hn::Set(d, 0.5), f), f);
  return hn::Sub(hn::Mul(s, hn::Add(half, hn::Mul(z, Polynomial(d, z, kLog)))), half);
}

// The special values of logarithms.
template <class D, class V = hn::VFromD<D>>
HWY_INLINE V LogSpecials(D d, V x, V result) {
  const V zero = hn::Zero(d);
  result = hn::IfThenElse(hn::Eq(x, hn::Set(d, kInfinity)), x, result);
  result = hn::IfThenElse(hn::Eq(x, zero), hn::Set(d, -kInfinity), result);
  result = hn::IfThenElse(hn::Lt(x, zero), hn::Set(d, kNoNumber), result);
  return KeepNoNumber(d, x, result);
}

// Sine and cosine of q quarter turns and r + low radians, |r| <= pi/4. Whether q is odd, and
// whether the signs change, stands in the low bits of q + kRounder.
template <class D, class V = hn::VFromD<D>>
HWY_INLINE void SinCosOfRest(D d, V q, V r, V low, V& sine, V& cosine) {
  static constexpr double kSin[] = {-0x1.5555555555555p-3,  0x1.1111111110bafp-7,
                                    -0x1.a01a019e82db1p-13, 0x1.71de37957c95cp-19,
                                    -0x1.ae6009e9f7070p-26, 0x1.5e0ab4dd007dap-33};
  static constexpr double kCos[] = {0x1.5555555555555p-5,  -0x1.6c16c16c16965p-10,
                                    0x1.a01a019f4e480p-16, -0x1.27e4fa17532cap-22,
                                    0x1.1eeb685cba14cp-29, -0x1.907d3e3374a42p-37};
  const hn::RebindToUnsigned<D> du;
  const V one = hn::Set(d, 1.0);
  const V y = hn::Mul(r, r);
  const V half = hn::Mul(hn::Set(d, 0.5), y);
  const V rough = hn::Sub(one, half);
  const V lost = hn::Sub(hn::Sub(one, rough), half);
  const V cos_tail = hn::Sub(hn::Mul(hn::Mul(y, y), Polynomial(d, y, kCos)), hn::Mul(r, low));
  const V c = hn::Add(rough, hn::Add(lost, cos_tail));
  const V sin_tail = hn::Add(hn::Mul(hn::Mul(r, y), Polynomial(d, y, kSin)), hn::Mul(low, rough));
  const V s = hn::Add(r, sin_tail);
  const auto quarter = hn::BitCast(du, hn::Add(q, hn::Set(d, kRounder)));
  const auto bit = hn::Set(du, 1);
  const auto odd = hn::Ne(hn::And(quarter, bit), hn::Zero(du));
  const auto swap = hn::RebindMask(d, odd);
  const auto sine_sign = hn::ShiftLeft<62>(hn::And(quarter, hn::Set(du, 2)));
  const auto cosine_sign = hn::ShiftLeft<62>(hn::And(hn::Add(quarter, bit), hn::Set(du, 2)));
  sine = hn::Xor(hn::IfThenElse(swap, c, s), hn::BitCast(d, sine_sign));
  cosine = hn::Xor(hn::IfThenElse(swap, s, c), hn::BitCast(d, cosine_sign));
}

}  // namespace elementary

template <class D, class V = elementary::hn::VFromD<D>>
HWY_INLINE V Exp(D d, V x) {
  namespace hn = elementary::hn;
  const V rounder = hn::Set(d, elementary::kRounder);
  const V bounded = elementary::Within(d, x, -746.0, 710.0);
  const V n =
      hn::Sub(hn::Add(hn::Mul(bounded, hn::Set(d, 0x1.71547652b82fep+0)), rounder), rounder);
  const V r = hn::Sub(hn::Sub(bounded, hn::Mul(n, hn::Set(d, 0x1.62e42fefa2000p-1))),
                      hn::Mul(n, hn::Set(d, 0x1.9ef35793c7673p-41)));
  return elementary::KeepNoNumber(d, x, elementary::ExpOfRest(d, r, n));
}

template <class D, class V = elementary::hn::VFromD<D>>
HWY_INLINE V Exp10(D d, V x) {
  namespace hn = elementary::hn;
  const V rounder = hn::Set(d, elementary::kRounder);
  const V bounded = elementary::Within(d, x, -324.0, 309.0);
  const V n =
      hn::Sub(hn::Add(hn::Mul(bounded, hn::Set(d, 0x1.a934f0979a371p+1)), rounder), rounder);
  const V rest = hn::Sub(hn::Sub(bounded, hn::Mul(n, hn::Set(d, 0x1.34413509f6000p-2))),
                         hn::Mul(n, hn::Set(d, 0x1.9fef311f12b36p-42)));
  const V r = hn::Mul(rest, hn::Set(d, 0x1.26bb1bbb55516p+1));
  return elementary::KeepNoNumber(d, x, elementary::ExpOfRest(d, r, n));
}

template <class D, class V = elementary::hn::VFromD<D>>
HWY_INLINE V Log(D d, V x) {
  namespace hn = elementary::hn;
  const auto parts = elementary::PartsOf(d, x);
  const V low =
      hn::Add(elementary::LogRest(d, parts.f), hn::Mul(parts.k, hn::Set(d, 0x1.9ef35793c7673p-41)));
  const V result =
      hn::Add(hn::Mul(parts.k, hn::Set(d, 0x1.62e42fefa2000p-1)), hn::Add(parts.f, low));
  return elementary::LogSpecials(d, x, result);
}

// ln(1 + f) is kept as a sum of two numbers while it is multiplied by log10(e).
template <class D, class V = elementary::hn::VFromD<D>>
HWY_INLINE V Log10(D d, V x) {
  namespace hn = elementary::hn;
  const hn::RebindToUnsigned<D> du;
  const auto parts = elementary::PartsOf(d, x);
  const V rest = elementary::LogRest(d, parts.f);
  // The sum to 21 bits, so that its product with 31 bits of log10(e) is exact, and what is left.
  const V sum = hn::Add(parts.f, rest);
  const V high = hn::BitCast(d, hn::And(hn::BitCast(du, sum), hn::Set(du, 0xFFFFFFFF00000000ULL)));
  const V low = hn::Add(hn::Sub(parts.f, high), rest);
  const V tail = hn::Add(hn::Add(hn::Mul(low, hn::Set(d, 0x1.bcb7b1526e50ep-2)),
                                 hn::Mul(high, hn::Set(d, 0x1.37287195355bbp-33))),
                         hn::Mul(parts.k, hn::Set(d, 0x1.9fef311f12b36p-42)));
  const V middle = hn::Mul(high, hn::Set(d, 0x1.bcb7b15000000p-2));
  const V result =
      hn::Add(hn::Mul(parts.k, hn::Set(d, 0x1.34413509f6000p-2)), hn::Add(middle, tail));
  return elementary::LogSpecials(d, x, result);
}

template <class D, class V = elementary::hn::VFromD<D>>
HWY_INLINE V Pow(D d, V x, V y) {
  return Exp(d, elementary::hn::Mul(y, Log(d, x)));
}

template <class D, class V = elementary::hn::VFromD<D>>
HWY_INLINE void SinCos(D d, V x, V& sine, V& cosine) {
  namespace hn = elementary::hn;
  const V rounder = hn::Set(d, elementary::kRounder);
  const V q = hn::Sub(hn::Add(hn::Mul(x, hn::Set(d, 0x1.45f306dc9c883p-1)), rounder), rounder);
  const V first = hn::Sub(x, hn::Mul(q, hn::Set(d, 0x1.921fb54400000p+0)));
  const V second = hn::Mul(q, hn::Set(d, 0x1.0b4611a600000p-34));
  const V rest = hn::Sub(first, second);
  const V lost = hn::Sub(hn::Sub(first, rest), second);
  const V third = hn::Sub(hn::Mul(q, hn::Set(d, 0x1.3198a2e037073p-69)), lost);
  const V r = hn::Sub(rest, third);
  const V low = hn::Sub(hn::Sub(rest, r), third);
  elementary::SinCosOfRest(d, q, r, low, sine, cosine);
  const auto far = hn::Not(hn::Le(hn::Abs(x), hn::Set(d, 0x1p20)));
  sine = hn::IfThenElse(far, hn::Set(d, elementary::kNoNumber), sine);
  cosine = hn::IfThenElse(far, hn::Set(d, elementary::kNoNumber), cosine);
}

template <class D, class V = elementary::hn::VFromD<D>>
HWY_INLINE void SinCosTurns(D d, V turns, V& sine, V& cosine) {
  namespace hn = elementary::hn;
  const V rounder = hn::Set(d, elementary::kRounder);
  // Numbers from 2^51 on are whole turns, or cannot say which part of one.
  const auto far = hn::Not(hn::Lt(hn::Abs(turns), hn::Set(d, 0x1p51)));
  const V near = hn::IfThenElse(far, hn::Zero(d), turns);
  const V part = hn::Sub(near, hn::Sub(hn::Add(near, rounder), rounder));  // -1/2 .. 1/2, exact
  const V q = hn::Sub(hn::Add(hn::Mul(part, hn::Set(d, 4.0)), rounder), rounder);
  const V rest = hn::Sub(part, hn::Mul(q, hn::Set(d, 0.25)));
  const V r = hn::Mul(rest, hn::Set(d, 0x1.921fb54442d18p+2));
  elementary::SinCosOfRest(d, q, r, hn::Zero(d), sine, cosine);
  const auto none = hn::Not(hn::Lt(hn::Abs(turns), hn::Set(d, elementary::kInfinity)));
  sine = hn::IfThenElse(none, hn::Set(d, elementary::kNoNumber), sine);
  cosine = hn::IfThenElse(none, hn::Set(d, elementary::kNoNumber), cosine);
}

}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard that toggles
