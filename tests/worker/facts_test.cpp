// What a worker says of its machine.
#include "worker/facts.h"

#include <gtest/gtest.h>

#include "protocol/crypto/keys.h"
#include "tests/files.h"

namespace picube {
namespace {

TEST(Benchmark, IsKeptForADayAndOfThisManyThreads) {
  const test::Folder state;
  const double first = KnownFlops(state.Path(), 1);
  EXPECT_GT(first, 1e6);
  test::WriteText(state.Path() / "benchmark", "1 1234500\n");
  EXPECT_EQ(KnownFlops(state.Path(), 1), 1234500);
  EXPECT_NE(KnownFlops(state.Path(), 2), 1234500);
  test::WriteText(state.Path() / "benchmark", "1 1234500\n");
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(25);
  std::filesystem::last_write_time(state.Path() / "benchmark", old);
  EXPECT_NE(KnownFlops(state.Path(), 1), 1234500);
}

TEST(SerialHash, NamesABoardWithoutSayingItsSerial) {
  ASSERT_TRUE(InitCrypto());
  BoardFacts facts;
  EXPECT_EQ(SerialHash(facts), "") << "unknown";
  facts.serial = "00000000a1b2c3d4";
  const std::string hash = SerialHash(facts);
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(hash.find("a1b2c3d4"), std::string::npos);
  EXPECT_EQ(SerialHash(facts), hash) << "always the same";
  facts.serial = "00000000a1b2c3d5";
  EXPECT_NE(SerialHash(facts), hash);
}

}  // namespace
}  // namespace picube
