#include "tests/workunits/support.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "protocol/base/rng.h"

namespace picube::test {

std::optional<std::filesystem::path> DataFile(const std::string& name) {
  const char* folder = std::getenv("PICUBE_TEST_DATA");
  const std::filesystem::path path =
      std::filesystem::path(folder != nullptr ? folder : PICUBE_TEST_DATA_FALLBACK) / name;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  return path;
}

std::uint64_t HashOfText(const std::string& text) {
  std::uint64_t hash = 0;
  for (const char c : text) hash = Mix64(hash ^ static_cast<unsigned char>(c));
  return hash;
}

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else {
      cells.back().push_back(c);
    }
  }
  return cells;
}

bool TestContext::Pause(double done_fraction) {
  last_fraction_ = done_fraction;
  ++pauses_;
  return stop_at_ == 0 || pauses_ < stop_at_;
}

std::vector<UnitPlan> AllUnits(const Application& application, const Dataset& dataset,
                               const Parameters& parameters) {
  auto source = application.Split(dataset, parameters);
  std::vector<UnitPlan> units;
  if (!source) {
    ADD_FAILURE() << source.error().Text();
    return units;
  }
  while (auto unit = (*source)->Next()) units.push_back(std::move(*unit));
  const Status ended = (*source)->Ended();
  EXPECT_TRUE(ended) << ended.error().Text();
  EXPECT_EQ(units.size(), (*source)->Total());
  return units;
}

UnitInput InputOf(const Application& application, const UnitPlan& unit,
                  const std::vector<std::filesystem::path>& dataset,
                  const std::filesystem::path& folder) {
  UnitInput input{unit.parameters, {}};
  if (application.Info().workers_need_dataset) input.files = dataset;
  for (const auto& made : unit.inputs) {
    const auto path = folder / ("input-" + std::to_string(input.files.size()));
    std::ofstream(path, std::ios::binary) << *made;
    input.files.push_back(path);
  }
  return input;
}

std::vector<MergedFile> RunAll(const Application& application, const Dataset& dataset,
                               const Parameters& parameters, int threads,
                               const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : dataset.files) files.push_back(file.path);
  auto merger = application.StartMerge(dataset, parameters, folder);
  if (!merger) {
    ADD_FAILURE() << merger.error().Text();
    return {};
  }
  const auto inputs = folder / "inputs";
  std::filesystem::create_directories(inputs);
  std::uint64_t index = 0;
  for (const UnitPlan& unit : AllUnits(application, dataset, parameters)) {
    TestContext context(threads);
    const UnitInput input = InputOf(application, unit, files, inputs);
    const ComputeOutcome outcome = application.Compute(input, context);
    if (const auto* payload = std::get_if<Bytes>(&outcome)) {
      const Status added = (*merger)->Add(index++, *payload);
      EXPECT_TRUE(added) << added.error().Text();
    } else {
      ADD_FAILURE() << "unit " << index << " gave no result";
    }
  }
  auto product = (*merger)->Finish(/*missing=*/0);
  if (!product) {
    ADD_FAILURE() << product.error().Text();
    return {};
  }
  return *product;
}

}  // namespace picube::test
