// The kinds of signals of a work unit, and one of them as it travels.
#pragma once

#include <cstdint>
#include <vector>

namespace picube::seti {

enum class Kind : std::uint8_t {
  kSpike = 1,
  kAutocorr = 2,
  kTriplet = 3,
  kPulse = 4,
  kGaussian = 5
};
inline constexpr std::size_t kKinds = 5;

// Bits of a set of kinds.
[[nodiscard]] constexpr std::uint32_t BitOf(Kind kind) { return 1U << static_cast<unsigned>(kind); }
inline constexpr std::uint32_t kAllKinds = 0b111110;

// Fields that a kind does not have are 0.
struct Signal {
  Kind kind = Kind::kSpike;
  std::int64_t k = 0;        // chirp rate in steps of the table
  std::uint32_t length = 0;  // FFT length
  // Spike, autocorr: the block. Triplet: twice the middle's time bin. Pulse: start + n/2.
  // Gaussian: the offset in its series of 64.
  std::uint32_t at = 0;
  std::uint32_t bin = 0;  // of frequency; of an autocorr the delay in samples
  float power = 0;        // peak over mean; of a gaussian its peak, of a pulse the excess over 1
  float mean = 0;
  float period = 0;               // time bins: triplet, pulse
  float snr = 0;                  // pulse
  float threshold = 0;            // pulse: what snr had to exceed
  std::uint32_t adds = 0;         // pulse: powers in a bin of its profile
  float sigma = 0;                // gaussian
  float chi_sq = 0;               // gaussian
  float null_chi_sq = 0;          // gaussian
  float max_power = 0;            // gaussian: greatest bin of the series
  float score = 0;                // gaussian
  bool marginal = false;          // below the threshold, but by half a percent or less
  std::vector<std::uint8_t> pot;  // pulse: profile; gaussian: series

  bool operator==(const Signal&) const = default;
};

// What is compared to find the best of a kind; greater is better.
[[nodiscard]] inline float MeritOf(const Signal& signal) {
  if (signal.kind == Kind::kPulse) return signal.snr / signal.threshold;
  return signal.kind == Kind::kGaussian ? signal.score : signal.power;
}

}  // namespace picube::seti
