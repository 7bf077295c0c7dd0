// What the kernels of one FFT are given; private to fft.cpp, which is compiled for each instruction
// set.
#pragma once

#include <cstddef>

#include "workunits/math/fft.h"

namespace picube::math {

template <class T>
struct FftJob {
  std::size_t length;
  const TileTables<T>* first;
  const TileTables<T>* second;
  const T* twist_re;
  const T* twist_im;
  T* tile_re;
  T* tile_im;
  T* middle_re;
  T* middle_im;
  const T* re;
  const T* im;
  T* out_re;  // the power if kPower
  T* out_im;
};

}  // namespace picube::math
