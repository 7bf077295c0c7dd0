#include "workunits/seti/autocorr.h"

#include "workunits/math/sincos.h"

namespace picube::seti {

AutocorrSearch::AutocorrSearch(std::size_t length)
    : length_(length), fft_(length), cos_(length / 2), sin_(length / 2) {
  for (std::size_t d = 0; d < length / 2; ++d) {
    const math::Root root = math::UnitRoot(d, 4 * length);
    cos_[d] = static_cast<float>(root.re);
    sin_[d] = static_cast<float>(root.im);
  }
}

AutocorrSearch::Space AutocorrSearch::MakeSpace() const {
  return {math::Aligned<float>(length_), math::Aligned<float>(length_),
          math::Aligned<float>(length_ / 2), fft_.MakeWorkspace()};
}

void AutocorrSearch::Search(const float* first, const float* second, Space& space, Delay& of_first,
                            Delay& of_second) const {
  // Even bins in order, then odd ones backwards: the transform of these is the cosine transform
  // but for a turn of each output. Two real series are one complex one.
  for (std::size_t i = 0; i < length_ / 2; ++i) {
    space.re[i] = first[2 * i];
    space.re[length_ - 1 - i] = first[2 * i + 1];
    space.im[i] = second != nullptr ? second[2 * i] : 0;
    space.im[length_ - 1 - i] = second != nullptr ? second[2 * i + 1] : 0;
  }
  fft_.Transform(space.re.data(), space.im.data(), 1, space.re.data(), space.im.data(), space.fft);
  of_first = Greatest(false, space);
  if (second != nullptr) of_second = Greatest(true, space);
}

AutocorrSearch::Delay AutocorrSearch::Greatest(bool second, Space& space) const {
  for (std::size_t d = 0; d < length_ / 2; ++d) {
    const std::size_t mirror = d == 0 ? 0 : length_ - d;
    const float re = second ? space.im[d] + space.im[mirror] : space.re[d] + space.re[mirror];
    const float im = second ? space.re[mirror] - space.re[d] : space.im[d] - space.im[mirror];
    // Half of the sums, twice the real part.
    const float y = cos_[d] * re - sin_[d] * im;
    space.squares[d] = y * y;
  }
  const math::Peak peak = math::SumAndPeak(space.squares.data(), length_ / 2);
  const double mean = peak.sum / static_cast<double>(length_);
  Delay delay{peak.bin, 0, static_cast<float>(mean)};
  if (mean > 0) delay.power = static_cast<float>(static_cast<double>(peak.peak) / mean);
  return delay;
}

}  // namespace picube::seti
