// Complex FFT of a power of two, 8 .. 2^20 points, in a fixed order of operations.
//
// X_k = sum over j of x_j e^(+2 pi i j k / n), no scaling. Real and imaginary parts are separate
// arrays. The transform with the minus sign is the same call with re and im exchanged in both
// input and output.
//
// Every operation works on 16 lanes side by side: 16 columns of the n = n1 * n2 matrix, or, for
// short transforms, 16 transforms. So the bits do not depend on the width of the vector registers.
// Tables come from UnitRoot. A plan is immutable and may be shared by threads; a workspace not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "workunits/math/aligned.h"

namespace picube::math {

// Radix-4 passes (and one radix-2 pass if log2 n is odd) over n rows of 16 lanes; two radix-4
// passes are done at once while their numbers are in registers.
template <class T>
struct TileTables {
  std::size_t rows = 0;
  // Per pass pair, per j: re, im of w^j, w^2j, w^3j of the four outer and the inner butterflies;
  // then those of the outer pass of a remaining block of 8.
  Aligned<T> twiddles;
  std::vector<std::uint32_t> row_of;     // row that holds output k after the passes
  std::vector<std::uint32_t> output_of;  // k of a row
};

template <class T>
struct FftJob;  // fft_job.h

template <class T>
class Fft {
 public:
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kShortest = 8;
  static constexpr std::size_t kLongest = std::size_t{1} << 20;
  static constexpr std::size_t kLongestShort = 512;  // up to here 16 transforms go side by side

  struct Workspace {
    Aligned<T> tile;  // rows x 16
    // Of a long transform between its halves if it is over its own input, of short ones the outputs
    // before they are transposed.
    Aligned<T> middle_re, middle_im;
  };

  explicit Fft(std::size_t length);

  [[nodiscard]] std::size_t Length() const { return length_; }
  // Transforms that one call does best: 16 for short lengths, else 1.
  [[nodiscard]] std::size_t Batch() const { return length_ <= kLongestShort ? kLanes : 1; }
  [[nodiscard]] Workspace MakeWorkspace() const;

  // `count` transforms of neighbouring blocks. The output may be the input.
  void Transform(const T* re, const T* im, std::size_t count, T* out_re, T* out_im,
                 Workspace& workspace) const;
  // The same, but writes |X_k|^2 = re^2 + im^2.
  void Power(const T* re, const T* im, std::size_t count, T* power, Workspace& workspace) const;

 private:
  [[nodiscard]] FftJob<T> JobOf(const T* re, const T* im, std::size_t count, T* out_re, T* out_im,
                                Workspace& workspace) const;

  std::size_t length_;
  TileTables<T> first_;             // length n1 (or all, if short)
  TileTables<T> second_;            // length n2
  Aligned<T> twist_re_, twist_im_;  // e^(2 pi i k1 i2 / n), [i2 / 16][k1][i2 % 16]
};

extern template class Fft<float>;
extern template class Fft<double>;

}  // namespace picube::math
