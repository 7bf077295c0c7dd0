// Plain scalar twins that judge the kernels: the formulas as they are written, slow, in double or
// wider. For tests; their bits are not the results'.
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

namespace picube::math::twin {

using Complex = std::complex<double>;

// X_k = sum x_j e^(+2 pi i j k / n), by the definition: n^2 operations.
[[nodiscard]] std::vector<Complex> Dft(const std::vector<Complex>& x);
// One output of it.
[[nodiscard]] Complex DftBin(const std::vector<Complex>& x, std::size_t k);

// x_i e^(2 pi i phase), phase = drift (i / rate)^2 / 2, with the library's sine and cosine.
[[nodiscard]] std::vector<Complex> Dechirp(const std::vector<Complex>& x, std::size_t first,
                                           double hertz_per_second, double sample_rate);

// A textbook radix-2 transform with the library's sine and cosine, for lengths that Dft is too
// slow for.
[[nodiscard]] std::vector<Complex> Fft(std::vector<Complex> x);

}  // namespace picube::math::twin
