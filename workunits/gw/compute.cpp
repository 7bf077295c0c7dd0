#include "workunits/gw/compute.h"

#include <algorithm>
#include <memory>

#include "workunits/math/parallel.h"

namespace picube::gw {
namespace {

constexpr int kMostThreads = 8;
// Of one thread between two pauses: some 8 templates of 131,072 samples, which take 15 ms on a fast
// core and a quarter of a second on a slow one.
constexpr std::uint64_t kSamplesAtOnce = 1U << 20;

}  // namespace

ComputeOutcome ComputeBank(const Task& task, const Spectra& spectra, ComputeContext& context) {
  const Filter filter(spectra, task.bank.low_hertz);
  std::vector<Filter::Workspace> workspaces;
  UnitResult result;
  if (const auto state = context.Checkpoint()) {
    if (auto saved = DecodeResult(task, *state, spectra.samples)) result = std::move(*saved);
  }
  const std::uint64_t each = std::clamp<std::uint64_t>(kSamplesAtOnce / spectra.samples, 1, 256);
  while (result.searched < task.count) {
    if (!context.Pause(static_cast<double>(result.searched) / static_cast<double>(task.count))) {
      return Stopped{};
    }
    if (context.WantsCheckpoint()) context.SaveCheckpoint(EncodeResult(task, result));
    const int threads = std::clamp(context.Threads(), 1, kMostThreads);
    while (workspaces.size() < static_cast<std::size_t>(threads)) {
      workspaces.push_back(filter.MakeWorkspace());
    }
    const std::uint64_t count =
        std::min(each * static_cast<unsigned>(threads), task.count - result.searched);
    std::vector<Found> found(count);
    math::ParallelFor(threads, count, [&](std::size_t i, std::size_t worker) {
      found[i].index = task.first + result.searched + i;
      const Shape shape = ShapeOf(task.bank, task.bank.At(found[i].index));
      found[i].peak = filter.Search(shape, workspaces[worker]);
    });
    for (const Found& one : found) result.Fold(one, task.least_snr);
  }
  return EncodeResult(task, result);
}

ComputeOutcome ComputeGiven(const Task& task, const Spectra& spectra, const GivenSeries& given,
                            ComputeContext& context) {
  if (!context.Pause(0)) return Stopped{};
  const auto found = FilterGiven(spectra, given.plus, given.cross);
  if (!found) {
    return Error{ErrorKind::kUnit, "The given template is 0 everywhere.", "Give another one."};
  }
  UnitResult result;
  result.Fold({0, found->peak}, task.least_snr);
  return EncodeResult(task, result);
}

}  // namespace picube::gw
