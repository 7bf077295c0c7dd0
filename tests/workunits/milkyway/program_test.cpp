// The values of MilkyWay@home's own program: whole stripes, too long for an emulated machine.
#include <gtest/gtest.h>

#include "tests/workunits/milkyway/evaluate.h"
#include "tests/workunits/support.h"

namespace picube::milkyway {
namespace {

TEST(MilkyWayProgram, StripeEightyTwoHasTheFiveNumbers) {
  PICUBE_NEEDS_DATA(file, "milkyway/stripe_82_eps.lua");
  PICUBE_NEEDS_DATA(list, "milkyway/stars-82_2.txt");
  const auto model = ReadModel(*file, "stripe_82_eps.lua");
  ASSERT_TRUE(model) << model.error().Text();
  const auto stars = ReadStars(*list, "stars");
  ASSERT_TRUE(stars) << stars.error().Text();
  const Values values = Evaluate(model->model, *stars);
  ExpectNear(values.background_integral, 0.000473269174304, 2e-12);  // all digits there are
  ExpectNear(values.stream_integrals.at(0), 60.440141852252445);
  ExpectNear(values.background, -3.923585366455821);
  ExpectNear(values.stream_only.at(0), -8.516946700576103);
  ExpectNear(values.search, -3.470449504729997);
}

Area AreaOf(double r_low, double r_high, std::uint32_t r, double mu_low, double mu_high,
            std::uint32_t mu, double nu_low, double nu_high, std::uint32_t nu) {
  return {{r_low, r_high, r}, {mu_low, mu_high, mu}, {nu_low, nu_high, nu}};
}

// The values of the program for 500 stars, two streams and a cut, for each profile.
struct Options {
  const char* name;
  Profile profile;
  bool modfit;
  Background background;
  double background_integral, background_likelihood, search;
};

TEST(MilkyWayProgram, EveryProfileHasTheValuesOfTheProgram) {
  PICUBE_NEEDS_DATA(list, "milkyway/stars-82_2.txt");
  auto stars = ReadStars(*list, "stars");
  ASSERT_TRUE(stars);
  stars->resize(500);
  Model model;
  model.wedge = 82;
  model.streams = {{-1.828, 31.361, 29.228, 1.696, 0.044, 2.854}, {-1.1, 350, 12.5, 0.7, 2.2, 1.4}};
  model.areas = {AreaOf(16, 22.5, 20, 310, 419, 20, -1.25, 1.25, 4),
                 AreaOf(16, 18, 10, 330, 340, 10, -1.25, 0.25, 4)};
  const Background fast{0.95, 0.456};
  const Background slow{0.95, 0.456, 1.3, 0.8};
  const Background quadratic{0.95, 0.456, 1, 1, 1e-6, -2e-5, 3e-4};
  const Background broken{0.95, 0.456, 2.3, 3.8};
  using P = Profile;
  for (const Options& o : {Options{"fast", P::kHernquist, false, fast, 0.000454820020564,
                                   -4.147162606459028, -3.464282365319546},
                           Options{"slow", P::kHernquist, false, slow, 0.000690231598724,
                                   -3.954813952065844, -3.414297516878242},
                           Options{"a, b, c", P::kHernquist, false, quadratic, 0.555344106301624,
                                   -3.599476649507022, -3.372484152658337},
                           Options{"broken", P::kBrokenPowerLaw, false, broken, 4.968555338876239,
                                   -4.014869146367941, -3.418135285094366},
                           Options{"modfit", P::kHernquist, true, fast, 0.000415083257820,
                                   -4.339418365481919, -3.525540462639251}}) {
    SCOPED_TRACE(o.name);
    model.profile = o.profile;
    model.modfit = o.modfit;
    model.background = o.background;
    const Values values = Evaluate(model, *stars);
    ExpectNear(values.background_integral, o.background_integral, 2e-12);
    ExpectNear(values.background, o.background_likelihood);
    ExpectNear(values.search, o.search);
    ExpectNear(values.stream_integrals[0], o.modfit ? 22.729754297537504 : 60.661569669413986);
    ExpectNear(values.stream_integrals[1], o.modfit ? 3.119875715386129 : 3.810155504627399);
    ExpectNear(values.stream_only[0], o.modfit ? -12.961878092175468 : -9.455629433782043);
    ExpectNear(values.stream_only[1], o.modfit ? -137.069079751705402 : -165.290819800491647);
  }
}

// An older program left the disc out (epsilon 1 does), used another radius and a factor of 1.8.
TEST(MilkyWayProgram, StreamsOfStripeElevenHaveTheIntegralsOfTheProgram) {
  Model model;
  model.wedge = 11;
  model.background = {1, 0.571713};
  model.streams = {{0, 148.010257, 22.453902, 0.42035, -0.468858, 0.760579},
                   {0, 177.884238, 23.882892, 1.210639, -1.611974, 8.534378},
                   {0, 177.884238, 10.882892, 1.210639, -1.611974, 8.534378}};
  model.areas = {AreaOf(16, 23, 140, 150, 229, 160, -1.25, 1.25, 64)};
  const auto integrals = Integrals(model);
  ExpectNear(1.8 * integrals[1], 34.162598012270770);
  ExpectNear(1.8 * integrals[2], 667.258968797276599);
  ExpectNear(1.8 * integrals[3], 336.167834127366805);
}

}  // namespace
}  // namespace picube::milkyway
