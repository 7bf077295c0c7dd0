// What the tests of applications share: test data, synthetic recordings, a grid of one process.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/files.h"
#include "workunits/application.h"

namespace picube::test {

// A file of the test data, or nothing if the data are not there.
std::optional<std::filesystem::path> DataFile(const std::string& name);

// The cells of one line of a CSV file.
std::vector<std::string> Cells(const std::string& line);

// A hash of a text that has to be the same on every machine.
std::uint64_t HashOfText(const std::string& text);

// Runs a kernel the way a worker would, and stops or checkpoints it where a test says so.
class TestContext final : public ComputeContext {
 public:
  explicit TestContext(int threads) : threads_(threads) {}

  int Threads() override { return threads_; }
  bool Pause(double done_fraction) override;
  bool WantsCheckpoint() override { return true; }
  void SaveCheckpoint(BytesView state) override { checkpoint_ = Bytes(state); }
  std::optional<Bytes> Checkpoint() override { return checkpoint_; }

  // Pause says stop from this call on; 0 = never.
  void StopAtPause(int pauses) {
    stop_at_ = pauses;
    pauses_ = 0;
  }
  [[nodiscard]] double LastFraction() const { return last_fraction_; }

 private:
  int threads_;
  int stop_at_ = 0;
  int pauses_ = 0;
  double last_fraction_ = 0;
  std::optional<Bytes> checkpoint_;
};

std::vector<UnitPlan> AllUnits(const Application& application, const Dataset& dataset,
                               const Parameters& parameters);
// What a worker is given of a unit: the dataset, if workers need it, then the unit's own inputs,
// which are written to `folder`.
UnitInput InputOf(const Application& application, const UnitPlan& unit,
                  const std::vector<std::filesystem::path>& dataset,
                  const std::filesystem::path& folder);
// Splits, computes every unit with `threads` threads and merges into `folder`.
std::vector<MergedFile> RunAll(const Application& application, const Dataset& dataset,
                               const Parameters& parameters, int threads,
                               const std::filesystem::path& folder);

}  // namespace picube::test

// Skips a test without its data.
#define PICUBE_NEEDS_DATA(variable, name)               \
  const auto variable = ::picube::test::DataFile(name); \
  if (!variable) GTEST_SKIP() << "skipped: no data"
