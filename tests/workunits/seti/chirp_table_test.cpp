#include "workunits/seti/chirp_table.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/workunits/seti/seti_recordings.h"
#include "tests/workunits/support.h"
#include "workunits/seti/units.h"
#include "workunits/unit_count.h"

namespace picube::seti {
namespace {

SahHeader Header() { return *ParseSahHeader(test::SmallHeader(), "x.sah", 1); }

std::string PlanError(const Parameters& parameters) {
  const SahHeader header = Header();
  const auto table = ChirpTable::Make(header);
  const auto plan = MakePlan(header, *table, parameters);
  return plan ? "" : plan.error().Text();
}

TEST(ChirpTable, PairsComeInTheOfficialOrder) {
  const auto table = ChirpTable::Make(Header());
  ASSERT_TRUE(table);
  EXPECT_EQ(table->Pairs().front().K(), 0);
  EXPECT_TRUE(std::is_sorted(table->Pairs().begin(), table->Pairs().end(),
                             [](const Pair& a, const Pair& b) {
                               const auto key = [](const Pair& p) {
                                 return std::tuple(std::abs(p.K()), p.K() < 0, p.Length());
                               };
                               return key(a) < key(b);
                             }));
  for (const Pair& pair : table->Pairs()) EXPECT_LE(std::abs(table->Rate(pair)), 0.2 + 1e-3);
}

TEST(ChirpTable, PairKeepsItsParts) {
  const Pair pair(-12361, 17);
  EXPECT_EQ(pair.K(), -12361);
  EXPECT_EQ(pair.Length(), 131072U);
}

TEST(ChirpTable, AbsurdHeaderIsRefused) {
  SahHeader header = Header();
  header.chirp_resolution = 1e-6;
  header.chirps[0].limit = 1e5;
  EXPECT_FALSE(ChirpTable::Make(header));
}

TEST(SetiUnits, RangeOutsideTheRecordingIsRefused) {
  EXPECT_NE(PlanError({{"chirp", "-0.3:0"}}).find("outside the recording"), std::string::npos);
  EXPECT_NE(PlanError({{"chirp", "7"}}).find("-0.2 to 0.2"), std::string::npos);
  EXPECT_NE(PlanError({{"fft-length", "131072"}}).find("It has 64, 128"), std::string::npos);
  EXPECT_NE(PlanError({{"fft-length", "1000"}}).find("1000"), std::string::npos);
}

TEST(SetiUnits, MistypedParametersAreRefused) {
  EXPECT_NE(PlanError({{"chirp", "abc"}}), "");
  EXPECT_NE(PlanError({{"chirp", "0.1:"}}), "");
  EXPECT_NE(PlanError({{"chirp", "0.1:-0.1"}}), "");
  EXPECT_NE(PlanError({{"chirp", "nan"}}), "");
  EXPECT_NE(PlanError({{"fft-length", ""}, {"threshold", "x"}}), "");
  EXPECT_NE(PlanError({{"fft-length", "64,,128"}}), "");
  EXPECT_NE(PlanError({{"threshold", "-2"}}), "");
  EXPECT_NE(PlanError({{"units", "0"}}), "");
  EXPECT_NE(PlanError({{"unit-seconds", "never"}}), "");
  EXPECT_NE(PlanError({{"chirp", "0.00001:0.00002"}}).find("between two chirp rates"),
            std::string::npos);
}

TEST(SetiUnits, EveryNumberOfUnitsCoversEveryPairOnce) {
  const SahHeader header = Header();
  const auto table = ChirpTable::Make(header);
  for (const char* units : {"1", "2", "7", "128", "1000000"}) {
    const auto plan = MakePlan(header, *table, {{"units", units}});
    ASSERT_TRUE(plan) << plan.error().Text();
    EXPECT_EQ(plan->starts.front(), 0U);
    EXPECT_EQ(plan->starts.back(), plan->pairs.size());
    EXPECT_TRUE(std::is_sorted(plan->starts.begin(), plan->starts.end(), std::less_equal<>()) ||
                plan->starts.size() == 2);
    const auto wished = static_cast<std::size_t>(std::stoul(units));
    EXPECT_EQ(plan->starts.size() - 1, std::min(wished, plan->pairs.size()));
  }
}

TEST(SetiUnits, TooFewForASearchOfDaysAreRefused) {
  SahHeader header = Header();
  header.samples = 1U << 20;
  header.chirps[0].limit = 40;
  const auto table = ChirpTable::Make(header);
  ASSERT_TRUE(table);
  const auto few = MakePlan(header, *table, {{"units", "1"}, {std::string(kGridFlops), "2.5e9"}});
  ASSERT_FALSE(few);
  EXPECT_NE(few.error().Text().find("they may take 3600"), std::string::npos);
  const std::string text = few.error().Text();
  const std::size_t least = text.find("at least --units ") + 17;
  EXPECT_TRUE(MakePlan(header, *table,
                       {{"units", text.substr(least, text.find(',', least) - least)},
                        {std::string(kGridFlops), "2.5e9"}}))
      << text;
}

TEST(SetiUnits, UnitsCostAboutTheSame) {
  const SahHeader header = Header();
  const auto table = ChirpTable::Make(header);
  auto plan = MakePlan(header, *table, {{"units", "10"}});
  ASSERT_TRUE(plan);
  double least = 1e300;
  double most = 0;
  const auto source = MakeUnitSource(std::move(*plan));
  while (const auto unit = source->Next()) {
    least = std::min(least, unit->cost_flop);
    most = std::max(most, unit->cost_flop);
  }
  EXPECT_LT(most, 1.3 * least);
}

}  // namespace
}  // namespace picube::seti
