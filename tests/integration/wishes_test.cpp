// A worker whose owner has wishes: it pauses, says why, and goes on when they change.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <functional>

#include "tests/integration/processes.h"
#include "worker/owner.h"

namespace picube::test {
namespace {

// Of one hour, two hours ahead of what the clock shows.
std::string HoursOutsideOfNow() {
  const int from = (LocalNow().minute + 120) % kMinutesPerDay;
  const int to = (from + 60) % kMinutesPerDay;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d-%02d:%02d", from / 60, from % 60, to / 60,
                to % 60);
  return text.data();
}

class OwnersOfWorkers : public ::testing::Test {
 protected:
  void Start(const std::string& wishes) {
    cube_.StartServer();
    cube_.Join("pi1");
    joined_ = ReadText(Settings());
    WriteText(Settings(), joined_ + wishes);
    cube_.StartWorker("pi1");
  }
  [[nodiscard]] std::filesystem::path Settings() const {
    return cube_.WorkerState("pi1") / "worker.yaml";
  }
  void Rewrite(const std::string& wishes) {
    WriteText(Settings(), joined_ + wishes);
    cube_.Worker("pi1").Signal(SIGHUP);
  }
  [[nodiscard]] bool HostsSay(const std::string& words) const {
    return Await([&] { return cube_.Picube({"hosts"}).out.find(words) != std::string::npos; });
  }
  [[nodiscard]] bool LogSays(const std::string& words) const {
    return Await([&] { return cube_.Log("pi1").find(words) != std::string::npos; });
  }

  Folder folder_;
  Cube cube_{folder_.Path()};
  std::string joined_;
};

TEST_F(OwnersOfWorkers, OutsideTheirHoursWorkersPauseSayWhyAndGoOnWithOtherWishes) {
  Start("wishes:\n  hours: " + HoursOutsideOfNow() + "\n");
  ASSERT_TRUE(HostsSay("outside the wished hours until")) << cube_.Log("pi1");
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=2"});
  EXPECT_EQ(cube_.Status(batch, "results"), 0);
  EXPECT_TRUE(LogSays("computing pauses: outside the wished hours"));

  Rewrite("wishes:\n  hours: 07:00-07:00\n");
  EXPECT_TRUE(LogSays("worker.yaml:")) << cube_.Log("pi1");
  EXPECT_TRUE(LogSays("has no length; the whole day is 00:00-24:00. The settings in force stay."));
  EXPECT_TRUE(HostsSay("outside the wished hours until"));

  Rewrite("wishes:\n  hours: 00:00-24:00\n");
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("pi1");
  EXPECT_TRUE(LogSays("computing goes on"));
  EXPECT_EQ(cube_.Picube({"hosts"}).out.find("outside the wished hours"), std::string::npos);
}

TEST_F(OwnersOfWorkers, OnlyWishedApplicationsAreOffered) {
  Start("wishes:\n  applications: seti\n");
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=2"});
  ASSERT_TRUE(LogSays("connected to"));
  EXPECT_EQ(cube_.Picube({"hosts", "--json"}).out.find("\"primes\""), std::string::npos);
  Rewrite("wishes:\n  applications: [seti, primes]\n");
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("pi1");
}

TEST_F(OwnersOfWorkers, OnlyTheWishedShareOfTheTimeIsComputed) {
  Start("wishes:\n  cores: 1\n  cpu_percent: 20\n");
  ASSERT_TRUE(LogSays("connected to"));
  const auto begun = std::chrono::steady_clock::now();
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=2000000000", "--units=4"});
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("pi1");
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  const auto cpu = static_cast<double>(cube_.Status(batch, "cpu_ms"));
  EXPECT_GT(cpu, 50);
  EXPECT_LT(cpu, 0.5 * took.count()) << "a fifth of one core, and some for talking";
}

TEST_F(OwnersOfWorkers, TheOperatorSetsAHostFromAfarAndHearsWhatItSays) {
  Start("# mine\nwishes:  # of Ada\n  hours: " + HoursOutsideOfNow() + "\n");
  ASSERT_TRUE(HostsSay("outside the wished hours until")) << cube_.Log("pi1");
  const Output wrong = cube_.Picube({"host", "set", "pi1", "wishes.cpu_percent=200"});
  EXPECT_NE(wrong.code, 0);
  EXPECT_NE(wrong.errors.find("a whole number from 1 to 100"), std::string::npos) << wrong.errors;
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=2"});
  const Output set = cube_.Picube({"host", "set", "pi1", "wishes.hours=", "wishes.cores=1"});
  EXPECT_EQ(set.code, 0) << set.errors;
  EXPECT_EQ(set.out, "pi1: set: wishes.hours, wishes.cores.\n");
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("pi1");
  const std::string text = ReadText(Settings());
  EXPECT_NE(text.find("# mine\nwishes:  # of Ada\n  cores: 1\n"), std::string::npos) << text;
  cube_.KillWorker("pi1");
  const auto refuses = [&] {
    return cube_.Picube({"host", "set", "pi1", "threads=1"}).errors.find("pi1 ") !=
           std::string::npos;
  };
  EXPECT_TRUE(refuses()) << "it is gone";
}

}  // namespace
}  // namespace picube::test
