// A recording through the whole grid: split, computed twice, merged, found.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>
#include <vector>

#include "tests/integration/processes.h"

namespace picube::test {
namespace {

using Row = std::map<std::string, std::string>;

std::vector<Row> ReadCsv(const std::filesystem::path& file) {
  std::istringstream text(ReadText(file));
  std::vector<std::string> names;
  std::vector<Row> rows;
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> cells;
    std::istringstream cell_text(line);
    for (std::string cell; std::getline(cell_text, cell, ',');) cells.push_back(cell);
    if (names.empty()) {
      names = cells;
      continue;
    }
    Row row;
    for (std::size_t i = 0; i < names.size() && i < cells.size(); ++i) row[names[i]] = cells[i];
    rows.push_back(row);
  }
  return rows;
}

class Seti : public ::testing::Test {
 protected:
  void StartThree() {
    cube_.StartServer();
    for (const char* name : {"pi1", "pi2", "pi3"}) {
      cube_.Join(name);
      cube_.StartWorker(name);
    }
  }
  // Signals above the threshold.
  std::vector<Row> Signals(const std::string& batch) {
    const auto folder = folder_.Path() / "product";
    EXPECT_EQ(cube_.Picube({"product", batch, "--output", folder.string()}).code, 0);
    std::vector<Row> rows;
    for (Row& row : ReadCsv(folder / "signals.csv")) {
      if (row["marginal"] != "1") rows.push_back(row);
    }
    return rows;
  }

  Folder folder_;
  Cube cube_{folder_.Path()};
};

TEST_F(Seti, FiveSignalsOfTheRealRecordingAreFoundThroughTheGrid) {
  const auto recording =
      DataFolder() / "setiathome" / "28my12ac.28765.12080.438086664195.12.177.vlar";
  if (!std::filesystem::exists(recording)) GTEST_SKIP() << "skipped: no data";
  StartThree();
  const std::string batch =
      cube_.Submit({"seti", recording.string(), "--chirp=-11.45:-11.40", "--fft-length", "131072",
                    "--threshold", "24", "--units", "12", "--replication", "quorum:2"});
  ASSERT_EQ(cube_.Watch(batch, 5min), 0) << cube_.Log("server");
  struct Official {
    long k, bin;  // of an autocorr the delay
    double power;
    std::string kind = "spike";
  };
  const std::vector<Official> official = {{-12357, 93118, 25.248168},
                                          {-12361, 93119, 26.039795},
                                          {-12365, 93120, 25.824896},
                                          {-12369, 93121, 24.609347},
                                          {-12348, 34001, 18.374048, "autocorr"}};
  auto rows = Signals(batch);
  ASSERT_EQ(rows.size(), official.size());
  for (const Official& expected : official) {
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](Row& r) { return std::stol(r["k"]) == expected.k; });
    ASSERT_NE(row, rows.end()) << "k = " << expected.k;
    EXPECT_EQ(std::stol((*row)["bin"]), expected.bin);
    EXPECT_EQ((*row)["kind"], expected.kind);
    EXPECT_EQ((*row)["fft_len"], "131072");
    EXPECT_LE(std::abs(std::stod((*row)["peak_power"]) / expected.power - 1), 1e-4);
  }
  EXPECT_EQ(cube_.Status(batch, "results_disagreed"), 0);
}

}  // namespace
}  // namespace picube::test
