// Real and published recordings through the whole application.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "tests/workunits/support.h"
#include "workunits/pulsar/pulsar.h"
#include "workunits/pulsar/recording.h"
#include "workunits/pulsar/twin.h"

namespace picube {
namespace {

// The first row of a method in the product.
std::map<std::string, std::string> Best(const std::filesystem::path& csv_path,
                                        const std::string& method) {
  std::ifstream csv(csv_path);
  std::string line;
  std::getline(csv, line);
  const auto names = test::Cells(line);
  std::map<std::string, std::string> best;
  while (best.empty() && std::getline(csv, line)) {
    const auto cells = test::Cells(line);
    for (std::size_t i = 0; cells[0] == method && i < cells.size(); ++i) best[names[i]] = cells[i];
  }
  return best;
}

TEST(PulsarReal, B1804IsFoundInItsPrestoSeries) {
  PICUBE_NEEDS_DATA(dat, "pulsar/GBT_J1807-0847.dat");
  PICUBE_NEEDS_DATA(inf, "pulsar/GBT_J1807-0847.inf");
  const auto application = MakePulsarApplication();
  const test::Folder out;
  const auto product =
      test::RunAll(*application, {{{"GBT_J1807-0847.dat", *dat}, {"GBT_J1807-0847.inf", *inf}}},
                   {{"period", "0.1:2"}, {"units", "3"}}, 2, out.Path());
  ASSERT_FALSE(product.empty());
  EXPECT_NE(product[0].what.find("in 50016 trial periods (best: P 0.163714071 s, S/N 256.283"),
            std::string::npos)
      << product[0].what;
  auto best = Best(out / "candidates.csv", "fold");
  ASSERT_FALSE(best.empty());
  EXPECT_NEAR(std::stod(best["period"]), 0.163714071, 1e-9);
  EXPECT_NEAR(std::stod(best["snr"]), 256.283, 1e-3);
  EXPECT_NEAR(std::stod(best["dm"]), 112.3802, 1e-9);
  EXPECT_EQ(best["width"], "13");
  EXPECT_EQ(best["bins"], "258");
  best = Best(out / "candidates.csv", "fft");
  ASSERT_FALSE(best.empty());
  EXPECT_NEAR(std::stod(best["period"]), 0.16370, 8e-5);
  EXPECT_GT(std::stod(best["sigma"]), 130);
}

TEST(PulsarReal, B1804IsFoundInItsSigprocSeries) {
  PICUBE_NEEDS_DATA(tim, "pulsar/GBT_J1807-0847.tim");
  const auto application = MakePulsarApplication();
  const test::Folder out;
  test::RunAll(*application, {{{"GBT_J1807-0847.tim", *tim}}}, {{"units", "1"}}, 2, out.Path());
  auto best = Best(out / "candidates.csv", "fold");
  ASSERT_FALSE(best.empty());
  EXPECT_NEAR(std::stod(best["period"]), 0.1637141, 5e-6);
  EXPECT_NEAR(std::stod(best["dm"]), 112.3802, 1e-9);
}

TEST(PulsarReal, MadePulsarIsFoundInItsFilterbank) {
  PICUBE_NEEDS_DATA(fil, "pulsar/tutorial.fil");
  const auto application = MakePulsarApplication();
  const Dataset dataset{{{"tutorial.fil", *fil}}};
  const test::Folder out;
  test::RunAll(*application, dataset, {{"period", "0.2:0.3"}, {"dm", "0:60:10"}}, 2, out.Path());
  auto best = Best(out / "candidates.csv", "fold");
  ASSERT_FALSE(best.empty());
  EXPECT_NEAR(std::stod(best["period"]), 0.25, 2e-5);
  EXPECT_EQ(std::stod(best["dm"]), 30);
  EXPECT_NEAR(std::stod(best["snr"]), 102.83, 0.5);  // few levels of 2 bits lose by rounding
  EXPECT_EQ(best["width"], "9");
  best = Best(out / "candidates.csv", "fft");
  ASSERT_FALSE(best.empty());
  EXPECT_NEAR(std::stod(best["period"]), 0.25, 1e-3);
}

TEST(PulsarReal, FloatTwinOfTheFilterbankAgreesToItsDigits) {
  PICUBE_NEEDS_DATA(fil, "pulsar/tutorial.fil");
  const auto recording = pulsar::Recording::Open({{{"tutorial.fil", *fil}}}, 1, "");
  ASSERT_TRUE(recording);
  const auto plan = pulsar::MakeFoldPlan(0.00032, 0.2, 0.3, 240, 260);
  const auto flat = recording->Flat({30});
  ASSERT_TRUE(flat);
  const auto found = pulsar::twin::SearchFloats(*plan, (*flat)[0]);
  EXPECT_NEAR(found.best.snr, 102.83, 0.005);
  EXPECT_NEAR(found.best.period, 0.2500049, 5e-8);
  EXPECT_EQ(found.best.width, 9U);
}

}  // namespace
}  // namespace picube
