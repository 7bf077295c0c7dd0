// The example: a filterbank is made, and what was put in is found.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "examples/pulsar/maker.h"
#include "tests/workunits/support.h"
#include "workunits/pulsar/pulsar.h"

namespace picube {
namespace {

std::vector<std::string> FirstRow(const std::filesystem::path& path, const std::string& method) {
  std::ifstream csv(path);
  std::string line;
  while (std::getline(csv, line)) {
    if (line.starts_with(method + ",")) return test::Cells(line);
  }
  return {};
}

TEST(PulsarExample, MadePulsarIsFound) {
  examples::PulsarOptions options;
  options.channels = 32;
  options.samples = 1U << 15;
  options.strength = 0.08;
  const auto made = examples::MakeFilterbank(options);
  ASSERT_TRUE(made) << made.error().Text();
  const test::Folder folder;
  const auto path = folder.Write("demo.fil", *made);
  const auto application = MakePulsarApplication();
  test::RunAll(*application, {{{"demo.fil", path}}},
               {{"period", "0.2:0.3"}, {"dm", "0:60:15"}, {"units", "3"}}, 2, folder.Path());
  for (const std::string method : {"fold", "fft"}) {
    const auto row = FirstRow(folder / "candidates.csv", method);
    ASSERT_GT(row.size(), 5U) << method;
    EXPECT_NEAR(std::stod(row[2]), 0.25, method == "fold" ? 2e-4 : 2e-3);
    // A Fourier search of so few harmonics hardly tells neighbouring dispersion measures apart.
    EXPECT_NEAR(std::stod(row[4]), 30, method == "fold" ? 0 : 15);
  }
}

TEST(PulsarExample, BinaryPulsarIsFoundAtItsAcceleration) {
  examples::PulsarOptions options;
  options.channels = 8;
  options.samples = 1U << 17;
  options.period = 0.01;
  options.duty = 0.1;
  options.strength = 0.3;
  options.acceleration = 6000;
  const auto made = examples::MakeFilterbank(options);
  ASSERT_TRUE(made) << made.error().Text();
  const test::Folder folder;
  const auto path = folder.Write("binary.fil", *made);
  const auto application = MakePulsarApplication();
  test::RunAll(*application, {{{"binary.fil", path}}},
               {{"search", "fft"},
                {"period", "0.005:0.1"},
                {"dm", "30"},
                {"acceleration", "-6000:6000:2000"}},
               2, folder.Path());
  const auto row = FirstRow(folder / "candidates.csv", "fft");
  ASSERT_GT(row.size(), 6U);
  EXPECT_NEAR(std::stod(row[2]), 0.01 * (1 + 6000 * 32.8 / 299792458), 2e-6);
  EXPECT_EQ(std::stod(row[5]), 6000);
}

TEST(PulsarExample, SameOptionsGiveTheSameFile) {
  examples::PulsarOptions options;
  options.samples = 1024;
  EXPECT_EQ(test::HashOfText(*examples::MakeFilterbank(options)), 1591672221937952979U);
}

TEST(PulsarExample, WrongOptionsAreNamed) {
  const auto error = [](auto member, auto value) {
    examples::PulsarOptions options;
    options.*member = value;
    const auto made = examples::MakeFilterbank(options);
    return made ? std::string() : made.error().what;
  };
  using Options = examples::PulsarOptions;
  EXPECT_NE(error(&Options::period, 0.001).find("--period"), std::string::npos);
  EXPECT_NE(error(&Options::dm, -1.0).find("--dm"), std::string::npos);
  EXPECT_NE(error(&Options::duty, 0.9).find("--duty"), std::string::npos);
  EXPECT_NE(error(&Options::strength, NAN).find("--strength"), std::string::npos);
  EXPECT_NE(error(&Options::channels, 1U).find("--channels"), std::string::npos);
  EXPECT_NE(error(&Options::samples, 1ULL << 60).find("--samples"), std::string::npos);
}

}  // namespace
}  // namespace picube
