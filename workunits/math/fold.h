// Fast folding (Staelin 1969) of a series of integers: all slopes of m rows of p bins at once.
//
// Row s of the result is the sum of the m rows, row r turned left by about r * s/(m - 1) bins. The
// recursion: m = 1 is a copy; else head = the first floor(m/2) rows, tail = the rest, h and t rows
// of them, both transformed, and for s = 0 .. m - 1
//   a = (2 (h - 1) s + m - 1) div (2 (m - 1)),  b = (2 (t - 1) s + m - 1) div (2 (m - 1)),
//   out_s[i] = head_a[i] + tail_b[(i + s - b) mod p].
//
// All values are int32 and the caller promises that no sum of one bin leaves that range; sums over
// bins are int64. So results are exact and the same everywhere. A turned row is two runs of
// neighbouring values, each added in whole vectors; rows have room behind them for what a last
// vector writes too much.
//
// Functions are free of state; a FoldSpace belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "workunits/math/aligned.h"

namespace picube::math {

inline constexpr std::size_t kFoldPadding = 16;  // int32 readable behind any input

// Distance of rows in a FoldSpace: bins and the padding, a multiple of 16.
[[nodiscard]] constexpr std::size_t FoldStride(std::size_t bins) {
  return (bins + kFoldPadding + 15) / 16 * 16;
}

// Room for `rows` x `bins`, reused from call to call: 8 bytes for each value.
class FoldSpace {
 public:
  void Reserve(std::size_t rows, std::size_t bins, std::size_t widest);

  Aligned<std::int32_t> a, b;    // rows x FoldStride(bins)
  Aligned<std::int32_t> row;     // one row of the result
  Aligned<std::int32_t> prefix;  // of that row and its first bins again
};

// The first `kept` rows of the fold of `rows` x `bins` values, `in` being rows * bins values and
// kFoldPadding more; out has `kept` rows FoldStride(bins) apart. kept <= rows.
void Fold(const std::int32_t* in, std::size_t rows, std::size_t bins, std::size_t kept,
          FoldSpace& space, std::int32_t* out);

// The same, but only what a search needs of each row s: totals[s], the sum of all bins, and
// peaks[w * kept + s], the greatest circular sum of widths[w] neighbouring bins. Widths rise and
// are less than `bins`.
void FoldPeaks(const std::int32_t* in, std::size_t rows, std::size_t bins, std::size_t kept,
               std::span<const std::uint32_t> widths, FoldSpace& space, std::int64_t* totals,
               std::int64_t* peaks);

namespace twin {
// All rows, by the recursion as it is written.
[[nodiscard]] std::vector<std::vector<std::int64_t>> Fold(
    const std::vector<std::vector<std::int64_t>>& rows);
}  // namespace twin

}  // namespace picube::math
