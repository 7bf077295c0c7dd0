#include "workunits/math/taylor_tree.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "protocol/base/rng.h"
#include "tests/workunits/pinned.h"
#include "workunits/math/isa.h"
#include "workunits/math/median.h"

namespace picube::math {
namespace {

template <class T>
struct Field {
  std::size_t rows, columns, stride;
  std::vector<T> cells;
  const T* Origin(const TaylorTree<T>& tree) const { return cells.data() + tree.Left(); }
};

template <class T>
Field<T> MakeField(const TaylorTree<T>& tree, std::size_t rows, std::size_t columns,
                   unsigned most) {
  Rng rng(rows + columns);
  const std::size_t stride = tree.Left() + columns + tree.Right();
  Field<T> field{rows, columns, stride, std::vector<T>(rows * stride)};
  for (T& cell : field.cells) cell = static_cast<T>(rng.Below(most));
  return field;
}

template <class T>
std::vector<T> Searched(const TaylorTree<T>& tree, const Field<T>& field) {
  std::vector<T> best(field.columns);
  auto workspace = tree.MakeWorkspace();
  tree.Search(field.Origin(tree), field.stride, field.columns, best.data(), workspace);
  return best;
}

// Every drift of every column, by the definition.
template <class T>
std::vector<T> SearchedPlainly(const TaylorTree<T>& tree, const Field<T>& field, std::int64_t low,
                               std::int64_t high) {
  std::vector<T> best(field.columns, std::numeric_limits<T>::lowest());
  for (std::size_t c = 0; c < field.columns; ++c) {
    for (std::int64_t d = low; d <= high; ++d) {
      best[c] = std::max(best[c], tree.SumAlong(field.Origin(tree) + c, field.stride, d));
    }
  }
  return best;
}

TEST(TaylorTree, PathsAreThoseOfTheDefinition) {
  using Path = std::vector<std::int64_t>;
  EXPECT_EQ(TreePath(0, 4), (Path{0, 0, 0, 0}));
  EXPECT_EQ(TreePath(1, 4), (Path{0, 0, 1, 1}));
  EXPECT_EQ(TreePath(2, 4), (Path{0, 1, 1, 2}));
  EXPECT_EQ(TreePath(3, 4), (Path{0, 1, 2, 3}));
  EXPECT_EQ(TreePath(36, 16), (Path{0, 2, 5, 7, 10, 12, 15, 17, 19, 21, 24, 26, 29, 31, 34, 36}));
  // Mirror rule.
  for (std::int64_t o = 0; o < 64; ++o) {
    const auto path = TreePath(o, 64);
    const auto mirror = TreePath(63 - o, 64);
    for (std::int64_t t = 0; t < 64; ++t) {
      EXPECT_EQ(mirror[static_cast<std::size_t>(t)], t - path[static_cast<std::size_t>(t)]);
    }
  }
}

template <class T>
void ExpectTwins(unsigned most) {
  for (const auto& [rows, low, high] : {std::tuple<std::size_t, int, int>{2, -3, 4},
                                        {4, -7, 7},
                                        {8, 0, 0},
                                        {8, -9, 10},
                                        {16, -40, 33},
                                        {32, 3, 3},
                                        {64, -70, 130}}) {
    const TaylorTree<T> tree(rows, low, high);
    for (const std::size_t columns : {1U, 15U, 300U, 2100U}) {
      if (rows > 16 && columns > 300) continue;
      const auto field = MakeField<T>(tree, rows, columns, most);
      EXPECT_EQ(Searched(tree, field), SearchedPlainly(tree, field, low, high))
          << rows << " " << columns;
    }
  }
}
TEST(TaylorTree, FloatsAgreeWithTheirTwin) { ExpectTwins<float>(1U << 24); }
TEST(TaylorTree, ShortsAgreeWithTheirTwin) { ExpectTwins<std::uint16_t>(1000); }

TEST(TaylorTree, TheDriftOfASumIsTheLowestThatHasIt) {
  const TaylorTree<float> tree(16, -20, 20);
  Field<float> field = MakeField<float>(tree, 16, 100, 1);
  const float* at = field.Origin(tree) + 50;
  EXPECT_EQ(tree.DriftOf(at, field.stride, 0), -20);
  const auto path = TreePath(7, 16);
  for (std::size_t t = 0; t < 16; ++t) {
    field.cells[t * field.stride + tree.Left() + 50 + static_cast<std::size_t>(path[t])] = 1;
  }
  EXPECT_EQ(Searched(tree, field)[50], 16);
  EXPECT_EQ(tree.DriftOf(at, field.stride, 16), 7);
}

TEST(TaylorTree, WhatIsOutsideNeverWins) {
  const TaylorTree<float> tree(8, -10, 10);
  Field<float> field = MakeField<float>(tree, 8, 64, 100);
  for (std::size_t t = 0; t < 8; ++t) {
    for (std::size_t c = 0; c < tree.Left() + 5; ++c) {
      field.cells[t * field.stride + c] = -std::numeric_limits<float>::infinity();
    }
  }
  const auto best = Searched(tree, field);
  for (std::size_t c = 0; c < 5; ++c) EXPECT_TRUE(std::isinf(best[c]));
  EXPECT_TRUE(std::isfinite(best[5]));
  EXPECT_GE(tree.DriftOf(field.Origin(tree) + 5, field.stride, best[5]), 0);
}

template <class T>
std::uint64_t SearchDigest(unsigned most) {
  const TaylorTree<T> tree(32, -100, 100);
  const auto field = MakeField<T>(tree, 32, 3000, most);
  std::uint64_t hash = 1;
  for (const T best : Searched(tree, field)) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &best, sizeof best);
    hash = Mix64(hash ^ bits);
  }
  return hash;
}

TEST(TaylorTree, BitsAreTheSameOnEveryMachine) {
  for (const Isa isa : IsasHere()) {
    const WithIsa with(isa);
    EXPECT_EQ(SearchDigest<float>(1U << 30), test::Pinned("Taylor tree float")) << Name(isa);
    EXPECT_EQ(SearchDigest<std::uint16_t>(2000), test::Pinned("Taylor tree u16")) << Name(isa);
  }
}

TEST(Median, QuantilesAgreeWithSorting) {
  Rng rng(3);
  for (const std::size_t count : {1U, 2U, 3U, 100U, 1001U}) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(rng.Below(500)) / 7;
    for (const double part : {0.0, 0.05, 0.5, 0.95, 1.0}) {
      std::vector<float> changed = values;
      EXPECT_EQ(Quantile(changed, part), twin::Quantile(values, part)) << count << " " << part;
    }
  }
}

TEST(Median, BitsAreTheSameOnEveryMachine) {
  Rng rng(8);
  std::vector<float> values(10'001);
  for (float& value : values) value = static_cast<float>(rng.Below(1U << 24)) / 3;
  std::vector<float> copy = values;
  std::uint64_t digest = Mix64(std::bit_cast<std::uint64_t>(Median(copy)));
  copy = values;
  digest = Mix64(digest ^ std::bit_cast<std::uint64_t>(MedianAbsoluteDeviation(copy)));
  copy = values;
  digest = Mix64(digest ^ std::bit_cast<std::uint64_t>(Quantile(copy, 0.95)));
  EXPECT_EQ(digest, test::Pinned("median and deviation"));
}

TEST(Median, DeviationIsAroundTheMedianAndWhatIsNoNumberIsLeftOut) {
  std::vector<float> values = {1, 1, 2, 2, 4, 6, 9};
  EXPECT_EQ(Median(values), 2);
  EXPECT_EQ(MedianAbsoluteDeviation(values), 1);
  const std::vector<float> odd = {1, std::numeric_limits<float>::quiet_NaN(), 2,
                                  -std::numeric_limits<float>::infinity()};
  EXPECT_EQ(FiniteOf(odd), (std::vector<float>{1, 2}));
}

}  // namespace
}  // namespace picube::math
