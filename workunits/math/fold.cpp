#include "workunits/math/fold.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/math/fold.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::CappedTag<std::int32_t, kFoldPadding>;

struct Rows {
  const std::int32_t* first;
  std::size_t stride;

  [[nodiscard]] const std::int32_t* At(std::size_t row) const { return first + row * stride; }
};

// out[i] = head[i] + tail[(i + shift) mod bins]. The first run may write beyond its end, into what
// the second writes next; the second into the row's padding.
HWY_INLINE void AddTurned(const std::int32_t* HWY_RESTRICT head,
                          const std::int32_t* HWY_RESTRICT tail, std::size_t shift,
                          std::size_t bins, std::int32_t* HWY_RESTRICT out) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t first = bins - shift;
  for (std::size_t i = 0; i < first; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, head + i), hn::LoadU(d, tail + shift + i)), d, out + i);
  }
  for (std::size_t i = first; i < bins; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, head + i), hn::LoadU(d, tail + i - first)), d, out + i);
  }
}

// Goes through s = 0, 1, .. with floor((2 (part - 1) s + whole - 1) / (2 (whole - 1))).
class Share {
 public:
  Share(std::size_t part, std::size_t whole)
      : step_(2 * (part - 1)), end_(2 * (whole - 1)), rest_(whole - 1) {}
  [[nodiscard]] std::size_t Row() const { return row_; }
  void Next() {
    rest_ += step_;
    if (rest_ >= end_) {
      rest_ -= end_;
      ++row_;
    }
  }

 private:
  std::size_t step_, end_, rest_;
  std::size_t row_ = 0;
};

// Calls use(s, head row, tail row, shift) for s < kept.
template <class Use>
HWY_INLINE void ForRows(std::size_t rows, std::size_t bins, std::size_t kept, const Use& use) {
  const std::size_t h = rows / 2;
  Share a(h, rows);
  Share b(rows - h, rows);
  std::size_t shift = 0;  // (s - b) mod bins; s - b rises by 0 or 1
  std::size_t turned = 0;
  for (std::size_t s = 0; s < kept; ++s) {
    if (s - b.Row() != turned) {
      ++turned;
      shift = shift + 1 == bins ? 0 : shift + 1;
    }
    use(s, a.Row(), b.Row(), shift);
    a.Next();
    b.Next();
  }
}

void Transform(Rows in, std::size_t rows, std::size_t bins, std::size_t stride, std::int32_t* out,
               std::int32_t* other);

// Transforms both halves into `other`, with `out` as their scratch. Halves of one row stay where
// they are.
struct Halves {
  Rows head;
  Rows tail;
};
Halves TransformHalves(Rows in, std::size_t rows, std::size_t bins, std::size_t stride,
                       std::int32_t* out, std::int32_t* other) {
  const std::size_t h = rows / 2;
  Halves halves{in, {in.At(h), in.stride}};
  if (h > 1) {
    Transform(in, h, bins, stride, other, out);
    halves.head = {other, stride};
  }
  if (rows - h > 1) {
    Transform(halves.tail, rows - h, bins, stride, other + h * stride, out + h * stride);
    halves.tail = {other + h * stride, stride};
  }
  return halves;
}

void Transform(Rows in, std::size_t rows, std::size_t bins, std::size_t stride, std::int32_t* out,
               std::int32_t* other) {
  const Halves halves = TransformHalves(in, rows, bins, stride, out, other);
  ForRows(rows, bins, rows,
          [&](std::size_t s, std::size_t a, std::size_t b, std::size_t shift) HWY_ATTR {
            AddTurned(halves.head.At(a), halves.tail.At(b), shift, bins, out + s * stride);
          });
}

// Greatest |value|, as far as that fits: INT32_MIN stays negative and is caught below.
std::int32_t LargestOf(const std::int32_t* row, std::size_t bins) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  auto high = hn::Zero(d);
  auto low = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= bins; i += lanes) {
    const auto v = hn::LoadU(d, row + i);
    high = hn::Max(high, v);
    low = hn::Min(low, v);
  }
  std::int32_t most = hn::GetLane(hn::MaxOfLanes(d, high));
  std::int32_t least = hn::GetLane(hn::MinOfLanes(d, low));
  for (; i < bins; ++i) {
    most = std::max(most, row[i]);
    least = std::min(least, row[i]);
  }
  if (least <= -INT32_MAX) return INT32_MAX;
  return std::max(most, -least);
}

// prefix[i + 1] = sum + row[0] + ... + row[i] for i < count; returns the last one.
std::int32_t SumUp(const std::int32_t* row, std::size_t count, std::int32_t sum,
                   std::int32_t* prefix) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<std::int32_t, 4> d;
  auto before = hn::Set(d, sum);
  for (; i + 4 <= count; i += 4) {
    auto x = hn::LoadU(d, row + i);
    x = hn::Add(x, hn::ShiftLeftLanes<1>(d, x));
    x = hn::Add(hn::Add(x, hn::ShiftLeftLanes<2>(d, x)), before);
    hn::StoreU(x, d, prefix + i + 1);
    before = hn::Broadcast<3>(x);
  }
  sum = hn::GetLane(before);
#endif
  for (; i < count; ++i) {
    sum += row[i];
    prefix[i + 1] = sum;
  }
  return sum;
}

// The greatest prefix[i + widths[w]] - prefix[i], i < bins, of kWidths widths at once. At least a
// vector of bins.
template <std::size_t kWidths>
HWY_INLINE void PeaksOf(const std::int32_t* prefix, std::size_t bins, const std::uint32_t* widths,
                        std::int64_t* peaks, std::size_t step) {
  const Tag d;
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<Tag> best[kWidths];
  for (std::size_t w = 0; w < kWidths; ++w) best[w] = hn::Set(d, INT32_MIN);
  const auto take = [&](std::size_t i) HWY_ATTR {
    const auto from = hn::LoadU(d, prefix + i);
    for (std::size_t w = 0; w < kWidths; ++w) {
      best[w] = hn::Max(best[w], hn::Sub(hn::LoadU(d, prefix + i + widths[w]), from));
    }
  };
  std::size_t i = 0;
  for (; i + lanes <= bins; i += lanes) take(i);
  if (i < bins) take(bins - lanes);  // once more over the last whole vector
  for (std::size_t w = 0; w < kWidths; ++w) {
    peaks[w * step] = hn::GetLane(hn::MaxOfLanes(d, best[w]));
  }
}

// In int32, where no sum of bins can leave its range.
std::int64_t NarrowPeaks(const std::int32_t* row, std::size_t bins,
                         std::span<const std::uint32_t> widths, std::int32_t* prefix,
                         std::int64_t* peaks, std::size_t step) {
  prefix[0] = 0;
  const std::int32_t total = SumUp(row, bins, 0, prefix);
  SumUp(row, widths.back(), total, prefix + bins);
  if (bins < hn::Lanes(Tag())) {
    for (std::size_t w = 0; w < widths.size(); ++w) {
      std::int32_t peak = INT32_MIN;
      for (std::size_t i = 0; i < bins; ++i) {
        peak = std::max(peak, prefix[i + widths[w]] - prefix[i]);
      }
      peaks[w * step] = peak;
    }
    return total;
  }
  std::size_t w = 0;
  for (; w + 5 <= widths.size(); w += 5) {
    PeaksOf<5>(prefix, bins, widths.data() + w, peaks + w * step, step);
  }
  for (; w < widths.size(); ++w) {
    PeaksOf<1>(prefix, bins, widths.data() + w, peaks + w * step, step);
  }
  return total;
}

std::int64_t WidePeaks(const std::int32_t* row, std::size_t bins,
                       std::span<const std::uint32_t> widths, std::int64_t* peaks,
                       std::size_t step) {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < bins; ++i) total += row[i];
  for (std::size_t w = 0; w < widths.size(); ++w) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < widths[w]; ++i) sum += row[i];
    std::int64_t best = sum;
    for (std::size_t i = 1; i < bins; ++i) {
      sum += row[(i + widths[w] - 1) % bins];
      sum -= row[i - 1];
      best = std::max(best, sum);
    }
    peaks[w * step] = best;
  }
  return total;
}

void Fold(const std::int32_t* in, std::size_t rows, std::size_t bins, std::size_t kept,
          FoldSpace& space, std::int32_t* out) {
  const std::size_t stride = FoldStride(bins);
  if (rows == 1) {
    if (kept > 0) std::copy_n(in, bins, out);
    return;
  }
  const Halves halves =
      TransformHalves({in, bins}, rows, bins, stride, space.a.data(), space.b.data());
  ForRows(rows, bins, kept,
          [&](std::size_t s, std::size_t a, std::size_t b, std::size_t shift) HWY_ATTR {
            AddTurned(halves.head.At(a), halves.tail.At(b), shift, bins, out + s * stride);
          });
}

void FoldPeaks(const std::int32_t* in, std::size_t rows, std::size_t bins, std::size_t kept,
               std::span<const std::uint32_t> widths, FoldSpace& space, std::int64_t* totals,
               std::int64_t* peaks) {
  const std::size_t stride = FoldStride(bins);
  std::int32_t* row = space.row.data();
  const auto look = [&](std::size_t s) HWY_ATTR {
    const auto room = static_cast<std::int64_t>(INT32_MAX / (bins + widths.back() + 1));
    totals[s] = LargestOf(row, bins) <= room
                    ? NarrowPeaks(row, bins, widths, space.prefix.data(), peaks + s, kept)
                    : WidePeaks(row, bins, widths, peaks + s, kept);
  };
  if (rows == 1) {
    if (kept > 0) {
      std::copy_n(in, bins, row);
      look(0);
    }
    return;
  }
  const Halves halves =
      TransformHalves({in, bins}, rows, bins, stride, space.a.data(), space.b.data());
  ForRows(rows, bins, kept,
          [&](std::size_t s, std::size_t a, std::size_t b, std::size_t shift) HWY_ATTR {
            AddTurned(halves.head.At(a), halves.tail.At(b), shift, bins, row);
            look(s);
          });
}

}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::math {

HWY_EXPORT(Fold);
HWY_EXPORT(FoldPeaks);

void FoldSpace::Reserve(std::size_t rows, std::size_t bins, std::size_t widest) {
  const std::size_t values = rows * FoldStride(bins);
  if (a.size() < values) {
    a = Aligned<std::int32_t>(values);
    b = Aligned<std::int32_t>(values);
  }
  if (row.size() < FoldStride(bins)) row = Aligned<std::int32_t>(FoldStride(bins));
  const std::size_t ahead = bins + widest + 1 + kFoldPadding;
  if (prefix.size() < ahead) prefix = Aligned<std::int32_t>(ahead);
}

void Fold(const std::int32_t* in, std::size_t rows, std::size_t bins, std::size_t kept,
          FoldSpace& space, std::int32_t* out) {
  space.Reserve(rows, bins, 0);
  HWY_DYNAMIC_DISPATCH(Fold)(in, rows, bins, kept, space, out);
}

void FoldPeaks(const std::int32_t* in, std::size_t rows, std::size_t bins, std::size_t kept,
               std::span<const std::uint32_t> widths, FoldSpace& space, std::int64_t* totals,
               std::int64_t* peaks) {
  space.Reserve(rows, bins, widths.back());
  HWY_DYNAMIC_DISPATCH(FoldPeaks)(in, rows, bins, kept, widths, space, totals, peaks);
}

namespace twin {

std::vector<std::vector<std::int64_t>> Fold(const std::vector<std::vector<std::int64_t>>& rows) {
  const std::size_t m = rows.size();
  if (m <= 1) return rows;
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(m / 2);
  const auto head = Fold({rows.begin(), middle});
  const auto tail = Fold({middle, rows.end()});
  std::vector<std::vector<std::int64_t>> out;
  for (std::size_t s = 0; s < m; ++s) {
    const std::size_t a = (2 * (head.size() - 1) * s + m - 1) / (2 * (m - 1));
    const std::size_t b = (2 * (tail.size() - 1) * s + m - 1) / (2 * (m - 1));
    std::vector<std::int64_t> row = head[a];
    for (std::size_t i = 0; i < row.size(); ++i) row[i] += tail[b][(i + s - b) % row.size()];
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace twin

}  // namespace picube::math
#endif
