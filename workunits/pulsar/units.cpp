#include "workunits/pulsar/units.h"

#include <algorithm>

#include "workunits/pulsar/compute.h"
#include "workunits/pulsar/payload.h"

namespace picube::pulsar {
namespace {

class Source final : public UnitSource {
 public:
  Source(Recording recording, Plan plan)
      : recording_(std::move(recording)), plan_(std::move(plan)) {}

  [[nodiscard]] std::uint64_t Total() const override { return plan_.units; }
  void Skip(std::uint64_t units) override { next_ += std::min(units, Total() - next_); }
  [[nodiscard]] Status Ended() const override { return ended_; }
  [[nodiscard]] std::optional<UnitPlan> Next() override {
    if (next_ >= Total()) return std::nullopt;
    const Task task = plan_.TaskOf(next_);
    if (ended_ = MakePack(task); !ended_) return std::nullopt;
    ++next_;
    UnitPlan unit;
    unit.parameters = EncodeTask(task);
    unit.inputs.push_back(pack_);
    unit.cost_flop = plan_.CostOf(task);
    unit.memory_bytes = MemoryFor(plan_.search, plan_.most_samples, unit.inputs[0]->size());
    unit.result_bytes = ResultBytes(task);
    return unit;
  }

 private:
  // Units of one series share their input.
  Status MakePack(const Task& task) {
    if (pack_ && first_dm_ == task.first_dm && dms_ == task.dms) return {};
    const auto first = plan_.dms.begin() + task.first_dm;
    const auto pack = recording_.Quantised({first, first + task.dms}, task.first_dm);
    if (!pack) return std::unexpected(pack.error());
    pack_ = std::make_shared<const Bytes>(EncodePack(*pack));
    first_dm_ = task.first_dm;
    dms_ = task.dms;
    return {};
  }

  Recording recording_;
  Plan plan_;
  std::uint64_t next_ = 0;
  Status ended_;
  std::shared_ptr<const Bytes> pack_;
  std::uint32_t first_dm_ = 0;
  std::uint32_t dms_ = 0;
};

}  // namespace

// With no more units than series each has whole ones, as many as its neighbour or one more. Else
// each series has as many units as its neighbour or one more, cut where the cost says.
Task Plan::TaskOf(std::uint64_t index) const {
  const std::uint64_t series = dms.size();
  Task task;
  task.search = search;
  if (units <= series) {
    const std::uint64_t first = index * series / units;
    task.first_dm = static_cast<std::uint32_t>(first);
    task.dms = static_cast<std::uint32_t>((index + 1) * series / units - first);
    task.end_piece = search.Pieces();
    return task;
  }
  // Series d has units d units/series .. (d + 1) units/series - 1.
  std::uint64_t d = index * series / units;
  while ((d + 1) * units / series <= index) ++d;
  const std::uint64_t first_unit = d * units / series;
  const std::uint64_t parts = (d + 1) * units / series - first_unit;
  const double share = series_cost / static_cast<double>(parts);
  const double dearest = std::max(stage_costs.empty() ? 0 : stage_costs.front(),
                                  search.fourier ? FourierCost(search.fourier_plan) : 0);
  const auto cut = [&](std::uint64_t part) {
    // Where a piece costs more than a unit should, units have as many pieces as their neighbours.
    if (part == parts || !(dearest < share)) return part * search.Pieces() / parts;
    return part == 0 ? 0 : PieceAt(share * static_cast<double>(part));
  };
  task.first_dm = static_cast<std::uint32_t>(d);
  task.dms = 1;
  task.first_piece = cut(index - first_unit);
  task.end_piece = cut(index - first_unit + 1);
  return task;
}

double Plan::CostOf(const Task& task) const {
  return static_cast<double>(task.dms) *
         (CostBefore(task.end_piece) - CostBefore(task.first_piece));
}

// Of the first `pieces` pieces of a series.
double Plan::CostBefore(std::uint64_t pieces) const {
  double stages = 0;
  for (const double cost : stage_costs) stages += cost;
  const std::uint64_t folds = std::min(pieces, search.FoldPieces());
  double cost = 0;
  if (search.folds) {
    cost = static_cast<double>(folds / search.fold.stages) * stages;
    for (std::uint64_t j = 0; j < folds % search.fold.stages; ++j) cost += stage_costs[j];
  }
  if (pieces > folds) {
    cost += static_cast<double>(pieces - folds) * FourierCost(search.fourier_plan);
  }
  return cost;
}

// The first piece with at least `cost` before it.
std::uint64_t Plan::PieceAt(double cost) const {
  std::uint64_t low = 0;
  std::uint64_t high = search.Pieces();
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (CostBefore(middle) < cost) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::unique_ptr<UnitSource> MakeUnitSource(Recording recording, Plan plan) {
  return std::make_unique<Source>(std::move(recording), std::move(plan));
}

}  // namespace picube::pulsar
