// GW150914 in the strain of the Hanford detector. Whole, so too long for an emulated machine.
#include <gtest/gtest.h>

#include "tests/workunits/support.h"
#include "workunits/gw/filter.h"
#include "workunits/gw/gw.h"

namespace picube {
namespace {

constexpr const char* kStrain = "gw150914/H-H1_LOSC_4_V2-1126259446-32.hdf5";
constexpr const char* kTemplate = "gw150914/GW150914_4_template.hdf5";

gw::Spectra Hanford(const std::filesystem::path& path) {
  const auto strain = ReadStrain(path, "H1");
  EXPECT_TRUE(strain) << strain.error().Text();
  const auto spectra = gw::MakeSpectra(*strain, "H1");
  EXPECT_TRUE(spectra) << spectra.error().Text();
  return *spectra;
}

TEST(Gw150914, GivenTemplateHasThePublishedRatio) {
  PICUBE_NEEDS_DATA(strain, kStrain);
  PICUBE_NEEDS_DATA(file, kTemplate);
  const gw::Spectra spectra = Hanford(*strain);
  EXPECT_NEAR(spectra.noise[3200] / 1.1654e-46, 1, 1e-4);
  const auto given = ReadGivenTemplate(*file, "template");
  ASSERT_TRUE(given);
  const auto found = gw::FilterGiven(spectra, given->plus, given->cross);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->peak.snr, 18.5614, 5e-4);
  EXPECT_EQ(found->peak.lag, 1800U);
  EXPECT_NEAR(found->sigma, 15117.13, 0.01);
}

TEST(Gw150914, TemplatesByMassesHaveTheirRatios) {
  PICUBE_NEEDS_DATA(strain, kStrain);
  const gw::Spectra spectra = Hanford(*strain);
  const gw::Filter filter(spectra, 20);
  auto workspace = filter.MakeWorkspace();
  const auto look = [&](gw::Family family, const gw::Masses& masses, double high) {
    gw::Bank bank;
    bank.family = family;
    bank.high_hertz = high;
    return filter.Search(gw::ShapeOf(bank, masses), workspace);
  };
  const gw::Masses own{30.3168, 0.242239};
  EXPECT_NEAR(look(gw::Family::kMerger, own, 0).snr, 18.407, 1e-3);
  EXPECT_EQ(look(gw::Family::kMerger, own, 0).lag, 64710U);
  EXPECT_NEAR(look(gw::Family::kMerger, {31, 0.25}, 0).snr, 18.423, 1e-3);
  EXPECT_EQ(look(gw::Family::kMerger, {31, 0.25}, 0).lag, 64892U);
  EXPECT_NEAR(look(gw::Family::kTaylorF2, own, 0).snr, 9.989, 1e-3);
  EXPECT_NEAR(look(gw::Family::kTaylorF2, own, 120).snr, 13.455, 1e-3);
  EXPECT_NEAR(look(gw::Family::kTaylorF2, own, 200).snr, 10.382, 1e-3);
  EXPECT_NEAR(look(gw::Family::kTaylorF2, own, 300).snr, 10.445, 1e-3);
  EXPECT_NEAR(look(gw::Family::kTaylorF2, {24, 0.25}, 200).snr, 14.657, 1e-3);
}

TEST(Gw150914, IsFoundByABankWithoutItsMasses) {
  PICUBE_NEEDS_DATA(strain, kStrain);
  const auto application = MakeGwApplication();
  const test::Folder out;
  const Dataset dataset{{{"H1.hdf5", *strain}}};
  const auto files = test::RunAll(*application, dataset,
                                  {{"chirp-mass", "16:48"},
                                   {"chirp-step", "3"},
                                   {"eta", "0.16:0.25"},
                                   {"eta-step", "0.03"},
                                   {"units", "4"}},
                                  2, out.Path());
  const std::string text = test::ReadText(out / "candidates.csv");
  const auto cells = test::Cells(text.substr(text.find('\n') + 1));
  EXPECT_EQ(cells.at(0), "H1");
  EXPECT_NEAR(std::stod(cells.at(1)), 1126259462.4285, 0.003);
  EXPECT_GE(std::stod(cells.at(2)), 18.2);
  EXPECT_NEAR(std::stod(cells.at(5)), 30.5, 2);
}

TEST(Gw150914, IsFoundByTheGivenTemplateAsASubmission) {
  PICUBE_NEEDS_DATA(strain, kStrain);
  PICUBE_NEEDS_DATA(file, kTemplate);
  const auto application = MakeGwApplication();
  const test::Folder out;
  const Dataset dataset{{{"H1.hdf5", *strain}, {"template.hdf5", *file}}};
  static_cast<void>(test::RunAll(*application, dataset, {}, 1, out.Path()));
  const std::string text = test::ReadText(out / "candidates.csv");
  const auto cells = test::Cells(text.substr(text.find('\n') + 1));
  EXPECT_NEAR(std::stod(cells.at(1)), 1126259462.4395, 0.002);
  EXPECT_NEAR(std::stod(cells.at(2)), 18.56, 0.05);
}

}  // namespace
}  // namespace picube
