// The kernel: a template against one detector's spectra, and the greatest signal-to-noise ratio.
//
//   q_k = 4 rate IFFT(d conj(h) / P), sigma^2 = 4 sum |h|^2 / P * rate / N, rho_k = |q_k| / sigma
//
// over the frequencies from the bank's lowest on. Lag k belongs to sample k + delay of the data.
// The transform is in float, everything before it in double; the bits do not depend on the machine.
#pragma once

#include <span>
#include <vector>

#include "workunits/gw/bank.h"
#include "workunits/gw/spectrum.h"
#include "workunits/math/aligned.h"
#include "workunits/math/fft.h"

namespace picube::gw {

struct Peak {
  std::uint64_t lag = 0;
  double snr = 0;
};

struct PowerPeak {  // of |x|^2
  float power = -1;
  std::size_t at = 0;
};

// Seconds at both ends in which nothing is looked for: window, ringing of the filter.
inline constexpr double kEdgeSeconds = 2;

// Tables of a filter, by bins from `first` on, padded to whole groups of 16 with zeros.
struct FilterTables {
  std::size_t first = 0;  // bin
  std::size_t bins = 0;
  std::size_t padded = 0;
  math::Aligned<double> hertz;
  math::Aligned<double> root;     // f^(1/3)
  math::Aligned<double> inverse;  // f^(-1/3)
  math::Aligned<double> power;    // f^(-7/6)
  math::Aligned<double> log;      // ln f
  math::Aligned<double> data_re;  // d / P over `scale`
  math::Aligned<double> data_im;
  math::Aligned<double> weight;  // 1 / P
  double scale = 1;
};

class Filter {
 public:
  // `spectra` must live as long.
  Filter(const Spectra& spectra, double low_hertz);

  struct Workspace {
    math::Aligned<float> re, im;
    math::Fft<float>::Workspace fft;
  };
  [[nodiscard]] Workspace MakeWorkspace() const;
  // Bytes of one.
  [[nodiscard]] static std::uint64_t WorkspaceBytes(std::uint64_t samples);

  // Inside the edges; of equal ones the lowest lag. A template without any frequency has none.
  [[nodiscard]] Peak Search(const Shape& shape, Workspace& workspace) const;
  // All of rho, by lag.
  [[nodiscard]] std::vector<double> Series(const Shape& shape, Workspace& workspace) const;
  // Chi-square of 16 bands of equal share at a lag: expected 30 for a signal of this shape.
  [[nodiscard]] double ChiSquare(const Shape& shape, std::uint64_t lag, Workspace& workspace) const;

  // The sample of the data that a lag belongs to.
  [[nodiscard]] std::uint64_t SampleOf(const Shape& shape, std::uint64_t lag) const;

 private:
  // Transforms the product; the factor from |q| to rho, 0 if the template is empty.
  double Transform(const Shape& shape, Workspace& workspace) const;
  [[nodiscard]] std::size_t BinsOf(const Shape& shape) const;
  [[nodiscard]] std::int64_t DelayOf(const Shape& shape) const;

  const Spectra& spectra_;
  FilterTables tables_;
  math::Fft<float> fft_;
};

// The public two-sided form for a given template of plus and cross, centred in the middle of the
// data: o = 2 rate IFFT(d conj(h) / P), sigma^2 = sum |h|^2 / P * rate / N, over both signs of f.
struct GivenResult {
  Peak peak;
  double sigma = 0;
  std::vector<double> series;  // rho by lag
};
// Nothing if the template is 0. `given` has as many samples as the data.
[[nodiscard]] std::optional<GivenResult> FilterGiven(const Spectra& spectra,
                                                     std::span<const float> plus,
                                                     std::span<const float> cross);

}  // namespace picube::gw
