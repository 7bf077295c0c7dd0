#include "workunits/milkyway/milkyway.h"

#include "workunits/milkyway/compute.h"
#include "workunits/milkyway/fit.h"
#include "workunits/milkyway/merge.h"
#include "workunits/milkyway/plan.h"
#include "workunits/unit_input.h"

namespace picube {
namespace {

using namespace milkyway;

ApplicationInfo MakeInfo() {
  ApplicationInfo info;
  info.name = "milkyway";
  info.version = 1;
  info.summary = "how likely stars are, given streams and a smooth background (separation)";
  info.files_help = "parameters (.lua or .txt), a list of stars, perhaps points to evaluate";
  info.least_files = 1;
  info.most_files = 3;
  info.parameters = MilkyWayParameters();
  info.searches = true;
  return info;
}

Error Foreign(const std::string& what) {
  return {ErrorKind::kUnit, what + " of this milkyway unit is not the one it needs.",
          "Submit the files again."};
}

class MilkyWayApplication final : public Application {
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
    const std::size_t files = !task ? 0 : task->points ? 3 : task->stars > 0 ? 2 : 1;
    if (!task || input.files.size() != files) {
      return UnreadableUnit(info_.name);
    }
    std::vector<Star> stars;
    if (task->points || task->EndStar() > task->FirstStar()) {
      auto read = ReadStars(input.files[1], "the list of stars");
      if (!read) return Unit(read.error());
      if (read->size() != task->stars) return Foreign("The list of stars");
      stars = std::move(*read);
    }
    std::vector<Point> points;
    if (task->points) {
      auto read = ReadPoints(input.files[2], "the points", PointOf(task->model).size());
      if (!read) return Unit(read.error());
      if (task->first + task->count > read->size()) return Foreign("The file of points");
      const auto first = read->begin() + static_cast<std::ptrdiff_t>(task->first);
      points.assign(first, first + static_cast<std::ptrdiff_t>(task->count));
      for (const Point& point : points) {
        if (auto sound = Check(WithPoint(task->model, point), "a point"); !sound) {
          return Unit(sound.error());
        }
      }
    }
    return ComputeTask(*task, stars, points, context);
  }

  [[nodiscard]] Result<std::unique_ptr<Merger>> StartMerge(
      const Dataset& dataset, const Parameters& parameters,
      const std::filesystem::path& folder) const override {
    auto plan = MakePlan(info_, dataset, parameters);
    if (!plan) return std::unexpected(plan.error());
    return MakeMilkyWayMerger(std::move(*plan), dataset.files[0].name, folder);
  }

  [[nodiscard]] Result<std::unique_ptr<Search>> StartSearch(
      const Dataset& dataset, const Parameters& parameters,
      const SearchOptions& options) const override {
    auto plan = MakePlan(info_, dataset, parameters);
    if (!plan) return std::unexpected(plan.error());
    return MakeFit(std::move(*plan), dataset.files[0].name, options);
  }

 private:
  static Error Unit(Error error) {
    if (error.kind == ErrorKind::kUser) error.kind = ErrorKind::kUnit;
    return error;
  }
  ApplicationInfo info_ = MakeInfo();
};

}  // namespace

std::unique_ptr<Application> MakeMilkyWayApplication() {
  return std::make_unique<MilkyWayApplication>();
}

}  // namespace picube
