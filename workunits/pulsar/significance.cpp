#include "workunits/pulsar/significance.h"

#include <algorithm>
#include <cmath>

namespace picube::pulsar {

double LogTail(double power, std::uint32_t harmonics) {
  if (!(power > 0)) return 0;
  // Relative to the last and greatest term: S^(H-1)/(H-1)! (1 + (H-1)/S + (H-1)(H-2)/S^2 + ..).
  const auto h = static_cast<double>(harmonics);
  double term = 1;
  double sum = 1;
  for (std::uint32_t k = 1; k < harmonics; ++k) {
    term *= (h - static_cast<double>(k)) / power;
    sum += term;
  }
  return std::min(0.0, (h - 1) * std::log(power) - power + std::log(sum) - std::lgamma(h));
}

double SigmaOfLog(double log_p) {
  if (log_p >= std::log(0.5)) return 0;
  // Abramowitz and Stegun 26.2.23, good to 4.5e-4; exact enough so far out.
  const double t = std::sqrt(-2 * log_p);
  double x = t - (2.515517 + t * (0.802853 + 0.010328 * t)) /
                     (1 + t * (1.432788 + t * (0.189269 + 0.001308 * t)));
  if (log_p < -600) return x;
  for (int i = 0; i < 20; ++i) {  // Newton on the logarithm of the tail
    const double tail = 0.5 * std::erfc(x / std::sqrt(2.0));
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0));
    const double step = (std::log(tail) - log_p) * tail / density;
    x += step;
    if (std::fabs(step) < 1e-12 * x) break;
  }
  return x;
}

double Sigma(double power, std::uint32_t harmonics, double trials) {
  return SigmaOfLog(LogTail(power, harmonics) + std::log(std::max(trials, 1.0)));
}

double PowerForSigma(double sigma, std::uint32_t harmonics, double trials) {
  double low = 0;
  double high = 1e6;
  for (int i = 0; i < 80; ++i) {
    const double middle = 0.5 * (low + high);
    (Sigma(middle, harmonics, trials) < sigma ? low : high) = middle;
  }
  return high;
}

}  // namespace picube::pulsar
