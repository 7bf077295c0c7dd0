// `picube` killed at any moment: what it had sent counts once, what it had fetched is never taken
// for whole. Real programs.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <functional>
#include <map>

#include "tests/integration/processes.h"

namespace picube::test {
namespace {

namespace fs = std::filesystem;

class KilledCommand : public ::testing::Test {
 protected:
  // Starts the command again and again, each time killed a little later, until one comes to its
  // end before its turn; `look` is called after each. How many were killed.
  int KillUntilItIsThrough(
      const std::vector<std::string>& arguments, const std::function<void()>& look = [] {}) {
    int killed = 0;
    for (int milliseconds = 0; milliseconds < 5000; milliseconds += 1 + milliseconds / 16) {
      const auto command = cube_.StartPicube(arguments);
      const bool through = command->Wait(std::chrono::milliseconds(milliseconds)) != -1;
      command->Signal(SIGKILL);
      killed += command->Wait(10s) == 128 + SIGKILL ? 1 : 0;
      look();
      if (through) return killed;
    }
    ADD_FAILURE() << "the command does not end within five seconds\n" << cube_.Log("picube");
    return killed;
  }
  // Names and contents.
  static std::map<std::string, std::string> FilesOf(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& file : fs::directory_iterator(folder)) {
      files[file.path().filename().string()] = ReadText(file.path());
    }
    return files;
  }

  Folder folder_;
  Cube cube_{folder_.Path()};
};

TEST_F(KilledCommand, AnUploadGoesOnAndItsBatchIsMadeOnce) {
  const auto recording = folder_.Path() / "made.sah";
  const Output made = RunToEnd({PICUBE_RECORDING, "make", recording.string(), "--tones", "0"});
  ASSERT_EQ(made.code, 0) << made.errors;
  cube_.StartServer();
  const std::vector<std::string> submit = {
      "submit",  "seti", recording.string(), "--chirp=0:0", "--fft-length", "131072",
      "--units", "1",    "--request-key",    "only-one",    "--json"};
  EXPECT_GT(KillUntilItIsThrough(submit), 0) << "nothing was killed";
  // Whoever was killed after its last word had been heard has made the batch; it is that one.
  const std::string batch = Field(cube_.Picube(submit).out, "id");
  EXPECT_EQ(Field(cube_.Picube(submit).out, "id"), batch);
  const Output all = cube_.Picube({"status", "--json"});
  std::size_t count = 0;
  for (auto at = all.out.find("\"id\":"); at != std::string::npos;
       at = all.out.find("\"id\":", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 1U) << all.out;
  cube_.Join("pi1");
  cube_.StartWorker("pi1");
  EXPECT_EQ(cube_.Watch(batch), 0) << "what was uploaded in pieces is whole\n" << cube_.Log("pi1");
}

TEST_F(KilledCommand, AProductIsNeverTakenForWholeBeforeItIs) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.StartWorker("pi1");
  // A product of several pieces.
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=100000000", "--units=5000"});
  ASSERT_EQ(cube_.Watch(batch), 0);
  const auto whole = folder_.Path() / "whole";
  ASSERT_EQ(cube_.Picube({"product", batch, "--output", whole.string()}).code, 0);
  const auto expected = FilesOf(whole);
  const auto folder = folder_.Path() / "product";
  const std::vector<std::string> fetch = {"product", batch, "--output", folder.string()};
  const int killed = KillUntilItIsThrough(fetch, [&] {
    if (!fs::exists(folder)) return;
    for (const auto& [name, text] : FilesOf(folder)) {
      const auto same = expected.find(name);
      EXPECT_TRUE(same == expected.end() || same->second == text) << name << " is half done";
    }
  });
  EXPECT_GT(killed, 0) << "nothing was killed";
  ASSERT_EQ(cube_.Picube(fetch).code, 0);
  EXPECT_EQ(FilesOf(folder) == expected, true) << "the same files, and nothing half done beside";
}

}  // namespace
}  // namespace picube::test
