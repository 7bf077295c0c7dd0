#include "workunits/milkyway/evolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>

#include "tests/workunits/milkyway/made.h"
#include "tests/workunits/support.h"
#include "workunits/milkyway/fit.h"
#include "workunits/milkyway/likelihood.h"
#include "workunits/milkyway/merge.h"
#include "workunits/milkyway/milkyway.h"

namespace picube::milkyway {
namespace {

const std::vector<Bound> kBounds = {{0, 1},  {0.3, 1},    {-20, 20},   {310, 419},
                                    {2, 57}, {-6.3, 6.3}, {-6.3, 6.3}, {0.1, 20}};
const Point kStart = {0.5, 0.5, 0, 350, 20, 1, 1, 5};

// Highest at a point inside the bounds; every value counts.
double Hill(const Point& point) {
  const Point top = {0.9, 0.45, -2, 388, 29, 1.7, -0.5, 2.9};
  double sum = 0;
  for (std::size_t i = 0; i < top.size(); ++i) {
    const double width = kBounds[i].high - kBounds[i].low;
    sum -= (point[i] - top[i]) * (point[i] - top[i]) / (width * width);
  }
  return sum;
}

TEST(Evolution, ClimbsToTheTop) {
  Evolution evolution(kBounds, kStart, 1);
  EXPECT_EQ(evolution.Size(), 80U);
  while (!evolution.Converged() && evolution.Proposals() < 20'000) {
    const double score = Hill(evolution.Propose());
    evolution.Take(evolution.Proposals() - 1, score);
  }
  EXPECT_TRUE(evolution.Converged());
  ASSERT_NE(evolution.Best(), nullptr);
  EXPECT_NEAR(evolution.Best()->score, 0, 1e-5);
  EXPECT_NEAR(evolution.Best()->point[3], 388, 1);
}

TEST(Evolution, ProposalsStayInsideTheirBoundsAndFixedValuesStay) {
  auto bounds = kBounds;
  bounds[4].free = false;
  Evolution evolution(bounds, kStart, 3);
  for (int i = 0; i < 3000; ++i) {
    const Point point = evolution.Propose();
    for (std::size_t k = 0; k < point.size(); ++k) {
      EXPECT_GE(point[k], bounds[k].low);
      EXPECT_LE(point[k], bounds[k].high);
    }
    EXPECT_EQ(point[4], kStart[4]);
    evolution.Take(evolution.Proposals() - 1, Hill(point));
  }
}

TEST(Evolution, ManyProposalsInFlightClimbToo) {
  Evolution evolution(kBounds, kStart, 5);
  std::deque<std::pair<std::uint64_t, double>> in_flight;
  while (!evolution.Converged() && evolution.Proposals() < 30'000) {
    const double score = Hill(evolution.Propose());
    in_flight.emplace_back(evolution.Proposals() - 1, score);
    if (in_flight.size() < 50) continue;
    evolution.Take(in_flight.front().first, in_flight.front().second);
    in_flight.pop_front();
  }
  EXPECT_NEAR(evolution.Best()->score, 0, 1e-4);
}

TEST(Evolution, WhatIsImpossibleNeverEntersAndLostProposalsAreForgotten) {
  Evolution evolution(kBounds, kStart, 7);
  for (int i = 0; i < 1000; ++i) {
    const double score = Hill(evolution.Propose());
    const std::uint64_t proposal = evolution.Proposals() - 1;
    if (i % 3 == 0) {
      evolution.Drop(proposal);
      evolution.Take(proposal, 1000);
    } else {
      evolution.Take(proposal, i % 3 == 1 ? kImpossible : score);
    }
  }
  EXPECT_LE(evolution.Best()->score, 0);
  for (const auto& member : evolution.Members()) {
    if (member) {
      EXPECT_NE(member->score, kImpossible);
    }
  }
}

TEST(Evolution, StreamsAreOrderedByMu) {
  EXPECT_EQ(InOrderOfMu({1, 2, 1, 9, 0, 0, 0, 0, 2, 8, 0, 0, 0, 0}),
            (Point{1, 2, 2, 8, 0, 0, 0, 0, 1, 9, 0, 0, 0, 0}));
}

// The search's side of the bargain: steps out, products in, and the same way the second time.
class FitSteps : public ::testing::Test {
 protected:
  std::unique_ptr<Search> Start(const SearchOptions& options) {
    const Dataset dataset{{{"small.lua", folder_.Write("small.lua", test::kSmallLua)},
                           {"stars.txt", folder_.Write("stars.txt", test::MadeStars(100))}}};
    auto search = application_->StartSearch(dataset, {}, options);
    EXPECT_TRUE(search) << search.error().Text();
    return std::move(*search);
  }
  // What a grid would answer: the points, each with the score `score` gives its number.
  std::filesystem::path Answer(const std::string& file, double score, bool lose_one = false) {
    std::string text = PointsHeading(2);
    std::istringstream lines(file);
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      score += 0.25;
      if (lose_one) {
        lose_one = false;
        continue;
      }
      text += line + ",1,1,1,1,1,1," + NumberText(score) + "\n";
    }
    return folder_.Write("points.csv", text);
  }

  test::Folder folder_;
  std::unique_ptr<Application> application_ = MakeMilkyWayApplication();
};

TEST_F(FitSteps, TakeTheSameWayTwiceAndEndAfterTheirEvaluations) {
  std::string first;
  for (int run = 0; run < 2; ++run) {
    const auto search = Start({.evaluations = 50, .seed = 4, .step = 12});
    std::string all;
    std::deque<std::string> in_flight;
    while (!search->Enough() || !in_flight.empty()) {
      while (!search->Enough() && in_flight.size() < 2) {
        in_flight.push_back(search->Propose());
        all += in_flight.back();
      }
      ASSERT_TRUE(search->Take(Answer(in_flight.front(), -5, true)));
      in_flight.pop_front();
    }
    EXPECT_EQ(search->Progress().substr(0, 14), "45 evaluations") << search->Progress();
    if (first.empty()) first = all;
    EXPECT_EQ(all, first);
    const auto files = search->Finish(folder_.Path());
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 4U);
    const auto best = ReadModel(folder_ / "best.lua", "best.lua");
    ASSERT_TRUE(best) << best.error().Text();
    EXPECT_EQ(best->model.areas.size(), 2U);
  }
}

TEST_F(FitSteps, AProductOfAnotherStepIsRefused) {
  const auto search = Start({.step = 5});
  const std::string step = search->Propose();
  const std::string other = search->Propose();
  EXPECT_FALSE(search->Take(Answer(other, 0)));
}

TEST_F(FitSteps, WhatCannotBeFittedIsSaid) {
  const Dataset alone{{{"small.lua", folder_.Write("small.lua", test::kSmallLua)}}};
  const auto search = application_->StartSearch(alone, {}, {});
  ASSERT_FALSE(search);
  EXPECT_NE(search.error().what.find("needs a list of stars"), std::string::npos);
}

// A proposal that a unit refuses would end the search in its middle.
TEST_F(FitSteps, BoundsThatCannotBeAreRefusedBeforeTheFirstStep) {
  const auto file = ParseModel(test::kSmallLua, "small.lua");
  ASSERT_TRUE(file);
  const auto error_of = [&](std::size_t value, Bound bound) {
    Plan plan{file->model, file->bounds, {{160, -57, 22}}, {}, 1};
    plan.bounds[value] = bound;
    const auto search = MakeFit(std::move(plan), "small.lua", {});
    return search ? std::string("no error") : search.error().Text();
  };
  EXPECT_EQ(error_of(0, {0, 1}), "no error");
  EXPECT_NE(error_of(0, {0.8, 1.5}).find("the upper bounds of the fit: background epsilon = 1.5"),
            std::string::npos);
  EXPECT_NE(error_of(4, {-9, 60}).find("the lower bounds of the fit: stream 1: r = -9"),
            std::string::npos);
  EXPECT_EQ(error_of(4, {-9, 60, false}), "no error") << "it is not fitted";
}

}  // namespace
}  // namespace picube::milkyway
