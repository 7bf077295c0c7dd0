#include "workunits/gw/gw.h"

#include <fstream>

#include "workunits/gw/compute.h"
#include "workunits/gw/merge.h"
#include "workunits/gw/plan.h"

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

Error Foreign() {
  return {ErrorKind::kUnit, "The inputs of this gw unit are not those it needs.",
          "Submit the strain again."};
}

// An input that was made by Split: at most 25 MB.
Result<Bytes> ReadInput(const std::filesystem::path& path) {
  constexpr std::uint64_t kMost = 64U << 20;
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (!error && size > kMost) return std::unexpected(Foreign());
  Bytes bytes(error ? 0 : size, '\0');
  if (error || !file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    return Fail(ErrorKind::kHost, "The input of this gw unit cannot be read.", "Check the disk.");
  }
  return bytes;
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
      return Error{ErrorKind::kProject, "The parameters of this gw unit cannot be read.",
                   "Server and worker must run the same version."};
    }
    const auto bytes = ReadInput(input.files[0]);
    if (!bytes) return bytes.error();
    const auto spectra = DecodeSpectra(*bytes);
    if (!spectra) return Foreign();
    if (!task->given) return ComputeBank(*task, *spectra, context);
    const auto series = ReadInput(input.files[1]);
    if (!series) return series.error();
    const auto given = DecodeGiven(*series, spectra->samples);
    if (!given) return Foreign();
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
