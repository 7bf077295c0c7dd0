#include "workunits/seti/seti.h"

#include <algorithm>

#include "workunits/math/parallel.h"
#include "workunits/parameters.h"
#include "workunits/seti/merge.h"
#include "workunits/seti/payload.h"
#include "workunits/seti/recording.h"
#include "workunits/seti/spikes.h"
#include "workunits/seti/units.h"
#include "workunits/unit_count.h"

namespace picube {
namespace {

using namespace seti;

// A chunk between two calls of Pause has about this many operations a thread: a quarter of a
// second on the slowest machine.
constexpr double kChunkOperations = 5e8;

ApplicationInfo MakeInfo() {
  ApplicationInfo info;
  info.name = "seti";
  info.version = 1;
  info.summary = "spikes in a SETI@home work unit, over drift rates and FFT lengths";
  info.files_help = "one SETI@home work unit (.sah)";
  info.least_files = 1;
  info.most_files = 1;
  info.parameters = {
      {"chirp", "LO:HI", "", "drift rates in Hz/s; R means -R:R; default: all of the recording"},
      {"fft-length", "L[,L...]", "", "FFT lengths; default: all that can exceed the threshold"},
      {"threshold", "POWER", "", "least peak power over the mean; default: the recording's"},
      UnitsSpec(),
      UnitSecondsSpec()};
  return info;
}

// What Split and StartMerge need of a submission.
struct Job {
  SahUnit unit;
  ChirpTable table;
  Plan plan;
};

Result<Job> ReadJob(const ApplicationInfo& info, const Dataset& dataset,
                    const Parameters& parameters) {
  if (dataset.files.size() != 1) {
    return Fail(
        ErrorKind::kUser,
        "Application seti takes one file, not " + std::to_string(dataset.files.size()) + ".",
        "Give one SETI@home work unit (.sah).");
  }
  if (const auto names = CheckNames(info, parameters); !names) {
    return std::unexpected(names.error());
  }
  auto unit = ReadSah(dataset.files[0].path, dataset.files[0].name);
  if (!unit) return std::unexpected(unit.error());
  auto table = ChirpTable::Make(unit->header);
  if (!table) return std::unexpected(table.error());
  auto plan = MakePlan(unit->header, *table, parameters);
  if (!plan) return std::unexpected(plan.error());
  return Job{std::move(*unit), std::move(*table), std::move(*plan)};
}

// Goes through the pairs of a unit; `result` is what is done so far.
class Run {
 public:
  Run(std::shared_ptr<const Recording> recording, const UnitRange& range, std::vector<Pair> pairs)
      : recording_(std::move(recording)),
        range_(range),
        pairs_(std::move(pairs)),
        search_(recording_, range.selection.fft_flags) {
    result_.first = range.first;
  }

  // Takes up a checkpoint if it belongs to this unit.
  void Resume(BytesView state) {
    const auto saved = DecodeResult(state);
    if (saved && saved->first == range_.first && saved->pairs <= range_.count) result_ = *saved;
  }

  // Empty if it was stopped.
  std::optional<Bytes> Go(ComputeContext& context) {
    while (result_.pairs < range_.count) {
      if (!context.Pause(static_cast<double>(result_.pairs) / static_cast<double>(range_.count))) {
        return std::nullopt;
      }
      if (context.WantsCheckpoint()) context.SaveCheckpoint(EncodeResult(result_));
      Chunk(std::clamp(context.Threads(), 1, MostThreads(range_.selection.fft_flags)));
    }
    return EncodeResult(result_);
  }

 private:
  void Chunk(int threads) {
    const std::uint64_t next = result_.pairs;
    const auto cost =
        static_cast<double>(CostOf(pairs_[range_.first + next], recording_->header.samples));
    const auto each = static_cast<std::uint64_t>(std::clamp(kChunkOperations / cost, 1.0, 64.0));
    const std::uint64_t count =
        std::min(each * static_cast<std::uint64_t>(threads), range_.count - next);
    std::vector<PairResult> found(count);
    search_.Reserve(threads);
    math::ParallelFor(threads, count, [&](std::size_t i, std::size_t worker) {
      found[i] =
          search_.Search(pairs_[range_.first + next + i], range_.selection.threshold, worker);
    });
    for (const PairResult& pair : found) result_.Fold(pair);
  }

  std::shared_ptr<const Recording> recording_;
  UnitRange range_;
  std::vector<Pair> pairs_;
  SpikeSearch search_;
  UnitResult result_;
};

class SetiApplication final : public Application {
 public:
  [[nodiscard]] const ApplicationInfo& Info() const override { return info_; }

  [[nodiscard]] Result<std::unique_ptr<UnitSource>> Split(
      const Dataset& dataset, const Parameters& parameters) const override {
    auto job = ReadJob(info_, dataset, parameters);
    if (!job) return std::unexpected(job.error());
    return MakeUnitSource(std::move(job->plan));
  }

  [[nodiscard]] ComputeOutcome Compute(const UnitInput& input,
                                       ComputeContext& context) const override {
    const auto range = DecodeRange(input.parameters);
    if (!range || input.files.size() != 1) {
      return Error{ErrorKind::kProject, "The parameters of this seti unit cannot be read.",
                   "Server and worker must run the same version."};
    }
    const auto recording = cache_.Get(input.files[0], std::max(1, context.Threads()));
    if (!recording) {
      Error error = recording.error();
      if (error.kind == ErrorKind::kUser) error.kind = ErrorKind::kUnit;
      return error;
    }
    std::vector<Pair> pairs = Select((*recording)->table, range->selection);
    if (range->first > pairs.size() || range->count > pairs.size() - range->first) {
      return Error{ErrorKind::kUnit, "This seti unit lies outside the recording's table.",
                   "Submit the recording again."};
    }
    if ((range->selection.fft_flags & ~(*recording)->table.Lengths()) != 0) {
      return Error{ErrorKind::kUnit, "This seti unit asks for an FFT length that is not there.",
                   "Submit the recording again."};
    }
    Run run(*recording, *range, std::move(pairs));
    if (const auto state = context.Checkpoint()) run.Resume(*state);
    if (auto payload = run.Go(context)) return std::move(*payload);
    return Stopped{};
  }

  [[nodiscard]] Result<std::unique_ptr<Merger>> StartMerge(
      const Dataset& dataset, const Parameters& parameters,
      const std::filesystem::path& folder) const override {
    auto job = ReadJob(info_, dataset, parameters);
    if (!job) return std::unexpected(job.error());
    return StartSetiMerge(std::move(job->unit), std::move(job->table), std::move(job->plan),
                          folder);
  }

 private:
  ApplicationInfo info_ = MakeInfo();
  // A memory of the last recording, invisible from outside: results do not depend on it.
  mutable RecordingCache cache_;
};

}  // namespace

std::unique_ptr<Application> MakeSetiApplication() { return std::make_unique<SetiApplication>(); }

}  // namespace picube
