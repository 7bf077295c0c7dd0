// What the kernels of one FFT are given; private to fft.cpp, which is compiled for each instruction
// set.
#pragma once

#include <cstddef>

#include "workunits/math/fft.h"

namespace picube::math {

// Numbers of a row of twiddles of a radix-16 pass: 5 butterflies of 3 complex numbers.
inline constexpr std::size_t kTwiddles16 = 30;

template <class T>
struct FftJob {
  std::size_t length;
  const TileTables<T>* first;
  const TileTables<T>* second;
  const T* twist_re;  // [column / 16][k1][column % 16]
  const T* twist_im;
  T* tile;
  bool middle_is_output;  // between the halves the numbers lie in the output (im: if there is one)
  T* middle_re;           // else here
  T* middle_im;
  const T* re;
  const T* im;
  T* out_re;  // the power if kPower
  T* out_im;
};

}  // namespace picube::math
