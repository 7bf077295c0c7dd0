// The passes of an FFT over rows of 16 lanes, as Highway vectors. Every lane does the same
// additions and multiplications in the same order, whatever the width of the registers.
//
// A radix-16 pass is two radix-4 passes done while the sixteen numbers are in registers: the same
// operations, half the traffic.

// Not #pragma once: compiled once for each instruction set.
#if defined(PICUBE_MATH_FFT_PASSES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PICUBE_MATH_FFT_PASSES_INL_H
#undef PICUBE_MATH_FFT_PASSES_INL_H
#else
#define PICUBE_MATH_FFT_PASSES_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "workunits/math/fft_job.h"

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {
namespace fft {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr std::size_t kLanes = 16;

// As many of the 16 lanes as a register holds.
template <class T>
using Tag = hn::CappedTag<T, kLanes>;
template <class T>
using Vector = hn::Vec<Tag<T>>;
template <class T>
inline constexpr std::size_t kWidth = hn::MaxLanes(Tag<T>());

template <class T>
struct Complex {
  Vector<T> re;
  Vector<T> im;

  // Written out: only then are they compiled for the instruction set at hand.
  HWY_INLINE Complex() {}
  HWY_INLINE Complex(Vector<T> r, Vector<T> i) : re(r), im(i) {}
};

// x (w_re + i w_im).
template <class T>
HWY_INLINE Complex<T> Times(const Complex<T>& x, Vector<T> w_re, Vector<T> w_im) {
  return {hn::Sub(hn::Mul(x.re, w_re), hn::Mul(x.im, w_im)),
          hn::Add(hn::Mul(x.re, w_im), hn::Mul(x.im, w_re))};
}
template <class T>
HWY_INLINE Complex<T> Times(const Complex<T>& x, const T* w) {
  return Times(x, hn::Set(Tag<T>(), w[0]), hn::Set(Tag<T>(), w[1]));
}

// Where rows of 16 lanes lie. `At` says where a row begins; it adds up: rows that are sums of
// distinct powers of two begin at the sum of their places.

// Of a tile: re and im side by side, and a gap after each sixteen rows, so that rows far apart do
// not fall into the same set of a cache.
template <class T>
struct Tile {
  static constexpr bool kScattered = false;
  static constexpr bool kPower = false;
  T* numbers;
  [[nodiscard]] HWY_INLINE T* Re() const { return numbers; }
  [[nodiscard]] HWY_INLINE T* Im() const { return numbers + kLanes; }
  [[nodiscard]] static HWY_INLINE std::size_t At(std::size_t row) {
    return (row + row / 16) * 2 * kLanes;
  }
};
// Sixteen columns of a matrix. `kScattered`: a line of a cache holds one row, and neighbouring rows
// would drive it out of the cache before it was used up.
template <class T>
struct Columns {
  static constexpr bool kScattered = true;
  const T* re;
  const T* im;
  std::size_t stride;
  [[nodiscard]] HWY_INLINE const T* Re() const { return re; }
  [[nodiscard]] HWY_INLINE const T* Im() const { return im; }
  [[nodiscard]] HWY_INLINE std::size_t At(std::size_t row) const { return row * stride; }
};
// The same for the outputs of the last pass: output k in row k, or its power there.
template <class T, bool kOfPower>
struct InOrder {
  static constexpr bool kScattered = true;
  static constexpr bool kPower = kOfPower;
  T* re;
  T* im;  // unused if kPower
  std::size_t stride;
  const std::uint32_t* output_of;  // of a row of the tile
  [[nodiscard]] HWY_INLINE T* Re() const { return re; }
  [[nodiscard]] HWY_INLINE T* Im() const { return im; }
  [[nodiscard]] HWY_INLINE std::size_t At(std::size_t row) const { return output_of[row] * stride; }
};

template <class T>
HWY_INLINE Complex<T> Load(const T* re, const T* im) {
  return {hn::LoadU(Tag<T>(), re), hn::LoadU(Tag<T>(), im)};
}
template <class T, bool kPower>
HWY_INLINE void Store(const Complex<T>& x, T* re, T* im) {
  if constexpr (kPower) {
    hn::StoreU(hn::Add(hn::Mul(x.re, x.re), hn::Mul(x.im, x.im)), Tag<T>(), re);
  } else {
    hn::StoreU(x.re, Tag<T>(), re);
    hn::StoreU(x.im, Tag<T>(), im);
  }
}

// Plus sign, decimation in frequency; w are six numbers: w^j, w^2j, w^3j.
template <class T, bool kTwiddled>
HWY_INLINE void Butterfly4(Complex<T>& x0, Complex<T>& x1, Complex<T>& x2, Complex<T>& x3,
                           const T* w) {
  const Complex<T> a{hn::Add(x0.re, x2.re), hn::Add(x0.im, x2.im)};
  const Complex<T> b{hn::Sub(x0.re, x2.re), hn::Sub(x0.im, x2.im)};
  const Complex<T> c{hn::Add(x1.re, x3.re), hn::Add(x1.im, x3.im)};
  const Complex<T> d{hn::Sub(x1.re, x3.re), hn::Sub(x1.im, x3.im)};
  const Complex<T> y1{hn::Sub(b.re, d.im), hn::Add(b.im, d.re)};  // b + i d
  const Complex<T> y2{hn::Sub(a.re, c.re), hn::Sub(a.im, c.im)};
  const Complex<T> y3{hn::Add(b.re, d.im), hn::Sub(b.im, d.re)};  // b - i d
  x0 = {hn::Add(a.re, c.re), hn::Add(a.im, c.im)};
  x1 = kTwiddled ? Times(y1, w) : y1;
  x2 = kTwiddled ? Times(y2, w + 2) : y2;
  x3 = kTwiddled ? Times(y3, w + 4) : y3;
}
template <class T>
HWY_INLINE void Butterfly2(Complex<T>& x0, Complex<T>& x1) {
  const Complex<T> a = x0;
  x0 = {hn::Add(a.re, x1.re), hn::Add(a.im, x1.im)};
  x1 = {hn::Sub(a.re, x1.re), hn::Sub(a.im, x1.im)};
}

// The butterflies of sixteen rows, m = 0 .. 15. w: 4 x 6 twiddles of the outer four butterflies, 6
// of the inner four; kTwiddled is false for the first row of a block, whose twiddles are 1 where
// the outer index is 0.
template <class T, bool kTwiddled>
HWY_INLINE void Butterfly16(Complex<T>* x, const T* w) {
  Butterfly4<T, kTwiddled>(x[0], x[4], x[8], x[12], w);
  for (std::size_t i = 1; i < 4; ++i) {
    Butterfly4<T, true>(x[i], x[i + 4], x[i + 8], x[i + 12], w + 6 * i);
  }
  for (std::size_t s = 0; s < 16; s += 4) {
    Butterfly4<T, kTwiddled>(x[s], x[s + 1], x[s + 2], x[s + 3], w + 24);
  }
}
// Blocks of 8 (4 x 2), 4 or 2 rows; w are the twiddles of the second of the outer two butterflies.
template <class T, std::size_t kRows>
HWY_INLINE void ButterflyRest(Complex<T>* x, const T* w) {
  if constexpr (kRows == 8) {
    Butterfly4<T, false>(x[0], x[2], x[4], x[6], nullptr);
    Butterfly4<T, true>(x[1], x[3], x[5], x[7], w);
  }
  if constexpr (kRows == 4) Butterfly4<T, false>(x[0], x[1], x[2], x[3], nullptr);
  if constexpr (kRows != 4) {
    for (std::size_t m = 0; m < kRows; m += 2) Butterfly2(x[m], x[m + 1]);
  }
}

// kRows rows, all 16 lanes: from + offsets to to + offsets. Rows that are scattered go through a
// buffer, line by line, if a register is shorter than a line of the cache.
template <class T, std::size_t kRows, bool kTwiddled, class From, class To>
HWY_INLINE void Group(const From& from, std::size_t from_at, const std::size_t* from_offsets,
                      const To& to, std::size_t to_at, const std::size_t* to_offsets, const T* w) {
  constexpr bool kShort = kWidth<T> * sizeof(T) < 64;
  constexpr bool kGather = kShort && From::kScattered;
  constexpr bool kScatter = kShort && To::kScattered;
  HWY_ALIGN T buffer[kGather || kScatter ? kRows * 2 * kLanes : 1];
  if constexpr (kGather) {
    for (std::size_t m = 0; m < kRows; ++m) {
      const std::size_t at = from_at + from_offsets[m];
      for (std::size_t lane = 0; lane < kLanes; lane += kWidth<T>) {
        T* const in = buffer + m * 2 * kLanes + lane;
        Store<T, false>(Load(from.Re() + at + lane, from.Im() + at + lane), in, in + kLanes);
      }
    }
  }
  for (std::size_t lane = 0; lane < kLanes; lane += kWidth<T>) {
    Complex<T> x[kRows];
    for (std::size_t m = 0; m < kRows; ++m) {
      const std::size_t at = from_at + from_offsets[m] + lane;
      const T* const in = buffer + m * 2 * kLanes + lane;
      x[m] = kGather ? Load(in, in + kLanes) : Load<T>(from.Re() + at, from.Im() + at);
    }
    if constexpr (kRows == 16) {
      Butterfly16<T, kTwiddled>(x, w);
    } else {
      ButterflyRest<T, kRows>(x, w);
    }
    for (std::size_t m = 0; m < kRows; ++m) {
      const std::size_t at = to_at + to_offsets[m] + lane;
      T* const out = buffer + m * 2 * kLanes + lane;
      if constexpr (kScatter) {
        Store<T, false>(x[m], out, out + kLanes);
      } else {
        Store<T, To::kPower>(x[m], to.Re() + at, to.Im() + at);
      }
    }
  }
  if constexpr (kScatter) {
    for (std::size_t m = 0; m < kRows; ++m) {
      const std::size_t at = to_at + to_offsets[m];
      for (std::size_t lane = 0; lane < kLanes; lane += kWidth<T>) {
        const T* const out = buffer + m * 2 * kLanes + lane;
        Store<T, To::kPower>(Load(out, out + kLanes), to.Re() + at + lane, to.Im() + at + lane);
      }
    }
  }
}

// Blocks of kRows q rows.
template <class T, std::size_t kRows, class From, class To>
void Pass(std::size_t rows, std::size_t q, const T* twiddles, const From& from, const To& to) {
  std::size_t from_offsets[kRows];
  std::size_t to_offsets[kRows];
  for (std::size_t m = 0; m < kRows; ++m) {
    from_offsets[m] = from.At(m * q);
    to_offsets[m] = to.At(m * q);
  }
  for (std::size_t base = 0; base < rows; base += kRows * q) {
    Group<T, kRows, false>(from, from.At(base), from_offsets, to, to.At(base), to_offsets,
                           twiddles);
    for (std::size_t j = 1; j < q; ++j) {
      Group<T, kRows, true>(from, from.At(base + j), from_offsets, to, to.At(base + j), to_offsets,
                            twiddles + kTwiddles16 * j);
    }
  }
}
template <class T, class From, class To>
HWY_INLINE void LastPass(std::size_t rows, std::size_t block, const T* twiddles, const From& from,
                         const To& to) {
  switch (block) {
    case 16: return Pass<T, 16>(rows, 1, twiddles, from, to);
    case 8: return Pass<T, 8>(rows, 1, twiddles, from, to);
    case 4: return Pass<T, 4>(rows, 1, twiddles, from, to);
    default: return Pass<T, 2>(rows, 1, twiddles, from, to);
  }
}

// From the source through the tile to the target, which may be the source or the tile.
template <class T, class From, class To>
void TileFft(const TileTables<T>& tables, const From& from, const Tile<T>& tile, const To& to) {
  const std::size_t rows = tables.rows;
  const T* twiddles = tables.twiddles.data();
  std::size_t block = rows;
  if (block <= 16) return LastPass<T>(rows, block, twiddles, from, to);
  Pass<T, 16>(rows, block / 16, twiddles, from, tile);
  for (;;) {
    twiddles += kTwiddles16 * (block / 16);
    block /= 16;
    if (block <= 16) return LastPass<T>(rows, block, twiddles, tile, to);
    Pass<T, 16>(rows, block / 16, twiddles, tile, tile);
  }
}

// --- Transposition -------------------------------------------------------------------------------

#if HWY_TARGET != HWY_SCALAR
// Within each 128-bit block, for rows that fill one.
template <class T, class V = Vector<T>>
HWY_INLINE void TransposeInBlocks(V* v) {
  const Tag<T> d;
  if constexpr (sizeof(T) == 8) {
    const V a = v[0];
    v[0] = hn::InterleaveLower(d, a, v[1]);
    v[1] = hn::InterleaveUpper(d, a, v[1]);
  } else {
    const V a = hn::InterleaveLower(d, v[0], v[2]);
    const V b = hn::InterleaveUpper(d, v[0], v[2]);
    const V c = hn::InterleaveLower(d, v[1], v[3]);
    const V e = hn::InterleaveUpper(d, v[1], v[3]);
    v[0] = hn::InterleaveLower(d, a, c);
    v[1] = hn::InterleaveUpper(d, a, c);
    v[2] = hn::InterleaveLower(d, b, e);
    v[3] = hn::InterleaveUpper(d, b, e);
  }
}

// Block g of v[r + step] and block g + 1 of v[r] change places, for even g.
template <class T, class V = Vector<T>>
HWY_INLINE void ExchangeBlocks(V& low, V& high) {
  const V a = low;
  low = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(high), a);
  high = hn::OddEvenBlocks(high, hn::SwapAdjacentBlocks(a));
}
template <class T, class V = Vector<T>>
HWY_INLINE void ExchangeHalves(V& low, V& high) {
  const Tag<T> d;
  const V a = low;
  low = hn::ConcatLowerLower(d, high, a);
  high = hn::ConcatUpperUpper(d, high, a);
}

#endif

// kWidth vectors of kWidth lanes: v[c] lane r was v[r] lane c.
template <class T>
HWY_INLINE void TransposeSquare(Vector<T>* v) {
#if HWY_TARGET != HWY_SCALAR                      // whose vectors have one lane
  constexpr std::size_t kBlock = 16 / sizeof(T);  // lanes of 128 bits
  constexpr std::size_t kN = kWidth<T>;
  if constexpr (kN >= kBlock) {
    for (std::size_t r = 0; r < kN; r += kBlock) TransposeInBlocks<T>(v + r);
  }
  if constexpr (kN >= 2 * kBlock) {
    for (std::size_t r = 0; r < kN; r += 2 * kBlock) {
      for (std::size_t i = 0; i < kBlock; ++i) ExchangeBlocks<T>(v[r + i], v[r + kBlock + i]);
    }
  }
  if constexpr (kN >= 4 * kBlock) {
    for (std::size_t i = 0; i < 2 * kBlock; ++i) ExchangeHalves<T>(v[i], v[2 * kBlock + i]);
  }
#else
  (void)v;
#endif
}

// to[column][row] = from[row][column], 16 x 16, each row and column at its place.
template <class T>
HWY_INLINE void Transpose16(const T* from, std::size_t from_stride, T* to, std::size_t to_stride) {
  constexpr std::size_t kN = kWidth<T>;
  for (std::size_t r = 0; r < kLanes; r += kN) {
    for (std::size_t c = 0; c < kLanes; c += kN) {
      Vector<T> v[kN];
      for (std::size_t i = 0; i < kN; ++i) {
        v[i] = hn::LoadU(Tag<T>(), from + (r + i) * from_stride + c);
      }
      TransposeSquare<T>(v);
      for (std::size_t i = 0; i < kN; ++i) {
        hn::StoreU(v[i], Tag<T>(), to + (c + i) * to_stride + r);
      }
    }
  }
}

}  // namespace fft
}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // once for each instruction set
