#include "examples/pulsar/maker.h"

#include <cmath>
#include <vector>

#include "protocol/base/rng.h"
#include "workunits/formats/sigproc.h"
#include "workunits/pulsar/recording.h"

namespace picube::examples {
namespace {

constexpr double kDeviation = 16;          // of the noise of a channel, in counts
constexpr double kSumDeviation = 37837.2;  // of a sum of four uniform 16-bit numbers
constexpr std::uint64_t kMostValues = 1ULL << 32;

Status Check(const PulsarOptions& o) {
  const auto bad = [](const std::string& what) {
    return Fail(ErrorKind::kUser, what, "See --help.");
  };
  if (!(o.sample_seconds > 0) || o.sample_seconds > 1) return bad("--tsamp goes from 0 to 1 s.");
  if (!(o.period > 4 * o.sample_seconds)) return bad("--period is at least four samples.");
  if (!(o.dm >= 0 && o.dm <= 1e4)) return bad("--dm goes from 0 to 10000.");
  if (!(std::fabs(o.acceleration) <= 1e5)) return bad("--acceleration goes up to 100000 m/s^2.");
  if (!(o.duty > 0 && o.duty <= 0.5)) return bad("--duty is a part of a turn up to 0.5.");
  if (!(o.strength >= 0 && o.strength <= 4)) return bad("--strength goes from 0 to 4.");
  if (o.channels < 2 || o.channels > 1024) return bad("--channels go from 2 to 1024.");
  if (o.samples < 1024 || o.samples > kMostValues / o.channels) {
    return bad("--samples are at least 1024, and 2^32 with all channels.");
  }
  return {};
}

}  // namespace

Result<Bytes> MakeFilterbank(const PulsarOptions& options) {
  if (auto good = Check(options); !good) return std::unexpected(good.error());
  SigprocHeader header;
  header.source_name = "made by picube-make-pulsar";
  header.nbits = 8;
  header.nchans = static_cast<std::int32_t>(options.channels);
  header.tsamp = options.sample_seconds;
  header.tstart = 61041;
  header.fch1 = 1500;
  header.foff = -1;
  std::vector<double> late;
  for (std::uint32_t c = 0; c < options.channels; ++c) {
    const double f = header.Frequency(c);
    late.push_back(pulsar::kDispersion * options.dm *
                   (1 / (f * f) - 1 / (header.fch1 * header.fch1)));
  }
  Rng rng(options.seed);
  Bytes file = WriteSigprocHeader(header);
  std::vector<float> row(options.channels);
  const double bend = options.acceleration / (2 * pulsar::kLightSpeed);
  for (std::uint64_t i = 0; i < options.samples; ++i) {
    for (std::uint32_t c = 0; c < options.channels; ++c) {
      const std::uint64_t r = rng.Next();
      double sum = -131070;
      for (int k = 0; k < 4; ++k) sum += static_cast<double>(r >> (16 * k) & 0xffff);
      double value = 128 + sum / kSumDeviation * kDeviation;
      const double t = static_cast<double>(i) * options.sample_seconds - late[c];
      const double turns = (t - bend * t * t) / options.period;
      if (turns - std::floor(turns) < options.duty) value += options.strength * kDeviation;
      row[c] = static_cast<float>(value);
    }
    file += PackSigproc(header, row);
  }
  return file;
}

}  // namespace picube::examples
