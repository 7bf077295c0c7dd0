#include "workunits/seti/seti.h"

#include <algorithm>

#include "workunits/math/parallel.h"
#include "workunits/parameters.h"
#include "workunits/seti/merge.h"
#include "workunits/seti/payload.h"
#include "workunits/seti/recording.h"
#include "workunits/seti/search.h"
#include "workunits/seti/units.h"
#include "workunits/unit_count.h"
#include "workunits/unit_input.h"

namespace picube {
namespace {

using namespace seti;

// A chunk between two calls of Pause has about this many operations a thread: a quarter of a
// second on the slowest machine.
constexpr double kChunkOperations = 5e8;

ApplicationInfo MakeInfo() {
  ApplicationInfo info;
  info.name = "seti";
  info.version = 2;
  info.summary = "signals of five kinds in a SETI@home work unit, over its drift rates";
  info.files_help = "one SETI@home work unit (.sah)";
  info.least_files = 1;
  info.most_files = 1;
  info.parameters = {
      {"chirp", "LO:HI", "", "drift rates in Hz/s; R means -R:R; default: all of the recording"},
      {"fft-length", "L[,L...]", "", "FFT lengths; default: all that can exceed the threshold"},
      {"kinds", "KIND,...", "all", "spikes, autocorrs, triplets, pulses, gaussians"},
      {"threshold", "POWER", "", "least power of a spike over the mean; default: the recording's"},
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
        search_(recording_, range.selection) {
    result_.first = range.first;
    const Searches searches(recording_->header, recording_->table, range.selection);
    costs_.emplace(recording_->header, searches);
    most_threads_ = MostThreads(range.selection.fft_flags, PotBytes(recording_->header, searches));
    for (std::uint64_t i = 0; i < range.count; ++i) total_ += CostOf(i);
  }

  // Takes up a checkpoint if it belongs to this unit.
  void Resume(BytesView state) {
    const auto saved = DecodeResult(state);
    if (saved && saved->first == range_.first && saved->pairs <= range_.count) result_ = *saved;
  }

  // Empty if it was stopped.
  std::optional<Bytes> Go(ComputeContext& context) {
    for (std::uint64_t i = 0; i < result_.pairs; ++i) done_ += CostOf(i);
    while (result_.pairs < range_.count) {
      if (!GoOn(context)) return std::nullopt;
      if (context.WantsCheckpoint()) context.SaveCheckpoint(EncodeResult(result_));
      const int threads = Threads(context);
      search_.Reserve(threads);
      const Pair& next = PairAt(result_.pairs);
      if (search_.IsLarge(next)) {
        if (!Large(context, next)) return std::nullopt;
      } else {
        Chunk(threads);
      }
    }
    return EncodeResult(result_);
  }

 private:
  [[nodiscard]] const Pair& PairAt(std::uint64_t i) const { return pairs_[range_.first + i]; }
  [[nodiscard]] double CostOf(std::uint64_t i) const { return costs_->Of(PairAt(i)); }
  [[nodiscard]] int Threads(ComputeContext& context) const {
    return std::clamp(context.Threads(), 1, most_threads_);
  }
  bool GoOn(ComputeContext& context) { return context.Pause(std::min(1.0, done_ / total_)); }

  // Several pairs, each by one thread, until there is a large one.
  void Chunk(int threads) {
    const std::uint64_t next = result_.pairs;
    const auto each =
        static_cast<std::uint64_t>(std::clamp(kChunkOperations / CostOf(next), 1.0, 64.0));
    std::uint64_t count = std::min(each * static_cast<std::uint64_t>(threads), range_.count - next);
    for (std::uint64_t i = 1; i < count; ++i) {
      if (search_.IsLarge(PairAt(next + i))) count = i;
    }
    std::vector<Findings> found(count);
    math::ParallelFor(threads, count, [&](std::size_t i, std::size_t worker) {
      found[i] = search_.Search(PairAt(next + i), worker);
    });
    for (Findings& pair : found) Fold(std::move(pair));
  }

  // One pair by all threads, some tasks at a time.
  bool Large(ComputeContext& context, const Pair& pair) {
    const PotSearch::Run run = [&](std::size_t count, const auto& body) {
      for (std::size_t first = 0; first < count;) {
        if (!GoOn(context)) return false;
        // As many as there were when the pair was begun, at most: each has its own space.
        const int threads = Threads(context);
        search_.Reserve(threads);
        const std::size_t some =
            std::min<std::size_t>(4 * static_cast<std::size_t>(threads), count - first);
        math::ParallelFor(threads, some,
                          [&](std::size_t i, std::size_t worker) { body(first + i, worker); });
        first += some;
      }
      return true;
    };
    auto found = search_.SearchLarge(pair, run);
    if (!found) return false;
    Fold(std::move(*found));
    return true;
  }

  void Fold(Findings&& found) {
    done_ += CostOf(result_.pairs);
    result_.Fold(std::move(found));
  }

  std::shared_ptr<const Recording> recording_;
  UnitRange range_;
  std::vector<Pair> pairs_;
  PairSearch search_;
  std::optional<PairCosts> costs_;
  int most_threads_ = 1;
  double total_ = 0;  // operations
  double done_ = 0;
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
      return UnreadableUnit(info_.name);
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
