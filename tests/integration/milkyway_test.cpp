// A fit through the whole grid: the command submits step after step, and goes on where it was.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "tests/integration/processes.h"

namespace picube::test {
namespace {

namespace fs = std::filesystem;

class MilkyWay : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = Small("model.lua", PICUBE_EXAMPLES "/milkyway/two-streams.lua");
    const Output made = RunToEnd({PICUBE_MAKE_STARS, model_, stars_, "--stars", "400"});
    ASSERT_EQ(made.code, 0) << made.errors;
    cube_.StartServer();
    for (const char* name : {"pi1", "pi2"}) {
      cube_.Join(name);
      cube_.StartWorker(name);
    }
  }
  // The example with a coarser grid yet.
  std::string Small(const std::string& name, const std::string& from) {
    std::string text = ReadText(from);
    for (const auto& [was, is] : {std::pair{"mu_steps = 40", "mu_steps = 10"},
                                  {"r_steps = 32", "r_steps = 16"},
                                  {"convolve = 30", "convolve = 10"}}) {
      const auto at = text.find(was);
      EXPECT_NE(at, std::string::npos) << was;
      text.replace(at, std::string(was).size(), is);
    }
    WriteText(folder_.Path() / name, text);
    return (folder_.Path() / name).string();
  }
  Output Fit(const std::string& folder, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"submit",   "milkyway", model_,          stars_,    "--fit",
                                      "--output", folder,     "--replication", "quorum:2"};
    words.insert(words.end(), more.begin(), more.end());
    return cube_.Picube(words);
  }

  Folder folder_;
  Cube cube_{folder_.Path()};
  std::string model_;
  std::string stars_ = (folder_.Path() / "stars.txt").string();
  std::string fit_ = (folder_.Path() / "fit").string();
};

TEST_F(MilkyWay, AFitGoesOnWhereItWasAndMakesNoBatchTwice) {
  const Output first = Fit(fit_, {"--evaluations", "160", "--step", "20"});
  ASSERT_EQ(first.code, 0) << first.errors << cube_.Log("server");
  EXPECT_NE(first.out.find("160 evaluations: best "), std::string::npos) << first.out;
  const std::string best = ReadText(fit_ + "/best.csv");
  ASSERT_FALSE(best.empty());
  // As if the command had been stopped after its first steps.
  for (const char* name : {"step-000005.csv", "step-000006.csv", "step-000007.csv", "best.csv"}) {
    fs::remove(fs::path(fit_) / name);
  }
  // It goes on with the step it began with.
  const Output again = Fit(fit_, {"--evaluations", "160"});
  ASSERT_EQ(again.code, 0) << again.errors;
  EXPECT_EQ(ReadText(fit_ + "/best.csv"), best);
  const Output batches = cube_.Picube({"status", "9"});
  EXPECT_NE(batches.code, 0) << "eight steps are eight batches\n" << batches.out;
  const Output other = Fit(fit_, {"--evaluations", "160", "--seed", "2"});
  EXPECT_EQ(other.code, 2) << other.out;
  EXPECT_NE(other.errors.find("belongs to another search"), std::string::npos) << other.errors;
  // Both hosts are connected by now.
  const std::string second = (folder_.Path() / "second").string();
  const Output fresh = Fit(second, {"--evaluations", "8"});
  ASSERT_EQ(fresh.code, 0) << fresh.errors;
  const std::string kept = ReadText(second + "/fit.id");
  const std::string step = std::to_string(2 * 2 * std::thread::hardware_concurrency());
  EXPECT_NE(kept.find("\nstep " + step + "\n"), std::string::npos) << kept;
}

}  // namespace
}  // namespace picube::test
