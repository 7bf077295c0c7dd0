// The result lists of the original client, recomputed from the real work units.
#include <gtest/gtest.h>
#include <sodium.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <map>

#include "tests/workunits/seti/load.h"
#include "tests/workunits/seti/seti_recordings.h"
#include "tests/workunits/support.h"
#include "workunits/parameters.h"
#include "workunits/seti/recording.h"
#include "workunits/seti/seti.h"
#include "workunits/seti/sky.h"
#include "workunits/seti/spikes.h"

namespace picube {
namespace {

using namespace seti;
using test::Load;

struct OfficialSpike {
  std::map<std::string, double> value;  // by tag
};

std::vector<OfficialSpike> ReadOfficial(const std::filesystem::path& path) {
  std::vector<OfficialSpike> spikes;
  std::ifstream file(path);
  std::string line;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line.find("<spike>") != line.npos || line.find("<best_spike>") != line.npos) {
      inside = true;
      spikes.emplace_back();
      continue;
    }
    if (line.find("</spike>") != line.npos || line.find("</best_spike>") != line.npos) {
      inside = false;
    }
    if (!inside) continue;
    const std::size_t open = line.find('<');
    const std::size_t close = line.find('>');
    const std::size_t end = line.find("</");
    if (open == line.npos || end == line.npos || end < close) continue;
    const auto number = ParseNumber(line.substr(close + 1, end - close - 1));
    if (number) spikes.back().value[line.substr(open + 1, close - open - 1)] = *number;
  }
  return spikes;
}

void RecomputeList(const std::filesystem::path& unit, const std::filesystem::path& list,
                   std::size_t rows) {
  const auto recording = Load(unit);
  const SahHeader& header = recording->header;
  const std::vector<OfficialSpike> official = ReadOfficial(list);
  ASSERT_EQ(official.size(), rows);
  SpikeSearch search(recording, header.fft_flags);
  search.Reserve(1);
  for (const OfficialSpike& row : official) {
    const auto length = static_cast<std::uint32_t>(row.value.at("fft_len"));
    const double chirp = row.value.at("chirp_rate");
    const double exact_k = chirp / recording->table.Step();
    const auto k = static_cast<std::int64_t>(std::floor(exact_k + 0.5));
    EXPECT_NEAR(exact_k, static_cast<double>(k), 1e-4) << "a multiple of the step";
    const Pair pair(k, std::countr_zero(length));
    const double power = row.value.at("peak_power");
    const PairResult found = search.Search(pair, static_cast<float>(0.99 * power), 0);
    bool seen = false;
    for (const Spike& spike : found.spikes) {
      const double seconds = BlockSeconds(header, spike.block, spike.length);
      const double time = header.time_recorded_jd + seconds / 86400;
      if (std::fabs(time - row.value.at("time")) > 2e-7) continue;
      seen = true;
      const double frequency = BinFrequency(header, spike.bin, spike.length);
      EXPECT_NEAR(static_cast<double>(spike.power), power, 2e-5 * power);
      EXPECT_NEAR(frequency, row.value.at("freq"), 1e-3);
      EXPECT_NEAR(DriftedFrequency(header, frequency, recording->table.Rate(pair), seconds),
                  row.value.at("detection_freq"), 1e-3);
      const SkyPosition sky = PositionAt(header, time);
      // Extrapolated from positions a few seconds apart, at times printed to a hundredth second.
      EXPECT_NEAR(sky.ra_hours, row.value.at("ra"), 1e-5);
      EXPECT_NEAR(sky.dec_degrees, row.value.at("decl"), 1e-4);
    }
    EXPECT_TRUE(seen) << "chirp " << chirp << " length " << length;
  }
}

std::string SampleDigest(const std::filesystem::path& path) {
  const auto unit = ReadSah(path, path.filename().string());
  if (!unit) return unit.error().Text();
  std::vector<unsigned char> pairs;
  for (std::size_t i = 0; i < unit->header.samples; ++i) {
    pairs.push_back(static_cast<unsigned char>(SahReal(*unit, i)));
    pairs.push_back(static_cast<unsigned char>(SahImaginary(*unit, i)));
  }
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()), pairs.data(), pairs.size());
  return ToHex(digest);
}

TEST(SetiOfficial, RealUnitDecodesToTheKnownSamples) {
  PICUBE_NEEDS_DATA(unit, test::kReal);
  EXPECT_EQ(SampleDigest(*unit),
            "8d715e6d657200fbde61fb0c38f4ec428f9c0ae9e8b11aabf6846ab4e5a69d5f");
}

TEST(SetiOfficial, ReferenceUnitDecodesToTheKnownSamples) {
  PICUBE_NEEDS_DATA(unit, test::kReference);
  EXPECT_EQ(SampleDigest(*unit),
            "d44626529d74024371614a896f98f96db735908ea912e378e0dc7b61886920e6");
}

TEST(SetiOfficial, TablesHaveTheKnownPairs) {
  PICUBE_NEEDS_DATA(real, test::kReal);
  PICUBE_NEEDS_DATA(reference, test::kReference);
  const std::map<std::filesystem::path, std::vector<std::size_t>> known = {
      {*real,
       {23, 47, 93, 187, 375, 749, 1499, 2999, 5997, 11995, 23991, 3381, 13525, 16229, 64917}},
      {*reference,
       {7, 13, 27, 55, 109, 219, 437, 873, 1745, 3491, 6981, 13961, 3381, 5409, 21639}}};
  for (const auto& [path, counts] : known) {
    const auto unit = ReadSah(path, "unit");
    ASSERT_TRUE(unit);
    const auto table = ChirpTable::Make(unit->header);
    ASSERT_TRUE(table);
    std::vector<std::size_t> found(counts.size());
    for (const Pair& pair : table->Pairs()) {
      ++found[static_cast<std::size_t>(pair.Log2Length() - 3)];
    }
    EXPECT_EQ(found, counts);
    EXPECT_NEAR(table->Step(), path == *real ? 0.000924260668 : 0.00184851944312, 1e-12);
  }
}

TEST(SetiOfficial, EverySpikeOfTheRealUnitIsRecomputed) {
  PICUBE_NEEDS_DATA(unit, test::kReal);
  PICUBE_NEEDS_DATA(list, std::string(test::kReal) + "_result");
  RecomputeList(*unit, *list, 5);
}

TEST(SetiOfficial, EverySpikeOfTheSecondRunIsRecomputed) {
  PICUBE_NEEDS_DATA(unit, test::kReal);
  PICUBE_NEEDS_DATA(list, std::string(test::kReal) + "_result_run1");
  RecomputeList(*unit, *list, 5);
}

TEST(SetiOfficial, EverySpikeOfTheReferenceUnitIsRecomputed) {
  PICUBE_NEEDS_DATA(unit, test::kReference);
  PICUBE_NEEDS_DATA(list, "setiathome/reference_result_unit.sah");
  RecomputeList(*unit, *list, 14);
}

TEST(SetiOfficial, BlindSearchOfTheRealUnitFindsTheFourSpikesAndNoOther) {
  PICUBE_NEEDS_DATA(unit, test::kReal);
  const test::Folder folder;
  const auto application = MakeSetiApplication();
  const Parameters parameters = {{"chirp", "-11.45:-11.40"},
                                 {"fft-length", "131072"},
                                 {"threshold", "24"},
                                 {"kinds", "spikes"}};
  const auto product =
      test::RunAll(*application, {{{"28my12ac", *unit}}}, parameters, 2, folder.Path());
  ASSERT_EQ(product.size(), 3U);
  struct Known {
    std::int64_t k;
    unsigned bin;
    double power;
  };
  const Known known[] = {{-12357, 93118, 25.248168},
                         {-12361, 93119, 26.039795},
                         {-12365, 93120, 25.824896},
                         {-12369, 93121, 24.609347}};
  std::ifstream csv(product[0].path);
  std::string line;
  std::getline(csv, line);
  std::size_t found = 0;
  while (std::getline(csv, line)) {
    const auto cell = test::Cells(line);
    if (cell[12] == "1") continue;  // marginal
    ASSERT_LT(found, 4U) << line;
    EXPECT_EQ(cell[0], std::to_string(known[found].k));
    EXPECT_EQ(cell[2], "131072");
    EXPECT_EQ(cell[3], "1");
    EXPECT_EQ(cell[4], std::to_string(known[found].bin));
    EXPECT_NEAR(*ParseNumber(cell[10]), known[found].power, 1e-4 * known[found].power);
    ++found;
  }
  EXPECT_EQ(found, 4U);
}

TEST(SetiOfficial, SearchAgreesWithItsTwinOnTheRealUnit) {
  PICUBE_NEEDS_DATA(unit, test::kReal);
  const auto recording = Load(*unit);
  SpikeSearch search(recording, 131072);
  search.Reserve(1);
  const Pair pair(-12361, 17);
  const PairResult found = search.Search(pair, 14.0F, 0);
  const auto judged = twin::Search(*recording, pair, 14.0);
  std::size_t i = 0;
  for (const Spike& spike : found.spikes) {
    if (spike.power <= 14.0F) continue;
    ASSERT_LT(i, judged.size());
    EXPECT_EQ(spike.block, judged[i].block);
    EXPECT_EQ(spike.bin, judged[i].bin);
    EXPECT_NEAR(spike.power, judged[i].power, 1e-5F * judged[i].power);
    ++i;
  }
  EXPECT_EQ(i, judged.size());
}

}  // namespace
}  // namespace picube
