#include "workunits/math/twin.h"

#include <cmath>

namespace picube::math::twin {
namespace {

constexpr long double kTwoPi = 6.283185307179586476925286766559005768L;

Complex Turn(long double turns) {
  const long double angle = (turns - std::floor(turns)) * kTwoPi;
  return {static_cast<double>(std::cos(angle)), static_cast<double>(std::sin(angle))};
}

}  // namespace

Complex DftBin(const std::vector<Complex>& x, std::size_t k) {
  const std::size_t n = x.size();
  Complex sum = 0;
  for (std::size_t j = 0; j < n; ++j) {
    sum += x[j] * Turn(static_cast<long double>(j * k % n) / static_cast<long double>(n));
  }
  return sum;
}

std::vector<Complex> Dft(const std::vector<Complex>& x) {
  std::vector<Complex> out;
  for (std::size_t k = 0; k < x.size(); ++k) out.push_back(DftBin(x, k));
  return out;
}

std::vector<Complex> Dechirp(const std::vector<Complex>& x, std::size_t first,
                             double hertz_per_second, double sample_rate) {
  std::vector<Complex> out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto t = static_cast<long double>(first + i) / static_cast<long double>(sample_rate);
    out.push_back(x[i] * Turn(0.5L * static_cast<long double>(hertz_per_second) * t * t));
  }
  return out;
}

std::vector<Complex> Fft(std::vector<Complex> x) {
  const std::size_t n = x.size();
  if (n == 1) return x;
  std::vector<Complex> even;
  std::vector<Complex> odd;
  for (std::size_t i = 0; i < n; i += 2) {
    even.push_back(x[i]);
    odd.push_back(x[i + 1]);
  }
  even = Fft(std::move(even));
  odd = Fft(std::move(odd));
  for (std::size_t k = 0; k < n / 2; ++k) {
    const Complex turned = odd[k] * Turn(static_cast<long double>(k) / static_cast<long double>(n));
    x[k] = even[k] + turned;
    x[k + n / 2] = even[k] - turned;
  }
  return x;
}

}  // namespace picube::math::twin
