// The kernel of the pulse search: sixteen neighbouring frequency bins are folded at once.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "workunits/seti/series.h"

namespace picube::seti {

inline constexpr std::size_t kFoldLanes = 16;

// A fold of one bin: what its profile's greatest sum says.
struct Fold {
  std::uint32_t adds = 0;  // powers in a bin of the profile; 0 = there is none
  std::uint32_t first_adds = 0;
  std::uint32_t p = 0;
  std::uint32_t level = 0;
  std::uint32_t bins = 0;
  float sum = 0;
  float threshold = 0;  // T
  // S / a - mean T / a: above 0 is reportable.
  float excess = 0;
  float snr = 0;
  float limit = 0;  // what snr must exceed

  [[nodiscard]] float Merit() const { return snr / limit; }
};

// Of one bin: the fold with the greatest excess that is at least marginal, and the one with the
// greatest snr over its limit; the first of equal ones.
struct BinFolds {
  Fold reportable;
  Fold best;
  // Of folds that come later.
  void Join(const BinFolds& later);
};

struct FoldJob {
  const FoldTables* tables = nullptr;
  const float* powers = nullptr;  // [n][16]
  std::array<float, kFoldLanes> means{};
  std::uint32_t adds = 3;    // 3, 4, 5
  std::uint32_t from = 0;    // p, downwards
  std::uint32_t above = 0;   // to the one above this
  float* scratch = nullptr;  // n / 2 x 16
};
// Offers every fold over the display limit to its bin.
void FoldBins(const FoldJob& job, std::array<BinFolds, kFoldLanes>& bins);

// The profile of a fold; `powers` of one bin, `stride` apart.
[[nodiscard]] std::vector<float> ProfileOf(const Fold& fold, const float* powers,
                                           std::size_t stride);

}  // namespace picube::seti
