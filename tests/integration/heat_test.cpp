// Workers on virtual boards: heat and joules reach the operator, a site keeps its watts, its master
// hears of its hosts.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/processes.h"

namespace picube::test {
namespace {

std::vector<std::string> Board(const std::string& kind) {
  return {"--virtual-board", kind, "--ambient", "35"};
}

std::string Yaml(const Cube& cube, const std::string& name) {
  return ReadText(cube.WorkerState(name) / "worker.yaml");
}

// A server with these settings.
void StartWith(Cube& cube, const std::string& settings) {
  cube.StartServer();
  ASSERT_EQ(cube.StopServer(), 0);
  WriteText(cube.State() / "server.yaml", settings);
  cube.StartServer();
}

TEST(Heat, AGridOfVirtualBoardsShowsTheirHeatAndItsJoules) {
  const Folder folder;
  Cube cube(folder.Path());
  cube.StartServer();
  cube.Join("a");
  cube.Join("b");
  cube.StartWorker("a", Board("3b"));
  cube.StartWorker("b", Board("5"));
  const std::string batch = cube.Submit({"primes", "--from=0", "--to=2000000000", "--units=20"});
  ASSERT_EQ(cube.Watch(batch), 0);
  EXPECT_TRUE(Await([&] {
    const std::string hosts = cube.Picube({"hosts"}).out;
    return hosts.find("Pi 3 B (virt") != std::string::npos &&
           hosts.find("Pi 5 B (virt") != std::string::npos &&
           hosts.find(" °C") != std::string::npos;
  })) << cube.Picube({"hosts"}).out;
  const Output energy = cube.Picube({"energy", "--json", "--euro-per-kwh", "0.32"});
  ASSERT_EQ(energy.code, 0) << energy.errors;
  const std::string total = energy.out.substr(energy.out.find("\"total\""));
  EXPECT_GT(std::stol(Field(total, "millijoules")), 0);
  EXPECT_EQ(Field(total, "source"), "model");
  EXPECT_EQ(Field(total, "error_percent"), "20");
  EXPECT_GE(std::stol(Field(total, "millijoules")),
            std::stol(Field(total, "marginal_millijoules")));
  EXPECT_GT(std::stol(Field(total, "marginal_millijoules")), 0);
  // The same sums after the batch has left the server's memory, and after a restart.
  const auto joules = [&](const std::string& part) {
    const std::string json = cube.Picube({"energy", "--json"}).out;
    return Field(json.substr(json.find("\"" + part + "\"")), "millijoules");
  };
  const std::string of_batch = joules("batches");
  EXPECT_GT(std::stol(of_batch), 0);
  const std::string of_hosts = joules("total");
  cube.KillServer();
  cube.StartServer();
  EXPECT_EQ(joules("batches"), of_batch);
  EXPECT_EQ(joules("total"), of_hosts);
}

TEST(Heat, ASiteTakesNoMoreThanItsWatts) {
  const Folder folder;
  Cube cube(folder.Path());
  // A 3B takes 1.4 W when idle and 3.7 W when busy: one of two may compute.
  StartWith(cube, "sites:\n  lab: {hosts: [a, b], watts: 6}\n");
  cube.Join("a");
  cube.Join("b");
  cube.StartWorker("a", Board("3b"));
  cube.StartWorker("b", Board("3b"));
  ASSERT_TRUE(Await([&] {  // both have said what they take
    const std::string json = cube.Picube({"hosts", "--json"}).out;
    std::size_t watts = 0;
    for (std::size_t at = 0; (at = json.find("\"milliwatts\": 1", at)) != std::string::npos; ++at) {
      ++watts;
    }
    return watts == 2;
  }));
  const std::string batch = cube.Submit({"primes", "--from=0", "--to=1000000000", "--units=12"});
  bool held = false;
  ASSERT_TRUE(Await(
      [&] {
        for (const char* name : {"a", "b"}) {
          const std::string why = cube.Picube({"explain", "host", name}).out;
          held = held || why.find("more watts than it may") != std::string::npos;
        }
        return cube.Status(batch, "settled") == 12;
      },
      180s));
  EXPECT_TRUE(held) << "one of the two was not given work";
}

TEST(Heat, TheMasterOfASiteShowsItsHosts) {
  const Folder folder;
  Cube cube(folder.Path());
  StartWith(cube, "sites:\n  cube: {owners: [ann], master: a}\n");
  cube.Join("a", "ann");
  cube.Join("picube-07", "ann");
  WriteText(cube.WorkerState("a") / "worker.yaml", Yaml(cube, "a") + "display: console\n");
  cube.StartWorker("picube-07", Board("4b"));
  cube.StartWorker("a", Board("3b"));
  EXPECT_TRUE(Await([&] { return cube.Log("a").find("picube-07") != std::string::npos; }, 90s))
      << cube.Log("a");
}

// A board of files: those of a 3B, which the test may change.
class FileBoard {
 public:
  explicit FileBoard(const std::filesystem::path& root) : root_(root) {
    std::filesystem::copy(std::string(PICUBE_TREES) + "/pi3b", root,
                          std::filesystem::copy_options::recursive);
    WriteText(Policy() / "cpuinfo_min_freq", "600000\n");
    WriteText(Policy() / "cpuinfo_max_freq", "1200000\n");
    WriteText(Policy() / "scaling_max_freq", "1200000\n");
  }
  void Temperature(int millicelsius) const {
    for (const auto& sensor : Sensors()) WriteText(sensor, std::to_string(millicelsius) + "\n");
  }
  void LoseSensor() const {
    for (const auto& sensor : Sensors()) std::filesystem::remove(sensor);
  }
  [[nodiscard]] std::string Clock() const { return ReadText(Policy() / "scaling_max_freq"); }
  [[nodiscard]] const std::filesystem::path& Root() const { return root_; }

 private:
  [[nodiscard]] std::filesystem::path Policy() const {
    return root_ / "sys/devices/system/cpu/cpufreq/policy0";
  }
  [[nodiscard]] std::vector<std::filesystem::path> Sensors() const {
    return {root_ / "sys/class/thermal/thermal_zone0/temp",
            root_ / "sys/class/hwmon/hwmon0/temp1_input"};
  }
  std::filesystem::path root_;
};

TEST(Heat, ASensorThatVanishesIsSaidAndComesBack) {
  const Folder folder;
  const FileBoard board(folder / "board");
  board.Temperature(60'000);
  Cube cube(folder.Path());
  cube.StartServer();
  cube.Join("a");
  cube.StartWorker("a", {"--sysroot", board.Root().string(), "--mode", "cool"});
  const auto slow = [&] {
    return cube.Picube({"hosts"}).out.find("the temperature is not known") != std::string::npos;
  };
  ASSERT_TRUE(Await([&] { return cube.Picube({"hosts"}).out.find("60 °C") != std::string::npos; }));
  EXPECT_FALSE(slow());
  board.LoseSensor();
  EXPECT_TRUE(Await(slow)) << cube.Picube({"hosts"}).out;
  board.Temperature(61'000);
  EXPECT_TRUE(Await([&] { return !slow(); }));
  const std::string log = cube.Log("a");
  EXPECT_NE(log.find("heat: the temperature is not known"), std::string::npos) << log;
  EXPECT_EQ(log.find("heat: the temperature is not known"),
            log.rfind("heat: the temperature is not known"))
      << "said once";
}

TEST(Heat, TheClockIsCappedByTheHelperAndFreeAgainWhenTheWorkerDies) {
  const Folder folder;
  const FileBoard board(folder / "board");
  const std::string before = board.Clock();
  ASSERT_FALSE(before.empty());
  const std::string socket = (folder / "cap.sock").string();
  Process helper({PICUBE_CAP_HELPER, "--socket", socket, "--root", board.Root().string(), "--state",
                  (folder / "cap").string()},
                 folder / "cap.log");
  board.Temperature(83'000);
  Cube cube(folder.Path());
  cube.StartServer();
  cube.Join("a");
  cube.StartWorker("a", {"--sysroot", board.Root().string(), "--cap-socket", socket});
  EXPECT_TRUE(Await([&] { return board.Clock().starts_with("600000"); })) << board.Clock();
  cube.KillWorker("a");
  EXPECT_TRUE(Await([&] { return board.Clock() == before; })) << board.Clock();
  helper.Signal(SIGTERM);
  EXPECT_EQ(helper.Wait(20s), 0);
}

TEST(Heat, AGovernorThatIsToldToBeCoolSaysWhatItLacks) {
  const Folder folder;
  Cube cube(folder.Path());
  cube.StartServer();
  cube.Join("a");
  WriteText(cube.WorkerState("a") / "worker.yaml", Yaml(cube, "a") + "board: {set_point: 99}\n");
  cube.StartWorker("a");
  EXPECT_EQ(cube.Worker("a").Wait(20s), 2);
  EXPECT_NE(cube.Log("a").find("a number from 40 to 84 was expected"), std::string::npos);
}

}  // namespace
}  // namespace picube::test
