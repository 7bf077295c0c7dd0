#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "examples/drift/maker.h"
#include "tests/workunits/drift/hits_reader.h"
#include "tests/workunits/pinned.h"
#include "tests/workunits/support.h"
#include "workunits/drift/drift.h"
#include "workunits/drift/search.h"
#include "workunits/formats/filterbank.h"
#include "workunits/hdf5/writer.h"
#include "workunits/math/isa.h"

namespace picube {
namespace {

using examples::MadeTone;
using examples::TonesOptions;

class DriftUnits : public ::testing::Test {
 protected:
  Dataset File(const TonesOptions& options, const std::string& name = "tones.fil") const {
    const auto made = examples::MakeTones(options);
    EXPECT_TRUE(made) << made.error().Text();
    return {{{name, folder_.Write(name, *made)}}};
  }
  std::string Product(const Dataset& dataset, Parameters parameters, int threads,
                      const std::string& name = "hits.csv") const {
    const test::Folder out;
    static_cast<void>(test::RunAll(*application_, dataset, parameters, threads, out.Path()));
    return test::ReadText(out / name);
  }
  struct Row {
    std::uint64_t coarse, channel;
    std::int64_t drift;
    double rate, snr;
  };
  std::vector<Row> Hits(const Dataset& dataset, const Parameters& parameters) const {
    std::istringstream lines(Product(dataset, parameters, 2));
    std::vector<Row> rows;
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      const auto cells = test::Cells(line);
      rows.push_back({std::stoull(cells.at(1)), std::stoull(cells.at(2)), std::stoll(cells.at(3)),
                      std::stod(cells.at(4)), std::stod(cells.at(5))});
    }
    return rows;
  }
  std::string SplitError(const Dataset& dataset, const Parameters& parameters) const {
    const auto source = application_->Split(dataset, parameters);
    return source ? std::string("no error") : source.error().Text();
  }

  test::Folder folder_;
  std::unique_ptr<Application> application_ = MakeDriftApplication();
};

void ExpectTones(const std::vector<MadeTone>& tones, const auto& rows, double sign) {
  ASSERT_EQ(rows.size(), tones.size());
  for (std::size_t i = 0; i < tones.size(); ++i) {
    EXPECT_EQ(rows[i].channel, tones[i].start);
    EXPECT_EQ(rows[i].drift, tones[i].drift);
    EXPECT_NEAR(rows[i].rate, sign * 0.010204255741 * static_cast<double>(tones[i].drift), 1e-6);
    EXPECT_NEAR(rows[i].snr, 4 * tones[i].level * 1.27, 12) << i;
  }
}

TEST_F(DriftUnits, TonesAreFoundAndTheOneAtRestIsAtRest) {
  const TonesOptions options;
  ExpectTones(options.tones, Hits(File(options), {{"snr", "10"}, {"dc", "yes"}}), -1);
}

TEST_F(DriftUnits, HitsAreSavedWithTheirCellsInSeticoresFormat) {
  const TonesOptions options;
  const Dataset dataset = File(options);
  const Parameters parameters = {{"snr", "10"}, {"dc", "yes"}};
  const auto rows = Hits(dataset, parameters);
  const auto saved = test::ReadHits(Product(dataset, parameters, 2, "hits.hits"));
  ASSERT_EQ(saved.size(), rows.size());
  const auto cells = examples::MakeCells(options);
  for (std::size_t i = 0; i < saved.size(); ++i) {
    EXPECT_EQ(static_cast<std::uint64_t>(saved[i].index), rows[i].channel);
    EXPECT_EQ(saved[i].drift_steps, rows[i].drift);
    EXPECT_NEAR(static_cast<double>(saved[i].snr), rows[i].snr, 1e-4);
    const std::size_t low = rows[i].channel + std::min<std::int64_t>(rows[i].drift, 0) - 40;
    ASSERT_EQ(saved[i].cells.size(), 16U * static_cast<std::size_t>(saved[i].channels));
    for (const std::size_t row : {0U, 15U}) {
      EXPECT_EQ(saved[i].cells[row * static_cast<std::size_t>(saved[i].channels)],
                cells[row * options.channels + low]);
    }
  }
}

TEST_F(DriftUnits, FilesOfEveryKindHaveTheSameTones) {
  for (const int bits : {1, 2, 4, 8, 16, 32}) {
    for (const bool rising : {false, true}) {
      TonesOptions options{
          .channels = 1U << 14, .rows = 64, .bits = bits, .rising = rising, .spike = 0};
      options.tones = {{3000, 0, 12}, {9000, 63, 12}, {12000, -63, 12}};
      const auto rows = Hits(File(options), {{"snr", "9"}, {"max-drift", "0.2"}});
      ASSERT_EQ(rows.size(), 3U) << bits;
      for (std::size_t i = 0; i < 3; ++i) {
        // Few bits clip a tone: where it is stays.
        EXPECT_EQ(rows[i].channel, options.tones[i].start) << bits;
        EXPECT_EQ(rows[i].drift, options.tones[i].drift) << bits;
        EXPECT_EQ(rows[i].rate > 0,
                  rising ? options.tones[i].drift > 0 : options.tones[i].drift < 0);
      }
    }
  }
}

TEST_F(DriftUnits, AnHdf5FileHasTheTonesOfItsFilterbank) {
  const TonesOptions options{.channels = 1U << 14, .tones = {{3000, 0, 6}, {9000, 40, 8}}};
  const std::string dat = Product(File(options), {{"snr", "10"}, {"dc", "yes"}}, 2);
  const SigprocHeader from = examples::TonesHeader(options);
  FilterbankHeader header{
      from.source_name, "",           "", from.tstart,     from.tsamp, from.fch1, from.foff,
      options.channels, options.rows, 32, options.channels};
  for (const Hdf5Filter filter :
       {Hdf5Filter::kNone, Hdf5Filter::kGzip, Hdf5Filter::kBitshuffleLz4}) {
    if (!Hdf5HasFilter(filter)) continue;
    const auto path = folder_ / "tones.h5";
    ASSERT_TRUE(WriteFbh5(path, header, examples::MakeCells(options), filter));
    EXPECT_EQ(Product({{{"tones.h5", path}}}, {{"snr", "10"}}, 2), dat);
  }
}

TEST_F(DriftUnits, CoarseChannelsAreSearchedOneByOne) {
  TonesOptions options{.channels = 1U << 14, .spike = 0};
  options.tones = {{1000, 12, 8}, {4090, 40, 12}, {9000, -33, 8}};
  const auto rows = Hits(File(options), {{"snr", "12"}, {"coarse", "4096"}, {"dc", "no"}});
  ASSERT_EQ(rows.size(), 2U) << "a path that leaves its coarse channel does not count";
  EXPECT_EQ(rows[0].coarse, 0U);
  EXPECT_EQ(rows[1].coarse, 2U);
  EXPECT_EQ(rows[1].channel, 9000U - 8192);
}

TEST_F(DriftUnits, EverySplitAndNumberOfThreadsGivesTheSameProduct) {
  TonesOptions options;
  // Across borders of tiles, too, and two that are close.
  options.tones = {{4090, 30, 8}, {8192, -40, 8}, {12285, 0, 8}, {12300, 3, 7.5}, {16384, 5, 8}};
  const Dataset dataset = File(options);
  const std::string whole = Product(dataset, {{"snr", "9"}}, 1);
  for (const auto& [seconds, threads] : {std::pair{"0.02", 2}, {"0.005", 3}, {"0.001", 7}}) {
    EXPECT_EQ(Product(dataset, {{"snr", "9"}, {"unit-seconds", seconds}}, threads), whole);
  }
  EXPECT_GT(test::AllUnits(*application_, dataset, {{"unit-seconds", "0.001"}}).size(), 10U);
}

TEST_F(DriftUnits, BitsAreTheSameOnEveryMachine) {
  const Dataset dataset = File({.channels = 1U << 14, .tones = {{3000, 5, 4}}});
  std::uint64_t first = 0;
  for (const math::Isa isa : math::IsasHere()) {
    const math::WithIsa with(isa);
    std::string all;
    for (const UnitPlan& unit :
         test::AllUnits(*application_, dataset, {{"snr", "5"}, {"unit-seconds", "0.001"}})) {
      test::TestContext context(2);
      const UnitInput input = test::InputOf(*application_, unit, {}, folder_.Path());
      all += std::get<Bytes>(application_->Compute(input, context));
    }
    const std::uint64_t hash = test::HashOfText(all);
    if (first == 0) first = hash;
    EXPECT_EQ(hash, first) << math::Name(isa);
  }
  EXPECT_EQ(first, test::Pinned("drift"));
}

TEST_F(DriftUnits, StoppedUnitsGoOnFromTheirCheckpoints) {
  // Rows and drifts enough for several pauses.
  const TonesOptions options{.channels = 1U << 14, .rows = 128, .tones = {{3000, 5, 4}}};
  const auto unit = test::AllUnits(*application_, File(options), {{"snr", "8"}}).at(0);
  const UnitInput input = test::InputOf(*application_, unit, {}, folder_.Path());
  test::TestContext plain(1);
  const auto whole = std::get<Bytes>(application_->Compute(input, plain));
  EXPECT_LE(whole.size(), unit.result_bytes);
  test::TestContext context(1);
  context.StopAtPause(2);
  ASSERT_TRUE(std::holds_alternative<Stopped>(application_->Compute(input, context)));
  context.StopAtPause(0);
  EXPECT_EQ(std::get<Bytes>(application_->Compute(input, context)), whole);
  test::TestContext foreign(1);
  foreign.SaveCheckpoint("nothing of this unit");
  EXPECT_EQ(std::get<Bytes>(application_->Compute(input, foreign)), whole);
}

TEST_F(DriftUnits, CellsThatAreNoNumbersAreLeftOutAndConstantDataHaveNoTones) {
  TonesOptions options{.channels = 1U << 13, .spike = 0, .tones = {{3000, 5, 8}, {5000, 0, 8}}};
  std::vector<float> cells = examples::MakeCells(options);
  cells[3 * options.channels + 1000] = std::numeric_limits<float>::quiet_NaN();
  cells[4 * options.channels + 1001] = std::numeric_limits<float>::infinity();
  cells[5 * options.channels + 1002] = 3e38F;
  // Channel 5000 is no number now and then, so its tone is not seen.
  cells[7 * options.channels + 5000] = -std::numeric_limits<float>::infinity();
  const SigprocHeader header = examples::TonesHeader(options);
  const auto write = [&] {
    return Dataset{{{"n.fil", folder_.Write("n.fil", WriteSigprocHeader(header) +
                                                         PackSigproc(header, cells))}}};
  };
  const auto rows = Hits(write(), {{"snr", "10"}, {"max-drift", "1"}});
  ASSERT_GE(rows.size(), 1U);
  EXPECT_EQ(rows[0].channel, 3000U);
  for (const Row& row : rows) EXPECT_NE(row.channel, 5000U);
  std::ranges::fill(cells, 7.0F);
  EXPECT_TRUE(Hits(write(), {}).empty());
  std::ranges::fill(cells, std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(Hits(write(), {}).empty());
}

TEST_F(DriftUnits, ResultsThatAreNotTheUnitsOwnAreRefused) {
  const Dataset dataset = File({});
  const Parameters parameters = {{"snr", "10"}, {"unit-seconds", "0.02"}};
  std::vector<Bytes> payloads;
  for (const UnitPlan& unit : test::AllUnits(*application_, dataset, parameters)) {
    test::TestContext context(2);
    const UnitInput input = test::InputOf(*application_, unit, {}, folder_.Path());
    payloads.push_back(std::get<Bytes>(application_->Compute(input, context)));
  }
  ASSERT_GT(payloads.size(), 2U);
  const test::Folder out;
  auto merger = application_->StartMerge(dataset, parameters, out.Path());
  ASSERT_TRUE(merger);
  EXPECT_FALSE((*merger)->Add(0, payloads[1]));
  EXPECT_FALSE((*merger)->Add(0, payloads[0].substr(1)));
  EXPECT_FALSE((*merger)->Add(0, payloads[0] + "x"));
  EXPECT_FALSE((*merger)->Add(99, payloads[0]));
  EXPECT_TRUE((*merger)->Add(0, payloads[0]));
  const auto files = (*merger)->Finish(payloads.size() - 1);
  ASSERT_TRUE(files);
  for (const MergedFile& file : *files) {
    EXPECT_NE(file.what.find("units are missing"), std::string::npos) << file.what;
  }
}

TEST_F(DriftUnits, AFileThatChangesWhileItIsReadEndsTheBatch) {
  const Dataset dataset = File({});
  const auto source = application_->Split(dataset, {{"unit-seconds", "0.02"}});
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->Next());
  std::filesystem::resize_file(dataset.files[0].path, 100'000);
  EXPECT_FALSE((*source)->Next());
  const Status ended = (*source)->Ended();
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().what.find("tones.fil"), std::string::npos) << ended.error().what;
}

TEST_F(DriftUnits, BadSubmissionsAreRefusedWithTheReason) {
  const Dataset dataset = File({.channels = 1U << 12, .tones = {}});
  const auto expect = [&](const Parameters& parameters, const std::string& part) {
    EXPECT_NE(SplitError(dataset, parameters).find(part), std::string::npos)
        << SplitError(dataset, parameters);
  };
  expect({{"max-drift", "-1"}}, "--max-drift -1");
  expect({{"max-drift", "1e5"}}, "Give at most --max-drift");
  expect({{"snr", "x"}}, "--snr x");
  expect({{"coarse", "1000"}}, "--coarse 1000 does not divide the 4096 channels");
  expect({{"dc", "maybe"}}, "--dc maybe");
  expect({{"units", "3"}}, "units");
  expect({{"grid.memory", "1000000"}, {"max-drift", "100"}}, "smaller --max-drift");
  EXPECT_NE(SplitError({}, {}).find("takes one file"), std::string::npos);
  Dataset text{{{"x.fil", folder_.Write("x.fil", "text")}}};
  EXPECT_NE(SplitError(text, {}).find("x.fil"), std::string::npos);
  SigprocHeader one = examples::TonesHeader({.channels = 64, .rows = 1});
  text = {{{"one.fil", folder_.Write("one.fil", WriteSigprocHeader(one) +
                                                    PackSigproc(one, std::vector<float>(64)))}}};
  EXPECT_NE(SplitError(text, {}).find("1 spectra"), std::string::npos) << SplitError(text, {});
}

// The file is sparse: it has 8 GiB, of which nothing is on the disk.
TEST_F(DriftUnits, AFileLargerThanMemoryIsSplitTileByTile) {
  SigprocHeader header = examples::TonesHeader({.channels = 1U << 27, .rows = 16});
  const auto path = folder_.Write("large.fil", WriteSigprocHeader(header));
  const auto size = std::filesystem::file_size(path) + (16ULL << 29);
  std::error_code error;
  std::filesystem::resize_file(path, size, error);
  if (error) GTEST_SKIP() << "skipped: no sparse files here";
  const auto source = application_->Split({{{"large.fil", path}}}, {});
  ASSERT_TRUE(source) << source.error().Text();
  EXPECT_EQ((*source)->Total(), 128U * 8);
  (*source)->Skip(1000);
  const auto unit = (*source)->Next();
  ASSERT_TRUE(unit);
  EXPECT_LT(unit->inputs.at(0)->size(), 16U << 20);
}

TEST(DriftTasks, ComeBackFromTheirBytesAndNothingElseDoes) {
  drift::Task task{16, 4096, 100, 100, 3, 8192, 60, 100, 5.5F, -1, drift::CellKind::kFloat};
  task.window = 40;
  EXPECT_EQ(drift::DecodeTask(drift::EncodeTask(task)), task);
  EXPECT_FALSE(drift::DecodeTask(drift::EncodeTask(task).substr(1)));
  task.rows = 1;
  EXPECT_FALSE(drift::DecodeTask(drift::EncodeTask(task)));
}

TEST(DriftWindows, OfEqualOnesTheLowerChannelWins) {
  EXPECT_EQ(drift::WindowMaxima({1, 5, 2, 5, 1, 1, 6, 0}, 0.5F, 3),
            (std::vector<std::size_t>{1, 6}));
  EXPECT_EQ(drift::WindowMaxima({5, 5, 5}, 1, 2), (std::vector<std::size_t>{0}));
  EXPECT_EQ(drift::WindowMaxima({1, 2, 3}, 3, 1), (std::vector<std::size_t>{}));
  EXPECT_EQ(drift::WindowMaxima({1, 2, 3}, 0, 1), (std::vector<std::size_t>{0, 1, 2}));
}

}  // namespace
}  // namespace picube
