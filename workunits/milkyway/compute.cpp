#include "workunits/milkyway/compute.h"

#include <algorithm>

#include "workunits/math/parallel.h"

namespace picube::milkyway {
namespace {

class Run {
 public:
  Run(const Task& task, std::span<const Star> stars, ComputeContext& context)
      : task_(task), stars_(stars), context_(context) {
    if (const auto state = context.Checkpoint()) {
      if (auto saved = DecodeCheckpoint(task, *state)) progress_ = std::move(*saved);
    }
    const double whole = CostOf(task.model, task.stars);
    if (task.points) {
      total_ = whole * static_cast<double>(task.count);
    } else {
      for (std::uint64_t row = task.FirstRow(); row < task.EndRow(); ++row) {
        total_ += CostOfRow(task.model, AreaOf(row));
      }
      total_ += CostOfStars(task.model, task.EndStar() - task.FirstStar());
    }
  }

  std::optional<Bytes> Go(std::span<const Point> points) {
    if (!(task_.points ? GoThrough(points) : GoThroughPieces())) return std::nullopt;
    return EncodePayload(task_, progress_);
  }

 private:
  [[nodiscard]] const Area& AreaOf(std::uint64_t row) const {
    return task_.model.areas[RowOf(task_.model, row).area];
  }
  // Between two pieces of work; false is an end.
  bool GoOn() {
    if (context_.WantsCheckpoint()) context_.SaveCheckpoint(EncodeCheckpoint(task_, progress_));
    return context_.Pause(std::min(1.0, done_ / total_));
  }
  [[nodiscard]] int Threads() { return std::clamp(context_.Threads(), 1, 64); }

  // Rows from the one after progress_.rows on, `first` being the first of all.
  bool Rows(const Model& model, std::uint64_t first, std::uint64_t end) {
    RowIntegral integral(model);
    for (std::uint64_t row = first; row < end; ++row) {
      const RowAt at = RowOf(model, row);
      const Area& area = model.areas[at.area];
      if (row - first < progress_.rows.size()) {
        done_ += CostOfRow(model, area);
        continue;
      }
      if (progress_.row.empty()) {
        progress_.row.resize(1 + model.streams.size());
        progress_.mu = 0;
      }
      while (progress_.mu < area.mu.steps) {
        if (!GoOn()) return false;
        const std::uint32_t mu = progress_.mu;
        progress_.mu = integral.Step(at, mu, Threads(), progress_.row);
        done_ += CostOfRow(model, area) * (progress_.mu - mu) / area.mu.steps;
      }
      progress_.rows.push_back(std::move(progress_.row));
      progress_.row.clear();
    }
    return true;
  }

  // Calls body(block's stars, first star) for blocks of [first, end), on several threads at once,
  // and `after` with the first star that is not done, once a bounded number of them is; false if
  // stopped.
  template <class Body, class After>
  bool Blocks(const Model& model, std::uint64_t first, std::uint64_t end, const Body& body,
              const After& after) {
    while (first < end) {
      if (!GoOn()) return false;
      const int threads = Threads();
      const std::uint64_t next = std::min(end, first + kBlock * static_cast<unsigned>(threads));
      const std::uint64_t blocks = (next - first + kBlock - 1) / kBlock;
      math::ParallelFor(threads, blocks, [&](std::size_t i, std::size_t) {
        const std::uint64_t from = first + i * kBlock;
        body(stars_.subspan(from, std::min<std::uint64_t>(kBlock, next - from)), from);
      });
      after(next);
      done_ += CostOfStars(model, next - first);
      first = next;
    }
    return true;
  }

  bool GoThroughPieces() {
    const Model& model = task_.model;
    if (!Rows(model, task_.FirstRow(), task_.EndRow())) return false;
    const Density density(model);
    const std::uint64_t begin = task_.FirstStar();
    const std::uint64_t had = progress_.densities.size() / density.Kinds();
    std::vector<double> fresh((task_.EndStar() - begin) * density.Kinds());
    std::copy(progress_.densities.begin(), progress_.densities.end(), fresh.begin());
    done_ += CostOfStars(model, had);
    return Blocks(
        model, begin + had, task_.EndStar(),
        [&](std::span<const Star> stars, std::uint64_t from) {
          StarDensities(density, stars, fresh.data() + (from - begin) * density.Kinds());
        },
        [&](std::uint64_t next) {  // a checkpoint may take what is whole
          std::vector<double>& kept = progress_.densities;
          const auto whole = static_cast<std::ptrdiff_t>((next - begin) * density.Kinds());
          kept.insert(kept.end(), fresh.begin() + static_cast<std::ptrdiff_t>(kept.size()),
                      fresh.begin() + whole);
        });
  }

  bool GoThrough(std::span<const Point> points) {
    const double whole = CostOf(task_.model, task_.stars);
    while (progress_.points.size() < points.size()) {
      done_ = whole * static_cast<double>(progress_.points.size());
      const Model model = WithPoint(task_.model, points[progress_.points.size()]);
      if (!Rows(model, 0, RowsOf(model))) return false;
      const auto integrals = JoinRows(model, progress_.rows);
      const Density density(model);
      const Likelihood likelihood(model, integrals);
      std::vector<BlockSums> blocks(task_.Blocks());
      const bool went = Blocks(
          model, 0, task_.stars,
          [&](std::span<const Star> stars, std::uint64_t from) {
            std::vector<double> densities(stars.size() * density.Kinds());
            StarDensities(density, stars, densities.data());
            blocks[from / kBlock] = likelihood.Block(densities, from);
          },
          [](std::uint64_t) {});
      if (!went) return false;
      progress_.points.push_back(JoinBlocks(integrals, blocks, task_.stars));
      progress_.rows.clear();
    }
    return true;
  }

  const Task& task_;
  std::span<const Star> stars_;
  ComputeContext& context_;
  Progress progress_;
  double total_ = 0;  // operations
  double done_ = 0;
};

}  // namespace

ComputeOutcome ComputeTask(const Task& task, std::span<const Star> stars,
                           std::span<const Point> points, ComputeContext& context) {
  if (auto payload = Run(task, stars, context).Go(points)) return std::move(*payload);
  return Stopped{};
}

}  // namespace picube::milkyway
