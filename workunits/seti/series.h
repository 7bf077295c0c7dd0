// Power over time: how the powers of one frequency bin are cut into segments, which searches a pair
// gets, and the thresholds of folded pulses. Formulas: docs/SETI.md.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "workunits/seti/chirp_table.h"
#include "workunits/seti/signal.h"

namespace picube::seti {

// Segments of the N / L powers of a bin.
struct Segments {
  std::uint32_t all = 0;     // powers of a bin
  std::uint32_t length = 0;  // n
  std::vector<std::uint32_t> starts;
};
[[nodiscard]] Segments SegmentsOf(const SahHeader& header, std::uint32_t fft_length);

// The powers of noise are exponential: T with ln Q(adds, T) = -(threshold + ln bins).
[[nodiscard]] double FoldThreshold(double pulse_threshold, std::uint32_t adds, std::uint32_t bins);

// What is searched at which pair, beside spikes.
class Searches {
 public:
  // Of what `selection` wants, and the header asks for.
  Searches(const SahHeader& header, const ChirpTable& table, const Selection& selection);

  // Kinds that a pair is searched for.
  [[nodiscard]] std::uint32_t Of(const Pair& pair) const;
  // Kinds that some pair may be searched for at this length.
  [[nodiscard]] std::uint32_t AtLength(int log2_length) const {
    return lengths_[static_cast<std::size_t>(log2_length)];
  }
  [[nodiscard]] std::uint32_t Kinds() const { return kinds_; }

 private:
  std::uint32_t kinds_ = 0;
  bool every_other_pulse_ = false;
  std::array<std::uint32_t, 32> lengths_{};
  std::array<double, 32> ratios_{};  // steps of the table in a step of a length
};

[[nodiscard]] bool InScan(const SahHeader& header);
// Half a beam in bins of a gaussian's series.
[[nodiscard]] float GaussianSigma(const SahHeader& header);

// T and the display limit D of all folds of segments of n powers.
class FoldTables {
 public:
  FoldTables(const SahHeader& header, std::uint32_t n);
  struct Limit {
    float threshold = 0;  // T
    float display = 0;    // D
  };
  // Of `adds` = 3, 4, 5 before folding in two, at a level, of a profile of `bins`.
  [[nodiscard]] const Limit& At(std::uint32_t adds, std::uint32_t level, std::uint32_t bins) const {
    return limits_[adds - 3][level][bins];
  }
  [[nodiscard]] std::uint32_t Levels() const { return levels_; }
  [[nodiscard]] std::uint32_t Length() const { return n_; }

  // Periods p of an `adds`, in twelfths-free whole numbers: from `first` down to above `above`.
  struct Ladder {
    std::uint32_t first = 0;
    std::uint32_t above = 0;
  };
  [[nodiscard]] static Ladder LadderOf(std::uint32_t adds, std::uint32_t n);

 private:
  std::uint32_t n_;
  std::uint32_t levels_;
  std::array<std::vector<std::vector<Limit>>, 3> limits_;
};

// Operations of pairs, about; made once, the same everywhere.
class PairCosts {
 public:
  PairCosts(const SahHeader& header, const Searches& searches);
  [[nodiscard]] double Of(const Pair& pair) const;

 private:
  Searches searches_;
  std::array<double, 32> spectra_{};  // by log2 of the length
  std::array<double, 32> pulses_{};
};

// Estimated additions of the pulse search of one bin's segment.
[[nodiscard]] double FoldCost(std::uint32_t n);

}  // namespace picube::seti
