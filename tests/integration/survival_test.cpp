// What must survive: killed processes, restarts, a cheat, a moved server. Real programs, real keys.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tests/integration/processes.h"

namespace picube::test {
namespace {

// pi(10^9), as published.
constexpr std::string_view kPrimesBelowABillion = "50847534";

class Survival : public ::testing::Test {
 protected:
  std::string SubmitPrimes(const std::string& replication, const std::string& units = "120") {
    return cube_.Submit({"primes", "--from=0", "--to=1000000000", "--units=" + units,
                         "--replication", replication});
  }
  // The product's total, as text; empty if there is none.
  std::string Total(const std::string& batch) {
    const auto folder = folder_.Path() / ("product-" + batch);
    const Output output = cube_.Picube({"product", batch, "--output", folder.string()});
    EXPECT_EQ(output.code, 0) << output.errors;
    std::string all;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() != ".svg") all += ReadText(file.path());
    }
    return all;
  }
  void JoinThree() {
    for (const char* name : {"pi1", "pi2", "pi3"}) {
      cube_.Join(name);
      cube_.StartWorker(name);
    }
  }

  Folder folder_;
  Cube cube_{folder_.Path()};
};

TEST_F(Survival, KillsOfServerAndWorkersLoseNothingAndCountNothingTwice) {
  cube_.StartServer();
  JoinThree();
  const std::string batch = SubmitPrimes("quorum:2");
  ASSERT_TRUE(cube_.Await(batch, "settled", 10));
  cube_.KillWorker("pi2");
  ASSERT_TRUE(cube_.Await(batch, "settled", 25));
  cube_.KillServer();
  cube_.StartServer();
  cube_.StartWorker("pi2");
  ASSERT_TRUE(cube_.Await(batch, "settled", 45));
  cube_.KillWorker("pi1");
  cube_.KillServer();
  cube_.StartWorker("pi1");
  cube_.StartServer();
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("server");
  EXPECT_EQ(cube_.Status(batch, "settled"), 120);
  EXPECT_EQ(cube_.Status(batch, "failed"), 0);
  const Output report = cube_.Picube({"report", "batch", batch});
  EXPECT_EQ(report.code, 0) << report.errors;
  EXPECT_NE(report.out.find(": 3 nodes, "), std::string::npos) << report.out;
  EXPECT_EQ(report.out.find("incomplete"), std::string::npos) << report.out;
  EXPECT_NE(Total(batch).find(kPrimesBelowABillion), std::string::npos);
  const Output verified = RunToEnd({PICUBE_SERVER, "verify", "--state", cube_.State().string()});
  EXPECT_EQ(verified.code, 0) << verified.out;
}

TEST_F(Survival, ForgerIsOutvotedAndNamed) {
  cube_.StartServer();
  JoinThree();
  cube_.Join("cheat");
  cube_.StartWorkerAs("cheat", {PICUBE_FORGER, "2"});
  const std::string batch = SubmitPrimes("quorum:2");
  EXPECT_EQ(cube_.Watch(batch), 0);
  EXPECT_NE(Total(batch).find(kPrimesBelowABillion), std::string::npos);
  const Output why = cube_.Picube({"explain", "host", "cheat"});
  EXPECT_EQ(why.code, 0) << why.errors;
  EXPECT_NE(why.out.find("lost against"), std::string::npos) << why.out;
}

TEST_F(Survival, WorkerThatStopsGivesItsLeasesBack) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.StartWorker("pi1");
  const std::string batch = SubmitPrimes("single", "400");
  ASSERT_TRUE(cube_.Await(batch, "settled", 3));
  cube_.Worker("pi1").Signal(SIGTERM);
  EXPECT_EQ(cube_.Worker("pi1").Wait(10s), 0) << cube_.Log("pi1");
  EXPECT_EQ(cube_.Status(batch, "leased"), 0);
  cube_.Join("pi2");
  cube_.StartWorker("pi2");
  EXPECT_EQ(cube_.Watch(batch), 0);
  EXPECT_EQ(cube_.Status(batch, "settled"), 400);
}

TEST_F(Survival, WorkerAskedForOneRoundEndsByItself) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.StartWorker("pi1", {"--once"});
  EXPECT_EQ(cube_.Worker("pi1").Wait(30s), 3) << "no work: exit code 3\n" << cube_.Log("pi1");
  const std::string batch = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=1"});
  cube_.StartWorker("pi1", {"--once"});
  EXPECT_EQ(cube_.Worker("pi1").Wait(30s), 0) << cube_.Log("pi1");
  EXPECT_EQ(cube_.Watch(batch), 0);
  EXPECT_NE(Total(batch).find("78498"), std::string::npos);
}

TEST_F(Survival, BackupTakenUnderLoadServesElsewhere) {
  cube_.StartServer();
  JoinThree();
  const std::string batch = SubmitPrimes("single", "200");
  ASSERT_TRUE(cube_.Await(batch, "settled", 20));
  const auto file = folder_.Path() / "backup.db";
  const Output saved =
      RunToEnd({PICUBE_SERVER, "backup", file.string(), "--state", cube_.State().string()});
  ASSERT_EQ(saved.code, 0) << saved.errors;
  EXPECT_EQ(RunToEnd({PICUBE_SERVER, "verify", file.string()}).code, 0);
  cube_.KillServer();
  std::filesystem::rename(cube_.State(), folder_.Path() / "lost");
  const Output restored =
      RunToEnd({PICUBE_SERVER, "restore", file.string(), "--state", cube_.State().string()});
  ASSERT_EQ(restored.code, 0) << restored.errors;
  // The workers hold leases that are newer than the backup.
  EXPECT_TRUE(std::filesystem::exists(cube_.State() / "restored"));
  cube_.StartServer();
  EXPECT_FALSE(std::filesystem::exists(cube_.State() / "restored")) << "it has left out ids";
  EXPECT_EQ(cube_.Watch(batch), 0) << cube_.Log("server");
  EXPECT_NE(Total(batch).find(kPrimesBelowABillion), std::string::npos);
}

TEST_F(Survival, CancelledBatchStopsItsWorkers) {
  cube_.StartServer();
  cube_.Join("pi1");
  cube_.StartWorker("pi1");
  const std::string batch =
      cube_.Submit({"primes", "--from=0", "--to=2000000000000", "--units=100"});
  ASSERT_TRUE(cube_.Await(batch, "leased", 1));
  EXPECT_EQ(cube_.Picube({"cancel", batch}).code, 0);
  EXPECT_EQ(cube_.Watch(batch), 5);
  const std::string next = cube_.Submit({"primes", "--from=0", "--to=1000000", "--units=2"});
  EXPECT_EQ(cube_.Watch(next), 0) << "the worker did not leave the cancelled unit";
}

TEST_F(Survival, RetiredHostIsTurnedAway) {
  cube_.StartServer();
  cube_.Join("pi1");
  EXPECT_EQ(cube_.Picube({"host", "retire", "pi1"}).code, 0);
  // A worker that is to stay believes a refusal only when it has lasted a minute.
  cube_.StartWorker("pi1", {"--once"});
  EXPECT_EQ(cube_.Worker("pi1").Wait(30s), 5) << cube_.Log("pi1");
}

}  // namespace
}  // namespace picube::test
