#include "workunits/formats/presto.h"

#include <gtest/gtest.h>

#include "tests/workunits/support.h"

namespace picube {
namespace {

PrestoInf Small() {
  PrestoInf inf;
  inf.name = "made";
  inf.telescope = "GBT";
  inf.source = "noise";
  inf.samples = 8;
  inf.sample_seconds = 0.00016384;
  inf.epoch_mjd = 59313.309837974340741;
  inf.dispersion = 112.3802;
  inf.low_mhz = 720.78125;
  inf.channels = 256;
  return inf;
}

std::string With(const std::string& from, const std::string& to) {
  std::string text = WriteInf(Small());
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void ExpectError(const std::string& text, const std::string& part) {
  const auto inf = ParseInf(text, "x.inf");
  ASSERT_FALSE(inf) << part;
  EXPECT_NE(inf.error().Text().find(part), std::string::npos) << inf.error().Text();
  EXPECT_NE(inf.error().what.find("x.inf"), std::string::npos) << inf.error().what;
}

TEST(Presto, RealSeriesIsRead) {
  PICUBE_NEEDS_DATA(dat, "pulsar/GBT_J1807-0847.dat");
  PICUBE_NEEDS_DATA(path, "pulsar/GBT_J1807-0847.inf");
  const auto inf = ReadInf(*path, "GBT_J1807-0847.inf");
  ASSERT_TRUE(inf) << inf.error().Text();
  EXPECT_EQ(inf->source, "J1807-0847");
  EXPECT_EQ(inf->right_ascension, "18:07:37.9999");
  EXPECT_EQ(inf->samples, 131'072U);
  EXPECT_DOUBLE_EQ(inf->sample_seconds, 0.00016384);
  EXPECT_DOUBLE_EQ(inf->dispersion, 112.3802);
  EXPECT_FALSE(inf->barycentred);
  const auto series = PrestoSeries::Open(*dat, "GBT_J1807-0847.dat", *inf);
  ASSERT_TRUE(series) << series.error().Text();
  std::vector<float> values(131'072);
  ASSERT_TRUE(series->Read(0, 131'072, values.data()));
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v);
  EXPECT_NEAR(sum / 131'072, 445404.0896, 1e-3);
}

TEST(Presto, HeaderSurvivesItsText) {
  const auto inf = ParseInf(WriteInf(Small()), "x.inf");
  ASSERT_TRUE(inf) << inf.error().Text();
  EXPECT_EQ(WriteInf(*inf), WriteInf(Small()));
  EXPECT_EQ(inf->epoch_mjd, Small().epoch_mjd);
}

TEST(Presto, BreaksArePassedOver) {
  std::string text = With("no)  =  0\n Type",
                          "no)  =  1\n"
                          " On/Off bin pair #  1                   =  0          , 99999\n"
                          " On/Off bin pair #  2                   =  131071     , 131071\n Type");
  EXPECT_TRUE(ParseInf(text, "x.inf")) << ParseInf(text, "x.inf").error().Text();
}

TEST(Presto, MistakesAreNamedWithTheirLine) {
  ExpectError("", "empty");
  ExpectError("hello", "line 1");
  ExpectError(With("GBT", "None (Artificial Data Set)"), "line 2: artificial data");
  ExpectError(With("=  8\n", "=  0\n"), "line 10: '0' is no Number of bins");
  ExpectError(With("=  8\n", "=  8.5\n"), "line 10: the number of bins is not whole");
  ExpectError(With("=  8\n", "=  1e300\n"), "line 10");
  ExpectError(With("0.00016384", "0"), "line 11: '0' is no Width");
  ExpectError(With("0.00016384", "nan"), "line 11");
  ExpectError(With("Radio", "X-ray"), "line 13: the band 'X-ray'");
  ExpectError(With("112.3802", "inf"), "line 15");
  ExpectError(With(" Object", "  Object"), "line 4");
  const std::string text = WriteInf(Small());
  ExpectError(text.substr(0, text.find(" Number of channels")), "line 18");
}

TEST(Presto, SeriesOfAnotherSizeIsRefused) {
  const test::Folder folder;
  const auto short_one = folder.Write("x.dat", std::string(31, 'x'));
  const auto series = PrestoSeries::Open(short_one, "x.dat", Small());
  ASSERT_FALSE(series);
  EXPECT_NE(series.error().what.find("x.dat has 31 bytes; the 8 bins of its .inf have 32"),
            std::string::npos)
      << series.error().what;
  EXPECT_FALSE(PrestoSeries::Open(folder / "absent.dat", "absent.dat", Small()));
}

TEST(Presto, SeriesThatShrinksWhileReadIsAnError) {
  const test::Folder folder;
  const auto path = folder.Write("x.dat", std::string(32, 'x'));
  const auto series = PrestoSeries::Open(path, "x.dat", Small());
  ASSERT_TRUE(series);
  std::filesystem::resize_file(path, 16);
  float out[8];
  EXPECT_TRUE(series->Read(0, 4, out));
  EXPECT_FALSE(series->Read(0, 8, out));
}

}  // namespace
}  // namespace picube
