#include "workunits/pulsar/series.h"

#include <algorithm>
#include <cmath>

#include "protocol/base/check.h"
#include "workunits/bytes.h"
#include "workunits/parameters.h"

namespace picube::pulsar {
namespace {

constexpr std::uint32_t kPackVersion = 1;
constexpr std::size_t kMedianPoints = 101;

// The baseline at every sample, linear between the middles of blocks of `each` samples and constant
// outside of the first and last one.
double BaselineAt(const std::vector<double>& median, std::size_t each, std::size_t sample) {
  const double position = (static_cast<double>(sample) - 0.5 * static_cast<double>(each - 1)) /
                          static_cast<double>(each);
  if (position <= 0) return median.front();
  const auto block = static_cast<std::size_t>(position);
  if (block + 1 >= median.size()) return median.back();
  const double part = position - static_cast<double>(block);
  return median[block] + part * (median[block + 1] - median[block]);
}

void SubtractMedian(std::vector<double>& x, double sample_seconds) {
  const double wished = std::floor(kMedianSeconds / sample_seconds + 0.5);
  const auto width = static_cast<std::size_t>(std::min(wished, 1e15));
  const std::size_t each = std::max<std::size_t>(1, std::min(width / kMedianPoints, x.size()));
  if (each == 1) {
    const std::vector<double> median = RunningMedian(x, std::max<std::size_t>(width | 1, 3));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= median[i];
    return;
  }
  std::vector<double> means;
  for (std::size_t first = 0; first + each <= x.size(); first += each) {
    double sum = 0;
    for (std::size_t i = 0; i < each; ++i) sum += x[first + i];
    means.push_back(sum / static_cast<double>(each));
  }
  const std::vector<double> median = RunningMedian(means, kMedianPoints);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] -= BaselineAt(median, each, i);
}

struct Moments {
  double mean = 0;
  double deviation = 0;  // of the population
};

template <class T>
Moments MomentsOf(const T& x) {
  const auto n = static_cast<double>(x.size());
  double sum = 0;
  for (const auto v : x) sum += static_cast<double>(v);
  Moments moments;
  moments.mean = sum / n;
  double squares = 0;
  for (const auto v : x) {
    const double off = static_cast<double>(v) - moments.mean;
    squares += off * off;
  }
  moments.deviation = std::sqrt(squares / n);
  return moments;
}

std::unexpected<Error> Constant(const std::string& what) {
  return Fail(ErrorKind::kUser, what + " is constant: there is nothing to search.",
              "Give a recording with noise in it.");
}

}  // namespace

std::vector<double> RunningMedian(std::span<const double> x, std::size_t width) {
  PICUBE_CHECK(width % 2 == 1, "a running median has a middle");
  const std::size_t half = width / 2;
  const auto at = [&](std::size_t i) {  // i counts from half before the first
    return x[std::min(i < half ? 0 : i - half, x.size() - 1)];
  };
  std::vector<double> window;
  for (std::size_t i = 0; i + 1 < width && !x.empty(); ++i) window.push_back(at(i));
  std::sort(window.begin(), window.end());
  std::vector<double> out;
  out.reserve(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double comes = at(i + width - 1);
    window.insert(std::upper_bound(window.begin(), window.end(), comes), comes);
    out.push_back(window[half]);
    window.erase(std::lower_bound(window.begin(), window.end(), at(i)));
  }
  return out;
}

Result<std::vector<float>> Flatten(std::vector<double> x, double sample_seconds,
                                   const std::string& what) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(x[i])) continue;
    return Fail(ErrorKind::kUser, what + ": sample " + std::to_string(i) + " is not a number.",
                "Replace what is not finite, or leave out its channels with --zap.");
  }
  if (x.empty()) return Constant(what);
  SubtractMedian(x, sample_seconds);
  const Moments moments = MomentsOf(x);
  if (!(moments.deviation > 0) || !std::isfinite(moments.deviation)) return Constant(what);
  std::vector<float> flat;
  flat.reserve(x.size());
  for (const double v : x) {
    flat.push_back(static_cast<float>((v - moments.mean) / moments.deviation));
  }
  return flat;
}

Result<Series> Quantise(std::span<const float> flat, std::uint32_t dm_index,
                        const std::string& what) {
  Series series;
  series.dm_index = dm_index;
  series.samples.reserve(flat.size());
  for (const float y : flat) {
    const double q = std::nearbyint(kCountsPerSigma * static_cast<double>(y));
    series.samples.push_back(static_cast<std::int8_t>(std::clamp(q, -127.0, 127.0)));
  }
  series.sigma = MomentsOf(series.samples).deviation;
  if (!(series.sigma > 0)) return Constant(what);
  return series;
}

std::vector<std::int8_t> Resample(std::span<const std::int8_t> x, double half) {
  std::vector<std::int8_t> out(x.begin(), x.end());
  if (half == 0) return out;
  const auto n = static_cast<double>(x.size());
  const double last = n - 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto t = static_cast<double>(i);
    const double moved = std::nearbyint(t + half * t * (t - n));
    out[i] = x[static_cast<std::size_t>(std::clamp(moved, 0.0, last))];
  }
  return out;
}

Bytes EncodePack(const std::vector<Series>& pack) {
  ByteWriter out;
  out.U32(kPackVersion);
  out.U32(static_cast<std::uint32_t>(pack.size()));
  Bytes bytes = out.Take();
  for (const Series& series : pack) {
    ByteWriter head;
    head.U32(series.dm_index);
    head.F64(series.sigma);
    head.U64(series.samples.size());
    bytes += head.Take();
    bytes.append(reinterpret_cast<const char*>(series.samples.data()), series.samples.size());
  }
  return bytes;
}

std::optional<std::vector<Series>> DecodePack(BytesView bytes) {
  ByteReader in(bytes);
  if (in.U32() != kPackVersion) return std::nullopt;
  const std::uint32_t count = in.U32();
  std::size_t at = 8;
  std::vector<Series> pack;
  for (std::uint32_t i = 0; i < count; ++i) {
    ByteReader head(bytes.substr(std::min(at, bytes.size())));
    Series series;
    series.dm_index = head.U32();
    series.sigma = head.F64();
    const std::uint64_t samples = head.U64();
    if (!head.Good() || samples > head.Left() || samples > kMostSamples || samples == 0 ||
        !(series.sigma > 0) || !std::isfinite(series.sigma)) {
      return std::nullopt;
    }
    at = bytes.size() - head.Left();
    const auto* first = reinterpret_cast<const std::int8_t*>(bytes.data() + at);
    series.samples.assign(first, first + samples);
    at += samples;
    pack.push_back(std::move(series));
  }
  if (at != bytes.size()) return std::nullopt;
  return pack;
}

}  // namespace picube::pulsar
