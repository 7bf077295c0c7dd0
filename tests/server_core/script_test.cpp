// Runs every script of the folder. With PICUBE_REWRITE=1 in the environment the outputs are
// written anew instead; read the difference before keeping it.
#include "tests/server_core/script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace picube::test {
namespace {

std::vector<std::filesystem::path> Scripts() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(PICUBE_SCRIPTS)) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(Scripts, GiveTheOutputsThatStandInThem) {
  const bool rewrite = std::getenv("PICUBE_REWRITE") != nullptr;
  const auto paths = Scripts();
  EXPECT_GE(paths.size(), 8U);
  for (const std::filesystem::path& path : paths) {
    SCOPED_TRACE(path.filename());
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    const std::string now = RunScript(text.str());
    if (rewrite) {
      std::ofstream(path) << now;
    } else {
      EXPECT_EQ(now, text.str());
    }
  }
}

}  // namespace
}  // namespace picube::test
