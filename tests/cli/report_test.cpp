#include "cli/report/report.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cli/report/plot.h"
#include "cli/report/timeline.h"
#include "protocol/base/rng.h"

namespace picube::report {
namespace {

constexpr std::int64_t kSubmitted = 1'790'000'000'000;

std::int64_t Ms(double seconds) { return std::llround(seconds * 1000); }

// A batch as it might have been: times in seconds since it was submitted.
class Batch {
 public:
  // The host has a unit from `granted` to `ended` and computes it in the last `wall` of them.
  Batch& Lease(std::uint64_t host, double granted, double ended, double wall,
               Fate fate = Fate::kCanonical, double flop = 1e9) {
    Row row;
    row.host = host;
    row.granted_ms = kSubmitted + Ms(granted);
    row.ended_ms = kSubmitted + Ms(ended);
    row.wall_ms = Ms(wall);
    row.cpu_ms = 4 * row.wall_ms;
    row.fate = fate;
    row.flop = flop;
    input.rows.push_back(row);
    return *this;
  }
  // It computes all the time.
  Batch& Computes(std::uint64_t host, double granted, double ended, Fate fate = Fate::kCanonical) {
    return Lease(host, granted, ended, ended - granted, fate);
  }
  // Units of a second each, one after the other.
  Batch& Works(std::uint64_t host, int from, int to, Fate fate = Fate::kCanonical) {
    for (int second = from; second < to; ++second) Computes(host, second, second + 1, fate);
    return *this;
  }
  [[nodiscard]] Report EndsAt(double seconds) {
    input.finished_ms = kSubmitted + Ms(seconds);
    return MakeReport(input);
  }

  Input input{.rows = {},
              .hosts = {{1, "pi1", 4}, {2, "pi2", 4}, {3, "pi3", 4}, {4, "pi4", 4}},
              .submitted_ms = kSubmitted};
};

void ExpectWhole(const Report& report) {
  for (const Node& node : report.nodes) {
    EXPECT_EQ(node.times.Total(), report.makespan_ms) << node.host.name;
    for (const std::int64_t ms : node.times.ms) EXPECT_GE(ms, 0) << node.host.name;
  }
  EXPECT_EQ(report.total.Total(),
            static_cast<std::int64_t>(report.nodes.size()) * report.makespan_ms);
}

TEST(BatchReport, FourNodesThatAlwaysComputeAreFourTimesAsFast) {
  Batch batch;
  for (std::uint64_t host = 1; host <= 4; ++host) batch.Works(host, 0, 10);
  const Report report = batch.EndsAt(10);
  ExpectWhole(report);
  ASSERT_TRUE(report.mean && report.serial_share && report.profile_share);
  EXPECT_DOUBLE_EQ(report.mean->one_node_ms, 40'000);
  EXPECT_DOUBLE_EQ(report.mean->speed_up, 4);
  EXPECT_DOUBLE_EQ(report.efficiency, 1);
  EXPECT_DOUBLE_EQ(*report.serial_share, 0);
  EXPECT_DOUBLE_EQ(*report.profile_share, 0);
  EXPECT_DOUBLE_EQ(*report.scaled_speed_up, 4);
  EXPECT_EQ(report.total.Useful(), 40'000);
}

// A fifth of the work (of one node) is done by one node alone: f = 0.2 by Amdahl.
TEST(BatchReport, ASerialTailIsTheSerialShare) {
  Batch batch;
  for (std::uint64_t host = 1; host <= 4; ++host) batch.Works(host, 0, 20);
  batch.Works(1, 20, 40);
  const Report report = batch.EndsAt(40);
  ExpectWhole(report);
  EXPECT_DOUBLE_EQ(report.mean->speed_up, 2.5);
  EXPECT_NEAR(*report.serial_share, 0.2, 1e-12);
  EXPECT_NEAR(*report.profile_share, 0.2, 1e-12);
  EXPECT_NEAR(*report.scaled_speed_up, 4 - 0.2 * 3, 1e-12);
  ASSERT_EQ(report.profile.size(), 4U);
  EXPECT_DOUBLE_EQ(report.profile[0], 1);
  EXPECT_NEAR(report.profile[1], AmdahlSpeedUp(0.2, 2), 1e-12);
  EXPECT_DOUBLE_EQ(report.profile[3], 2.5);
  EXPECT_EQ(report.total[Part::kAfter], 3 * 20'000);
}

TEST(BatchReport, WithAQuorumOfTwoHalfTheTimeIsChecks) {
  Batch batch;
  batch.Works(1, 0, 10).Works(2, 0, 10, Fate::kCopy);
  const Report report = batch.EndsAt(10);
  ExpectWhole(report);
  EXPECT_EQ(report.total.Checks(), 10'000);
  EXPECT_EQ(report.total.Useful(), 10'000);
  EXPECT_DOUBLE_EQ(report.mean->speed_up, 1);
  EXPECT_DOUBLE_EQ(report.efficiency, 0.5);
  // The copies are computed in parallel: nothing of the work was serial.
  EXPECT_DOUBLE_EQ(*report.profile_share, 0);
}

// Ten units at one second each, then ten of the same work at two.
TEST(BatchReport, ANodeThatBecomesHalfAsFastLosesHalfOfThatTime) {
  Batch batch;
  batch.Works(1, 0, 10);
  for (int i = 0; i < 10; ++i) batch.Computes(1, 10 + 2 * i, 12 + 2 * i);
  const Report report = batch.EndsAt(30);
  ExpectWhole(report);
  EXPECT_EQ(report.total.Slower(), 10'000);
  EXPECT_EQ(report.total.Useful(), 20'000);
}

TEST(BatchReport, UnitsOfAnySizeAtOneSpeedAreNotSlower) {
  Batch batch;
  batch.Lease(1, 0, 1, 1, Fate::kCanonical, 1e9).Lease(1, 1, 8, 7, Fate::kCanonical, 7e9);
  const Report report = batch.EndsAt(8);
  EXPECT_EQ(report.total.Slower(), 0);
  EXPECT_DOUBLE_EQ(report.nodes[0].speed, 1e9);
  EXPECT_FALSE(report.serial_share);  // one node tells nothing of it
}

TEST(BatchReport, UnequalNodesAreCountedByTheirSpeeds) {
  Batch batch;
  batch.Works(1, 0, 12);
  for (int i = 0; i < 4; ++i) batch.Computes(2, 3 * i, 3 * i + 3);  // a third as fast
  const Report report = batch.EndsAt(12);
  EXPECT_EQ(report.fastest->name, "pi1");
  EXPECT_DOUBLE_EQ(report.fastest->speed_up, 16.0 / 12);
  EXPECT_DOUBLE_EQ(report.fastest->equivalent, 16.0 / 12);
  EXPECT_EQ(report.slowest->name, "pi2");
  EXPECT_DOUBLE_EQ(report.slowest->speed_up, 4);
  EXPECT_DOUBLE_EQ(report.mean->speed_up, 2);
  EXPECT_DOUBLE_EQ(report.efficiency, 1);
}

// A unit at hand for ten seconds, computed in the last six: four went to fetching it.
TEST(BatchReport, AUnitAtHandThatIsNotComputedIsNetwork) {
  const Report report = Batch().Lease(1, 2, 12, 6).EndsAt(15);
  ExpectWhole(report);
  EXPECT_EQ(report.total[Part::kBefore], 2'000);
  EXPECT_EQ(report.total.Network(), 4'000);
  EXPECT_EQ(report.total.Useful(), 6'000);
  EXPECT_EQ(report.total[Part::kAfter], 3'000);
}

// Both units were granted at once and computed one after the other: nobody waited.
TEST(BatchReport, UnitsThatWaitOnTheirNodeWhileItComputesAreNotLost) {
  const Report report = Batch().Lease(1, 0, 5, 5).Lease(1, 0, 10, 5).EndsAt(10);
  ExpectWhole(report);
  EXPECT_EQ(report.total.Useful(), 10'000);
}

TEST(BatchReport, ResultsReportedTogetherWereComputedOneAfterTheOther) {
  const Report report = Batch().Lease(1, 0, 10, 4).Lease(1, 0, 10, 6).EndsAt(10);
  ExpectWhole(report);
  EXPECT_EQ(report.total.Computing(), 10'000);
}

TEST(BatchReport, WhatWasInVainIsChecks) {
  Batch batch;
  batch.Computes(1, 0, 5).Computes(1, 5, 7, Fate::kError).Computes(1, 7, 8, Fate::kDisagreed);
  batch.Lease(2, 0, 4, 0, Fate::kLost).Computes(2, 6, 8, Fate::kUnused);
  const Report report = batch.EndsAt(8);
  ExpectWhole(report);
  EXPECT_EQ(report.total[Part::kErrors], 2'000);
  EXPECT_EQ(report.total[Part::kDisagreed], 1'000);
  EXPECT_EQ(report.total[Part::kLost], 4'000);
  EXPECT_EQ(report.total[Part::kUnused], 2'000);
  EXPECT_EQ(report.total[Part::kBetween], 2'000);
  EXPECT_EQ(report.total.Checks(), 9'000);
}

// The fourth second is spent on the copy that is called off; the other unit waits meanwhile.
TEST(BatchReport, TimeForALeaseThatIsCalledOffIsNoNetwork) {
  const Report report = Batch().Lease(1, 0, 4, 0, Fate::kLost).Lease(1, 0, 6, 2).EndsAt(6);
  ExpectWhole(report);
  EXPECT_EQ(report.total[Part::kLost], 4'000);
  EXPECT_EQ(report.total.Network(), 0);
  EXPECT_EQ(report.total.Useful(), 2'000);
}

TEST(BatchReport, ABatchThatRunsIsReportedUpToItsNewestResult) {
  Batch batch;
  batch.Computes(1, 0, 4).Computes(2, 0, 6);
  const Report report = MakeReport(batch.input);
  ExpectWhole(report);
  EXPECT_EQ(report.makespan_ms, 6'000);
}

TEST(BatchReport, WithoutDeclaredWorkAUnitCountsAsOne) {
  Batch batch;
  batch.Lease(1, 0, 2, 2, Fate::kCanonical, 0).Lease(2, 0, 2, 2, Fate::kCanonical, 0);
  const Report report = batch.EndsAt(2);
  EXPECT_TRUE(report.in_units);
  EXPECT_DOUBLE_EQ(report.work, 2);
  EXPECT_DOUBLE_EQ(report.mean->speed, 0.5);
  EXPECT_DOUBLE_EQ(report.efficiency, 1);
}

TEST(BatchReport, NothingThatEndedIsNoReport) {
  const Report empty = Batch().EndsAt(5);
  EXPECT_TRUE(empty.nodes.empty());
  EXPECT_FALSE(empty.mean);
  const Report lost = Batch().Lease(1, 0, 5, 0, Fate::kLost).EndsAt(5);
  ExpectWhole(lost);
  EXPECT_FALSE(lost.mean);
  EXPECT_NE(PlotText(lost, "nothing").find("no speed-up"), std::string::npos);
}

// Hosts may claim any time, clocks may jump: the parts still make the whole.
TEST(BatchReport, ThePartsAddUpWhateverTheRowsSay) {
  Rng rng(11);
  for (int round = 0; round < 300; ++round) {
    Batch batch;
    const std::uint64_t rows = 1 + rng.Below(40);
    for (std::uint64_t i = 0; i < rows; ++i) {
      const auto seconds = [&](std::uint64_t most) { return static_cast<double>(rng.Below(most)); };
      batch.Lease(1 + rng.Below(5), seconds(90) - 10, seconds(120) - 5, seconds(60),
                  static_cast<Fate>(rng.Below(6)), seconds(3) * 1e9);
    }
    const Report report = round % 2 == 0 ? batch.EndsAt(80) : MakeReport(batch.input);
    ExpectWhole(report);
    EXPECT_LE(report.efficiency, 1e6);
    if (!report.serial_share) continue;
    EXPECT_GE(*report.serial_share, 0);
    EXPECT_LE(*report.profile_share, 1);
  }
}

TEST(Amdahl, TheShareOfASpeedUpGivesItAgain) {
  for (const double share : {0.0, 0.01, 0.3, 1.0}) {
    EXPECT_NEAR(SerialShareOf(AmdahlSpeedUp(share, 5), 5), share, 1e-12);
  }
  EXPECT_DOUBLE_EQ(AmdahlSpeedUp(0.25, 1e12), 4 / (1 + 3e-12));
}

TEST(Timeline, AUnionHasNoOverlapsAndEndsAtItsBounds) {
  EXPECT_EQ(Union({{5, 9}, {1, 3}, {2, 4}, {4, 5}, {20, 20}}, {2, 8}), (Spans{{2, 8}}));
  EXPECT_EQ(Union({{1, 2}, {4, 5}}, {0, 9}), (Spans{{1, 2}, {4, 5}}));
}

TEST(Timeline, WhatIsTakenAwayLeavesItsSurroundings) {
  EXPECT_EQ(Without({{0, 10}, {20, 30}}, {{2, 3}, {8, 22}, {29, 40}}),
            (Spans{{0, 2}, {3, 8}, {22, 29}}));
  EXPECT_EQ(Without({{0, 10}}, {}), (Spans{{0, 10}}));
  EXPECT_EQ(Length({{0, 2}, {5, 9}}), 6);
}

TEST(BatchReport, ThePictureHasTheCurvesAndTheBarsOfEachNode) {
  Batch batch;
  batch.Works(1, 0, 10).Works(2, 0, 5);
  const std::string svg = PlotText(batch.EndsAt(10), "batch 3 <tones>");
  EXPECT_NE(svg.find("batch 3 &lt;tones&gt;"), std::string::npos);
  for (const char* word : {"ideal", "Amdahl, f = 0.333", "measured: 1.50", "pi2: waiting 0.08 min",
                           "pi1: useful 0.17 min", ">pi1<"}) {
    EXPECT_NE(svg.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace picube::report
