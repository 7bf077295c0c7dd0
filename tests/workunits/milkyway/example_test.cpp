// The example: stars are drawn from a model, and the model explains them better than its
// neighbours.
#include <gtest/gtest.h>

#include "examples/milkyway/maker.h"
#include "tests/workunits/milkyway/evaluate.h"
#include "tests/workunits/support.h"

namespace picube {
namespace {

milkyway::Model Example() {
  const auto file =
      milkyway::ReadModel(PICUBE_EXAMPLES "/milkyway/two-streams.lua", "two-streams.lua");
  EXPECT_TRUE(file) << file.error().Text();
  return file->model;
}

std::vector<milkyway::Star> Drawn(const std::string& text) {
  const test::Folder folder;
  const auto stars = milkyway::ReadStars(folder.Write("stars.txt", text), "stars.txt");
  EXPECT_TRUE(stars) << stars.error().Text();
  return *stars;
}

TEST(MilkyWayExample, TheModelExplainsItsStarsBetterThanItsNeighbours) {
  const milkyway::Model model = Example();
  const auto stars = Drawn(*examples::MakeStars(model, {.seed = 2, .stars = 1500}));
  const double own = milkyway::Evaluate(model, stars).search;
  const auto names = milkyway::PointNames(2);
  const milkyway::Point point = milkyway::PointOf(model);
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double change = names[i].starts_with("mu") ? 20 : names[i].starts_with("r_") ? 8 : 0.4;
    milkyway::Point other = point;
    other[i] += point[i] > change && i < 2 ? -change : i < 2 ? 0.4 : change;
    if (names[i].starts_with("epsilon_")) other[i] = point[i] + 1;
    if (names[i].starts_with("sigma_")) other[i] = 2 * point[i];
    EXPECT_GT(own, milkyway::Evaluate(milkyway::WithPoint(model, other), stars).search) << names[i];
  }
}

TEST(MilkyWayExample, ASeedGivesTheSameStars) {
  const auto text = examples::MakeStars(Example(), {.seed = 1, .stars = 500});
  EXPECT_EQ(*text, *examples::MakeStars(Example(), {.seed = 1, .stars = 500}));
  EXPECT_NE(*text, *examples::MakeStars(Example(), {.seed = 2, .stars = 500}));
}

}  // namespace
}  // namespace picube
