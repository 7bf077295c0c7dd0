// Time series as they are searched: flattened, and quantised to 8 bits.
//
// Flattening follows riptide: a running median of means is taken off, then the mean, and the rest
// is divided by its deviation. The quantised sample is clamp(round half to even(8 y), -127, 127).
// All in double with + - * / sqrt only, in index order. Series are made once, by the server;
// workers get the quantised samples, so that all they do begins with integers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

namespace picube::pulsar {

inline constexpr double kMedianSeconds = 4.0;   // width of the running median
inline constexpr double kCountsPerSigma = 8.0;  // of quantised samples
// Of a series: prefix sums of quantised samples fit in 32 bits, fixed-point times in 1/256 too.
inline constexpr std::uint64_t kMostSamples = 1U << 23;
inline constexpr std::uint64_t kLeastSamples = 256;

struct Series {
  std::uint32_t dm_index = 0;  // of the trial dispersion measure
  double sigma = 0;            // deviation of the quantised samples
  std::vector<std::int8_t> samples;

  bool operator==(const Series&) const = default;
};

// Takes off the running median, the mean, and divides by the population deviation; values are
// rounded to float32. Errors (kUser): a value is not finite, or all are equal. `what` names the
// series in errors.
[[nodiscard]] Result<std::vector<float>> Flatten(std::vector<double> x, double sample_seconds,
                                                 const std::string& what);

[[nodiscard]] Result<Series> Quantise(std::span<const float> flat, std::uint32_t dm_index,
                                      const std::string& what);

// The running median over `width` values, an odd number; the first and last value are repeated at
// the ends. As many as come in.
[[nodiscard]] std::vector<double> RunningMedian(std::span<const double> x, std::size_t width);

// Constant acceleration taken out (or nothing, if `half` is 0): z_i = x_j with
// j = i + half * i * (i - N) rounded half to even, half = acceleration * sample time / (2 c).
[[nodiscard]] std::vector<std::int8_t> Resample(std::span<const std::int8_t> x, double half);

inline constexpr double kLightSpeed = 299792458;  // m/s

// The input of a unit: one series after another. Never renumber; the version is in front.
[[nodiscard]] Bytes EncodePack(const std::vector<Series>& pack);
[[nodiscard]] std::optional<std::vector<Series>> DecodePack(BytesView bytes);

}  // namespace picube::pulsar
