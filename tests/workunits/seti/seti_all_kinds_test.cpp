// All kinds of signals in a small made recording: whatever the split, the threads, the machine; and
// the comparison of result files.
#include <gtest/gtest.h>

#include <set>

#include "tests/workunits/pinned.h"
#include "tests/workunits/seti/seti_recordings.h"
#include "tests/workunits/support.h"
#include "workunits/math/isa.h"
#include "workunits/seti/compare.h"
#include "workunits/seti/seti.h"

namespace picube {
namespace {

using namespace seti;

// The small recording with thresholds so low that noise passes, swept by the beam.
std::string AllKinds() {
  std::string text = test::SmallRecording(3);
  const auto replace = [&](const std::string& was, const std::string& is) {
    const auto at = text.find(was);
    EXPECT_NE(at, std::string::npos) << was;
    text.replace(at, was.size(), is);
  };
  replace("<true_angle_range>0.01<", "<true_angle_range>0.3<");
  replace("<pulse_max>40960</pulse_max>",
          "<pulse_max>40960</pulse_max><pulse_thresh>6</pulse_thresh>"
          "<pulse_display_thresh>0.5</pulse_display_thresh><pulse_pot_length>256</pulse_pot_length>"
          "<triplet_thresh>5</triplet_thresh><triplet_max>131072</triplet_max>"
          "<autocorr_thresh>3</autocorr_thresh><autocorr_fftlen>16384</autocorr_fftlen>"
          "<gauss_chi_sq_thresh>3</gauss_chi_sq_thresh>"
          "<gauss_null_chi_sq_thresh>1.9</gauss_null_chi_sq_thresh>"
          "<gauss_power_thresh>2</gauss_power_thresh>"
          "<gauss_peak_power_thresh>1.2</gauss_peak_power_thresh>"
          "<pot_overlap_factor>0.5</pot_overlap_factor><pot_t_offset>1</pot_t_offset>");
  replace("<analysis_fft_lengths>32704<", "<analysis_fft_lengths>16984<");  // 8, 16, 64, 512, 16384
  replace("<fft_len_flags>32704<", "<fft_len_flags>16984<");
  return text;
}

class SetiAllKinds : public ::testing::Test {
 protected:
  std::string Product(const std::string& units, int threads, const std::string& name) const {
    const test::Folder out;
    static_cast<void>(test::RunAll(*application_, dataset_, {{"units", units}, {"threshold", "9"}},
                                   threads, out.Path()));
    return test::ReadText(out / name);
  }
  test::Folder folder_;
  Dataset dataset_{{{"small.sah", folder_.Write("small.sah", AllKinds())}}};
  std::unique_ptr<Application> application_ = MakeSetiApplication();
};

TEST_F(SetiAllKinds, EveryKindIsFoundAndSplitsAndThreadsChangeNothing) {
  const std::string whole = Product("1", 1, "signals.csv");
  std::set<std::string> kinds;
  std::istringstream lines(whole);
  std::string line;
  while (std::getline(lines, line)) kinds.insert(test::Cells(line).at(14));
  for (const char* kind : {"spike", "autocorr", "triplet", "pulse", "gaussian"}) {
    EXPECT_TRUE(kinds.contains(kind)) << kind;
  }
  for (const auto& [units, threads] : {std::pair{"2", 2}, {"5", 3}, {"9", 7}}) {
    EXPECT_EQ(Product(units, threads, "signals.csv"), whole) << units;
  }
}

TEST_F(SetiAllKinds, BitsAreTheSameOnEveryMachine) {
  std::uint64_t first = 0;
  for (const math::Isa isa : math::IsasHere()) {
    const math::WithIsa with(isa);
    std::string all;
    for (const UnitPlan& unit : test::AllUnits(*application_, dataset_, {{"units", "3"}})) {
      test::TestContext context(2);
      all += std::get<Bytes>(
          application_->Compute({unit.parameters, {dataset_.files[0].path}}, context));
    }
    const std::uint64_t hash = test::HashOfText(all);
    if (first == 0) first = hash;
    EXPECT_EQ(hash, first) << math::Name(isa);
  }
  EXPECT_EQ(first, test::Pinned("seti all kinds"));
}

TEST_F(SetiAllKinds, StoppedUnitGoesOnFromItsCheckpoint) {
  const auto unit = test::AllUnits(*application_, dataset_, {{"units", "1"}}).at(0);
  const UnitInput input{unit.parameters, {dataset_.files[0].path}};
  test::TestContext plain(2);
  const auto whole = std::get<Bytes>(application_->Compute(input, plain));
  test::TestContext context(2);
  for (const int pause : {2, 2}) {
    context.StopAtPause(pause);
    ASSERT_TRUE(std::holds_alternative<Stopped>(application_->Compute(input, context)));
  }
  context.StopAtPause(0);
  EXPECT_EQ(std::get<Bytes>(application_->Compute(input, context)), whole);
}

TEST_F(SetiAllKinds, ResultFileHasItsRowsAndAgreesWithItself) {
  const std::string xml = Product("2", 2, "result.xml");
  const auto rows = ReadResultRows(xml, "result.xml");
  ASSERT_TRUE(rows) << rows.error().Text();
  EXPECT_GT(rows->size(), 10U);
  EXPECT_EQ(OfficialLikeness(*rows, *rows), Likeness::kStrong);
  EXPECT_TRUE(Differences(*rows, *rows, {}).empty());
  auto changed = *rows;
  changed[0].value["chirp_rate"] += 0.5;
  EXPECT_EQ(OfficialLikeness(*rows, changed), Likeness::kStrong) << "it never reads chirp rates";
  EXPECT_EQ(Differences(*rows, changed, {}).size(), 2U);
  auto louder = *rows;
  louder[0].value["peak_power"] *= 1.01;
  EXPECT_EQ(Differences(*rows, louder, {}).size(), 2U);
  auto fewer = *rows;
  fewer.erase(fewer.begin());
  EXPECT_EQ(Differences(*rows, fewer, {}).size(), 1U);
}

TEST_F(SetiAllKinds, UnknownKindsAreRefused) {
  const auto source = application_->Split(dataset_, {{"kinds", "spikes,blips"}});
  ASSERT_FALSE(source);
  EXPECT_NE(source.error().what.find("--kinds blips"), std::string::npos);
}

TEST(SetiCompare, TwoOfficialRunsAgreeByBothRules) {
  PICUBE_NEEDS_DATA(one, std::string(test::kReal) + "_result");
  PICUBE_NEEDS_DATA(two, std::string(test::kReal) + "_result_run1");
  const auto a = ReadResultRows(test::ReadText(*one), "one");
  const auto b = ReadResultRows(test::ReadText(*two), "two");
  ASSERT_TRUE(a);
  ASSERT_TRUE(b);
  EXPECT_EQ(a->size(), 15U);
  EXPECT_EQ(OfficialLikeness(*a, *b), Likeness::kStrong);
  EXPECT_TRUE(Differences(*a, *b, {}).empty());
}

TEST(SetiCompare, RowsWithoutTheirNumbersAreNamed) {
  const auto rows = ReadResultRows("<spike>\n<peak_power>x</peak_power>\n</spike>\n", "r.xml");
  ASSERT_FALSE(rows);
  EXPECT_NE(rows.error().what.find("r.xml, line 3: the spike"), std::string::npos);
}

}  // namespace
}  // namespace picube
