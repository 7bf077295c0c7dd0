// The application as server and worker use it, on a small synthetic recording.
#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "tests/workunits/pinned.h"
#include "tests/workunits/seti/seti_recordings.h"
#include "tests/workunits/support.h"
#include "workunits/math/isa.h"
#include "workunits/seti/payload.h"
#include "workunits/seti/recording.h"
#include "workunits/seti/seti.h"
#include "workunits/seti/spikes.h"
#include "workunits/seti/units.h"

namespace picube {
namespace {

using namespace seti;

class SetiApplication : public ::testing::Test {
 protected:
  SetiApplication() {
    path_ = folder_.Write("small.sah", test::SmallRecording(1));
    dataset_.files = {{"small.sah", path_}};
  }

  Bytes ComputeUnit(const UnitPlan& unit, int threads) const {
    test::TestContext context(threads);
    const auto outcome = application_->Compute({unit.parameters, {path_}}, context);
    EXPECT_TRUE(std::holds_alternative<Bytes>(outcome));
    return std::holds_alternative<Bytes>(outcome) ? std::get<Bytes>(outcome) : Bytes();
  }

  std::string Product(const Parameters& parameters, int threads) const {
    const test::Folder out;
    std::string all;
    for (const auto& file :
         test::RunAll(*application_, dataset_, parameters, threads, out.Path())) {
      all += file.name + "\n" + test::ReadText(file.path);
    }
    return all;
  }

  test::Folder folder_;
  std::filesystem::path path_;
  Dataset dataset_;
  std::unique_ptr<Application> application_ = MakeSetiApplication();
};

TEST_F(SetiApplication, BitsAreTheSameForAnyNumberOfThreads) {
  const auto units = test::AllUnits(*application_, dataset_, {{"units", "2"}, {"chirp", "0.03"}});
  ASSERT_EQ(units.size(), 2U);
  const Bytes one = ComputeUnit(units[1], 1);
  for (const int threads : {2, 3, 4, 7}) EXPECT_EQ(ComputeUnit(units[1], threads), one);
}

TEST_F(SetiApplication, BitsAreTheSameOnEveryMachine) {
  const auto units = test::AllUnits(*application_, dataset_, {{"units", "1"}, {"chirp", "0:0.06"}});
  const Bytes payload = ComputeUnit(units[0], 2);
  std::uint64_t digest = 0;
  for (const char c : payload) digest = Mix64(digest ^ static_cast<unsigned char>(c));
  EXPECT_EQ(digest, test::Pinned("seti spikes"));
}

TEST_F(SetiApplication, ProductIsTheSameForEverySplit) {
  const auto with = [](const char* units) {
    return Parameters{{"units", units}, {"threshold", "40"}, {"chirp", "0.03:0.06"}};
  };
  const std::string whole = Product(with("1"), 2);
  EXPECT_NE(whole.find("<spike>"), std::string::npos);
  EXPECT_NE(whole.find("<best_spike>"), std::string::npos);
  EXPECT_EQ(Product(with("2"), 1), whole);
  EXPECT_EQ(Product(with("128"), 2), whole);
}

TEST_F(SetiApplication, ToneIsFoundAtItsDriftAndFrequency) {
  const test::Folder out;
  const auto product =
      test::RunAll(*application_, dataset_, {{"fft-length", "16384"}}, 2, out.Path());
  std::istringstream csv(test::ReadText(out.Path() / "signals.csv"));
  std::string line;
  std::getline(csv, line);
  bool found = false;
  while (std::getline(csv, line)) {
    const auto cell = test::Cells(line);
    const double chirp = std::stod(cell[1]);
    const double frequency = std::stod(cell[5]) - 1420000000.0;
    found = found || (std::abs(chirp - 0.05) < 0.004 && std::abs(frequency - 123.4) < 0.3);
  }
  EXPECT_TRUE(found);
}

TEST_F(SetiApplication, StoppedUnitGoesOnFromItsCheckpoint) {
  const auto units =
      test::AllUnits(*application_, dataset_, {{"units", "1"}, {"fft-length", "64,16384"}});
  const Bytes whole = ComputeUnit(units[0], 1);
  test::TestContext context(1);
  context.StopAtPause(3);
  auto outcome = application_->Compute({units[0].parameters, {path_}}, context);
  ASSERT_TRUE(std::holds_alternative<Stopped>(outcome));
  ASSERT_TRUE(context.Checkpoint());
  const auto state = DecodeResult(*context.Checkpoint());
  ASSERT_TRUE(state);
  EXPECT_GT(state->pairs, 0U);
  context.StopAtPause(0);
  outcome = application_->Compute({units[0].parameters, {path_}}, context);
  ASSERT_TRUE(std::holds_alternative<Bytes>(outcome));
  EXPECT_EQ(std::get<Bytes>(outcome), whole);
}

TEST_F(SetiApplication, DamagedCheckpointIsIgnored) {
  const auto units = test::AllUnits(*application_, dataset_, {{"units", "8"}});
  test::TestContext context(1);
  context.SaveCheckpoint("garbage");
  const auto outcome = application_->Compute({units[3].parameters, {path_}}, context);
  ASSERT_TRUE(std::holds_alternative<Bytes>(outcome));
  EXPECT_EQ(std::get<Bytes>(outcome), ComputeUnit(units[3], 1));
}

TEST_F(SetiApplication, SplitGoesOnAfterSkip) {
  const auto units = test::AllUnits(*application_, dataset_, {{"units", "9"}});
  const auto source = application_->Split(dataset_, {{"units", "9"}});
  ASSERT_TRUE(source);
  (*source)->Skip(7);
  EXPECT_EQ((*source)->Next()->parameters, units[7].parameters);
  (*source)->Skip(100);
  EXPECT_FALSE((*source)->Next());
}

TEST_F(SetiApplication, SearchAgreesWithItsTwin) {
  const auto unit = ParseSah(test::SmallRecording(1), "small");
  auto table = ChirpTable::Make(unit->header);
  const auto recording = std::make_shared<const Recording>(Smooth(*unit, std::move(*table), 1));
  SpikeSearch search(recording, recording->table.Lengths());
  search.Reserve(1);
  for (const Pair pair : {Pair(20, 14), Pair(-20, 6), Pair(0, 9), Pair(40, 10)}) {
    const float threshold = pair.Length() == 64 ? 8.0F : 9.0F;
    const PairResult found = search.Search(pair, threshold / kMarginal, 0);
    const auto judged = twin::Search(*recording, pair, static_cast<double>(threshold));
    ASSERT_EQ(found.spikes.size(), judged.size()) << pair.Length();
    for (std::size_t i = 0; i < judged.size(); ++i) {
      EXPECT_EQ(found.spikes[i].block, judged[i].block);
      EXPECT_EQ(found.spikes[i].bin, judged[i].bin);
      EXPECT_NEAR(found.spikes[i].power, judged[i].power, 1e-5F * judged[i].power);
    }
  }
}

TEST_F(SetiApplication, NarrowAndWideRegistersAgree) {
  const auto unit = ParseSah(test::SmallRecording(2), "small");
  auto table = ChirpTable::Make(unit->header);
  const auto recording = std::make_shared<const Recording>(Smooth(*unit, std::move(*table), 1));
  SpikeSearch search(recording, recording->table.Lengths());
  search.Reserve(1);
  for (int log2 = 6; log2 <= 14; ++log2) {
    const auto best = search.Search(Pair(-33, log2), 9, 0).digest;
    for (const math::Isa isa : math::IsasHere()) {
      const math::WithIsa with(isa);
      EXPECT_EQ(search.Search(Pair(-33, log2), 9, 0).digest, best) << math::Name(isa);
    }
  }
}

TEST_F(SetiApplication, OverflowEndsTheResultFileAtMaxSignals) {
  const test::Folder out;
  const auto product = test::RunAll(*application_, dataset_,
                                    {{"threshold", "6"}, {"fft-length", "64,128"}}, 2, out.Path());
  ASSERT_EQ(product.size(), 3U);
  EXPECT_NE(product[0].what.find("overflow"), std::string::npos) << product[0].what;
  const std::string xml = test::ReadText(out.Path() / "result.xml");
  std::size_t spikes = 0;
  for (std::size_t at = 0; (at = xml.find("<spike>", at)) != xml.npos; ++at) ++spikes;
  EXPECT_EQ(spikes, 300U);
  EXPECT_EQ(xml.find("best_spike"), xml.npos);
}

TEST_F(SetiApplication, MergeRefusesAWrongByteAndTheResultOfAnotherUnit) {
  const Parameters parameters = {{"units", "3"}};
  const auto units = test::AllUnits(*application_, dataset_, parameters);
  const test::Folder out;
  auto merger = application_->StartMerge(dataset_, parameters, out.Path());
  ASSERT_TRUE(merger);
  const Bytes first = ComputeUnit(units[0], 1);
  EXPECT_FALSE((*merger)->Add(1, first));
  EXPECT_FALSE((*merger)->Add(0, first.substr(0, first.size() - 1)));
  EXPECT_FALSE((*merger)->Add(0, ""));
  EXPECT_TRUE((*merger)->Add(0, first));
}

TEST_F(SetiApplication, MissingUnitsAreSaid) {
  const test::Folder out;
  auto merger = application_->StartMerge(dataset_, {}, out.Path());
  ASSERT_TRUE(merger);
  const auto product = (*merger)->Finish(/*missing=*/4);
  ASSERT_TRUE(product);
  for (const MergedFile& file : *product) {
    EXPECT_NE(file.what.find("4 units are missing"), std::string::npos) << file.what;
  }
  EXPECT_NE(test::ReadText(out.Path() / "signals.svg").find("4 units are missing"),
            std::string::npos);
}

TEST_F(SetiApplication, ResultFileOfAPartialSearchEndsWithoutBestRows) {
  const Parameters parameters = {{"units", "3"}, {"threshold", "40"}, {"chirp", "0.03:0.06"}};
  const auto units = test::AllUnits(*application_, dataset_, parameters);
  const test::Folder out;
  auto merger = application_->StartMerge(dataset_, parameters, out.Path());
  ASSERT_TRUE(merger);
  ASSERT_TRUE((*merger)->Add(0, ComputeUnit(units[0], 1)));
  ASSERT_TRUE((*merger)->Add(2, ComputeUnit(units[2], 1)));
  ASSERT_TRUE((*merger)->Finish(/*missing=*/1));
  const std::string xml = test::ReadText(out.Path() / "result.xml");
  EXPECT_EQ(xml.find("best_spike"), std::string::npos);
  EXPECT_EQ(xml.find("</result>"), std::string::npos);
}

TEST_F(SetiApplication, SearchesThatCannotFindAnythingAreRefused) {
  const auto error = [&](const Parameters& parameters) {
    const auto source = application_->Split(dataset_, parameters);
    return source ? std::string() : source.error().Text();
  };
  EXPECT_NE(error({{"fft-length", "64"}, {"threshold", "64"}}).find("a spike above 64"),
            std::string::npos);
  EXPECT_EQ(error({{"fft-length", "128"}, {"threshold", "64"}}), "");
  const std::string none = error({{"threshold", "16384"}});
  EXPECT_NE(none.find("or a spike above 16384"), std::string::npos) << none;
  EXPECT_EQ(none.find("--1"), std::string::npos);
}

TEST_F(SetiApplication, GivenThresholdDecidesWhichLengthsAreSearched) {
  const auto flags = [&](const char* threshold) {
    const auto units = test::AllUnits(*application_, dataset_, {{"threshold", threshold}});
    return DecodeRange(units.at(0).parameters)->selection.fft_flags;
  };
  EXPECT_EQ(flags("24"), 32704U) << "64 to 16384: all of the recording";
  EXPECT_EQ(flags("127"), 32704U - 64);
  EXPECT_EQ(flags("8192"), 16384U);
}

TEST_F(SetiApplication, UnitsThatTakeTooLongAreRefused) {
  const auto error = [&](const Parameters& parameters) {
    const auto source = application_->Split(dataset_, parameters);
    return source ? std::string() : source.error().Text();
  };
  EXPECT_EQ(error({{"unit-seconds", "3600"}}), "");
  EXPECT_NE(error({{"unit-seconds", "3601"}}).find("from 0.001 to 3600"), std::string::npos);
}

TEST(SetiMemory, ManyCoresTakeNoMoreThanIsSaid) {
  EXPECT_EQ(MostThreads(131072, 0), 32);
  EXPECT_EQ(MostThreads(1U << 22, 0), 4);
  EXPECT_LE(MostThreads(131072, 7U << 20), 14);
  const SahHeader header = *ParseSahHeader(test::SmallHeader(), "x.sah", 1);
  const auto table = ChirpTable::Make(header);
  const Selection selection{0, 1, 131072, 24, kAllKinds};
  const PairCosts costs(header, Searches(header, *table, selection));
  const Plan plan{selection, 1U << 20, {}, costs, 0, {}};
  EXPECT_LE(MemoryFor(plan), 192ULL << 20);
  EXPECT_GE(MemoryFor(plan), 32ULL * 131072 * 40);
}

TEST_F(SetiApplication, ErrorsNameFileAndParameter) {
  const auto garbage = folder_.Write("garbage.sah", "\x01\x02\x03 not a unit");
  const auto bad = application_->Split({{{"garbage.sah", garbage}}}, {});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, ErrorKind::kUser);
  EXPECT_NE(bad.error().what.find("garbage.sah"), std::string::npos);
  const auto name = application_->Split(dataset_, {{"chrip", "1"}});
  ASSERT_FALSE(name);
  EXPECT_NE(name.error().what.find("--chrip"), std::string::npos);
  EXPECT_FALSE(application_->Split({}, {}));
  test::TestContext context(1);
  const auto units = test::AllUnits(*application_, dataset_, {});
  const auto outcome = application_->Compute({units[0].parameters, {garbage}}, context);
  ASSERT_TRUE(std::holds_alternative<Error>(outcome));
  EXPECT_EQ(std::get<Error>(outcome).kind, ErrorKind::kUnit);
}

TEST(SetiPayload, ResultsSurviveTheirBytes) {
  UnitResult result;
  result.first = 7;
  Findings findings;
  for (const Kind kind : {Kind::kSpike, Kind::kAutocorr, Kind::kTriplet, Kind::kPulse}) {
    Signal signal{.kind = kind, .k = -5, .length = 64, .at = 3, .bin = 2, .power = 25.5F};
    signal.threshold = 2;
    signal.pot = {1, 2, 255};
    findings.bests.Offer(signal);
    findings.signals.push_back(signal);
  }
  Signal gaussian{.kind = Kind::kGaussian, .power = 3, .score = 0.5F};
  findings.bests.OfferGaussian(gaussian, false);
  gaussian.score = 0.2F;
  findings.bests.OfferGaussian(gaussian, true);
  findings.digest = 99;
  findings.spectra = 16;
  result.Fold(std::move(findings));
  EXPECT_EQ(result.bests.Of(Kind::kGaussian)->score, 0.2F) << "a reported one counts";
  EXPECT_EQ(DecodeResult(EncodeResult(result)), result);
  const UnitRange range{{-1, 2, 4096, 24, kAllKinds}, 10, 20};
  EXPECT_EQ(DecodeRange(EncodeRange(range)), range);
  EXPECT_FALSE(DecodeRange("short"));
}

}  // namespace
}  // namespace picube
