#include "workunits/math/fft.h"

#include "protocol/base/check.h"
#include "workunits/math/fft_job.h"
#include "workunits/math/sincos.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/math/fft.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "workunits/math/fft_passes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using fft::kLanes;

// to[column][row] = from[row][column] for blocks that are not 16 x 16.
template <class T>
void TransposeSmall(const T* from, std::size_t from_stride, std::size_t rows, std::size_t columns,
                    T* to, std::size_t to_stride) {
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t r = 0; r < rows; ++r) to[c * to_stride + r] = from[r * from_stride + c];
  }
}
template <class T>
HWY_INLINE void Transpose(const T* from, std::size_t from_stride, std::size_t rows,
                          std::size_t columns, T* to, std::size_t to_stride) {
  if (rows == kLanes && columns == kLanes) {
    fft::Transpose16(from, from_stride, to, to_stride);
  } else {
    TransposeSmall(from, from_stride, rows, columns, to, to_stride);
  }
}

// Sixteen (or `count`) short transforms side by side; lane = transform.
template <class T, bool kPower>
void ShortBody(const FftJob<T>& job, std::size_t count) {
  const std::size_t n = job.length;
  const std::size_t strip = n < kLanes ? n : kLanes;
  const fft::Tile<T> tile{job.tile};
  for (std::size_t j = 0; j < n; j += strip) {
    Transpose(job.re + j, n, count, strip, tile.Re() + tile.At(j), 2 * kLanes);
    Transpose(job.im + j, n, count, strip, tile.Im() + tile.At(j), 2 * kLanes);
  }
  const fft::InOrder<T, kPower> ordered{job.middle_re, job.middle_im, kLanes,
                                        job.first->output_of.data()};
  fft::TileFft<T>(*job.first, tile, tile, ordered);
  for (std::size_t k = 0; k < n; k += strip) {
    Transpose(job.middle_re + k * kLanes, kLanes, strip, count, job.out_re + k, n);
    if constexpr (!kPower) {
      Transpose(job.middle_im + k * kLanes, kLanes, strip, count, job.out_im + k, n);
    }
  }
}

// Rows of a finished tile times the twist, transposed: to middle[column][k1].
template <class T>
void Twist(const FftJob<T>& job, const fft::Tile<T>& tile, std::size_t column) {
  constexpr std::size_t kN = fft::kWidth<T>;
  const fft::Tag<T> d;
  const std::size_t n1 = job.first->rows;
  const T* const twist_re = job.twist_re + column * n1;
  const T* const twist_im = job.twist_im + column * n1;
  const std::uint32_t* const row_of = job.first->row_of.data();
  for (std::size_t k = 0; k < n1; k += kN) {
    for (std::size_t lane = 0; lane < kLanes; lane += kN) {
      fft::Vector<T> re[kN];
      fft::Vector<T> im[kN];
      for (std::size_t r = 0; r < kN; ++r) {
        const std::size_t from = tile.At(row_of[k + r]) + lane;
        const std::size_t at = (k + r) * kLanes + lane;
        const fft::Complex<T> x =
            fft::Times<T>(fft::Load<T>(tile.Re() + from, tile.Im() + from),
                          hn::LoadU(d, twist_re + at), hn::LoadU(d, twist_im + at));
        re[r] = x.re;
        im[r] = x.im;
      }
      fft::TransposeSquare<T>(re);
      fft::TransposeSquare<T>(im);
      for (std::size_t r = 0; r < kN; ++r) {
        const std::size_t at = (column + lane + r) * n1 + k;
        hn::StoreU(re[r], d, job.middle_re + at);
        hn::StoreU(im[r], d, job.middle_im + at);
      }
    }
  }
}

// First half of a long transform: columns of the n1 x n2 matrix, twist, transposed to [i2][k1].
template <class T>
void FirstHalf(const FftJob<T>& job) {
  const std::size_t n2 = job.second->rows;
  const fft::Tile<T> tile{job.tile};
  for (std::size_t c = 0; c < n2; c += kLanes) {
    fft::TileFft<T>(*job.first, fft::Columns<T>{job.re + c, job.im + c, n2}, tile, tile);
    Twist(job, tile, c);
  }
}

// Second half: columns of the n2 x n1 matrix; output k1 + n1 k2 is again row k2, column k1, so that
// it may take the place of the input.
template <class T, bool kPower>
void SecondHalf(const FftJob<T>& job) {
  const std::size_t n1 = job.first->rows;
  const fft::Tile<T> tile{job.tile};
  for (std::size_t c = 0; c < n1; c += kLanes) {
    const fft::Columns<T> middle{job.middle_re + c, job.middle_im + c, n1};
    const fft::InOrder<T, kPower> out{job.out_re + c, kPower ? nullptr : job.out_im + c, n1,
                                      job.second->output_of.data()};
    fft::TileFft<T>(*job.second, middle, tile, out);
  }
}

template <class T, bool kPower>
void RunBody(FftJob<T> job, std::size_t count) {
  const bool is_short = job.length <= Fft<T>::kLongestShort;
  const std::size_t batch = is_short ? kLanes : 1;
  for (std::size_t done = 0; done < count; done += batch) {
    if (is_short) {
      ShortBody<T, kPower>(job, count - done < kLanes ? count - done : kLanes);
    } else {
      if (job.middle_is_output) {
        job.middle_re = job.out_re;
        if constexpr (!kPower) job.middle_im = job.out_im;
      }
      FirstHalf(job);
      SecondHalf<T, kPower>(job);
    }
    job.re += batch * job.length;
    job.im += batch * job.length;
    job.out_re += batch * job.length;
    if constexpr (!kPower) job.out_im += batch * job.length;
  }
}

void RunFloat(const FftJob<float>& job, std::size_t count, bool power) {
  power ? RunBody<float, true>(job, count) : RunBody<float, false>(job, count);
}
void RunDouble(const FftJob<double>& job, std::size_t count, bool power) {
  power ? RunBody<double, true>(job, count) : RunBody<double, false>(job, count);
}

}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::math {
namespace {

HWY_EXPORT(RunFloat);
HWY_EXPORT(RunDouble);

void Run(const FftJob<float>& job, std::size_t count, bool power) {
  HWY_DYNAMIC_DISPATCH(RunFloat)(job, count, power);
}
void Run(const FftJob<double>& job, std::size_t count, bool power) {
  HWY_DYNAMIC_DISPATCH(RunDouble)(job, count, power);
}

constexpr std::size_t kLanes = 16;

// --- Tables --------------------------------------------------------------------------------------

// w^power of each row j of a radix-4 pass over blocks of so many rows, power = 1, 2, 3.
template <class T>
T* PutTwiddles(std::size_t j, std::size_t block, T* at) {
  for (std::size_t power = 1; power <= 3; ++power) {
    const Root w = UnitRoot(power * j, block);
    *at++ = static_cast<T>(w.re);
    *at++ = static_cast<T>(w.im);
  }
  return at;
}

template <class T>
TileTables<T> MakeTile(std::size_t rows) {
  TileTables<T> tables;
  tables.rows = rows;
  tables.twiddles = Aligned<T>(kTwiddles16 * (rows / 8 + 1));
  T* at = tables.twiddles.data();
  std::size_t left = rows;
  for (; left >= 16; left /= 16) {
    for (std::size_t j = 0; j < left / 16; ++j) {
      for (std::size_t i = 0; i < 4; ++i) at = PutTwiddles(j + i * left / 16, left, at);
      at = PutTwiddles(j, left / 4, at);
    }
  }
  if (left == 8) PutTwiddles(1, left, at);
  tables.row_of.resize(rows);
  tables.output_of.resize(rows);
  for (std::size_t k = 0; k < rows; ++k) {
    std::size_t rest = k;
    std::size_t row = 0;
    std::size_t block = rows;
    for (; block >= 4; block /= 4, rest /= 4) row += rest % 4 * (block / 4);
    if (block == 2) row += rest % 2;
    tables.row_of[k] = static_cast<std::uint32_t>(row);
    tables.output_of[row] = static_cast<std::uint32_t>(k);
  }
  return tables;
}

// Of two arrays, whether they share a number.
template <class T>
bool Overlap(const T* a, const T* b, std::size_t numbers) {
  const auto from = reinterpret_cast<std::uintptr_t>(a);
  const auto other = reinterpret_cast<std::uintptr_t>(b);
  const std::uintptr_t bytes = numbers * sizeof(T);
  return from < other + bytes && other < from + bytes;
}

}  // namespace

template <class T>
Fft<T>::Fft(std::size_t length) : length_(length) {
  PICUBE_CHECK(length >= kShortest && length <= kLongest && (length & (length - 1)) == 0,
               "an FFT length is a power of two from 8 to 2^20");
  if (length <= kLongestShort) {
    first_ = MakeTile<T>(length);
    return;
  }
  std::size_t n1 = 1;
  while (n1 * n1 < length) n1 *= 2;
  const std::size_t n2 = length / n1;
  first_ = MakeTile<T>(n1);
  second_ = MakeTile<T>(n2);
  twist_re_ = Aligned<T>(length);
  twist_im_ = Aligned<T>(length);
  for (std::size_t k = 0; k < n1; ++k) {
    for (std::size_t i = 0; i < n2; ++i) {
      const Root w = UnitRoot(k * i, length);
      const std::size_t at = (i / kLanes * n1 + k) * kLanes + i % kLanes;
      twist_re_[at] = static_cast<T>(w.re);
      twist_im_[at] = static_cast<T>(w.im);
    }
  }
}

template <class T>
typename Fft<T>::Workspace Fft<T>::MakeWorkspace() const {
  Workspace workspace;
  const bool is_short = length_ <= kLongestShort;
  workspace.tile = Aligned<T>((first_.rows + first_.rows / 16) * 2 * kLanes);
  workspace.middle_re = Aligned<T>(is_short ? length_ * kLanes : length_);
  workspace.middle_im = Aligned<T>(is_short ? length_ * kLanes : length_);
  return workspace;
}

template <class T>
FftJob<T> Fft<T>::JobOf(const T* re, const T* im, std::size_t count, T* out_re, T* out_im,
                        Workspace& workspace) const {
  const std::size_t all = count * length_;
  bool apart = !Overlap<T>(re, out_re, all) && !Overlap<T>(im, out_re, all);
  if (out_im != nullptr) {
    apart = apart && !Overlap<T>(re, out_im, all) && !Overlap<T>(im, out_im, all);
  }
  return {length_,
          &first_,
          &second_,
          twist_re_.data(),
          twist_im_.data(),
          workspace.tile.data(),
          apart,
          workspace.middle_re.data(),
          workspace.middle_im.data(),
          re,
          im,
          out_re,
          out_im};
}

template <class T>
void Fft<T>::Transform(const T* re, const T* im, std::size_t count, T* out_re, T* out_im,
                       Workspace& workspace) const {
  const FftJob<T> job = JobOf(re, im, count, out_re, out_im, workspace);
  Run(job, count, /*power=*/false);
}

template <class T>
void Fft<T>::Power(const T* re, const T* im, std::size_t count, T* power,
                   Workspace& workspace) const {
  const FftJob<T> job = JobOf(re, im, count, power, nullptr, workspace);
  Run(job, count, /*power=*/true);
}

template class Fft<float>;
template class Fft<double>;

}  // namespace picube::math
#endif
