#include <gtest/gtest.h>

#include "examples/gw/maker.h"
#include "tests/workunits/pinned.h"
#include "tests/workunits/support.h"
#include "workunits/gw/gw.h"
#include "workunits/gw/task.h"
#include "workunits/hdf5/writer.h"
#include "workunits/math/isa.h"

namespace picube {
namespace {

// Two made detectors of 16 s, and a small bank around the merger in them.
class GwUnits : public ::testing::Test {
 protected:
  GwUnits() {
    for (const char* name : {"M1", "M2"}) {
      const bool first = dataset_.files.empty();
      const auto strain = examples::MakeStrain({.seed = first ? 1U : 2U,
                                                .detector = name,
                                                .rate = 512,
                                                .seconds = 16,
                                                .chirp_mass = 28,
                                                .eta = 0.23,
                                                .merger = first ? 9.0 : 9.006,
                                                .snr = first ? 16.0 : 12.0});
      const auto path = folder_ / (std::string(name) + ".hdf5");
      EXPECT_TRUE(WriteStrain(path, *strain));
      dataset_.files.push_back({std::string(name) + ".hdf5", path});
    }
  }
  Parameters Bank(const std::string& units) const {
    return {{"chirp-mass", "24:34"},
            {"chirp-step", "4"},
            {"eta", "0.2:0.25"},
            {"eta-step", "0.025"},
            {"units", units}};
  }
  std::string Product(const std::string& units, int threads, const std::string& name) const {
    const test::Folder out;
    static_cast<void>(test::RunAll(*application_, dataset_, Bank(units), threads, out.Path()));
    return test::ReadText(out / name);
  }
  std::string SplitError(const Dataset& dataset, const Parameters& parameters) const {
    const auto source = application_->Split(dataset, parameters);
    return source ? std::string("no error") : source.error().Text();
  }

  test::Folder folder_;
  Dataset dataset_;
  std::unique_ptr<Application> application_ = MakeGwApplication();
};

TEST_F(GwUnits, AMergerIsFoundInBothDetectorsAndPaired) {
  const std::string text = Product("6", 2, "candidates.csv");
  const auto cells = test::Cells(text.substr(text.find('\n') + 1));
  EXPECT_EQ(cells.at(0), "M1");
  EXPECT_NEAR(std::stod(cells.at(1)), 1'000'000'009, 0.01);
  EXPECT_NEAR(std::stod(cells.at(2)), 16, 3);
  EXPECT_NEAR(std::stod(cells.at(5)), 28, 3);
  const std::string pairs = Product("6", 2, "coincident.csv");
  const auto pair = test::Cells(pairs.substr(pairs.find('\n') + 1));
  ASSERT_GE(pair.size(), 8U) << pairs;
  EXPECT_NEAR(std::stod(pair.at(7)), 6, 3) << "ms apart";
}

TEST_F(GwUnits, BitsAreTheSameOnEveryMachine) {
  std::uint64_t first = 0;
  for (const math::Isa isa : math::IsasHere()) {
    const math::WithIsa with(isa);
    std::string all;
    for (const UnitPlan& unit : test::AllUnits(*application_, dataset_, Bank("2"))) {
      test::TestContext context(2);
      const UnitInput input = test::InputOf(*application_, unit, {}, folder_.Path());
      all += std::get<Bytes>(application_->Compute(input, context));
    }
    const std::uint64_t hash = test::HashOfText(all);
    if (first == 0) first = hash;
    EXPECT_EQ(hash, first) << math::Name(isa);
  }
  EXPECT_EQ(first, test::Pinned("gw"));
}

TEST_F(GwUnits, EverySplitAndNumberOfThreadsGivesTheSameProduct) {
  const std::string candidates = Product("2", 1, "candidates.csv");
  for (const auto& [units, threads] :
       {std::pair{"1", 2}, {"3", 3}, {"8", 4}, {"30", 7}, {"1000", 1}}) {
    EXPECT_EQ(Product(units, threads, "candidates.csv"), candidates) << units;
  }
}

TEST_F(GwUnits, StoppedUnitsGoOnFromTheirCheckpoints) {
  Parameters parameters = Bank("1");
  parameters["chirp-step"] = "0.2";
  parameters["min-snr"] = "3";
  const auto unit = test::AllUnits(*application_, dataset_, parameters).at(0);
  const UnitInput input = test::InputOf(*application_, unit, {}, folder_.Path());
  test::TestContext plain(1);
  const auto whole = std::get<Bytes>(application_->Compute(input, plain));
  test::TestContext context(1);
  for (const int pause : {2, 2}) {
    context.StopAtPause(pause);
    ASSERT_TRUE(std::holds_alternative<Stopped>(application_->Compute(input, context)));
  }
  context.StopAtPause(0);
  EXPECT_EQ(std::get<Bytes>(application_->Compute(input, context)), whole);
  test::TestContext foreign(1);
  foreign.SaveCheckpoint("nothing of this unit");
  EXPECT_EQ(std::get<Bytes>(application_->Compute(input, foreign)), whole);
}

TEST_F(GwUnits, ResultsThatAreNotTheUnitsOwnAreRefused) {
  const test::Folder out;
  const auto units = test::AllUnits(*application_, dataset_, Bank("4"));
  std::vector<Bytes> payloads;
  for (const UnitPlan& unit : units) {
    test::TestContext context(2);
    const UnitInput input = test::InputOf(*application_, unit, {}, folder_.Path());
    payloads.push_back(std::get<Bytes>(application_->Compute(input, context)));
    EXPECT_LE(payloads.back().size(), unit.result_bytes);
  }
  auto merger = application_->StartMerge(dataset_, Bank("4"), out.Path());
  ASSERT_TRUE(merger);
  EXPECT_FALSE((*merger)->Add(0, payloads[1]));
  EXPECT_FALSE((*merger)->Add(0, payloads[2]));
  EXPECT_FALSE((*merger)->Add(0, payloads[0].substr(1)));
  EXPECT_FALSE((*merger)->Add(0, payloads[0] + "x"));
  EXPECT_FALSE((*merger)->Add(7, payloads[0]));
  Bytes changed = payloads[0];
  changed[32] = static_cast<char>(changed[32] ^ 0x7f);  // the loudest one's template
  EXPECT_FALSE((*merger)->Add(0, changed));
  EXPECT_TRUE((*merger)->Add(0, payloads[0]));
  const auto files = (*merger)->Finish(3);
  ASSERT_TRUE(files);
  for (const MergedFile& file : *files) {
    EXPECT_NE(file.what.find("3 units are missing (of 4)"), std::string::npos) << file.what;
  }
}

TEST_F(GwUnits, BadSubmissionsAreRefusedWithTheReason) {
  const auto expect = [&](const Parameters& parameters, const std::string& part) {
    EXPECT_NE(SplitError(dataset_, parameters).find(part), std::string::npos)
        << SplitError(dataset_, parameters);
  };
  expect({{"bank", "spins"}}, "--bank spins");
  expect({{"chirp-mass", "40:20"}}, "--chirp-mass 40:20");
  expect({{"chirp-mass", "0:20"}}, "--chirp-mass 0:20");
  expect({{"eta", "0.1:0.3"}}, "--eta 0.1:0.3");
  expect({{"chirp-step", "0"}}, "--chirp-step 0");
  expect({{"chirp-step", "0.0001"}, {"eta-step", "0.0001"}}, "more than 10000000 templates");
  expect({{"f-low", "500"}}, "--f-low 500");
  expect({{"f-low", "nan"}}, "--f-low nan");
  expect({{"min-snr", "1"}}, "--min-snr 1");
  expect({{"mass", "3"}}, "mass");
  Dataset twice = dataset_;
  twice.files[1] = {"again.hdf5", dataset_.files[0].path};
  EXPECT_NE(SplitError(twice, {}).find("a second strain of M1"), std::string::npos);
  EXPECT_NE(SplitError({}, {}).find("one to nine files"), std::string::npos);
  Dataset other = dataset_;
  const auto path = folder_ / "t.hdf5";
  ASSERT_TRUE(WriteGivenTemplate(path, {"t", std::vector<float>(4), std::vector<float>(4)}));
  other.files.push_back({"t.hdf5", path});
  EXPECT_NE(SplitError(other, {}).find("the template has 4 samples"), std::string::npos);
}

TEST(GwTasks, ComeBackFromTheirBytesAndNothingElseDoes) {
  gw::Task task;
  task.bank = {gw::Family::kTaylorF2, 20, 300, 1, 1.01, 10, 0.1, 0.05, 4};
  task.first = 3;
  task.count = 17;
  const Bytes bytes = gw::EncodeTask(task);
  EXPECT_EQ(gw::DecodeTask(bytes), task);
  EXPECT_FALSE(gw::DecodeTask(bytes.substr(1)));
  task.count = 38;
  EXPECT_FALSE(gw::DecodeTask(gw::EncodeTask(task)));
}

}  // namespace
}  // namespace picube
