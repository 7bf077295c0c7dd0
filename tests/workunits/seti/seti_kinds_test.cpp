// Every signal of the original client's result lists, of all five kinds, recomputed from the real
// work units; and blind searches that must find these and nothing else.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include "tests/workunits/seti/load.h"
#include "tests/workunits/seti/seti_recordings.h"
#include "tests/workunits/support.h"
#include "workunits/math/gamma.h"
#include "workunits/parameters.h"
#include "workunits/seti/compare.h"
#include "workunits/seti/recording.h"
#include "workunits/seti/result_xml.h"
#include "workunits/seti/search.h"
#include "workunits/seti/seti.h"
#include "workunits/seti/sky.h"

namespace picube {
namespace {

using namespace seti;
using test::Load;

Selection Everything(const SahHeader& header) {
  return {-1e9, 1e9, header.fft_flags, static_cast<float>(header.spike_threshold), kAllKinds};
}

void ExpectRow(const Recording& recording, const ResultRow& row, const Signal& signal) {
  const auto near = [&](const char* tag, double value, double relative) {
    EXPECT_NEAR(value / row.value.at(tag), 1, relative) << row.kind << " " << tag;
  };
  const SignalPlace place = PlaceOf(recording.header, recording.table.Step(), signal);
  const double bin = signal.length / recording.header.sample_rate;
  near("peak_power", static_cast<double>(signal.power), 2e-5);
  EXPECT_NEAR(place.frequency, row.value.at("freq"), 1e-3);
  EXPECT_NEAR(place.detection_frequency, row.value.at("detection_freq"), 1e-3);
  EXPECT_NEAR(place.sky.ra_hours, row.value.at("ra"), 1e-5);
  EXPECT_NEAR(place.sky.dec_degrees, row.value.at("decl"), 1e-4);
  if (signal.kind == Kind::kAutocorr) {
    near("delay", signal.bin / recording.header.sample_rate, 1e-9);
  }
  if (signal.kind == Kind::kTriplet || signal.kind == Kind::kPulse) {
    near("period", static_cast<double>(signal.period) * bin, 1e-6);
    near("mean_power", static_cast<double>(signal.mean), 2e-5);
  }
  if (signal.kind == Kind::kPulse) {
    near("snr", static_cast<double>(signal.snr), 2e-5);
    near("thresh", static_cast<double>(signal.threshold), 1e-4);
    EXPECT_EQ(std::floor(static_cast<double>(signal.period)), row.value.at("len_prof"));
  }
  if (signal.kind == Kind::kGaussian) {
    near("mean_power", static_cast<double>(signal.mean), 2e-5);
    near("sigma", static_cast<double>(signal.sigma), 1e-6);
    near("chisqr", static_cast<double>(signal.chi_sq), 1e-4);
    near("null_chisqr", static_cast<double>(signal.null_chi_sq), 1e-4);
    near("max_power", static_cast<double>(signal.max_power), 2e-5);
  }
  ASSERT_EQ(signal.pot.size(), row.pot.size()) << row.kind;
  for (std::size_t i = 0; i < row.pot.size(); ++i) {
    EXPECT_NEAR(signal.pot[i], row.pot[i], 1) << row.kind << " " << i;
  }
}

void RecomputeList(const std::string& unit_name, const std::string& list_name, std::size_t rows) {
  PICUBE_NEEDS_DATA(unit, unit_name);
  PICUBE_NEEDS_DATA(list, list_name);
  const auto recording = Load(*unit);
  const auto read = ReadResultRows(test::ReadText(*list), list_name);
  ASSERT_TRUE(read) << read.error().Text();
  const std::vector<ResultRow>& official = *read;
  PairSearch search(recording, Everything(recording->header));
  search.Reserve(1);
  std::size_t seen = 0;
  std::map<std::pair<std::int64_t, int>, Findings> searched;
  for (const ResultRow& row : official) {
    SCOPED_TRACE(row.kind + " " + std::to_string(row.value.at("chirp_rate")));
    const double exact = row.value.at("chirp_rate") / recording->table.Step();
    const double k = std::floor(exact + 0.5);
    EXPECT_NEAR(exact, k, 1e-4);
    const Pair pair(static_cast<std::int64_t>(k),
                    std::countr_zero(static_cast<std::uint32_t>(row.value.at("fft_len"))));
    auto& found = searched[{pair.K(), pair.Log2Length()}];
    if (found.spectra == 0) found = search.Search(pair, 0);
    const auto& [kind, best, values, pot] = row;
    std::vector<Signal> candidates = found.signals;
    if (best && kind == "gaussian") {
      if (const auto gaussian = found.bests.Of(Kind::kGaussian)) candidates = {*gaussian};
    }
    bool matched = false;
    for (const Signal& signal : candidates) {
      if (kind != TagOf(signal.kind)) continue;
      const SignalPlace place = PlaceOf(recording->header, recording->table.Step(), signal);
      if (std::fabs(place.time_jd - row.value.at("time")) > 2e-7 ||
          std::fabs(place.frequency - row.value.at("freq")) > 0.01) {
        continue;
      }
      matched = true;
      ExpectRow(*recording, row, signal);
    }
    EXPECT_TRUE(matched);
    seen += matched ? 1 : 0;
  }
  EXPECT_EQ(seen, rows);
}

TEST(SetiKinds, EverySignalOfTheReferenceListIsRecomputed) {
  RecomputeList(test::kReference, "setiathome/reference_result_unit.sah", 21);
}
TEST(SetiKinds, EverySignalOfTheRealListIsRecomputed) {
  RecomputeList(test::kReal, std::string(test::kReal) + "_result", 15);
}
TEST(SetiKinds, EverySignalOfTheSecondListIsRecomputed) {
  RecomputeList(test::kReal, std::string(test::kReal) + "_result_run1", 15);
}

TEST(SetiKinds, FoldThresholdsAreTheKnownOnes) {
  for (const auto& [pulse, adds, bins, known] : {std::tuple{20.7340908, 3U, 32U, 30.401423},
                                                 {20.7340908, 6U, 16U, 36.902321},
                                                 {20.7340908, 5U, 86U, 36.513969},
                                                 {20.7340908, 16U, 206U, 59.812637},
                                                 {20.7340908, 20U, 89U, 65.745872},
                                                 {20.7340908, 3U, 10922U, 36.593884},
                                                 {20.7340908, 12288U, 5U, 12994.2168},
                                                 {20.0, 5U, 45U, 34.963795},
                                                 {20.0, 3U, 4U, 27.386221}}) {
    EXPECT_NEAR(FoldThreshold(pulse, adds, bins) / known, 1, 5e-5) << adds << " " << bins;
  }
  EXPECT_NEAR(math::LogUpperGamma(31.5, 67.2), -14.652788, 1e-5);
  EXPECT_NEAR(math::LogUpperGamma(31, 45.44), -4.619788, 1e-5);
  EXPECT_NEAR(math::LogGamma(0.5), 0.57236494292470008, 1e-14);
  EXPECT_NEAR(math::LogGamma(10), 12.801827480081469, 1e-12);
}

TEST(SetiKinds, PairsThatAreSearchedForPulsesAreTheKnownOnes) {
  PICUBE_NEEDS_DATA(path, test::kReference);
  const auto unit = ReadSah(*path, "reference");
  const auto table = ChirpTable::Make(unit->header);
  const Searches searches(unit->header, *table, Everything(unit->header));
  std::size_t count = 0;
  for (const Pair& pair : table->Pairs()) {
    count += (searches.Of(pair) & BitOf(Kind::kPulse)) != 0 ? 1U : 0U;
  }
  EXPECT_EQ(count, 3488U);
  const Segments segments = SegmentsOf(unit->header, 128);
  EXPECT_EQ(segments.length, 1057U);
  EXPECT_EQ(segments.starts.size(), 15U);
  EXPECT_EQ(segments.starts[1], 1057U - 529);
}

}  // namespace
}  // namespace picube
