#include "workunits/milkyway/plan.h"

#include <algorithm>

#include "workunits/parameters.h"
#include "workunits/unit_count.h"

namespace picube::milkyway {
namespace {

Result<bool> YesOrNo(const Parameters& parameters, const char* name) {
  const auto text = ParameterOr(parameters, name, "no");
  if (text == "yes" || text == "no") return text == "yes";
  return Fail(
      ErrorKind::kUser,
      "--" + std::string(name) + " " + std::string(text.substr(0, 40)) + " is neither yes nor no.",
      "Give yes or no.");
}

Status Choose(const Parameters& parameters, Model& model) {
  const auto profile = ParameterOr(parameters, "background", "hernquist");
  if (profile != "hernquist" && profile != "broken") {
    return Fail(ErrorKind::kUser,
                "--background " + std::string(profile.substr(0, 40)) + " is not known.",
                "Give hernquist or broken.");
  }
  model.profile = profile == "broken" ? Profile::kBrokenPowerLaw : Profile::kHernquist;
  const auto modfit = YesOrNo(parameters, "modfit");
  if (!modfit) return std::unexpected(modfit.error());
  model.modfit = *modfit;
  return {};
}

Status CheckPoints(const Plan& plan, const std::string& name) {
  for (std::size_t i = 0; i < plan.points.size(); ++i) {
    const std::string where = name + ": point " + std::to_string(i + 1);
    if (auto sound = Check(WithPoint(plan.model, plan.points[i]), where); !sound) return sound;
  }
  return {};
}

class Source final : public UnitSource {
 public:
  explicit Source(Plan plan) : plan_(std::move(plan)) {}
  [[nodiscard]] std::uint64_t Total() const override { return plan_.units; }
  void Skip(std::uint64_t units) override { next_ += std::min(units, plan_.units - next_); }
  [[nodiscard]] std::optional<UnitPlan> Next() override {
    if (next_ >= plan_.units) return std::nullopt;
    const Task task = plan_.TaskOf(next_++);
    UnitPlan unit;
    unit.parameters = EncodeTask(task);
    unit.cost_flop = plan_.CostOf(task);
    unit.memory_bytes = MemoryFor(task.model, task.stars);
    const std::uint64_t kinds = 1 + task.model.streams.size();
    const std::uint64_t rows = task.EndRow() - task.FirstRow();
    const std::uint64_t stars = task.EndStar() - task.FirstStar();
    unit.result_bytes =
        64 + 8 * (task.points ? task.count * (2 * kinds + 2) : kinds * (2 * rows + stars));
    return unit;
  }

 private:
  Plan plan_;
  std::uint64_t next_ = 0;
};

}  // namespace

std::vector<ParameterSpec> MilkyWayParameters() {
  return {{"background", "NAME", "hernquist", "its profile: hernquist, or broken (power law)"},
          {"modfit", "yes|no", "no", "distance errors that grow with distance"},
          UnitsSpec(),
          UnitSecondsSpec()};
}

std::uint64_t Plan::Pieces() const {
  if (!points.empty()) return points.size();
  return RowsOf(model) + (stars.size() + kBlock - 1) / kBlock;
}

double Plan::CostBefore(std::uint64_t piece) const {
  if (!points.empty()) {
    return static_cast<double>(piece) * milkyway::CostOf(model, stars.size());
  }
  double cost = 0;
  for (const Area& area : model.areas) {
    const std::uint64_t rows = std::min<std::uint64_t>(piece, area.nu.steps);
    cost += static_cast<double>(rows) * CostOfRow(model, area);
    piece -= rows;
  }
  return cost + CostOfStars(model, std::min<std::uint64_t>(piece * kBlock, stars.size()));
}

// The first piece of a unit: where that share of the cost has come before, but at least one piece
// for each unit before and one for each from it on.
std::uint64_t Plan::Cut(std::uint64_t unit) const {
  const std::uint64_t pieces = Pieces();
  const double wanted = CostBefore(pieces) * static_cast<double>(unit) / static_cast<double>(units);
  std::uint64_t low = 0;
  std::uint64_t high = pieces;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (CostBefore(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::clamp(low, unit, pieces - (units - unit));
}

Task Plan::TaskOf(std::uint64_t unit) const {
  const std::uint64_t first = Cut(unit);
  return {model, !points.empty(), stars.size(), first, Cut(unit + 1) - first};
}

double Plan::CostOf(const Task& task) const {
  return CostBefore(task.first + task.count) - CostBefore(task.first);
}

Result<Plan> MakePlan(const ApplicationInfo& info, const Dataset& dataset,
                      const Parameters& parameters) {
  if (auto names = CheckNames(info, parameters); !names) return std::unexpected(names.error());
  const auto& files = dataset.files;
  if (files.empty() || files.size() > 3) {
    return Fail(
        ErrorKind::kUser,
        "Application milkyway takes one to three files, not " + std::to_string(files.size()) + ".",
        "Give parameters, a list of stars, and perhaps points to evaluate.");
  }
  auto file = ReadModel(files[0].path, files[0].name);
  if (!file) return std::unexpected(file.error());
  Plan plan{std::move(file->model), std::move(file->bounds), {}, {}, 1};
  if (auto chosen = Choose(parameters, plan.model); !chosen) {
    return std::unexpected(chosen.error());
  }
  if (files.size() > 1) {
    auto stars = ReadStars(files[1].path, files[1].name);
    if (!stars) return std::unexpected(stars.error());
    plan.stars = std::move(*stars);
  }
  if (files.size() > 2) {
    auto points = ReadPoints(files[2].path, files[2].name, PointOf(plan.model).size());
    if (!points) return std::unexpected(points.error());
    plan.points = std::move(*points);
    if (auto sound = CheckPoints(plan, files[2].name); !sound) {
      return std::unexpected(sound.error());
    }
  }
  const double points = plan.points.empty() ? 1 : static_cast<double>(plan.points.size());
  const auto units = ReadUnitCount(
      parameters, points * milkyway::CostOf(plan.model, plan.stars.size()), plan.Pieces());
  if (!units) return std::unexpected(units.error());
  plan.units = *units;
  auto fits = CheckMemory(parameters, MemoryFor(plan.model, plan.stars.size()),
                          "a model with " + std::to_string(plan.stars.size()) + " stars",
                          "Give a part of the list, or fewer r steps.");
  if (!fits) return std::unexpected(fits.error());
  return plan;
}

std::unique_ptr<UnitSource> MakeUnitSource(Plan plan) {
  return std::make_unique<Source>(std::move(plan));
}

}  // namespace picube::milkyway
