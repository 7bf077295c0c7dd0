#include "workunits/gw/gw.h"

#include "workunits/gw/compute.h"
#include "workunits/gw/merge.h"
#include "workunits/gw/plan.h"
#include "workunits/unit_input.h"

namespace picube {
namespace {

using namespace gw;

ApplicationInfo MakeInfo() {
  ApplicationInfo info;
  info.name = "gw";
  info.version = 1;
  info.summary = "gravitational waves in detector strain, by matched filters";
  info.files_help = "strain of one detector or more (.hdf5), perhaps a template";
  info.least_files = 1;
  info.most_files = 9;
  info.parameters = GwParameters();
  info.workers_need_dataset = false;
  return info;
}

class GwApplication final : public Application {
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
    if (!task || input.files.size() != (task->given ? 2 : 1)) {
      return UnreadableUnit(info_.name);
    }
    const auto bytes = ReadUnitInput(input.files[0], info_.name);
    if (!bytes) return bytes.error();
    const auto spectra = DecodeSpectra(*bytes);
    if (!spectra) return ForeignInput(info_.name);
    if (!task->given) return ComputeBank(*task, *spectra, context);
    const auto series = ReadUnitInput(input.files[1], info_.name);
    if (!series) return series.error();
    const auto given = DecodeGiven(*series, spectra->samples);
    if (!given) return ForeignInput(info_.name);
    return ComputeGiven(*task, *spectra, *given, context);
  }

  [[nodiscard]] Result<std::unique_ptr<Merger>> StartMerge(
      const Dataset& dataset, const Parameters& parameters,
      const std::filesystem::path& folder) const override {
    auto plan = MakePlan(info_, dataset, parameters);
    if (!plan) return std::unexpected(plan.error());
    return MakeGwMerger(std::move(*plan), folder);
  }

 private:
  ApplicationInfo info_ = MakeInfo();
};

}  // namespace

std::unique_ptr<Application> MakeGwApplication() { return std::make_unique<GwApplication>(); }

}  // namespace picube
