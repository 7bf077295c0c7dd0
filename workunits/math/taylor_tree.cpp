#include "workunits/math/taylor_tree.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "protocol/base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/math/taylor_tree.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kTreeLanes = 16;

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

template <class T>
using Tag = hn::CappedTag<T, kTreeLanes>;

// a[c] + b[c] of the columns from c on.
template <class D, class T>
HWY_INLINE hn::VFromD<D> SumAt(D d, const T* a, const T* b) {
  return hn::Add(hn::LoadU(d, a), hn::LoadU(d, b));
}

// Row t moved by block * t.
template <class T>
HWY_INLINE const T* MovedRow(const TreeJob<T>& job, std::int64_t block, std::size_t t) {
  return job.cells + t * job.stride + block * static_cast<std::int64_t>(t);
}

// Rows as they are, for two, and sums over two, for four.
template <class T>
void FirstRows(const TreeJob<T>& job, std::int64_t block) {
  const Tag<T> d;
  const std::size_t count = job.columns + 2;
  for (std::size_t t = 0; t < job.rows; t += 2) {
    const T* one = MovedRow(job, block, t);
    const T* two = MovedRow(job, block, t + 1);
    T* out = job.first + t * job.width;
    for (std::size_t c = 0; c < count; c += hn::Lanes(d)) {
      const bool sums = job.rows > 2;
      hn::StoreU(sums ? SumAt(d, one + c, two + c) : hn::LoadU(d, one + c), d, out + c);
      hn::StoreU(sums ? SumAt(d, one + c, two + c + 1) : hn::LoadU(d, two + c), d,
                 out + job.width + c);
    }
  }
}

// Sums over four neighbouring rows, two passes in one.
template <class T>
void FirstFours(const TreeJob<T>& job, std::int64_t block) {
  const Tag<T> d;
  const std::size_t count = job.columns + job.rows - 4;
  for (std::size_t t = 0; t < job.rows; t += 4) {
    const T* r0 = MovedRow(job, block, t);
    const T* r1 = MovedRow(job, block, t + 1);
    const T* r2 = MovedRow(job, block, t + 2);
    const T* r3 = MovedRow(job, block, t + 3);
    T* out = job.first + t * job.width;
    for (std::size_t c = 0; c < count; c += hn::Lanes(d)) {
      const auto still = SumAt(d, r0 + c, r1 + c);
      const auto moved = SumAt(d, r0 + c, r1 + c + 1);
      hn::StoreU(hn::Add(still, SumAt(d, r2 + c, r3 + c)), d, out + c);
      hn::StoreU(hn::Add(still, SumAt(d, r2 + c + 1, r3 + c + 1)), d, out + job.width + c);
      hn::StoreU(hn::Add(moved, SumAt(d, r2 + c + 1, r3 + c + 2)), d, out + 2 * job.width + c);
      hn::StoreU(hn::Add(moved, SumAt(d, r2 + c + 2, r3 + c + 3)), d, out + 3 * job.width + c);
    }
  }
}

// From sums over length / 2 rows to sums over `length`.
template <class T>
void Stage(const TreeJob<T>& job, std::size_t length, const T* in, T* out) {
  const Tag<T> d;
  const std::size_t count = job.columns + job.rows - length;
  const std::size_t half = length / 2;
  for (std::size_t k = 0; k < job.rows; k += length) {
    for (std::size_t o = 0; o < length; ++o) {
      const T* one = in + (k + o / 2) * job.width;
      const T* two = in + (k + half + o / 2) * job.width + (o + 1) / 2;
      T* to = out + (k + o) * job.width;
      for (std::size_t c = 0; c < count; c += hn::Lanes(d)) {
        hn::StoreU(SumAt(d, one + c, two + c), d, to + c);
      }
    }
  }
}

// The last stage, of offsets [from, to]: raises the best sums.
template <class T>
void LastStage(const TreeJob<T>& job, const T* in, std::size_t from, std::size_t to) {
  const Tag<T> d;
  const T* second = in + job.rows / 2 * job.width;
  for (std::size_t c = 0; c < job.columns; c += hn::Lanes(d)) {
    auto best = hn::LoadU(d, job.best + c);
    for (std::size_t o = from; o <= to; ++o) {
      const std::size_t row = o / 2 * job.width + c;
      best = hn::Max(SumAt(d, in + row, second + row + (o + 1) / 2), best);
    }
    hn::StoreU(best, d, job.best + c);
  }
}

// The last two stages in one, from sums over a quarter of the rows.
template <class T>
void LastTwoStages(const TreeJob<T>& job, const T* in, std::size_t from, std::size_t to) {
  const Tag<T> d;
  const std::size_t quarter = job.rows / 4 * job.width;
  for (std::size_t c = 0; c < job.columns; c += hn::Lanes(d)) {
    auto best = hn::LoadU(d, job.best + c);
    for (std::size_t p = from / 2; p <= to / 2; ++p) {
      const T* row = in + p / 2 * job.width + c;
      const std::size_t move = (p + 1) / 2;
      const auto first = SumAt(d, row, row + quarter + move);
      const auto raise = [&](std::size_t shift) HWY_ATTR {
        const T* third = row + 2 * quarter + shift;
        best = hn::Max(hn::Add(first, SumAt(d, third, third + quarter + move)), best);
      };
      if (2 * p >= from) raise(p);
      if (2 * p + 1 <= to) raise(p + 1);
    }
    hn::StoreU(best, d, job.best + c);
  }
}

template <class T>
void SearchTree(const TreeJob<T>& job) {
  const auto span = static_cast<std::int64_t>(job.rows - 1);
  const std::int64_t last = FloorDivide(job.high, span);
  for (std::int64_t block = FloorDivide(job.low, span); block <= last; ++block) {
    // Offset rows - 1 is offset 0 of the next block.
    const auto from = static_cast<std::size_t>(std::max<std::int64_t>(0, job.low - block * span));
    const auto to = static_cast<std::size_t>(std::min(span - 1, job.high - block * span));
    T* in = job.first;
    T* out = job.second;
    if (job.rows <= 4) {
      FirstRows(job, block);
    } else {
      FirstFours(job, block);
    }
    for (std::size_t length = 8; length <= job.rows / 4; length *= 2) {
      Stage(job, length, in, out);
      std::swap(in, out);
    }
    if (job.rows >= 16) {
      LastTwoStages(job, in, from, to);
    } else {
      LastStage(job, in, from, to);
    }
  }
}

void SearchFloats(const TreeJob<float>& job) { SearchTree(job); }
void SearchShorts(const TreeJob<std::uint16_t>& job) { SearchTree(job); }

}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::math {
namespace {

HWY_EXPORT(SearchFloats);
HWY_EXPORT(SearchShorts);

// Columns that are searched together: the two buffers stay in the caches near the core.
std::size_t PieceOf(std::size_t rows) {
  constexpr std::size_t kCells = 1U << 13;
  return std::clamp<std::size_t>(kCells / rows, 256, 4096);
}

constexpr std::size_t kSlack = 64;  // whole vectors may be read and written past the columns

std::size_t WidthOf(std::size_t rows) { return PieceOf(rows) + rows + kSlack; }

std::int64_t Divided(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

template <class T>
constexpr T kNothing = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                            : std::numeric_limits<T>::lowest();

}  // namespace

std::vector<std::int64_t> TreePath(std::int64_t drift, std::size_t rows) {
  const auto span = static_cast<std::int64_t>(rows - 1);
  const std::int64_t block = Divided(drift, span);
  const std::int64_t offset = drift - block * span;
  std::vector<std::int64_t> path(rows);
  // Each level adds its half's shift to the second halves.
  std::int64_t o = offset;
  for (std::size_t length = rows; length > 1; length /= 2, o /= 2) {
    for (std::size_t t = 0; t < rows; ++t) {
      if (t % length >= length / 2) path[t] += (o + 1) / 2;
    }
  }
  for (std::size_t t = 0; t < rows; ++t) path[t] += block * static_cast<std::int64_t>(t);
  return path;
}

template <class T>
TaylorTree<T>::TaylorTree(std::size_t rows, std::int64_t low, std::int64_t high)
    : rows_(rows), low_(low), high_(high) {
  PICUBE_CHECK(std::has_single_bit(rows) && rows >= 2 && rows <= 4096, "rows are a power of two");
  PICUBE_CHECK(low <= high, "there are drifts");
  const auto span = static_cast<std::int64_t>(rows - 1);
  const std::int64_t first = Divided(low, span) * span;
  const std::int64_t last = (Divided(high, span) + 1) * span;
  left_ = static_cast<std::size_t>(std::max<std::int64_t>(0, -first));
  right_ = static_cast<std::size_t>(std::max<std::int64_t>(0, last)) + rows + kSlack;
}

template <class T>
typename TaylorTree<T>::Workspace TaylorTree<T>::MakeWorkspace() const {
  const std::size_t cells = rows_ * WidthOf(rows_);
  return {Aligned<T>(cells), Aligned<T>(cells), Aligned<T>(PieceOf(rows_) + kSlack)};
}

template <class T>
void TaylorTree<T>::Search(const T* cells, std::size_t stride, std::size_t columns, T* best,
                           Workspace& workspace) const {
  const std::size_t piece = PieceOf(rows_);
  for (std::size_t first = 0; first < columns; first += piece) {
    const std::size_t count = std::min(piece, columns - first);
    T* const own = workspace.best.data();
    std::fill_n(own, piece + kSlack, kNothing<T>);
    const TreeJob<T> job{
        cells + first,           stride,         rows_, count, low_, high_, workspace.first.data(),
        workspace.second.data(), WidthOf(rows_), own};
    if constexpr (std::is_same_v<T, float>) {
      HWY_DYNAMIC_DISPATCH(SearchFloats)(job);
    } else {
      HWY_DYNAMIC_DISPATCH(SearchShorts)(job);
    }
    std::copy_n(own, count, best + first);
  }
}

template <class T>
T TaylorTree<T>::SumAlong(const T* cells, std::size_t stride, std::int64_t drift) const {
  const auto path = TreePath(drift, rows_);
  std::vector<T> sums(rows_);
  for (std::size_t t = 0; t < rows_; ++t)
    sums[t] = cells[static_cast<std::int64_t>(t * stride) + path[t]];
  for (std::size_t count = rows_; count > 1; count /= 2) {
    for (std::size_t k = 0; k < count / 2; ++k) {
      sums[k] = static_cast<T>(sums[2 * k] + sums[2 * k + 1]);
    }
  }
  return sums[0];
}

template <class T>
std::int64_t TaylorTree<T>::DriftOf(const T* cells, std::size_t stride, T best) const {
  for (std::int64_t drift = low_; drift < high_; ++drift) {
    if (SumAlong(cells, stride, drift) == best) return drift;
  }
  return high_;
}

template class TaylorTree<float>;
template class TaylorTree<std::uint16_t>;

}  // namespace picube::math
#endif
