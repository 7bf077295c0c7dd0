#include "server/store/state_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/server_store/test_folder.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

TEST(StateDirectory, MakesItsPartsForThisUserOnly) {
  TestFolder folder;
  auto state = StateDirectory::Open(folder / "a/b");
  ASSERT_TRUE(state) << state.error().Text();
  EXPECT_TRUE(state->IsNew());
  EXPECT_TRUE(fs::is_directory(state->BlobsPath()));
  EXPECT_TRUE(fs::is_directory(state->KeysPath()));
  EXPECT_EQ(fs::status(state->Root()).permissions(), fs::perms::owner_all);
  EXPECT_TRUE(StateDirectory::Exists(folder / "a/b"));
}

TEST(StateDirectory, SecondServerIsRefusedAndToldWhoHoldsIt) {
  TestFolder folder;
  {
    auto first = StateDirectory::Open(folder / "state");
    ASSERT_TRUE(first);
    auto second = StateDirectory::Open(folder / "state");
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().what.find(std::to_string(getpid())), std::string::npos);
    EXPECT_EQ(second.error().kind, ErrorKind::kUser);
  }
  auto third = StateDirectory::Open(folder / "state");
  ASSERT_TRUE(third) << third.error().Text();
  EXPECT_FALSE(third->IsNew());
}

TEST(StateDirectory, NewerVersionIsRefusedAndSaysSo) {
  TestFolder folder;
  ASSERT_TRUE(StateDirectory::Open(folder / "state"));
  WriteText(folder / "state/version", "2\n");
  auto state = StateDirectory::Open(folder / "state");
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().what.find("newer"), std::string::npos);
  EXPECT_EQ(ReadText(folder / "state/version"), "2\n");
}

TEST(StateDirectory, GarbageAsVersionIsRefused) {
  TestFolder folder;
  ASSERT_TRUE(StateDirectory::Open(folder / "state"));
  for (const std::string text : {"", "x", "1x", "-1", "0"}) {
    WriteText(folder / "state/version", text);
    EXPECT_FALSE(StateDirectory::Open(folder / "state")) << text;
  }
}

TEST(StateDirectory, FolderThatOthersMayWriteIsRefused) {
  TestFolder folder;
  ASSERT_TRUE(StateDirectory::Open(folder / "state"));
  ASSERT_EQ(chmod((folder / "state").c_str(), 0777), 0);
  auto state = StateDirectory::Open(folder / "state");
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().next.find("chmod"), std::string::npos);
}

TEST(StateDirectory, FolderOfSomethingElseIsNotTouched) {
  TestFolder folder;
  WriteText(folder / "letter.txt", "dear");
  EXPECT_FALSE(StateDirectory::Open(folder.Path()));
  EXPECT_FALSE(fs::exists(folder / "version"));
}

TEST(StateDirectory, ScratchIsEmptiedAtEveryStart) {
  TestFolder folder;
  ASSERT_TRUE(StateDirectory::Open(folder / "state"));
  WriteText(folder / "state/scratch/old", "x");
  auto state = StateDirectory::Open(folder / "state");
  ASSERT_TRUE(state);
  EXPECT_TRUE(fs::is_empty(state->ScratchPath()));
}

}  // namespace
}  // namespace picube
