#include "examples/drift/maker.h"

#include <algorithm>
#include <cmath>

#include "protocol/base/rng.h"

namespace picube::examples {
namespace {

constexpr std::uint64_t kMostCells = 1ULL << 28;
// Of the sum of 12 uniform numbers, which is what the noise is.
constexpr double kMean = 6;

// Mean and deviation of the cells: what the bits have room for.
double MeanOf(int bits) {
  switch (bits) {
    case 1: return 0.5;
    case 2: return 1.5;
    case 4: return 6;
    case 8: return 64;
    case 16: return 4000;
    default: return 204;
  }
}
double DeviationOf(int bits) {
  switch (bits) {
    case 1: return 0.5;
    case 2: return 0.8;
    case 4: return 2;
    case 8: return 12;
    case 16: return 300;
    default: return 20.2;
  }
}

}  // namespace

SigprocHeader TonesHeader(const TonesOptions& options) {
  SigprocHeader header;
  header.source_name = "MADE";
  header.telescope_id = 6;
  header.nbits = options.bits;
  header.nchans = static_cast<std::int32_t>(options.channels);
  header.tstart = 57650.782094907408;
  header.tsamp = 18.253611008;
  header.fch1 = 8421.386717353016;
  header.foff = options.rising ? 2.7939677238464355e-6 : -2.7939677238464355e-6;
  header.src_raj = 171003.984;
  header.src_dej = 121058.8;
  return header;
}

std::vector<float> MakeCells(const TonesOptions& options) {
  Rng rng(options.seed);
  const double mean = MeanOf(options.bits);
  const double deviation = DeviationOf(options.bits);
  std::vector<float> cells(options.rows * options.channels);
  for (float& cell : cells) {
    // Twelve numbers of 10 bits from two random ones.
    double sum = 0;
    for (int i = 0; i < 2; ++i) {
      std::uint64_t bits = rng.Next();
      for (int k = 0; k < 6; ++k, bits >>= 10) {
        sum += (static_cast<double>(bits & 1023) + 0.5) / 1024;
      }
    }
    cell = static_cast<float>(mean + deviation * (sum - kMean));
  }
  for (std::uint64_t t = 0; t < options.rows; ++t) {
    float* row = cells.data() + t * options.channels;
    row[options.channels / 2] += static_cast<float>(options.spike * deviation);
    for (const MadeTone& tone : options.tones) {
      const double part = static_cast<double>(t) / static_cast<double>(options.rows - 1);
      const auto at =
          static_cast<std::int64_t>(tone.start) +
          static_cast<std::int64_t>(std::floor(static_cast<double>(tone.drift) * part + 0.5));
      if (at < 0 || at >= static_cast<std::int64_t>(options.channels)) continue;
      row[at] += static_cast<float>(tone.level * deviation);
    }
  }
  return cells;
}

Result<Bytes> MakeTones(const TonesOptions& options) {
  const auto wrong = [](const std::string& what) {
    return Fail(ErrorKind::kUser, what + " cannot be.", "See --help.");
  };
  constexpr int kBits[] = {1, 2, 4, 8, 16, 32};
  if (std::ranges::find(kBits, options.bits) == std::end(kBits)) return wrong("--bits");
  if (options.rows < 2 || options.rows > 4096) return wrong("--rows");
  if (options.channels < 64 || options.channels % 8 != 0 ||
      options.channels > kMostCells / options.rows) {
    return wrong("--channels");
  }
  const SigprocHeader header = TonesHeader(options);
  return WriteSigprocHeader(header) + PackSigproc(header, MakeCells(options));
}

}  // namespace picube::examples
