#include "workunits/pulsar/compute.h"

#include <algorithm>
#include <memory>

#include "workunits/math/parallel.h"

namespace picube::pulsar {
namespace {

constexpr std::uint64_t kThreadsBytes = 256U << 20;

std::uint64_t MemoryOfThread(const SearchPlan& search, std::uint64_t samples) {
  const std::uint64_t fold = search.folds ? FoldMemory(search.fold, samples) : 0;
  const std::uint64_t fourier = search.fourier ? FourierMemory(search.fourier_plan) + samples : 0;
  return std::max(fold, fourier);
}

class Run {
 public:
  Run(const Task& task, const std::vector<Series>& pack, ComputeContext& context)
      : task_(task), pack_(pack), context_(context) {
    std::uint64_t samples = 0;
    for (const Series& series : pack) samples = std::max(samples, series.samples.size());
    most_threads_ = MostThreads(task.search, samples);
    result_.first_dm = task.first_dm;
    result_.dms = task.dms;
    result_.first_piece = task.first_piece;
    result_.end_piece = task.end_piece;
    if (task.search.folds) {
      const FoldPlan& plan = task.search.fold;
      result_.cells.resize(static_cast<std::size_t>(plan.stages) * plan.BinCounts());
    }
    folds_ = FoldPartsOf(task);
    fourier_ = FourierPartsOf(task);
    for (const FoldPart& part : folds_) total_ += part.stages;
    fold_pieces_ = total_;
    total_ += fourier_.size();
  }

  // Takes up a checkpoint if it belongs to this unit and these series.
  void Resume(BytesView state) {
    auto saved = DecodeResult(state, task_);
    if (!saved) return;
    for (const FoldPart& part : saved->folds) {
      const Series& series = SeriesOf(part.dm_index);
      if (part.samples != series.samples.size() || part.sigma != series.sigma) return;
    }
    for (const FourierPart& part : saved->fourier) {
      if (part.samples != SeriesOf(part.dm_index).samples.size()) return;
    }
    result_ = std::move(*saved);
  }

  // Empty if it was stopped.
  std::optional<Bytes> Go() {
    for (const FoldPart& part : result_.folds) done_ += part.stages;
    done_ += result_.fourier.size();
    if (!Folds() || !Fouriers()) return std::nullopt;
    return EncodeResult(result_);
  }

 private:
  [[nodiscard]] const Series& SeriesOf(std::uint32_t dm_index) const {
    return pack_[dm_index - task_.first_dm];
  }
  [[nodiscard]] int Threads() { return std::clamp(context_.Threads(), 1, most_threads_); }
  // `more` pieces beyond done_ are done as well, about.
  [[nodiscard]] bool GoOn(double more) {
    return context_.Pause((static_cast<double>(done_) + more) / static_cast<double>(total_));
  }
  void Save() {
    if (context_.WantsCheckpoint()) context_.SaveCheckpoint(EncodeResult(result_));
  }
  bool Folds();
  bool FoldPartOf(const FoldPart& wanted, FoldSearch& search);
  bool Fouriers();

  const Task& task_;
  const std::vector<Series>& pack_;
  ComputeContext& context_;
  int most_threads_ = 1;
  UnitResult result_;
  std::vector<FoldPart> folds_;  // what the task wants
  std::vector<FourierPart> fourier_;
  std::uint64_t total_ = 0;  // pieces
  std::uint64_t fold_pieces_ = 0;
  std::uint64_t done_ = 0;
};

bool Run::Folds() {
  std::size_t at = result_.folds.empty() ? 0 : result_.folds.size() - 1;
  std::vector<std::int8_t> samples;
  std::unique_ptr<FoldSearch> search;
  for (; at < folds_.size(); ++at) {
    const FoldPart& wanted = folds_[at];
    if (at == result_.folds.size()) {
      FoldPart part = wanted;
      part.stages = 0;
      result_.folds.push_back(std::move(part));
    }
    if (result_.folds[at].stages == wanted.stages) continue;
    const Series& series = SeriesOf(wanted.dm_index);
    samples = Resample(series.samples, task_.search.HalfOf(wanted.acceleration));
    result_.folds[at].samples = series.samples.size();
    result_.folds[at].sigma = series.sigma;
    if (search) {
      search->Use(samples, series.sigma);
    } else {
      search = std::make_unique<FoldSearch>(task_.search.fold, samples, series.sigma,
                                            task_.search.threshold);
    }
    if (!FoldPartOf(wanted, *search)) return false;
  }
  return true;
}

bool Run::FoldPartOf(const FoldPart& wanted, FoldSearch& search) {
  FoldPart& part = result_.folds.back();
  const std::uint32_t cells = task_.search.fold.BinCounts();
  while (part.stages < wanted.stages) {
    Save();
    const int threads = Threads();
    const std::uint32_t first = wanted.first_stage + part.stages;
    const std::uint32_t end =
        first + search.StagesAtOnce(first, wanted.first_stage + wanted.stages, threads);
    auto stages = search.Search(first, end, threads,
                                [&](double share) { return GoOn(share * (end - first)); });
    if (stages.empty()) return false;
    for (std::uint32_t j = 0; j < stages.size(); ++j) {
      float* cell = result_.cells.data() + static_cast<std::size_t>(first + j) * cells;
      for (std::uint32_t i = 0; i < cells; ++i) cell[i] = std::max(cell[i], stages[j].cells[i]);
      part.Fold(std::move(stages[j]));
    }
    done_ += stages.size();
  }
  return true;
}

bool Run::Fouriers() {
  std::vector<std::unique_ptr<FourierSearch>> searches;
  while (result_.fourier.size() < fourier_.size()) {
    if (!GoOn(0)) return false;
    Save();
    const std::size_t first = result_.fourier.size();
    const auto threads = static_cast<std::size_t>(Threads());
    // One search takes about 3 ms for 131,072 samples.
    const std::uint64_t each =
        std::clamp<std::uint64_t>((4U << 20) / task_.search.fourier_plan.length, 1, 64);
    const std::size_t count = std::min<std::size_t>(threads * each, fourier_.size() - first);
    while (searches.size() < std::min(threads, count)) {
      searches.push_back(std::make_unique<FourierSearch>(task_.search.fourier_plan));
    }
    math::ParallelFor(static_cast<int>(std::min(threads, count)), count,
                      [&](std::size_t i, std::size_t worker) {
                        FourierPart& part = fourier_[first + i];
                        const Series& series = SeriesOf(part.dm_index);
                        auto found = searches[worker]->Search(std::span<const std::int8_t>(
                            Resample(series.samples, task_.search.HalfOf(part.acceleration))));
                        part.samples = series.samples.size();
                        part.digest = found.digest;
                        part.peaks = std::move(found.peaks);
                      });
    for (std::size_t i = 0; i < count; ++i) {
      result_.fourier.push_back(std::move(fourier_[first + i]));
    }
    done_ += count;
  }
  return true;
}

}  // namespace

int MostThreads(const SearchPlan& search, std::uint64_t samples) {
  return static_cast<int>(
      std::clamp<std::uint64_t>(kThreadsBytes / MemoryOfThread(search, samples), 1, 32));
}

std::uint64_t MemoryFor(const SearchPlan& search, std::uint64_t samples, std::uint64_t pack_bytes) {
  return (32U << 20) + 2 * pack_bytes + 8 * samples +
         MemoryOfThread(search, samples) * static_cast<std::uint64_t>(MostThreads(search, samples));
}

ComputeOutcome ComputeTask(const Task& task, const std::vector<Series>& pack,
                           ComputeContext& context) {
  Run run(task, pack, context);
  if (const auto state = context.Checkpoint()) run.Resume(*state);
  if (auto payload = run.Go()) return std::move(*payload);
  return Stopped{};
}

}  // namespace picube::pulsar
