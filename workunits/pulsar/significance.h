// How unlikely a summed power is, in PRESTO's terms. For the server's cuts and tables only: uses
// the C library's logarithm, so nothing of it may reach a unit's result.
#pragma once

#include <cstdint>

namespace picube::pulsar {

// ln of the chance that noise alone exceeds `power`, the sum of `harmonics` normalised powers
// (each exponential with mean 1): a chi-square tail with 2 * harmonics degrees of freedom, which
// for a whole number of harmonics is e^-S sum of S^k/k!, k < harmonics.
[[nodiscard]] double LogTail(double power, std::uint32_t harmonics);

// The same for the greatest of `trials` independent ones, as standard deviations of a normal
// distribution; 0 if it is no surprise at all.
[[nodiscard]] double Sigma(double power, std::uint32_t harmonics, double trials);
// Deviations of a normal distribution whose upper tail is e^log_p.
[[nodiscard]] double SigmaOfLog(double log_p);

// The least power with at least this Sigma.
[[nodiscard]] double PowerForSigma(double sigma, std::uint32_t harmonics, double trials);

}  // namespace picube::pulsar
