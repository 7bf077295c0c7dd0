#include "workunits/milkyway/likelihood.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/workunits/milkyway/evaluate.h"
#include "tests/workunits/milkyway/made.h"
#include "tests/workunits/pinned.h"
#include "tests/workunits/support.h"
#include "workunits/bytes.h"
#include "workunits/math/isa.h"

namespace picube::milkyway {
namespace {

TEST(MilkyWay, CoordinatesOfTheStripes) {
  const auto at = [](double mu, double nu, int wedge, double l, double b) {
    const Galactic found = GalacticOf(mu, nu, wedge);
    EXPECT_NEAR(found.l, l, 1e-12);
    EXPECT_NEAR(found.b, b, 1e-12);
  };
  at(31.361, 0, 82, 159.205090639015, -57.563804575517);
  at(310.5, -1, 82, 45.408026747141, -24.883888868222);
  at(200, 0.5, 11, -40.046170294117, 64.835747074246);
}

TEST(MilkyWay, NodesCarryTheStaleDerivative) {
  const Quadrature nodes = MakeQuadrature(120);
  EXPECT_DOUBLE_EQ(nodes.offsets[0], 1.8 * -0.99980086565895898);
  EXPECT_NEAR(nodes.weights[0], 0.0005110260636949801, 1e-17);
  EXPECT_NEAR(nodes.weights[59], 0.026068868824110265, 1e-16);
  double sum = 0;
  for (const double w : nodes.weights) sum += w;
  EXPECT_NEAR(sum, 1.99999999997549, 1e-14);
}

// The scalar twin: the formulas of one star, node after node, with the machine's own functions.
double TwinBackground(const Model& model, const Star& star) {
  const Quadrature nodes = MakeQuadrature(model.convolve);
  const Vector d = DirectionOf({star.l, star.b});
  const double g = 5 * (std::log10(1000 * star.r) - 1) + 4.2;
  double sum = 0;
  for (std::size_t j = 0; j < nodes.weights.size(); ++j) {
    const double r = std::pow(10, (g - nodes.offsets[j] - 14.2) / 5);
    const double q = nodes.weights[j] * r * r * r *
                     std::exp(-nodes.offsets[j] * nodes.offsets[j] / 0.72) /
                     (0.6 * std::sqrt(2 * 3.14159265358979323846));
    const double x = r * d.x - 8.5;
    const double y = r * d.y;
    const double z = r * d.z;
    const double rho = std::sqrt(x * x + y * y);
    const double radius = std::sqrt(rho * rho + z * z / model.background.q / model.background.q);
    const double disc = std::exp(-0.285714286 * rho - 1.428571429 * std::fabs(z));
    sum += q * (model.background.epsilon / (radius * std::pow(radius + 12, 3)) +
                (1 - model.background.epsilon) * disc);
  }
  return sum * 0.9402 / (std::exp(1.6171 * (g - 23.5877)) + 1) / (star.r * star.r * star.r);
}

TEST(MilkyWay, KernelAgreesWithItsScalarTwin) {
  const auto file = ParseModel(test::kSmallLua, "small.lua");
  ASSERT_TRUE(file) << file.error().Text();
  const Density density(file->model);
  for (const Star& star : {Star{160, -57, 22.2}, Star{45.4, -24.8, 3}, Star{-40, 64, 80}}) {
    std::vector<double> found(density.Kinds());
    StarDensities(density, std::span(&star, 1), found.data());
    ExpectNear(found[0], TwinBackground(file->model, star), 1e-12);
  }
}

// Every profile has a kernel of its own, and powers and the distances' errors their own functions.
TEST(MilkyWay, BitsAreTheSameOnEveryMachineForEveryProfile) {
  const auto file = ParseModel(test::kSmallLua, "small.lua");
  ASSERT_TRUE(file);
  const std::vector<Star> stars = {{160, -57, 22.2}, {45.4, -24.8, 3}, {-40, 64, 80}};
  const Background forms[] = {{0.9, 0.5},
                              {0.9, 0.5, 1.3, 0.8},
                              {0.9, 0.5, 1, 1, 1e-6, -2e-5, 3e-4},
                              {0.9, 0.5, 1.3, 0.8, 1e-6, -2e-5, 3e-4}};
  std::string first;
  for (const math::Isa isa : math::IsasHere()) {
    const math::WithIsa with(isa);
    ByteWriter all;
    for (const Profile profile : {Profile::kHernquist, Profile::kBrokenPowerLaw}) {
      for (const bool modfit : {false, true}) {
        for (const Background& form : forms) {
          Model model = file->model;
          model.profile = profile;
          model.modfit = modfit;
          model.background = form;
          const Values values = Evaluate(model, stars);
          EXPECT_NE(values.search, kImpossible);
          for (const double v : {values.background_integral, values.background, values.search}) {
            all.F64(v);
          }
          for (const double v : values.stream_integrals) all.F64(v);
          for (const double v : values.stream_only) all.F64(v);
        }
      }
    }
    const std::string bytes = all.Take();
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << math::Name(isa);
  }
  EXPECT_EQ(test::HashOfText(first), test::Pinned("milkyway profiles"));
}

TEST(MilkyWay, AStarWithoutProbabilityMakesThePointImpossibleAndIsNamed) {
  const auto file = ParseModel(test::kSmallLua, "small.lua");
  ASSERT_TRUE(file);
  Model model = file->model;
  model.profile = Profile::kBrokenPowerLaw;
  model.background.inner = model.background.outer = 900;
  const std::vector<Star> stars = {{160, -57, 22.2}, {160, -57, 5000}};
  const Values values = Evaluate(model, stars);
  EXPECT_EQ(values.search, kImpossible);
  EXPECT_FALSE(values.Reason().empty());
}

}  // namespace
}  // namespace picube::milkyway
