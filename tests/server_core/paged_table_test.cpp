// The tables and queues under the core.
#include "server/core/paged_table.h"

#include <gtest/gtest.h>

#include "server/core/unit.h"
#include "server/core/unit_queue.h"

namespace picube::test {
namespace {

TEST(PagedTable, FindsWhatIsThereAndNothingElse) {
  PagedTable<int> table;
  for (std::uint64_t id = 1; id <= 1000; ++id) table.Insert(id) = static_cast<int>(id);
  for (std::uint64_t id = 1; id <= 1000; id += 2) table.Erase(id);
  EXPECT_EQ(table.Size(), 500U);
  EXPECT_EQ(table.Find(501), nullptr);
  EXPECT_EQ(*table.Find(500), 500);
  EXPECT_EQ(table.Find(0), nullptr);
  EXPECT_EQ(table.Find(1'000'000), nullptr);
}

TEST(PagedTable, WalksInOrderAndMayLoseEntriesMeanwhile) {
  PagedTable<int> table;
  for (std::uint64_t id = 250; id < 800; ++id) table.Insert(id);
  std::uint64_t expected = 250;
  table.ForEach(0, 10'000, [&](std::uint64_t id, int&) {
    EXPECT_EQ(id, expected++);
    table.Erase(id);
  });
  EXPECT_EQ(expected, 800U);
  EXPECT_EQ(table.Size(), 0U);
}

TEST(PagedTable, FindsTheOldAfterMillionsHaveComeAndGone) {
  PagedTable<int> table;
  table.Insert(300) = 7;
  for (std::uint64_t id = 301; id < 200'000; ++id) {
    table.Insert(id) = 1;
    table.Erase(id);
  }
  EXPECT_EQ(*table.Find(300), 7);
  table.Erase(300);
  table.Insert(200'000) = 8;
  EXPECT_EQ(*table.Find(200'000), 8);
  EXPECT_EQ(table.NextFrom(0, 300'000), 200'000U);
}

TEST(UnitQueue, PositionsOnlyGrowAndHolesAreSkipped) {
  UnitQueue queue;
  const std::uint64_t first = queue.Push(UnitId{1});
  const std::uint64_t second = queue.Push(UnitId{2});
  const std::uint64_t third = queue.Push(UnitId{3});
  queue.Remove(second);
  EXPECT_EQ(queue.Begin(), first);
  EXPECT_FALSE(queue.At(second));
  queue.Remove(first);
  EXPECT_EQ(queue.Begin(), third) << "holes at the front go with it";
  EXPECT_EQ(queue.Live(), 1U);
  EXPECT_GT(queue.Push(UnitId{1}), third);
}

TEST(UnitState, ChangesOnlyAsTheTableSays) {
  using enum UnitState;
  EXPECT_TRUE(MayBecome(kUnsent, kLeased));
  EXPECT_TRUE(MayBecome(kLeased, kUnsent));
  EXPECT_TRUE(MayBecome(kFailed, kUnsent));
  EXPECT_FALSE(MayBecome(kUnsent, kSettled)) << "nothing settles without a result";
  EXPECT_FALSE(MayBecome(kChecking, kUnsent)) << "a result that counts is never forgotten";
  EXPECT_FALSE(MayBecome(kSettled, kUnsent));
  EXPECT_FALSE(MayBecome(kCancelled, kUnsent));
}

}  // namespace
}  // namespace picube::test
