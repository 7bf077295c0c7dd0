// What the peers found: cut-outs of Voyager 1 as seticore has them, and turbo_seti's synthetic
// cases. Whole coarse channels, so not with the others.
#include <gtest/gtest.h>

#include <cmath>

#include "protocol/base/rng.h"
#include "tests/workunits/drift/hits_reader.h"
#include "tests/workunits/support.h"
#include "workunits/drift/drift.h"
#include "workunits/formats/sigproc.h"
#include "workunits/math/elementary.h"
#include "workunits/math/taylor_tree.h"

namespace picube {
namespace {

TEST(DriftTruth, FiveCutOutsOfVoyager) {
  PICUBE_NEEDS_DATA(path, "voyager/voyager.hits");
  const auto cuts = test::ReadHits(test::ReadText(*path));
  ASSERT_EQ(cuts.size(), 5U);
  constexpr double kMedian = 174983208377;
  constexpr double kDeviation = 18955140920;
  const std::pair<std::int64_t, double> truth[] = {
      {36, 29.341688}, {39, 30.626724}, {37, 245.82512}, {38, 28.882154}, {39, 31.235535}};
  const math::TaylorTree<float> tree(16, -60, 60);
  auto workspace = tree.MakeWorkspace();
  for (std::size_t i = 0; i < 5; ++i) {
    const auto channels = static_cast<std::size_t>(cuts[i].channels);
    ASSERT_EQ(cuts[i].cells.size(), 16 * channels);
    const std::size_t stride = tree.Left() + channels + tree.Right();
    std::vector<float> cells(16 * stride, -std::numeric_limits<float>::infinity());
    for (std::size_t t = 0; t < 16; ++t) {
      std::copy_n(cuts[i].cells.data() + t * channels, channels,
                  cells.data() + t * stride + tree.Left());
    }
    std::vector<float> best(channels);
    tree.Search(cells.data() + tree.Left(), stride, channels, best.data(), workspace);
    const auto at = std::max_element(best.begin(), best.end()) - best.begin();
    EXPECT_EQ(at, 40) << i;
    EXPECT_EQ(tree.DriftOf(cells.data() + tree.Left() + at, stride, best[40]), truth[i].first);
    EXPECT_NEAR((static_cast<double>(best[40]) - kMedian) / kDeviation / truth[i].second, 1, 1e-4);
  }
}

double Normal(Rng& rng) {
  const double u = (static_cast<double>(rng.Next() >> 11) + 1) * 0x1p-53;
  const double t = static_cast<double>(rng.Next() >> 11) * 0x1p-53;
  return std::sqrt(-2 * math::Log(u)) * math::SinCosTurns(t).re;
}

// turbo_seti's cases: 60 spectra of 1 s, channels of 1 Hz, noise of 0.05, five tones.
struct Case {
  int direction;
  int sign;
  struct {
    double rate, snr, mhz;
    std::uint64_t index;
  } hits[2];
};

std::filesystem::path MakeCase(const test::Folder& folder, const Case& c) {
  constexpr std::size_t kChannels = 1'048'576;
  constexpr std::size_t kRows = 60;
  SigprocHeader header;
  header.source_name = "CASE";
  header.nbits = 32;
  header.nchans = kChannels;
  header.tstart = 57650;
  header.tsamp = 1;
  header.fch1 = 8421.386717353016;
  header.foff = c.direction * 1e-6;
  std::vector<float> cells(kRows * kChannels);
  Rng rng(1);
  for (float& cell : cells) cell = static_cast<float>(0.05 * Normal(rng));
  const struct {
    double start, rate, width, snr;
  } tones[] = {{209715.2, 1.3, 1, 100},
               {838860.8, 2.6, 2, 300},
               {349525.333, 3.9, 40, 30},
               {589824, 100, 40, 70},
               {458752, -100, 40, 70}};
  for (std::size_t k = 0; k < 5; ++k) {
    const double drift = (k < 3 ? c.sign : 1) * tones[k].rate * c.direction;
    const double spread = tones[k].width / 2.3548200450309493;
    const double level = tones[k].snr * 0.05 / std::sqrt(static_cast<double>(kRows));
    // On a falling axis the start is counted from the other end.
    const double start =
        c.direction > 0 ? tones[k].start : static_cast<double>(kChannels) - tones[k].start;
    for (std::size_t t = 0; t < kRows; ++t) {
      const double centre = start + drift * static_cast<double>(t);
      for (double f = std::floor(centre - 5 * spread); f <= centre + 5 * spread; ++f) {
        if (f < 0 || f >= static_cast<double>(kChannels)) continue;
        const double x = (f - centre) / spread;
        cells[t * kChannels + static_cast<std::size_t>(f)] +=
            static_cast<float>(level * math::Exp(-x * x / 2));
      }
    }
  }
  return folder.Write("case.fil", WriteSigprocHeader(header) + PackSigproc(header, cells));
}

TEST(DriftTruth, SyntheticCasesHaveTheTopHitsOfTurboSeti) {
  const Case cases[] = {
      {1, 1, {{1.296875, 85.385, 8421.596432, 209715}, {2.578125, 328.902, 8422.225578, 838861}}},
      {1, -1, {{-1.28125, 82.170, 8421.596432, 209715}, {-2.59375, 340.502, 8422.225578, 838861}}},
      {-1, 1, {{2.578125, 330.402, 8421.177003, 209714}, {1.296875, 86.589, 8420.547857, 838860}}},
      {-1,
       -1,
       {{-2.59375, 340.946, 8421.177003, 209714}, {-1.28125, 81.894, 8420.547857, 838860}}}};
  const auto application = MakeDriftApplication();
  for (const Case& c : cases) {
    const test::Folder folder;
    const Dataset dataset{{{"case.fil", MakeCase(folder, c)}}};
    static_cast<void>(
        test::RunAll(*application, dataset, {{"snr", "50"}, {"max-drift", "5"}}, 2, folder.Path()));
    std::istringstream lines(test::ReadText(folder / "hits.csv"));
    std::string line;
    std::getline(lines, line);
    for (const auto& hit : c.hits) {
      ASSERT_TRUE(std::getline(lines, line)) << c.direction << c.sign;
      const auto cells = test::Cells(line);
      EXPECT_NEAR(std::stod(cells.at(2)), static_cast<double>(hit.index), 1) << line;
      EXPECT_NEAR(std::stod(cells.at(4)) / hit.rate, 1, 0.05) << line;
      EXPECT_NEAR(std::stod(cells.at(5)) / hit.snr, 1, 0.05) << line;
      EXPECT_NEAR(std::stod(cells.at(7)), hit.mhz, 3e-6) << line;
    }
    EXPECT_FALSE(std::getline(lines, line)) << "exactly two: " << line;
  }
}

}  // namespace
}  // namespace picube
