#include "workunits/unit_count.h"

#include <gtest/gtest.h>

namespace picube {
namespace {

std::string Error(const Result<std::uint64_t>& count) {
  return count ? std::string() : count.error().Text();
}

TEST(UnitCount, IsAboutAMinuteOnTheSlowestHost) {
  const Parameters slow{{std::string(kGridFlops), "1e9"}};
  EXPECT_EQ(ReadUnitCount(slow, 6e12, 1'000'000), 100);
  const Parameters fast{{std::string(kGridFlops), "1e10"}};
  EXPECT_EQ(ReadUnitCount(fast, 6e13, 1'000'000), 100);
  EXPECT_EQ(ReadUnitCount({}, 6e13, 1'000'000), 100);  // a Raspberry Pi 4 if nothing is known
  EXPECT_EQ(ReadUnitCount({{"unit-seconds", "6"}}, 6e13, 1'000'000), 1000);
}

TEST(UnitCount, SmallWorkStillHasUnitsForAllAndNeverMoreThanPieces) {
  EXPECT_EQ(ReadUnitCount({}, 1, 1000), 16);
  EXPECT_EQ(ReadUnitCount({}, 1, 3), 3);
  EXPECT_EQ(ReadUnitCount({{"unit-seconds", "60"}}, 1, 1000), 1);
  EXPECT_EQ(ReadUnitCount({{"units", "50"}}, 1, 20), 20);
}

TEST(UnitCount, MistakesAreNamed) {
  EXPECT_NE(Error(ReadUnitCount({{"units", "0"}}, 1, 9)).find("from 1 to 1000000"),
            std::string::npos);
  EXPECT_NE(Error(ReadUnitCount({{"unit-seconds", "4000"}}, 1, 9)).find("from 0.001 to 3600"),
            std::string::npos);
  const std::string error = Error(ReadUnitCount({{"units", "1"}}, 7.2e13, 9));
  EXPECT_NE(error.find("Give at least --units 2"), std::string::npos) << error;
}

TEST(UnitCount, MemoryThatNoHostHasIsRefused) {
  const Parameters grid{{std::string(kGridMemory), "1048576"}};
  EXPECT_TRUE(CheckMemory(grid, 1 << 20, "a tile", ""));
  const Status refused = CheckMemory(grid, 2 << 20, "A tile of 7 channels", "Give smaller tiles.");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().Text().find("A tile of 7 channels needs 3 MiB"), std::string::npos);
}

TEST(UnitCount, NonsenseOfTheGridIsNotBelieved) {
  EXPECT_EQ(GridFactsOf({{std::string(kGridFlops), "nan"}, {std::string(kGridMemory), "-3"}})
                .flop_per_second,
            1e10);
}

}  // namespace
}  // namespace picube
