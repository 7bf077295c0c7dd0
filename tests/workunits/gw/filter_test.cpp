#include "workunits/gw/filter.h"

#include <gtest/gtest.h>

#include <cmath>

#include "examples/gw/maker.h"
#include "tests/workunits/support.h"
#include "workunits/math/elementary.h"
#include "workunits/math/isa.h"

namespace picube::gw {
namespace {

// 16 s at 512 Hz.
Spectra MadeSpectra(double snr = 15) {
  const auto strain = examples::MakeStrain(
      {.rate = 512, .seconds = 16, .chirp_mass = 28, .eta = 0.23, .merger = 9, .snr = snr});
  EXPECT_TRUE(strain) << strain.error().Text();
  const auto spectra = MakeSpectra(*strain, "made");
  EXPECT_TRUE(spectra) << spectra.error().Text();
  return *spectra;
}

// The definition, in double and without a fast transform, at one lag.
double TwinSnr(const Spectra& spectra, const Shape& shape, double low, std::uint64_t lag) {
  const auto n = static_cast<double>(spectra.samples);
  double re = 0;
  double im = 0;
  double norm = 0;
  for (std::size_t bin = 1; bin < spectra.samples / 2; ++bin) {
    const double f = spectra.Frequency(bin);
    if (f < low || f > shape.end) continue;
    const Value h = At(shape, f);
    const double noise = spectra.noise[bin];
    norm += (h.re * h.re + h.im * h.im) / noise;
    const double x = (spectra.re[bin] * h.re + spectra.im[bin] * h.im) / noise;
    const double y = (spectra.im[bin] * h.re - spectra.re[bin] * h.im) / noise;
    const math::Root turn = math::SinCosTurns(static_cast<double>(bin * lag % spectra.samples) / n);
    re += x * turn.re - y * turn.im;
    im += x * turn.im + y * turn.re;
  }
  return 4 * spectra.rate / n * std::sqrt(re * re + im * im) /
         std::sqrt(4 * norm * spectra.rate / n);
}

TEST(Gw, KernelAgreesWithTheDefinition) {
  const Spectra spectra = MadeSpectra();
  const Filter filter(spectra, 20);
  auto workspace = filter.MakeWorkspace();
  for (const Family family : {Family::kMerger, Family::kTaylorF2}) {
    Bank bank;
    bank.family = family;
    const Shape shape = ShapeOf(bank, {28, 0.23});
    const auto series = filter.Series(shape, workspace);
    for (const std::uint64_t lag : {0U, 17U, 4096U, 8191U}) {
      EXPECT_NEAR(series[lag] / TwinSnr(spectra, shape, 20, lag), 1, 1e-4) << lag;
    }
  }
}

TEST(Gw, MergerIsFoundWhereItWasPut) {
  const Spectra spectra = MadeSpectra();
  const Filter filter(spectra, 20);
  auto workspace = filter.MakeWorkspace();
  const Shape shape = ShapeOf({}, {28, 0.23});
  const Peak peak = filter.Search(shape, workspace);
  EXPECT_NEAR(static_cast<double>(filter.SampleOf(shape, peak.lag)) / 512, 9, 0.005);
  EXPECT_NEAR(peak.snr, 15, 4);  // the merger is in the noise's density, too
  EXPECT_LT(filter.ChiSquare(shape, peak.lag, workspace), 60);
  const Shape other = ShapeOf({}, {12, 0.1});
  EXPECT_LT(filter.Search(other, workspace).snr, 0.8 * peak.snr);
}

TEST(Gw, NothingIsFoundInNoise) {
  const Spectra spectra = MadeSpectra(0);
  const Filter filter(spectra, 20);
  auto workspace = filter.MakeWorkspace();
  EXPECT_LT(filter.Search(ShapeOf({}, {28, 0.23}), workspace).snr, 6);
}

TEST(Gw, GivenTemplateOfTheMergerFindsItToo) {
  const Spectra spectra = MadeSpectra();
  // The merger alone, in the middle: noise of the same seed taken away.
  const examples::StrainOptions alone{
      .rate = 512, .seconds = 16, .chirp_mass = 28, .eta = 0.23, .merger = 8, .snr = 15};
  examples::StrainOptions noise = alone;
  noise.snr = 0;
  const auto both = examples::MakeStrain(alone);
  const auto less = examples::MakeStrain(noise);
  std::vector<float> plus(both->samples.size());
  for (std::size_t i = 0; i < plus.size(); ++i) {
    plus[i] = static_cast<float>((both->samples[i] - less->samples[i]) * 1e20);
  }
  const auto found = FilterGiven(spectra, plus, std::vector<float>(plus.size()));
  ASSERT_TRUE(found);
  const std::uint64_t sample = (found->peak.lag + spectra.samples / 2) % spectra.samples;
  EXPECT_NEAR(static_cast<double>(sample) / 512, 9, 0.005);
  EXPECT_FALSE(
      FilterGiven(spectra, std::vector<float>(plus.size()), std::vector<float>(plus.size())));
}

TEST(Gw, SpectraComeBackFromTheirBytesAndNothingElseDoes) {
  const Spectra spectra = MadeSpectra();
  const Bytes bytes = EncodeSpectra(spectra);
  const auto again = DecodeSpectra(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->noise, spectra.noise);
  EXPECT_EQ(again->detector, "M1");
  EXPECT_FALSE(DecodeSpectra(bytes.substr(1)));
  EXPECT_FALSE(DecodeSpectra(bytes + "x"));
  EXPECT_FALSE(DecodeSpectra(""));
}

TEST(Gw, BinariesHaveTheMassesOfTheirChirp) {
  const Masses equal{30, 0.25};
  EXPECT_NEAR(equal.First(), equal.Second(), 1e-9);
  EXPECT_NEAR(equal.First(), 34.46, 0.01);
  const Masses unequal{30.3168, 0.242239};
  EXPECT_NEAR(unequal.First(), 41.743, 0.01);
  EXPECT_NEAR(unequal.Second(), 29.237, 0.01);
}

void ExpectRefused(const Strain& strain, const std::string& part) {
  const auto spectra = MakeSpectra(strain, "x.hdf5");
  ASSERT_FALSE(spectra) << part;
  EXPECT_NE(spectra.error().Text().find(part), std::string::npos) << spectra.error().Text();
}

TEST(Gw, StrainThatCannotBeSearchedIsRefused) {
  const auto good = examples::MakeStrain({.rate = 512, .seconds = 16, .merger = 9});
  ASSERT_TRUE(good);
  Strain strain = *good;
  strain.samples.assign(strain.samples.size(), 1e-21);
  ExpectRefused(strain, "constant");
  strain = *good;
  strain.samples.pop_back();
  ExpectRefused(strain, "8191 samples are not a power of two");
  strain = *good;
  strain.rate = 500;
  ExpectRefused(strain, "rate of 500");
  strain = *good;
  strain.rate = 2048;
  ExpectRefused(strain, "8192 samples");
}

}  // namespace
}  // namespace picube::gw
