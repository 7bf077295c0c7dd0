// What a submission asks for, and how it is cut into units.
#pragma once

#include "workunits/application.h"
#include "workunits/milkyway/reader.h"
#include "workunits/milkyway/task.h"

namespace picube::milkyway {

[[nodiscard]] std::vector<ParameterSpec> MilkyWayParameters();

struct Plan {
  Model model;
  std::vector<Bound> bounds;
  std::vector<Star> stars;    // may be none: then only the integrals are asked for
  std::vector<Point> points;  // may be none: then it is the model's own
  std::uint64_t units = 1;

  [[nodiscard]] std::uint64_t Pieces() const;
  // Units of about equal cost.
  [[nodiscard]] Task TaskOf(std::uint64_t unit) const;
  [[nodiscard]] double CostOf(const Task& task) const;

 private:
  [[nodiscard]] double CostBefore(std::uint64_t piece) const;
  [[nodiscard]] std::uint64_t Cut(std::uint64_t unit) const;
};

// Files: parameters, stars, points. Errors name file and line, or the parameter.
[[nodiscard]] Result<Plan> MakePlan(const ApplicationInfo& info, const Dataset& dataset,
                                    const Parameters& parameters);
[[nodiscard]] std::unique_ptr<UnitSource> MakeUnitSource(Plan plan);

}  // namespace picube::milkyway
