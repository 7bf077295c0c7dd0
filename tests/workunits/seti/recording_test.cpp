// The example's comparison of a search with the tones that were injected.
#include <gtest/gtest.h>

#include <sstream>

#include "examples/seti/compare.h"
#include "examples/seti/maker.h"
#include "tests/workunits/support.h"

namespace picube::examples {
namespace {

const char* const kTruth =
    "tone,frequency,drift,amplitude,power,sample_rate\n"
    "1,1420009159.776,-0.273155,0.02,24.7,9765.625\n"
    "2,1420009372.986,-1.3081475,0.02,24.8,9765.625\n";
const char* const kColumns = "chirp,fft_len,block,freq,peak_power,marginal\n";
const char* const kFirst = "-0.272657,131072,5,1420009159.74,24.7,0\n";
const char* const kSecond = "-1.30506,131072,2,1420009372.91,24.8,0\n";

Comparison CompareRows(const std::string& rows) {
  std::istringstream product(kColumns + rows);
  std::istringstream truth(kTruth);
  const auto compared = Compare(product, truth);
  EXPECT_TRUE(compared) << compared.error().Text();
  return compared.value_or(Comparison{});
}

TEST(RecordingCompare, EveryToneFoundIsGood) {
  const Comparison compared = CompareRows(std::string(kFirst) + kSecond);
  EXPECT_TRUE(compared.Good()) << compared.text;
  EXPECT_NE(compared.text.find("found 2 of 2 tones, missing 0, invented 0"), std::string::npos);
}

TEST(RecordingCompare, DroppedSignalIsNoticed) {
  const Comparison compared = CompareRows(kSecond);
  EXPECT_FALSE(compared.Good());
  EXPECT_NE(compared.text.find("MISSING"), std::string::npos);
}

TEST(RecordingCompare, InventedSignalIsNoticed) {
  const Comparison compared =
      CompareRows(std::string(kFirst) + kSecond + "-0.272657,131072,5,1420009200.00,30,0\n");
  EXPECT_EQ(compared.found, 2U);
  EXPECT_EQ(compared.invented, 1U);
  EXPECT_FALSE(compared.Good());
}

TEST(RecordingCompare, SignalAtTheWrongDriftIsInvented) {
  EXPECT_EQ(CompareRows("-0.5,131072,0,1420009159.74,25,0\n").invented, 1U);
}

TEST(RecordingCompare, MarginalSignalsCountNeitherWay) {
  const Comparison compared = CompareRows(std::string(kSecond) +
                                          "-0.272657,131072,5,1420009159.74,23.9,1\n"
                                          "1.5,131072,5,1420009200.00,23.9,1\n");
  EXPECT_EQ(compared.found, 1U);
  EXPECT_EQ(compared.invented, 0U);
}

TEST(RecordingCompare, OtherKindsThanSpikesAreNotCounted) {
  std::istringstream product(
      "chirp,fft_len,block,freq,peak_power,marginal,kind\n"
      "-0.272657,131072,5,1420009159.74,24.7,0,spike\n"
      "-1.30506,131072,2,1420009372.91,24.8,0,spike\n"
      "-1.5,131072,2,1420009200.00,18.8,0,autocorr\n");
  std::istringstream truth(kTruth);
  const auto compared = Compare(product, truth);
  ASSERT_TRUE(compared) << compared.error().Text();
  EXPECT_EQ(compared->signals, 2U);
  EXPECT_TRUE(compared->Good()) << compared->text;
}

TEST(RecordingCompare, FileWithoutItsColumnsIsAnError) {
  std::istringstream product("a,b\n1,2\n");
  std::istringstream truth(kTruth);
  EXPECT_FALSE(Compare(product, truth));
}

TEST(RecordingMaker, SameSeedGivesTheSameFileEverywhere) {
  const auto made = MakeRecording({.seed = 1, .tones = 1});
  ASSERT_TRUE(made) << made.error().Text();
  EXPECT_EQ(test::HashOfText(made->sah), 204618697014832663U);
  EXPECT_EQ(test::HashOfText(TruthCsv(*made)), 12078420402079557463U) << TruthCsv(*made);
}

TEST(RecordingMaker, AbsurdOptionsAreRefused) {
  RecordingOptions options;
  options.tones = 1000;
  EXPECT_FALSE(MakeRecording(options));
}

}  // namespace
}  // namespace picube::examples
