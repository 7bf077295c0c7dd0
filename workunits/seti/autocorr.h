// Autocorrelations: the cosine transform of a power spectrum shows a wide signal that repeats after
// a delay.
#pragma once

#include <memory>

#include "workunits/math/aligned.h"
#include "workunits/math/fft.h"
#include "workunits/math/sums.h"

namespace picube::seti {

class AutocorrSearch {
 public:
  explicit AutocorrSearch(std::size_t length);

  struct Space {
    math::Aligned<float> re, im, squares;
    math::Fft<float>::Workspace fft;
  };
  [[nodiscard]] Space MakeSpace() const;
  [[nodiscard]] std::size_t Length() const { return length_; }

  // Y_d = 2 sum_j P_j cos(pi d (j + 1/2) / L), A_d = Y_d^2: the greatest A_d of 1 <= d < L / 2 over
  // sum A_d / L. Of two spectra at once; `second` may be null.
  struct Delay {
    std::uint32_t delay = 0;
    float power = 0;
    float mean = 0;
  };
  void Search(const float* first, const float* second, Space& space, Delay& of_first,
              Delay& of_second) const;

 private:
  [[nodiscard]] Delay Greatest(bool second, Space& space) const;

  std::size_t length_;
  math::Fft<float> fft_;
  math::Aligned<float> cos_, sin_;  // of pi d / (2 L)
};

}  // namespace picube::seti
