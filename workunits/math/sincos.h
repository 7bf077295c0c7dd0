// Sine and cosine by our own polynomials: the same bits with every compiler and C library.
#pragma once

#include <cstddef>
#include <cstdint>

namespace picube::math {

struct Root {
  double re = 0;
  double im = 0;
};

// e^(2 pi i j / n) in double, to about 1e-16; n a power of two up to 2^32. The angle is reduced to
// an eighth of a turn in integers, then comes a Taylor polynomial.
[[nodiscard]] Root UnitRoot(std::uint64_t j, std::uint64_t n);

// A quadratic phase in fixed point: the phase of sample i is factor * i^2 in units of 2^-64 turn,
// modulo one turn. Exact in integers, so the same everywhere.
struct ChirpPhase {
  std::uint64_t factor = 0;
};

// The phase that takes a drift of `hertz_per_second` out of samples taken at `sample_rate` (Hz):
// half * rate * t^2 turns. |factor| must stay below 2^62: |drift| < sample_rate^2 / 2.
[[nodiscard]] ChirpPhase PhaseOfChirp(double hertz_per_second, double sample_rate);

// out = in * e^(2 pi i phase) for samples first .. first + count - 1 of a recording; `re` and `im`
// point to sample `first`; count is a multiple of 8. In and out may not overlap.
void Dechirp(ChirpPhase phase, std::uint64_t first, std::size_t count, const float* re,
             const float* im, float* out_re, float* out_im);

}  // namespace picube::math
