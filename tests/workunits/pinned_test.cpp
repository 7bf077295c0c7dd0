#include "tests/workunits/pinned.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/files.h"

namespace picube::test {
namespace {

TEST(Pinned, EveryHashOfTheDocumentIsAskedForByATest) {
  std::string sources;
  const std::filesystem::path tests = std::filesystem::path(PICUBE_SOURCE) / "tests";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tests)) {
    if (entry.path().extension() == ".cpp") sources += ReadText(entry.path());
  }
  EXPECT_GT(PinnedHashes().size(), 15U);
  for (const auto& [name, hash] : PinnedHashes()) {
    EXPECT_NE(sources.find("Pinned(\"" + name + "\")"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace picube::test
