#include "workunits/milkyway/reader.h"

#include <gtest/gtest.h>

#include "tests/workunits/milkyway/made.h"
#include "tests/workunits/support.h"

namespace picube::milkyway {
namespace {

std::string ErrorOf(const std::string& text) {
  const auto file = ParseModel(text, "p.lua");
  return file ? std::string("no error") : file.error().Text();
}
void ExpectError(const std::string& text, const std::string& part) {
  EXPECT_NE(ErrorOf(text).find(part), std::string::npos) << ErrorOf(text);
}
std::string Small(const std::string& from, const std::string& to) {
  std::string text = test::kSmallLua;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(MilkyWayFiles, LuaFormIsRead) {
  const auto file = ParseModel(test::kSmallLua, "p.lua");
  ASSERT_TRUE(file) << file.error().Text();
  EXPECT_EQ(file->model.wedge, 82);
  EXPECT_EQ(file->model.convolve, 30U);
  EXPECT_EQ(PointOf(file->model),
            (Point{0.9, 0.5, -1.8, 31.4, 29.2, 1.7, 0.04, 2.9, -1.1, 350, 12.5, 0.7, 2.2, 1.4}));
  ASSERT_EQ(file->model.areas.size(), 2U);
  EXPECT_EQ(file->model.areas[1].nu.steps, 3U);
  EXPECT_EQ(file->bounds.size(), 14U);
}

TEST(MilkyWayFiles, TextFormIsReadWithItsBounds) {
  PICUBE_NEEDS_DATA(path, "milkyway/parameters-82-4s.txt");
  const auto file = ReadModel(*path, "parameters-82-4s.txt");
  ASSERT_TRUE(file) << file.error().Text();
  EXPECT_EQ(file->model.streams.size(), 4U);
  EXPECT_EQ(file->model.background.epsilon, 0.99);
  EXPECT_EQ(file->model.background.q, 0.34217373320392042);
  EXPECT_EQ(file->model.areas.at(0).mu.steps, 800U);
  ASSERT_EQ(file->bounds.size(), 26U);
  EXPECT_EQ(file->bounds[0].low, 0.8);
  EXPECT_EQ(file->bounds[1].high, 1.75);
  EXPECT_EQ(file->bounds[3].low, 350);
  EXPECT_EQ(file->bounds[7].high, 25);
  EXPECT_TRUE(file->bounds[25].free);
}

TEST(MilkyWayFiles, MistakesAreNamedWithLineAndColumn) {
  ExpectError("wedge = 8 2", "p.lua:1:11: a name was expected here");
  ExpectError("wedge = x", "p.lua:1:9: 'x' is not a literal number");
  ExpectError("wedge = 1e999", "is not a literal number");
  ExpectError("wedge = {", "p.lua:1:10");
  ExpectError("wedge = 1 -- only this", "the file does not say background");
  ExpectError("--[[ no end", "has no end");
  ExpectError(std::string(100, '{'), "a name was expected");
  ExpectError("a = " + std::string(100, '{'), "nested too deep");
  ExpectError(Small("epsilon = 0.9,", ""), "background lacks epsilon");
  ExpectError(Small("epsilon = 0.9", "epsilom = 0.9"), "background has no 'epsilom'");
  ExpectError(Small("q = 0.5", "q = 0"), "background q = 0 cannot be");
  ExpectError(Small("sigma = 2.9", "sigma = 0"), "stream 1: sigma = 0 cannot be");
  ExpectError(Small("r_steps = 20", "r_steps = 0"), "area[1]: the numbers of steps");
  ExpectError(Small("r_steps = 20", "r_steps = 2.5"), "area[1]: the numbers of steps");
  ExpectError(Small("mu_max = 419", "mu_max = 300"), "area 1: mu_max = 300 cannot be");
  ExpectError(Small("convolve = 30", "convolve = 31"), "convolve = 31 cannot be");
  ExpectError(Small("wedge = 82", "wedge = 8.5"), "wedge must be a whole number");
  ExpectError("background_weight: 0.5\nwedge: 82\n", "ends without background_parameters[4]");
  ExpectError("background_weight: x\n",
              "p.lua:1: column 20: background_weight: 'x' is not a number");
  ExpectError("  background_weight: ,\n", "p.lua:1: column 21: background_weight: '' is not");
  ExpectError("r[min,max,steps]: 16, 22, 20.5\n", "the number of steps must be whole");
  ExpectError(std::string(test::kSmallLua) + "convolv = 60\n", ":16:11: 'convolv' is not known");
  ExpectError("sigma: 5\n", "'sigma' is not known here");
  ExpectError("", "the file does not say wedge");
}

std::string StarsError(const std::string& text) {
  const test::Folder folder;
  const auto stars = ReadStars(folder.Write("stars.txt", text), "stars.txt");
  return stars ? std::string("no error") : stars.error().Text();
}

TEST(MilkyWayFiles, ListsOfStarsThatCannotBeAreRefused) {
  const test::Folder folder;
  const auto stars = ReadStars(folder.Write("s", "2\n1 2 3\n\n-4,5 6.5\r\n"), "s");
  ASSERT_TRUE(stars) << stars.error().Text();
  EXPECT_EQ(stars->at(1).l, -4);
  EXPECT_EQ(stars->at(1).r, 6.5);
  for (const auto& [text, part] :
       {std::pair{"", "begins with their number"},
        {"0\n", "the list of stars is empty"},
        {"1 2 3\n", "begins with their number"},
        {"1e18\n", "at most 50000000 stars"},
        {"3\n1 2 3\n", "ends after 1 of 3 stars"},
        {"1\n1 2 3\n1 2 3\n", "stars.txt:3: there are"},
        {"1\n1 2 nan\n", "stars.txt:2: column 5: 'nan' is not a finite number"},
        {"1\n1 2 inf\n", "is not a finite number"},
        {"1\n1 2\n", "a star is three numbers"},
        {"1\n1 91 3\n", "angles in degrees"},
        {"1\n1 2 0\n", "above 0"},
        {"1\n1 2 -3\n", "above 0"}}) {
    EXPECT_NE(StarsError(text).find(part), std::string::npos) << text << StarsError(text);
  }
}

TEST(MilkyWayFiles, LinesAreReadUpToTheirBoundAndWithoutALastEnd) {
  const test::Folder folder;
  const std::string blanks(65'000, ' ');
  const auto stars = ReadStars(folder.Write("s", "2\n1 2 3" + blanks + "\n4 5 6"), "s");
  ASSERT_TRUE(stars) << stars.error().Text();
  EXPECT_EQ(stars->at(1).r, 6);
  const std::string whole = std::string(65'536 - 5, ' ') + "1 2 3";
  EXPECT_EQ(StarsError("1\n" + whole + "\n"), "no error");
  EXPECT_EQ(StarsError("1\n" + whole), "no error");
  EXPECT_NE(StarsError("1\n " + whole + "\n").find("stars.txt:2: the line is longer"),
            std::string::npos);
  EXPECT_NE(StarsError(std::string(300'000, '1')).find("stars.txt:1: the line is longer"),
            std::string::npos);
}

TEST(MilkyWayFiles, PointsAreReadUnderAHeading) {
  const test::Folder folder;
  const auto points = ReadPoints(folder.Write("p.csv", "epsilon,q\n0.5,0.6\n1 2\n"), "p.csv", 2);
  ASSERT_TRUE(points);
  EXPECT_EQ(*points, (std::vector<Point>{{0.5, 0.6}, {1, 2}}));
  const auto bad = ReadPoints(folder.Write("q.csv", "0.5,0.6,7\n"), "q.csv", 2);
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().what.find("q.csv:1: a point of this model has 2 numbers, not 3"),
            std::string::npos);
}

}  // namespace
}  // namespace picube::milkyway
