#include "workunits/drift/drift.h"

#include <fstream>

#include "workunits/drift/merge.h"
#include "workunits/drift/plan.h"

namespace picube {
namespace {

using namespace drift;

ApplicationInfo MakeInfo() {
  ApplicationInfo info;
  info.name = "drift";
  info.version = 1;
  info.summary = "drifting narrow-band tones in a radio filterbank";
  info.files_help = "one filterbank of narrow channels (.fil or .h5)";
  info.least_files = 1;
  info.most_files = 1;
  info.parameters = DriftParameters();
  info.workers_need_dataset = false;
  return info;
}

class DriftApplication final : public Application {
 public:
  [[nodiscard]] const ApplicationInfo& Info() const override { return info_; }

  [[nodiscard]] Result<std::unique_ptr<UnitSource>> Split(
      const Dataset& dataset, const Parameters& parameters) const override {
    auto plan = MakePlan(info_, dataset, parameters);
    if (!plan) return std::unexpected(plan.error());
    return MakeUnitSource(std::move(*plan));
  }

  [[nodiscard]] ComputeOutcome Compute(const UnitInput& input,
                                       ComputeContext& context) const override {
    const auto task = DecodeTask(input.parameters);
    if (!task || input.files.size() != 1) {
      return Error{ErrorKind::kProject, "The parameters of this drift unit cannot be read.",
                   "Server and worker must run the same version."};
    }
    std::error_code error;
    const auto size = std::filesystem::file_size(input.files[0], error);
    std::ifstream file(input.files[0], std::ios::binary);
    if (!error && size != task->InputBytes()) {
      return Error{ErrorKind::kUnit, "The tile of this drift unit is not the one it needs.",
                   "Submit the recording again."};
    }
    Bytes cells(error ? 0 : size, '\0');
    if (error || !file.read(cells.data(), static_cast<std::streamsize>(cells.size()))) {
      return Error{ErrorKind::kHost, "The tile of this drift unit cannot be read.",
                   "Check the disk."};
    }
    return ComputeTile(*task, cells, context);
  }

  [[nodiscard]] Result<std::unique_ptr<Merger>> StartMerge(
      const Dataset& dataset, const Parameters& parameters,
      const std::filesystem::path& folder) const override {
    auto plan = MakePlan(info_, dataset, parameters);
    if (!plan) return std::unexpected(plan.error());
    return MakeDriftMerger(std::move(*plan), folder);
  }

 private:
  ApplicationInfo info_ = MakeInfo();
};

}  // namespace

std::unique_ptr<Application> MakeDriftApplication() { return std::make_unique<DriftApplication>(); }

}  // namespace picube
