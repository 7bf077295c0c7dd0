#include "workunits/math/fft.h"

#include "protocol/base/check.h"
#include "workunits/math/fft_job.h"
#include "workunits/math/sincos.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/math/fft.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {

constexpr std::size_t kLanes = 16;

// --- One tile: `rows` rows of 16 lanes, in place -------------------------------------------------

// x1..x3 hold rows j, j + q, j + 2q, j + 3q of a block of 4q rows (plus sign, decimation in
// frequency); w are six numbers: w^j, w^2j, w^3j.
template <class T, bool kTwiddled>
HWY_INLINE void Butterfly4(T* re, T* im, std::size_t q, const T* w) {
  T* const r0 = re;
  T* const r1 = re + q * kLanes;
  T* const r2 = re + 2 * q * kLanes;
  T* const r3 = re + 3 * q * kLanes;
  T* const i0 = im;
  T* const i1 = im + q * kLanes;
  T* const i2 = im + 2 * q * kLanes;
  T* const i3 = im + 3 * q * kLanes;
#pragma omp simd
  for (std::size_t l = 0; l < kLanes; ++l) {
    const T ar = r0[l] + r2[l];
    const T ai = i0[l] + i2[l];
    const T br = r0[l] - r2[l];
    const T bi = i0[l] - i2[l];
    const T cr = r1[l] + r3[l];
    const T ci = i1[l] + i3[l];
    const T dr = r1[l] - r3[l];
    const T di = i1[l] - i3[l];
    const T y1r = br - di;  // b + i d
    const T y1i = bi + dr;
    const T y2r = ar - cr;
    const T y2i = ai - ci;
    const T y3r = br + di;  // b - i d
    const T y3i = bi - dr;
    r0[l] = ar + cr;
    i0[l] = ai + ci;
    if constexpr (kTwiddled) {
      r1[l] = y1r * w[0] - y1i * w[1];
      i1[l] = y1r * w[1] + y1i * w[0];
      r2[l] = y2r * w[2] - y2i * w[3];
      i2[l] = y2r * w[3] + y2i * w[2];
      r3[l] = y3r * w[4] - y3i * w[5];
      i3[l] = y3r * w[5] + y3i * w[4];
    } else {
      r1[l] = y1r;
      i1[l] = y1i;
      r2[l] = y2r;
      i2[l] = y2i;
      r3[l] = y3r;
      i3[l] = y3i;
    }
  }
}

template <class T>
HWY_INLINE void Butterfly2(T* re, T* im) {
#pragma omp simd
  for (std::size_t l = 0; l < kLanes; ++l) {
    const T ar = re[l];
    const T ai = im[l];
    const T br = re[l + kLanes];
    const T bi = im[l + kLanes];
    re[l] = ar + br;
    im[l] = ai + bi;
    re[l + kLanes] = ar - br;
    im[l + kLanes] = ai - bi;
  }
}

template <class T>
HWY_INLINE void TileFft(T* re, T* im, std::size_t rows, const T* twiddles) {
  std::size_t block = rows;
  for (; block >= 4; block /= 4) {
    const std::size_t q = block / 4;
    for (std::size_t base = 0; base < rows; base += block) {
      Butterfly4<T, false>(re + base * kLanes, im + base * kLanes, q, nullptr);
      for (std::size_t j = 1; j < q; ++j) {
        const std::size_t at = (base + j) * kLanes;
        Butterfly4<T, true>(re + at, im + at, q, twiddles + 6 * j);
      }
    }
    twiddles += 6 * q;
  }
  if (block == 2) {
    for (std::size_t base = 0; base < rows; base += 2) {
      Butterfly2(re + base * kLanes, im + base * kLanes);
    }
  }
}

// to[column][row] = from[row][column]; `rows` x `columns`, each at most 16.
template <class T>
HWY_INLINE void Transpose(const T* __restrict from, std::size_t from_stride, std::size_t rows,
                          std::size_t columns, T* __restrict to, std::size_t to_stride) {
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t r = 0; r < rows; ++r) to[c * to_stride + r] = from[r * from_stride + c];
  }
}

// --- Whole transforms ----------------------------------------------------------------------------

// Sixteen (or `count`) short transforms side by side; lane = transform.
template <class T, bool kPower>
void ShortBody(const FftJob<T>& job, std::size_t count) {
  const std::size_t n = job.length;
  const std::size_t strip = n < kLanes ? n : kLanes;
  for (std::size_t j = 0; j < n; j += strip) {
    Transpose(job.re + j, n, count, strip, job.tile_re + j * kLanes, kLanes);
    Transpose(job.im + j, n, count, strip, job.tile_im + j * kLanes, kLanes);
  }
  TileFft(job.tile_re, job.tile_im, n, job.first->twiddles.data());
  alignas(64) T block_re[kLanes * kLanes];
  alignas(64) T block_im[kLanes * kLanes];
  for (std::size_t k = 0; k < n; k += strip) {
    for (std::size_t r = 0; r < strip; ++r) {
      const T* from_re = job.tile_re + job.first->row_of[k + r] * kLanes;
      const T* from_im = job.tile_im + job.first->row_of[k + r] * kLanes;
#pragma omp simd
      for (std::size_t l = 0; l < kLanes; ++l) {
        const T re = from_re[l];
        const T im = from_im[l];
        block_re[r * kLanes + l] = kPower ? re * re + im * im : re;
        block_im[r * kLanes + l] = im;
      }
    }
    Transpose(block_re, kLanes, strip, count, job.out_re + k, n);
    if constexpr (!kPower) Transpose(block_im, kLanes, strip, count, job.out_im + k, n);
  }
}

// First half of a long transform: columns of the n1 x n2 matrix, twist, transposed to [i2][k1].
template <class T>
void FirstHalf(const FftJob<T>& job) {
  const std::size_t n1 = job.first->rows;
  const std::size_t n2 = job.second->rows;
  alignas(64) T block_re[kLanes * kLanes];
  alignas(64) T block_im[kLanes * kLanes];
  for (std::size_t c = 0; c < n2; c += kLanes) {
    for (std::size_t i = 0; i < n1; ++i) {
#pragma omp simd
      for (std::size_t l = 0; l < kLanes; ++l) {
        job.tile_re[i * kLanes + l] = job.re[i * n2 + c + l];
        job.tile_im[i * kLanes + l] = job.im[i * n2 + c + l];
      }
    }
    TileFft(job.tile_re, job.tile_im, n1, job.first->twiddles.data());
    for (std::size_t k = 0; k < n1; k += kLanes) {
      for (std::size_t r = 0; r < kLanes; ++r) {
        const T* from_re = job.tile_re + job.first->row_of[k + r] * kLanes;
        const T* from_im = job.tile_im + job.first->row_of[k + r] * kLanes;
        const T* wr = job.twist_re + (k + r) * n2 + c;
        const T* wi = job.twist_im + (k + r) * n2 + c;
#pragma omp simd
        for (std::size_t l = 0; l < kLanes; ++l) {
          block_re[r * kLanes + l] = from_re[l] * wr[l] - from_im[l] * wi[l];
          block_im[r * kLanes + l] = from_re[l] * wi[l] + from_im[l] * wr[l];
        }
      }
      Transpose(block_re, kLanes, kLanes, kLanes, job.middle_re + c * n1 + k, n1);
      Transpose(block_im, kLanes, kLanes, kLanes, job.middle_im + c * n1 + k, n1);
    }
  }
}

// Second half: columns of the n2 x n1 matrix; output k1 + n1 k2 is again row k2, column k1.
template <class T, bool kPower>
void SecondHalf(const FftJob<T>& job) {
  const std::size_t n1 = job.first->rows;
  const std::size_t n2 = job.second->rows;
  for (std::size_t c = 0; c < n1; c += kLanes) {
    for (std::size_t i = 0; i < n2; ++i) {
#pragma omp simd
      for (std::size_t l = 0; l < kLanes; ++l) {
        job.tile_re[i * kLanes + l] = job.middle_re[i * n1 + c + l];
        job.tile_im[i * kLanes + l] = job.middle_im[i * n1 + c + l];
      }
    }
    TileFft(job.tile_re, job.tile_im, n2, job.second->twiddles.data());
    for (std::size_t k = 0; k < n2; ++k) {
      const T* from_re = job.tile_re + job.second->row_of[k] * kLanes;
      const T* from_im = job.tile_im + job.second->row_of[k] * kLanes;
#pragma omp simd
      for (std::size_t l = 0; l < kLanes; ++l) {
        const T re = from_re[l];
        const T im = from_im[l];
        job.out_re[k * n1 + c + l] = kPower ? re * re + im * im : re;
        if constexpr (!kPower) job.out_im[k * n1 + c + l] = im;
      }
    }
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

template <class T>
TileTables<T> MakeTile(std::size_t rows) {
  TileTables<T> tables;
  tables.rows = rows;
  tables.twiddles = Aligned<T>(6 * rows);
  std::size_t at = 0;
  for (std::size_t block = rows; block >= 4; block /= 4) {
    for (std::size_t j = 0; j < block / 4; ++j) {
      for (std::size_t power = 1; power <= 3; ++power) {
        const Root w = UnitRoot(power * j, block);
        tables.twiddles[at++] = static_cast<T>(w.re);
        tables.twiddles[at++] = static_cast<T>(w.im);
      }
    }
  }
  tables.row_of.resize(rows);
  for (std::size_t k = 0; k < rows; ++k) {
    std::size_t rest = k;
    std::size_t row = 0;
    std::size_t block = rows;
    for (; block >= 4; block /= 4, rest /= 4) row += rest % 4 * (block / 4);
    tables.row_of[k] = static_cast<std::uint32_t>(block == 2 ? row + rest % 2 : row);
  }
  return tables;
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
      twist_re_[k * n2 + i] = static_cast<T>(w.re);
      twist_im_[k * n2 + i] = static_cast<T>(w.im);
    }
  }
}

template <class T>
typename Fft<T>::Workspace Fft<T>::MakeWorkspace() const {
  Workspace workspace;
  workspace.tile_re = Aligned<T>(first_.rows * kLanes);
  workspace.tile_im = Aligned<T>(first_.rows * kLanes);
  if (length_ > kLongestShort) {
    workspace.middle_re = Aligned<T>(length_);
    workspace.middle_im = Aligned<T>(length_);
  }
  return workspace;
}

template <class T>
FftJob<T> Fft<T>::JobOf(const T* re, const T* im, T* out_re, T* out_im,
                        Workspace& workspace) const {
  return {length_,
          &first_,
          &second_,
          twist_re_.data(),
          twist_im_.data(),
          workspace.tile_re.data(),
          workspace.tile_im.data(),
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
  const FftJob<T> job = JobOf(re, im, out_re, out_im, workspace);
  Run(job, count, /*power=*/false);
}

template <class T>
void Fft<T>::Power(const T* re, const T* im, std::size_t count, T* power,
                   Workspace& workspace) const {
  const FftJob<T> job = JobOf(re, im, power, nullptr, workspace);
  Run(job, count, /*power=*/true);
}

template class Fft<float>;
template class Fft<double>;

}  // namespace picube::math
#endif
