// A filterbank through the whole grid: its units bring series that the server has made, and workers
// never see the recording.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "tests/integration/processes.h"

namespace picube::test {
namespace {

namespace fs = std::filesystem;

// The column called `name` of the first row of a table; empty if there is none.
std::string FirstOf(const fs::path& table, const std::string& name) {
  std::istringstream text(ReadText(table));
  std::string head;
  std::string row;
  while (std::getline(text, head) && head.starts_with("#")) {
  }
  std::getline(text, row);
  std::istringstream names(head);
  std::istringstream values(row);
  std::string column;
  std::string value;
  while (std::getline(names, column, ',') && std::getline(values, value, ',')) {
    if (column == name) return value;
  }
  return {};
}

class Pulsar : public ::testing::Test {
 protected:
  Folder folder_;
  Cube cube_{folder_.Path()};
};

TEST_F(Pulsar, IsFoundFromSeriesMadeByAServerThatIsKilledMeanwhile) {
  const fs::path recording = folder_.Path() / "made.fil";
  const Output made =
      RunToEnd({PICUBE_MAKE_PULSAR, recording.string(), "--period", "0.25", "--dm", "30"});
  ASSERT_EQ(made.code, 0) << made.errors;
  cube_.StartServer();
  for (const char* name : {"pi1", "pi2"}) {
    cube_.Join(name);
    cube_.StartWorker(name);
  }
  const std::string batch =
      cube_.Submit({"pulsar", recording.string(), "--period", "0.2:0.3", "--dm", "0:60:5",
                    "--units", "13", "--replication", "quorum:2"});
  ASSERT_TRUE(cube_.Await(batch, "settled", 1)) << cube_.Log("server");
  cube_.KillServer();
  cube_.StartServer();
  ASSERT_EQ(cube_.Watch(batch), 0) << cube_.Log("server") << cube_.Log("pi1");
  EXPECT_EQ(cube_.Status(batch, "failed"), 0);
  EXPECT_EQ(cube_.Status(batch, "results_disagreed"), 0);
  const fs::path product = folder_.Path() / "product";
  ASSERT_EQ(cube_.Picube({"product", batch, "--output", product.string()}).code, 0);
  const fs::path table = product / "candidates.csv";
  EXPECT_NEAR(std::strtod(FirstOf(table, "period").c_str(), nullptr), 0.25, 1e-4)
      << ReadText(table).substr(0, 500);
  // The recording itself stayed where it was submitted.
  const auto size = fs::file_size(recording);
  for (const auto& blob : fs::recursive_directory_iterator(cube_.WorkerState("pi1") / "blobs")) {
    if (!blob.is_regular_file()) continue;
    EXPECT_NE(blob.file_size(), size) << blob.path();
  }
}

}  // namespace
}  // namespace picube::test
