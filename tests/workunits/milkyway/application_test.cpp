#include <gtest/gtest.h>

#include <limits>

#include "tests/workunits/milkyway/made.h"
#include "tests/workunits/pinned.h"
#include "tests/workunits/support.h"
#include "workunits/math/isa.h"
#include "workunits/milkyway/merge.h"
#include "workunits/milkyway/milkyway.h"

namespace picube {
namespace {

class MilkyWayUnits : public ::testing::Test {
 protected:
  Dataset Files(bool points = false) const {
    Dataset dataset;
    dataset.files = {{"small.lua", folder_.Write("small.lua", test::kSmallLua)},
                     {"stars.txt", folder_.Write("stars.txt", test::MadeStars(2500))}};
    if (points) {
      dataset.files.push_back(
          {"points.csv", folder_.Write("points.csv", "epsilon,q\n" + Line(0.5) + Line(0.9))});
    }
    return dataset;
  }
  static std::string Line(double q) {
    return "0.9," + NumberText(q) + ",-1.8,31.4,29.2,1.7,0.04,2.9,-1.1,350,12.5,0.7,2.2,1.4\n";
  }
  std::string Product(const Dataset& dataset, const std::string& units, int threads,
                      const std::string& name) const {
    const test::Folder out;
    static_cast<void>(
        test::RunAll(*application_, dataset, {{"units", units}}, threads, out.Path()));
    return test::ReadText(out / name);
  }
  std::string SplitError(const Dataset& dataset, const Parameters& parameters) const {
    const auto source = application_->Split(dataset, parameters);
    return source ? std::string("no error") : source.error().Text();
  }

  test::Folder folder_;
  std::unique_ptr<Application> application_ = MakeMilkyWayApplication();
};

TEST_F(MilkyWayUnits, BitsAreTheSameOnEveryMachine) {
  const Dataset dataset = Files();
  std::uint64_t first = 0;
  for (const math::Isa isa : math::IsasHere()) {
    const math::WithIsa with(isa);
    const std::uint64_t hash = test::HashOfText(Product(dataset, "3", 2, "stars.csv") +
                                                Product(dataset, "3", 2, "likelihood.txt"));
    if (first == 0) first = hash;
    EXPECT_EQ(hash, first) << math::Name(isa);
  }
  EXPECT_EQ(first, test::Pinned("milkyway"));
}

TEST_F(MilkyWayUnits, EverySplitAndNumberOfThreadsGivesTheSameProduct) {
  const Dataset dataset = Files();
  const std::string stars = Product(dataset, "1", 1, "stars.csv");
  const std::string rows = Product(dataset, "1", 1, "integrals.csv");
  const std::string values = Product(dataset, "1", 1, "likelihood.txt");
  for (const auto& [units, threads] :
       {std::pair{"2", 2}, {"3", 3}, {"7", 4}, {"10", 7}, {"128", 1}}) {
    EXPECT_EQ(Product(dataset, units, threads, "stars.csv"), stars) << units;
    EXPECT_EQ(Product(dataset, units, threads, "integrals.csv"), rows) << units;
    EXPECT_EQ(Product(dataset, units, threads, "likelihood.txt"), values) << units;
  }
}

TEST_F(MilkyWayUnits, AWholePointHasTheValuesOfItsPieces) {
  const std::string points = Product(Files(true), "2", 3, "points.csv");
  const std::string values = Product(Files(), "3", 1, "likelihood.txt");
  // The first point is the model's own.
  const auto cells = test::Cells(points.substr(points.find('\n') + 1));
  const std::string search = cells.at(20);
  char text[64];
  std::snprintf(text, sizeof text, "<search_likelihood> %.15f", std::stod(search));
  EXPECT_NE(values.find(text), std::string::npos) << values << points;
  EXPECT_EQ(Product(Files(true), "1", 1, "points.csv"), points);
}

TEST_F(MilkyWayUnits, StoppedUnitsGoOnFromTheirCheckpoints) {
  for (const bool points : {false, true}) {
    const Dataset dataset = Files(points);
    const auto unit = test::AllUnits(*application_, dataset, {{"units", "1"}}).at(0);
    UnitInput input{unit.parameters, {}};
    for (const auto& file : dataset.files) input.files.push_back(file.path);
    test::TestContext plain(1);
    const auto whole = std::get<Bytes>(application_->Compute(input, plain));
    test::TestContext context(1);
    for (const int pause : {1, 2, 3}) {
      context.StopAtPause(pause);
      ASSERT_TRUE(std::holds_alternative<Stopped>(application_->Compute(input, context)));
    }
    context.StopAtPause(0);
    EXPECT_EQ(std::get<Bytes>(application_->Compute(input, context)), whole);
    test::TestContext foreign(1);
    foreign.SaveCheckpoint("nothing of this unit");
    EXPECT_EQ(std::get<Bytes>(application_->Compute(input, foreign)), whole);
  }
}

TEST_F(MilkyWayUnits, ResultsThatAreNotTheUnitsOwnAreRefused) {
  const Dataset dataset = Files();
  const Parameters parameters = {{"units", "4"}};
  const auto units = test::AllUnits(*application_, dataset, parameters);
  const test::Folder out;
  std::vector<Bytes> payloads;
  for (const UnitPlan& unit : units) {
    UnitInput input{unit.parameters, {dataset.files[0].path, dataset.files[1].path}};
    test::TestContext context(2);
    payloads.push_back(std::get<Bytes>(application_->Compute(input, context)));
    EXPECT_LE(payloads.back().size(), unit.result_bytes);
  }
  auto merger = application_->StartMerge(dataset, parameters, out.Path());
  ASSERT_TRUE(merger);
  EXPECT_FALSE((*merger)->Add(0, payloads[1]));
  EXPECT_FALSE((*merger)->Add(0, payloads[0].substr(1)));
  EXPECT_FALSE((*merger)->Add(0, payloads[0] + "x"));
  EXPECT_FALSE((*merger)->Add(0, ""));
  EXPECT_FALSE((*merger)->Add(9, payloads[0]));
  EXPECT_TRUE((*merger)->Add(0, payloads[0]));
}

TEST_F(MilkyWayUnits, APointWithoutANumberForItsLikelihoodIsRefused) {
  using namespace milkyway;
  Task task;
  task.model = ParseModel(test::kSmallLua, "small.lua")->model;
  task.points = true;
  task.stars = 10;
  task.count = 1;
  Progress progress;
  Values& values = progress.points.emplace_back();
  values.stream_integrals = values.stream_only = {1, std::numeric_limits<double>::infinity()};
  values.search = kImpossible;
  EXPECT_TRUE(DecodePayload(task, EncodePayload(task, progress)));
  values.search = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(DecodePayload(task, EncodePayload(task, progress)));
}

TEST_F(MilkyWayUnits, WhatIsMissingIsSaidInTheProduct) {
  const Dataset dataset = Files();
  const test::Folder out;
  auto merger = application_->StartMerge(dataset, {{"units", "4"}}, out.Path());
  ASSERT_TRUE(merger);
  const auto files = (*merger)->Finish(4);
  ASSERT_TRUE(files);
  for (const MergedFile& file : *files) {
    EXPECT_NE(file.what.find("4 units are missing (of 4)"), std::string::npos) << file.what;
  }
  EXPECT_NE(test::ReadText(out / "likelihood.txt").find("not whole"), std::string::npos);
}

TEST_F(MilkyWayUnits, IntegralsAloneNeedNoStars) {
  Dataset dataset = Files();
  dataset.files.pop_back();
  const std::string text = Product(dataset, "2", 1, "likelihood.txt");
  EXPECT_NE(text.find("<stream_integral>"), std::string::npos);
  EXPECT_EQ(text.find("likelihood"), std::string::npos);
}

TEST_F(MilkyWayUnits, BadSubmissionsAreRefusedWithTheReason) {
  EXPECT_NE(SplitError({}, {}).find("one to three files"), std::string::npos);
  EXPECT_NE(SplitError(Files(), {{"background", "cubic"}}).find("--background cubic"),
            std::string::npos);
  EXPECT_NE(SplitError(Files(), {{"modfit", "1"}}).find("--modfit 1"), std::string::npos);
  EXPECT_NE(SplitError(Files(), {{"units", "0"}}).find("--units 0"), std::string::npos);
  EXPECT_NE(SplitError(Files(), {{"chirp", "0"}}).find("chirp"), std::string::npos);
  Dataset dataset = Files(true);
  folder_.Write("points.csv", Line(0));
  EXPECT_NE(SplitError(dataset, {}).find("points.csv: point 1: background q = 0"),
            std::string::npos);
}

}  // namespace
}  // namespace picube
