// A simulator that finds nothing proves nothing. picube-sim-planted is the simulator over a core in
// which a report that arrives twice counts twice towards the quorum; in picube-sim-impatient's a
// unit is given up after one lost lease. Both have to be found.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <array>
#include <cstdio>
#include <string>

namespace picube::sim {
namespace {

struct Ran {
  int exit_code = -1;
  std::string output;
};

Ran RunProgram(const std::string& command) {
  Ran ran;
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    ran.output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ran.exit_code = WEXITSTATUS(status);
  return ran;
}

// Each program is the simulator over a core with one mistake.
struct Planted {
  const char* name;
  const char* program;
  const char* found;  // what the simulator has to say of it
};

class PlantedBug : public testing::TestWithParam<Planted> {};

TEST_P(PlantedBug, IsFoundWithinTwentySeedsAndTheSeedIsNamed) {
  const Ran hunt = RunProgram(std::string(GetParam().program) + " --seeds 1..20 --quiet");
  ASSERT_NE(hunt.exit_code, 0) << "twenty seeds did not find the planted bug";
  const auto found = hunt.output.find("replay: ");
  ASSERT_NE(found, std::string::npos) << hunt.output;
  EXPECT_NE(hunt.output.find(" FAILED: "), std::string::npos) << hunt.output;
  EXPECT_NE(hunt.output.find(GetParam().found), std::string::npos) << hunt.output;
  std::printf("%s", hunt.output.c_str());

  // The one command that is printed plays it again, to the same end.
  const auto end = hunt.output.find('\n', found);
  const Ran replay = RunProgram(hunt.output.substr(found + 8, end - found - 8));
  EXPECT_EQ(replay.exit_code, hunt.exit_code);
  EXPECT_NE(replay.output.find(" FAILED: "), std::string::npos) << replay.output;
}

INSTANTIATE_TEST_SUITE_P(
    Simulation, PlantedBug,
    testing::Values(Planted{"ReportCountedTwice", PICUBE_SIM_PLANTED, "counted twice"},
                    Planted{"GivenUpTooSoon", PICUBE_SIM_IMPATIENT, "was given up after 1 leases"}),
    [](const testing::TestParamInfo<Planted>& planted) { return planted.param.name; });

}  // namespace
}  // namespace picube::sim
