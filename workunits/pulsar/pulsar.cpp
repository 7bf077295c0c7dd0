#include "workunits/pulsar/pulsar.h"

#include "workunits/parameters.h"
#include "workunits/pulsar/compute.h"
#include "workunits/pulsar/merge.h"
#include "workunits/pulsar/units.h"
#include "workunits/unit_input.h"

namespace picube {
namespace {

using namespace pulsar;

ApplicationInfo MakeInfo() {
  ApplicationInfo info;
  info.name = "pulsar";
  info.version = 1;
  info.summary = "pulsars in a radio recording, by folding and Fourier transforms";
  info.files_help = "a filterbank (.fil), a SIGPROC series (.tim), or a PRESTO series (.dat .inf)";
  info.least_files = 1;
  info.most_files = 2;
  info.parameters = PulsarParameters();
  info.workers_need_dataset = false;
  return info;
}

struct Job {
  Recording recording;
  Plan plan;
};

Result<Job> ReadJob(const ApplicationInfo& info, const Dataset& dataset,
                    const Parameters& parameters) {
  if (const auto names = CheckNames(info, parameters); !names) {
    return std::unexpected(names.error());
  }
  auto recording = OpenRecording(dataset, parameters);
  if (!recording) return std::unexpected(recording.error());
  auto plan = MakePlan(*recording, parameters);
  if (!plan) return std::unexpected(plan.error());
  return Job{std::move(*recording), std::move(*plan)};
}

bool Fits(const Task& task, const std::vector<Series>& pack) {
  if (pack.size() != task.dms) return false;
  for (std::uint32_t d = 0; d < task.dms; ++d) {
    const std::size_t samples = pack[d].samples.size();
    if (pack[d].dm_index != task.first_dm + d || samples < kLeastSamples) return false;
    if (task.search.fourier && samples > task.search.fourier_plan.length) return false;
    if (task.search.folds && !BinsFit(task.search.fold, samples)) return false;
  }
  return true;
}

class PulsarApplication final : public Application {
 public:
  [[nodiscard]] const ApplicationInfo& Info() const override { return info_; }

  [[nodiscard]] Result<std::unique_ptr<UnitSource>> Split(
      const Dataset& dataset, const Parameters& parameters) const override {
    auto job = ReadJob(info_, dataset, parameters);
    if (!job) return std::unexpected(job.error());
    // A recording that cannot be searched is refused now, not when its first unit is made.
    const auto tried = job->recording.Flat({job->plan.dms.front()});
    if (!tried) return std::unexpected(tried.error());
    return MakeUnitSource(std::move(job->recording), std::move(job->plan));
  }

  [[nodiscard]] ComputeOutcome Compute(const UnitInput& input,
                                       ComputeContext& context) const override {
    const auto task = DecodeTask(input.parameters);
    if (!task || input.files.size() != 1) {
      return UnreadableUnit(info_.name);
    }
    auto bytes = ReadUnitInput(input.files[0], info_.name);
    if (!bytes) return bytes.error();
    const auto pack = DecodePack(*bytes);
    *bytes = Bytes();
    if (!pack || !Fits(*task, *pack)) {
      return ForeignInput(info_.name);
    }
    return ComputeTask(*task, *pack, context);
  }

  [[nodiscard]] Result<std::unique_ptr<Merger>> StartMerge(
      const Dataset& dataset, const Parameters& parameters,
      const std::filesystem::path& folder) const override {
    auto job = ReadJob(info_, dataset, parameters);
    if (!job) return std::unexpected(job.error());
    return MakePulsarMerger(std::move(job->recording), std::move(job->plan), folder);
  }

 private:
  ApplicationInfo info_ = MakeInfo();
};

}  // namespace

std::unique_ptr<Application> MakePulsarApplication() {
  return std::make_unique<PulsarApplication>();
}

}  // namespace picube
