// A disk that is really full: the server's state on a small file system of its own, in a mount
// namespace of its own. The outer test runs the inner one there; skipped where that is not
// permitted.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/integration/processes.h"

namespace picube::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::string_view kPrimesBelowABillion = "50847534";
constexpr const char* kInside = "PICUBE_TEST_OWN_MOUNTS";

TEST(FullDisk, ServerWaitsForRoomAndCountsEveryUnitOnce) {
  std::vector<std::string> apart = {"/usr/bin/unshare", "-m"};
  if (!fs::exists(apart[0])) GTEST_SKIP() << "skipped: no unshare on this machine";
  const auto may = [&] {
    auto words = apart;
    words.insert(words.end(), {"mount", "-t", "tmpfs", "none", "/mnt"});
    return RunToEnd(words).code == 0;
  };
  if (!may()) {
    apart.emplace_back("-r");
    if (!may()) GTEST_SKIP() << "skipped: no file system may be mounted here";
  }
  apart.insert(apart.end(), {fs::read_symlink("/proc/self/exe").string(),
                             "--gtest_filter=FullDiskInside.*", "--gtest_also_run_disabled_tests"});
  const Output run = RunToEnd(apart, {{kInside, "1"}}, 5min);
  EXPECT_EQ(run.code, 0) << run.out << run.errors;
}

class FullDiskInside : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv(kInside) == nullptr) GTEST_SKIP() << "run by FullDisk";
    fs::create_directory(cube_.State());
    ASSERT_EQ(mount("none", cube_.State().c_str(), "tmpfs", 0, "size=32m,mode=0700"), 0);
  }
  void TearDown() override { umount2(cube_.State().c_str(), MNT_DETACH); }

  // The settings need the folder, which the server has made.
  void KeepFree(int megabytes) const {
    std::ofstream(cube_.State() / "server.yaml") << "free_disk_megabytes: " << megabytes << "\n";
  }
  [[nodiscard]] fs::path Ballast() const { return cube_.State() / "ballast"; }
  // Writes until not a byte fits, again and again until `done()`; false after a minute.
  template <class Done>
  [[nodiscard]] bool FillUntil(Done&& done) const {
    const auto end = steady_clock::now() + 1min;
    while (steady_clock::now() < end) {
      for (const std::size_t size : {std::size_t{1} << 20, std::size_t{4096}}) {
        std::ofstream more(Ballast(), std::ios::binary | std::ios::app);
        const std::string bytes(size, 'b');
        while (more.write(bytes.data(), static_cast<std::streamsize>(size)).flush()) {
        }
      }
      if (done()) return true;
      poll(nullptr, 0, 20);
    }
    return false;
  }
  void MakeRoom() const { fs::remove(Ballast()); }
  [[nodiscard]] bool ReadOnly() const {
    return Field(cube_.Picube({"status", "--json"}).out, "read_only") == "true";
  }
  template <class Holds>
  [[nodiscard]] static bool Within(std::chrono::seconds patience, Holds&& holds) {
    const auto end = steady_clock::now() + patience;
    while (!holds()) {
      if (steady_clock::now() >= end) return false;
      poll(nullptr, 0, 50);
    }
    return true;
  }
  // The log of the server says so since `before` bytes.
  [[nodiscard]] bool Said(const std::string& words, std::size_t before = 0) const {
    return cube_.Log("server").find(words, before) != std::string::npos;
  }

  Folder folder_;
  Cube cube_{folder_.Path()};
};

TEST_F(FullDiskInside, DISABLED_WaitsForRoomAndCountsEveryUnitOnce) {
  cube_.StartServer();
  KeepFree(1);
  ASSERT_EQ(cube_.StopServer(), 0);
  cube_.StartServer();
  for (const char* name : {"pi1", "pi2"}) {
    cube_.Join(name);
    cube_.StartWorker(name);
  }
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000000", "--units=600"});
  ASSERT_TRUE(cube_.Await(batch, "settled", 20));

  // Full while results come in: read-only soon, and by itself back when there is room.
  ASSERT_TRUE(FillUntil([&] { return Said("read-only"); })) << cube_.Log("server");
  EXPECT_TRUE(Within(5s, [&] { return ReadOnly(); })) << cube_.Log("server");
  const long settled = cube_.Status(batch, "settled");
  ASSERT_LT(settled, 600) << "the batch was too short for this";
  MakeRoom();
  ASSERT_TRUE(Within(30s, [&] { return !ReadOnly(); })) << cube_.Log("server");
  ASSERT_TRUE(cube_.Await(batch, "settled", settled + 10)) << cube_.Log("server");

  // Full again, and killed in that state: the next server waits for room too.
  const std::size_t before = cube_.Log("server").size();
  ASSERT_TRUE(FillUntil([&] { return Said("read-only", before); })) << cube_.Log("server");
  EXPECT_TRUE(Within(5s, [&] { return ReadOnly(); }));
  cube_.KillServer();
  std::thread room([&] {
    EXPECT_TRUE(Within(30s, [&] { return Said("waits for room"); })) << cube_.Log("server");
    MakeRoom();
  });
  cube_.StartServer();
  room.join();

  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("server");
  EXPECT_EQ(cube_.Status(batch, "settled"), 600);
  EXPECT_EQ(cube_.Status(batch, "failed"), 0);
  EXPECT_EQ(cube_.Status(batch, "leases_lost"), 0)
      << "a result that was acknowledged and not kept would have lost its lease";
  const auto product = folder_.Path() / "product";
  ASSERT_EQ(cube_.Picube({"product", batch, "--output", product.string()}).code, 0);
  EXPECT_NE(ReadText(product / "total.csv").find(kPrimesBelowABillion), std::string::npos);
  const Output verified = RunToEnd({PICUBE_SERVER, "verify", "--state", cube_.State().string()});
  EXPECT_EQ(verified.code, 0) << verified.out;
}

TEST_F(FullDiskInside, DISABLED_MergeWaitsForRoomAndTheBatchLives) {
  cube_.StartServer();
  KeepFree(1000);  // more than there is
  ASSERT_EQ(cube_.StopServer(), 0);
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.StartWorker("pi1");
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=5"});
  ASSERT_TRUE(Within(60s, [&] { return Said("batch " + batch + " cannot be merged now"); }))
      << cube_.Log("server");
  EXPECT_EQ(Field(cube_.Picube({"status", batch, "--json"}).out, "state"), "merging");
  KeepFree(1);
  ASSERT_EQ(cube_.StopServer(), 0);
  cube_.StartServer();
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("server");
}

}  // namespace
}  // namespace picube::test
