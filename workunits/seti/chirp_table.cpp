#include "workunits/seti/chirp_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace picube::seti {
namespace {

// Real tables have 60,000 to 150,000 pairs.
constexpr double kMostRates = 1e6;
constexpr double kGreatestIndex = 1e9;
constexpr double kGreatestStep = 1e9;  // Hz/s
constexpr int kMostLog2 = 20;

// Seconds that a signal stays in one bin while the drift is off by one step.
double Span(const SahHeader& header, double length) {
  const double n = static_cast<double>(header.samples);
  const double seconds = n / header.sample_rate;
  const double slew = header.angle_range / seconds;
  const bool in_scan =
      header.angle_range > 0 && header.pot_min_slew <= slew && slew <= header.pot_max_slew;
  const double beams = std::max(header.angle_range / header.beam_width, 1.0);
  const double beam_seconds = header.angle_range > 0
                                  ? seconds / header.angle_range * header.beam_width
                                  : std::numeric_limits<double>::infinity();
  const double pulse_longest = std::min(
      std::trunc(n / (header.pulse_min * header.pulse_beams * beams)), header.pulse_fft_max);
  if (in_scan && length <= n / header.gauss_pot_length) return 2 * beam_seconds;
  if (length <= pulse_longest && length <= n / header.triplet_min) {
    return std::min(beam_seconds, header.beam_width / header.pot_min_slew);
  }
  return length / header.sample_rate;
}

}  // namespace

Pair::Pair(std::int64_t k, int log2_length)
    : key_(static_cast<std::uint64_t>(k < 0 ? -k : k) << 7 | (k < 0 ? 64U : 0U) |
           static_cast<std::uint64_t>(log2_length)) {}

std::int64_t Pair::K() const {
  const auto size = static_cast<std::int64_t>(key_ >> 7);
  return (key_ & 64U) != 0 ? -size : size;
}

Result<ChirpTable> ChirpTable::Make(const SahHeader& header) {
  ChirpTable table;
  table.lengths_ = header.fft_flags;
  table.entries_ = header.chirps;
  table.step_ = std::numeric_limits<double>::infinity();
  for (int log2 = 3; log2 <= kMostLog2; ++log2) {
    if ((header.fft_flags >> log2 & 1U) == 0) continue;
    const double length = static_cast<double>(1U << log2);
    const auto at = static_cast<std::size_t>(log2);
    table.steps_[at] =
        header.chirp_resolution / (Span(header, length) * (length / header.sample_rate));
    table.step_ = std::min(table.step_, table.steps_[at]);
  }
  for (const auto& entry : header.chirps) {
    for (int log2 = 3; log2 <= kMostLog2; ++log2) {
      if ((entry.fft_flags >> log2 & 1U) == 0) continue;
      const double step = table.StepOf(log2);
      if (!(entry.limit / step < kMostRates) || !(entry.limit / table.step_ < kGreatestIndex) ||
          !(table.step_ < kGreatestStep)) {
        return Fail(ErrorKind::kUser,
                    header.name +
                        ": <chirp_limit> and <chirp_resolution> ask for more than a "
                        "million chirp rates.",
                    "The header of the work unit is damaged; fetch the file again.");
      }
      // The official sum: repeated addition, then the index of the nearest multiple.
      for (double c = 0; c <= entry.limit; c += step) {
        const auto k = static_cast<std::int64_t>(std::floor(c / table.step_ + 0.5));
        table.pairs_.emplace_back(k, log2);
        if (c != 0) table.pairs_.emplace_back(-k, log2);
      }
    }
  }
  std::sort(table.pairs_.begin(), table.pairs_.end());
  table.pairs_.erase(std::unique(table.pairs_.begin(), table.pairs_.end()), table.pairs_.end());
  return table;
}

double ChirpTable::Limit(std::uint32_t fft_flags) const {
  double limit = -1;
  for (const auto& entry : entries_) {
    if ((entry.fft_flags & fft_flags) != 0) limit = std::max(limit, entry.limit);
  }
  return limit;
}

std::vector<Pair> Select(const ChirpTable& table, const Selection& selection) {
  std::vector<Pair> chosen;
  for (const Pair& pair : table.Pairs()) {
    const double rate = table.Rate(pair);
    if ((pair.Length() & selection.fft_flags) != 0 && rate >= selection.chirp_low &&
        rate <= selection.chirp_high) {
      chosen.push_back(pair);
    }
  }
  return chosen;
}

}  // namespace picube::seti
