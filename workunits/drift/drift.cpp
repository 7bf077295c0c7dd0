#include "workunits/drift/drift.h"

#include "workunits/drift/merge.h"
#include "workunits/drift/plan.h"
#include "workunits/unit_input.h"

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
      return UnreadableUnit(info_.name);
    }
    const auto cells = ReadUnitInput(input.files[0], info_.name, task->InputBytes());
    if (!cells) return cells.error();
    if (cells->size() != task->InputBytes()) return ForeignInput(info_.name);
    return ComputeTile(*task, *cells, context);
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
