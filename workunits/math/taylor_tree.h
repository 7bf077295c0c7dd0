// The Taylor tree: for every start column the greatest sum along lines that drift by 0, 1, 2, ...
// columns over the rows, in log2(rows) passes instead of a pass for each line (Taylor 1974).
//
// A path of drift D = b (rows - 1) + o, 0 <= o < rows - 1, is at column c + b t + path(o, rows)[t]
// in row t; path(o, 1) = [0]; path(o, n) = path(o / 2, n / 2), then the same + (o + 1) / 2. Sums
// are added in exactly this pairing, so the bits do not depend on the machine, and u16 sums are
// exact as long as they fit. Of equal sums the lowest drift is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "workunits/math/aligned.h"

namespace picube::math {

// The columns of a path of drift D >= 0 or < 0 in each row, from its start.
[[nodiscard]] std::vector<std::int64_t> TreePath(std::int64_t drift, std::size_t rows);

// What the kernel is given; private to the two.
template <class T>
struct TreeJob {
  const T* cells;      // row 0, column 0 of the piece
  std::size_t stride;  // from row to row
  std::size_t rows;
  std::size_t columns;     // of the piece
  std::int64_t low, high;  // drifts, both included
  T* first;                // two buffers of rows x width
  T* second;
  std::size_t width;
  T* best;
};

// T is float or std::uint16_t.
template <class T>
class TaylorTree {
 public:
  // `rows` is a power of two from 2 to 4096; low <= high.
  TaylorTree(std::size_t rows, std::int64_t low, std::int64_t high);

  struct Workspace {
    Aligned<T> first, second, best;
  };
  [[nodiscard]] Workspace MakeWorkspace() const;

  // Columns that must be readable left and right of those searched; what lies farther than the
  // drifts reach is read but does not count.
  [[nodiscard]] std::size_t Left() const { return left_; }
  [[nodiscard]] std::size_t Right() const { return right_; }

  // best[c] of `columns` start columns; cells[t * stride + c] is row t. Cells of floats may be
  // -infinity (outside: such a path never wins), but neither NaN, nor -0, nor +infinity, and no sum
  // may overflow. If nothing is left, best is -infinity.
  void Search(const T* cells, std::size_t stride, std::size_t columns, T* best,
              Workspace& workspace) const;

  // The sum along one drift from the column that `cells` points to, by the definition.
  [[nodiscard]] T SumAlong(const T* cells, std::size_t stride, std::int64_t drift) const;
  // The lowest drift of the tree that has this sum there.
  [[nodiscard]] std::int64_t DriftOf(const T* cells, std::size_t stride, T best) const;

 private:
  std::size_t rows_;
  std::int64_t low_;
  std::int64_t high_;
  std::size_t left_;
  std::size_t right_;
};

extern template class TaylorTree<float>;
extern template class TaylorTree<std::uint16_t>;

}  // namespace picube::math
