#include "workunits/math/fold.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/base/rng.h"
#include "tests/workunits/pinned.h"
#include "workunits/math/isa.h"

namespace picube::math {
namespace {

using Profiles = std::vector<std::vector<std::int64_t>>;

struct Input {
  std::size_t rows;
  std::size_t bins;
  std::vector<std::int32_t> values;  // padded

  [[nodiscard]] Profiles Twin() const {
    Profiles in;
    for (std::size_t r = 0; r < rows; ++r) {
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(r * bins);
      in.emplace_back(first, first + static_cast<std::ptrdiff_t>(bins));
    }
    return twin::Fold(in);
  }
};

Input Noise(std::size_t rows, std::size_t bins, std::int32_t most, std::uint64_t seed) {
  Rng rng(seed);
  Input input{rows, bins, {}};
  for (std::size_t i = 0; i < rows * bins + kFoldPadding; ++i) {
    input.values.push_back(
        static_cast<std::int32_t>(rng.Below(2 * static_cast<std::uint64_t>(most) + 1)) - most);
  }
  return input;
}

std::int64_t PeakOf(const std::vector<std::int64_t>& row, std::size_t width) {
  std::int64_t best = INT64_MIN;
  for (std::size_t i = 0; i < row.size(); ++i) {
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < width; ++k) sum += row[(i + k) % row.size()];
    best = std::max(best, sum);
  }
  return best;
}

void ExpectTwin(const Input& input, std::size_t kept) {
  const std::vector<std::uint32_t> widths = {1, 2, 3, 4};
  const Profiles judged = input.Twin();
  FoldSpace space;
  std::vector<std::int32_t> out(kept * FoldStride(input.bins));
  Fold(input.values.data(), input.rows, input.bins, kept, space, out.data());
  std::vector<std::int64_t> totals(kept);
  std::vector<std::int64_t> peaks(kept * widths.size());
  FoldPeaks(input.values.data(), input.rows, input.bins, kept, widths, space, totals.data(),
            peaks.data());
  for (std::size_t s = 0; s < kept; ++s) {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < input.bins; ++i) {
      ASSERT_EQ(out[s * FoldStride(input.bins) + i], judged[s][i])
          << input.rows << " rows of " << input.bins << ", row " << s << ", bin " << i;
      total += judged[s][i];
    }
    EXPECT_EQ(totals[s], total);
    for (std::size_t w = 0; w < widths.size(); ++w) {
      EXPECT_EQ(peaks[w * kept + s], PeakOf(judged[s], widths[w]));
    }
  }
}

TEST(Fold, EveryRowEqualsItsTwin) {
  for (const Isa isa : IsasHere()) {
    const WithIsa with(isa);
    for (const std::size_t bins : {5U, 8U, 15U, 16U, 17U, 33U, 64U}) {
      for (const std::size_t rows : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 21U, 64U}) {
        ExpectTwin(Noise(rows, bins, 1000, rows * 100 + bins), rows);
      }
    }
    ExpectTwin(Noise(50, 20, 1000, 1), 13);
  }
}

TEST(Fold, SumsBeyondThirtyTwoBitsAreExact) {
  ExpectTwin(Noise(4, 40, INT32_MAX / 4, 5), 4);
  Input ones{2, 40, std::vector<std::int32_t>(80 + kFoldPadding, INT32_MAX / 2)};
  ExpectTwin(ones, 2);
  for (auto& value : ones.values) value = INT32_MIN / 2;
  ExpectTwin(ones, 2);
}

TEST(Fold, DriftingPulseAddsUpInItsRow) {
  constexpr std::size_t kRows = 33;
  constexpr std::size_t kBins = 50;
  for (std::size_t drift = 0; drift < kRows; ++drift) {
    Input input{kRows, kBins, std::vector<std::int32_t>(kRows * kBins + kFoldPadding)};
    for (std::size_t r = 0; r < kRows; ++r) {
      const std::size_t bin = 7 + (2 * r * drift + kRows - 1) / (2 * (kRows - 1));
      input.values[r * kBins + bin % kBins] = 1;
    }
    FoldSpace space;
    std::vector<std::int64_t> totals(kRows);
    std::vector<std::int64_t> peaks(kRows);
    const std::uint32_t width[] = {1};
    FoldPeaks(input.values.data(), kRows, kBins, kRows, width, space, totals.data(), peaks.data());
    // The path of the recursion leaves the straight line by a bin here and there.
    EXPECT_GT(peaks[drift], 16) << drift;
    EXPECT_EQ(totals[drift], static_cast<std::int64_t>(kRows));
    const std::uint32_t wide[] = {3};
    FoldPeaks(input.values.data(), kRows, kBins, kRows, wide, space, totals.data(), peaks.data());
    EXPECT_EQ(peaks[drift], static_cast<std::int64_t>(kRows)) << drift;
  }
}

TEST(Fold, BitsAreTheSameOnEveryMachine) {
  const Input input = Noise(203, 251, 40'000, 9);
  const std::vector<std::uint32_t> widths = {1, 2, 3, 4, 6, 9, 13, 19, 28, 42};
  for (const Isa isa : IsasHere()) {
    const WithIsa with(isa);
    FoldSpace space;
    std::vector<std::int64_t> totals(203);
    std::vector<std::int64_t> peaks(203 * widths.size());
    FoldPeaks(input.values.data(), 203, 251, 203, widths, space, totals.data(), peaks.data());
    std::uint64_t digest = 0;
    for (const auto v : totals) digest = Mix64(digest ^ static_cast<std::uint64_t>(v));
    for (const auto v : peaks) digest = Mix64(digest ^ static_cast<std::uint64_t>(v));
    EXPECT_EQ(digest, test::Pinned("fast folding")) << Name(isa);
  }
}

}  // namespace
}  // namespace picube::math
