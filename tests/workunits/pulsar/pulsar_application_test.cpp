// The application as server and workers use it: split, compute, merge.
#include "workunits/pulsar/pulsar.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "protocol/base/rng.h"
#include "tests/workunits/pinned.h"
#include "tests/workunits/support.h"
#include "workunits/formats/sigproc.h"
#include "workunits/math/isa.h"
#include "workunits/pulsar/compute.h"
#include "workunits/pulsar/payload.h"
#include "workunits/pulsar/units.h"

namespace picube {
namespace {

using namespace pulsar;

// Noise of 8 bits with a pulse of 12 ms every 0.1237 s, dispersed with DM 40, in 16 channels.
Bytes SmallFilterbank() {
  SigprocHeader header;
  header.source_name = "made";
  header.nbits = 8;
  header.nchans = 16;
  header.tsamp = 0.001;
  header.fch1 = 400;
  header.foff = -2;
  Rng rng(7);
  std::vector<float> values;
  for (int i = 0; i < 8192; ++i) {
    for (int c = 0; c < 16; ++c) {
      const double f = header.fch1 + c * header.foff;
      const double late = kDispersion * 40 * (1 / (f * f) - 1 / (400.0 * 400.0));
      const double turns = (i * 0.001 - late) / 0.1237 + 10;
      double value = 100;
      for (int k = 0; k < 4; ++k) value += static_cast<double>(rng.Below(11)) - 5;
      if (turns - std::floor(turns) < 0.1) value += 4;
      values.push_back(static_cast<float>(value));
    }
  }
  return WriteSigprocHeader(header) + PackSigproc(header, values);
}

struct Row {
  std::map<std::string, std::string> cells;

  [[nodiscard]] double Number(const std::string& name) const { return std::stod(cells.at(name)); }
};

std::vector<Row> Rows(const std::filesystem::path& path, const std::string& method) {
  std::ifstream csv(path);
  std::string line;
  std::getline(csv, line);
  const auto names = test::Cells(line);
  std::vector<Row> rows;
  while (std::getline(csv, line)) {
    const auto cells = test::Cells(line);
    EXPECT_EQ(cells.size(), names.size()) << line;
    if (cells[0] != method) continue;
    rows.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) rows.back().cells[names[i]] = cells[i];
  }
  return rows;
}

class PulsarApplication : public ::testing::Test {
 protected:
  PulsarApplication() {
    dataset_.files = {{"small.fil", folder_.Write("small.fil", SmallFilterbank())}};
  }

  Bytes ComputeUnit(const UnitPlan& unit, int threads) const {
    test::TestContext context(threads);
    const test::Folder inputs;
    const auto outcome =
        application_->Compute(test::InputOf(*application_, unit, {}, inputs.Path()), context);
    EXPECT_TRUE(std::holds_alternative<Bytes>(outcome));
    return std::holds_alternative<Bytes>(outcome) ? std::get<Bytes>(outcome) : Bytes();
  }

  std::string Product(const Parameters& parameters, int threads) const {
    const test::Folder out;
    std::string all;
    for (const auto& file :
         test::RunAll(*application_, dataset_, parameters, threads, out.Path())) {
      all += file.name + ": " + file.what + "\n" + test::ReadText(file.path);
    }
    return all;
  }

  std::string ErrorOf(const Parameters& parameters) const {
    const auto source = application_->Split(dataset_, parameters);
    return source ? std::string() : source.error().Text();
  }

  test::Folder folder_;
  Dataset dataset_;
  std::unique_ptr<Application> application_ = MakePulsarApplication();
  Parameters small_ = {{"dm", "20:60:10"},
                       {"bins", "40:50"},
                       {"period", "0.06:0.5"},
                       {"acceleration", "-100000:100000:100000"}};
};

TEST_F(PulsarApplication, PulsarIsFoundAtItsPeriodAndDispersion) {
  const test::Folder out;
  const auto product = test::RunAll(*application_, dataset_, small_, 2, out.Path());
  const auto folded = Rows(out / "candidates.csv", "fold");
  ASSERT_FALSE(folded.empty());
  EXPECT_NEAR(folded[0].Number("period"), 0.1237, 2e-4);
  EXPECT_EQ(folded[0].Number("dm"), 40);
  EXPECT_EQ(folded[0].Number("acceleration"), 0);
  EXPECT_GT(folded[0].Number("snr"), 20);
  const auto fourier = Rows(out / "candidates.csv", "fft");
  ASSERT_FALSE(fourier.empty());
  EXPECT_NEAR(fourier[0].Number("period"), 0.1237, 1e-3);
  EXPECT_EQ(fourier[0].Number("dm"), 40);
  std::set<std::string> names;
  for (const MergedFile& file : product) names.insert(file.name);
  for (const char* name : {"candidates.csv", "accelsearch.txt", "periodogram.svg", "dm.svg",
                           "profile-1.svg", "phase-1.svg"}) {
    EXPECT_TRUE(names.contains(name)) << name;
    EXPECT_GT(test::ReadText(out / name).size(), 200U) << name;
  }
}

TEST_F(PulsarApplication, AcceleratedPulsarIsFoundAtItsAcceleration) {
  SigprocHeader header;
  header.data_type = 2;
  header.nbits = 8;
  header.tsamp = 0.001;
  Rng rng(9);
  std::vector<float> values;
  for (int i = 0; i < 65536; ++i) {
    const double t = i * 0.001;
    const double turns = (t - 20'000 * t * t / (2 * kLightSpeed)) / 0.1237;  // receding ever faster
    double value = 100;
    for (int k = 0; k < 4; ++k) value += static_cast<double>(rng.Below(11)) - 5;
    if (turns - std::floor(turns) < 0.05) value += 4;
    values.push_back(static_cast<float>(value));
  }
  const auto path =
      folder_.Write("a.tim", WriteSigprocHeader(header) + PackSigproc(header, values));
  const test::Folder out;
  test::RunAll(*application_, {{{"a.tim", path}}},
               {{"bins", "60:64"}, {"period", "0.1:0.2"}, {"acceleration", "-20000:40000:20000"}},
               2, out.Path());
  for (const char* method : {"fold", "fft"}) {
    const auto rows = Rows(out / "candidates.csv", method);
    ASSERT_FALSE(rows.empty());
    EXPECT_EQ(rows[0].Number("acceleration"), 20'000) << method;
    const double middle = 0.1237 * (1 + 20'000 * 32.768 / kLightSpeed);
    EXPECT_NEAR(rows[0].Number("period"), middle, 3e-5) << method;
    EXPECT_NEAR(rows[0].Number("fdot") * rows[0].Number("period"), -20'000 / kLightSpeed, 1e-12);
  }
}

TEST_F(PulsarApplication, BitsAreTheSameForAnyNumberOfThreads) {
  Parameters parameters = small_;
  parameters["units"] = "2";
  const auto units = test::AllUnits(*application_, dataset_, parameters);
  ASSERT_EQ(units.size(), 2U);
  const Bytes one = ComputeUnit(units[1], 1);
  for (const int threads : {2, 3, 4, 7}) EXPECT_EQ(ComputeUnit(units[1], threads), one);
}

TEST_F(PulsarApplication, BitsAreTheSameOnEveryMachine) {
  Parameters parameters = small_;
  parameters["units"] = "1";
  const auto units = test::AllUnits(*application_, dataset_, parameters);
  EXPECT_EQ(test::HashOfText(*units.at(0).inputs.at(0)), test::Pinned("pulsar series"));
  for (const math::Isa isa : math::IsasHere()) {
    const math::WithIsa with(isa);
    EXPECT_EQ(test::HashOfText(ComputeUnit(units[0], 2)), test::Pinned("pulsar")) << Name(isa);
  }
}

TEST_F(PulsarApplication, ProductIsTheSameForEverySplit) {
  const auto with = [&](const char* units) {
    Parameters parameters = small_;
    parameters["units"] = units;
    return parameters;
  };
  const std::string whole = Product(with("1"), 2);
  EXPECT_NE(whole.find("fold,1,"), std::string::npos);
  EXPECT_EQ(Product(with("2"), 1), whole);
  EXPECT_EQ(Product(with("3"), 1), whole);
  EXPECT_EQ(Product(with("13"), 2), whole);
  EXPECT_EQ(Product(with("128"), 2), whole);
}

TEST_F(PulsarApplication, OneKindOfSearchFindsWhatBothFind) {
  for (const std::string method : {"fold", "fft"}) {
    Parameters parameters = small_;
    const test::Folder both;
    test::RunAll(*application_, dataset_, parameters, 1, both.Path());
    parameters["search"] = method;
    const test::Folder one;
    test::RunAll(*application_, dataset_, parameters, 1, one.Path());
    const auto wanted = Rows(both / "candidates.csv", method);
    const auto found = Rows(one / "candidates.csv", method);
    ASSERT_EQ(found.size(), wanted.size());
    ASSERT_FALSE(found.empty());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].cells, wanted[i].cells);
    EXPECT_EQ(Rows(one / "candidates.csv", method == "fold" ? "fft" : "fold").size(), 0U);
  }
}

TEST_F(PulsarApplication, DownsampledRecordingStillShowsThePulsar) {
  Parameters parameters = small_;
  parameters["downsample"] = "3";
  parameters["bins"] = "20:22";
  const test::Folder out;
  test::RunAll(*application_, dataset_, parameters, 1, out.Path());
  const auto folded = Rows(out / "candidates.csv", "fold");
  ASSERT_FALSE(folded.empty());
  EXPECT_NEAR(folded[0].Number("period"), 0.1237, 5e-4);
}

TEST_F(PulsarApplication, EveryPieceIsInOneUnit) {
  for (const char* count : {"1", "2", "4", "5", "7", "16", "61", "100000"}) {
    Parameters parameters = small_;
    parameters["units"] = count;
    const auto units = test::AllUnits(*application_, dataset_, parameters);
    std::uint64_t dm = 0;
    std::uint64_t piece = 0;
    double cost = 0;
    for (const UnitPlan& unit : units) {
      const auto task = DecodeTask(unit.parameters);
      ASSERT_TRUE(task);
      EXPECT_EQ(task->first_dm, dm);
      EXPECT_EQ(task->first_piece, piece);
      EXPECT_GT(task->end_piece, task->first_piece);
      EXPECT_GT(unit.cost_flop, 0);
      cost += unit.cost_flop;
      piece = task->end_piece == task->search.Pieces() ? 0 : task->end_piece;
      if (piece == 0) dm += task->dms;
    }
    EXPECT_EQ(dm, 5U);
    EXPECT_EQ(piece, 0U);
    EXPECT_LE(units.size(), std::stoull(count));
  }
}

TEST_F(PulsarApplication, StoppedUnitGoesOnFromItsCheckpoint) {
  Parameters parameters = small_;
  parameters["units"] = "1";
  const auto units = test::AllUnits(*application_, dataset_, parameters);
  const Bytes whole = ComputeUnit(units[0], 1);
  const test::Folder inputs;
  const UnitInput input = test::InputOf(*application_, units[0], {}, inputs.Path());
  for (const int pauses : {2, 4, 8, 14}) {
    test::TestContext context(1);
    context.StopAtPause(pauses);
    auto outcome = application_->Compute(input, context);
    ASSERT_TRUE(std::holds_alternative<Stopped>(outcome)) << pauses;
    ASSERT_TRUE(context.Checkpoint());
    context.StopAtPause(0);
    outcome = application_->Compute(input, context);
    ASSERT_TRUE(std::holds_alternative<Bytes>(outcome));
    EXPECT_EQ(std::get<Bytes>(outcome), whole) << pauses;
  }
}

TEST_F(PulsarApplication, DamagedOrForeignCheckpointIsIgnored) {
  Parameters parameters = small_;
  parameters["units"] = "2";
  const auto units = test::AllUnits(*application_, dataset_, parameters);
  const Bytes whole = ComputeUnit(units[1], 1);
  const Bytes other = ComputeUnit(units[0], 1);
  const test::Folder inputs;
  const UnitInput input = test::InputOf(*application_, units[1], {}, inputs.Path());
  for (const Bytes& state : {Bytes("garbage"), other, whole.substr(0, whole.size() / 2)}) {
    test::TestContext context(1);
    context.SaveCheckpoint(state);
    const auto outcome = application_->Compute(input, context);
    ASSERT_TRUE(std::holds_alternative<Bytes>(outcome));
    EXPECT_EQ(std::get<Bytes>(outcome), whole);
  }
}

TEST_F(PulsarApplication, SplitGoesOnAfterSkip) {
  Parameters parameters = small_;
  parameters["units"] = "9";
  const auto units = test::AllUnits(*application_, dataset_, parameters);
  const auto source = application_->Split(dataset_, parameters);
  ASSERT_TRUE(source);
  (*source)->Skip(7);
  const auto unit = (*source)->Next();
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->parameters, units[7].parameters);
  EXPECT_EQ(*unit->inputs[0], *units[7].inputs[0]);
  (*source)->Skip(100);
  EXPECT_FALSE((*source)->Next());
  EXPECT_TRUE((*source)->Ended());
}

TEST_F(PulsarApplication, RecordingThatShrinksEndsTheSplitWithAnError) {
  const auto source = application_->Split(dataset_, small_);
  ASSERT_TRUE(source);
  std::filesystem::resize_file(dataset_.files[0].path, 1000);
  EXPECT_FALSE((*source)->Next());
  const Status ended = (*source)->Ended();
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().what.find("small.fil has become shorter"), std::string::npos);
}

TEST_F(PulsarApplication, MergeRefusesWrongBytesAndTheResultOfAnotherUnit) {
  Parameters parameters = small_;
  parameters["units"] = "3";
  const auto units = test::AllUnits(*application_, dataset_, parameters);
  const test::Folder out;
  const auto merger = application_->StartMerge(dataset_, parameters, out.Path());
  ASSERT_TRUE(merger);
  const Bytes first = ComputeUnit(units[0], 1);
  EXPECT_FALSE((*merger)->Add(1, first));
  EXPECT_FALSE((*merger)->Add(3, first));
  EXPECT_FALSE((*merger)->Add(0, first.substr(0, first.size() - 1)));
  EXPECT_FALSE((*merger)->Add(0, first + '\0'));
  EXPECT_FALSE((*merger)->Add(0, ""));
  EXPECT_LE(first.size(), units[0].result_bytes);
  // A byte of the number of samples, of the deviation, of the trials, of a peak.
  for (const std::size_t at : {37U, 50U, 58U, 80U, 130U}) {
    Bytes wrong = first;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x55);
    EXPECT_FALSE((*merger)->Add(0, wrong)) << at;
  }
  EXPECT_TRUE((*merger)->Add(0, first));
}

TEST_F(PulsarApplication, MissingUnitsAreSaid) {
  const test::Folder out;
  const auto merger = application_->StartMerge(dataset_, small_, out.Path());
  ASSERT_TRUE(merger);
  const auto product = (*merger)->Finish(/*missing=*/4);
  ASSERT_TRUE(product);
  for (const MergedFile& file : *product) {
    EXPECT_NE(file.what.find("4 units are missing"), std::string::npos) << file.what;
  }
}

TEST_F(PulsarApplication, MistakesNameTheirParameter) {
  const auto expect = [&](const Parameters& parameters, const std::string& part) {
    const std::string error = ErrorOf(parameters);
    EXPECT_NE(error.find(part), std::string::npos) << part << ": " << error;
  };
  EXPECT_EQ(ErrorOf({}), "");
  expect({{"perod", "1"}}, "--perod");
  expect({{"period", "0.5:0.1"}}, "--period 0.5:0.1 is not a range");
  expect({{"period", "0:1"}}, "--period 0:1");
  expect({{"period", "0.1:100"}}, "--period up to 100 s: the series is 8.");
  expect({{"period", "0.01:1"}}, "--period from 0.01 s: 240 bins (--bins)");
  expect({{"bins", "260:240"}}, "--bins 260:240");
  expect({{"bins", "2:3"}}, "--bins 2:3");
  expect({{"bins", "240.5:260"}}, "--bins 240.5:260");
  expect({{"dm", "x"}}, "--dm x");
  expect({{"dm", "-5:5"}}, "--dm -5:5 goes below 0");
  expect({{"dm", "0:1e9:0.001"}}, "--dm 0:1e9:0.001 makes more than");
  expect({{"dm", "0:100000"}}, "--dm up to");
  expect({{"dm", "nan"}}, "--dm nan");
  expect({{"acceleration", "1e9"}}, "--acceleration 1e9");
  expect({{"acceleration", "-100:100:1e-9"}}, "--acceleration makes more than");
  expect({{"harmonics", "3"}}, "--harmonics");
  expect({{"threshold", "0"}}, "--threshold 0");
  expect({{"search", "all"}}, "--search all");
  expect({{"downsample", "0"}}, "--downsample 0");
  expect({{"downsample", "100"}}, "small.fil leaves 81 samples");
  expect({{"zap", "16"}}, "--zap 16");
  expect({{"zap", "0-15"}}, "--zap leaves no channel");
  expect({{"units", "0"}}, "--units 0");
}

TEST_F(PulsarApplication, DeadChannelsAndFilesAreRefused) {
  SigprocHeader header;
  header.nbits = 32;
  header.nchans = 2;
  header.tsamp = 0.01;
  header.fch1 = 400;
  header.foff = -2;
  std::vector<float> values(2 * 4096, 1.0F);
  const auto split = [&](const Parameters& parameters) {
    const auto path =
        folder_.Write("x.fil", WriteSigprocHeader(header) + PackSigproc(header, values));
    const auto source = application_->Split({{{"x.fil", path}}}, parameters);
    return source ? std::string() : source.error().Text();
  };
  const Parameters parameters = {{"period", "5:10"}, {"dm", "0"}};
  EXPECT_NE(split(parameters).find("x.fil at DM 0 is constant"), std::string::npos);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7919 % 101);
  EXPECT_EQ(split(parameters), "");
  values[2 * 77 + 1] = NAN;
  EXPECT_NE(split(parameters).find("sample 77 is not a number"), std::string::npos);
  EXPECT_EQ(split({{"period", "5:10"}, {"dm", "0"}, {"zap", "1"}}), "");
  values[2 * 77 + 1] = HUGE_VALF;
  EXPECT_NE(split(parameters).find("sample 77 is not a number"), std::string::npos);
}

TEST_F(PulsarApplication, WrongFilesAreNamed) {
  const auto error = [&](const Dataset& dataset) {
    const auto source = application_->Split(dataset, {});
    return source ? std::string() : source.error().Text();
  };
  EXPECT_NE(error({}).find("one or two files, not 0"), std::string::npos);
  const auto path = folder_.Write("x", "x");
  EXPECT_NE(error({{{"a.dat", path}}}).find("one half of a PRESTO series"), std::string::npos);
  EXPECT_NE(error({{{"a.dat", path}, {"b.dat", path}}}).find("not one series"), std::string::npos);
  EXPECT_NE(error({{{"a.dat", path}, {"a.inf", path}}}).find("a.inf, line 1"), std::string::npos);
  EXPECT_NE(error({{{"a.fil", path}}}).find("a.fil: this is not a SIGPROC"), std::string::npos);
}

TEST_F(PulsarApplication, InputOfAnotherUnitIsRefused) {
  Parameters parameters = small_;
  parameters["units"] = "5";
  const auto units = test::AllUnits(*application_, dataset_, parameters);
  test::TestContext context(1);
  const auto refused = [&](const Bytes& bytes) {
    const auto path = folder_.Write("input", bytes);
    const auto outcome = application_->Compute({units[0].parameters, {path}}, context);
    return std::holds_alternative<Error>(outcome);
  };
  EXPECT_FALSE(refused(*units[0].inputs[0]));
  EXPECT_TRUE(refused(*units[1].inputs[0]));
  EXPECT_TRUE(refused(units[0].inputs[0]->substr(0, 5000)));
  EXPECT_TRUE(refused(*units[0].inputs[0] + "x"));
  EXPECT_TRUE(refused(""));
}

}  // namespace
}  // namespace picube
