// Joins the units of milkyway to a product.
#pragma once

#include "workunits/milkyway/plan.h"

namespace picube::milkyway {

// `name` is what the user calls the parameter file.
[[nodiscard]] std::unique_ptr<Merger> MakeMilkyWayMerger(Plan plan, std::string name,
                                                         const std::filesystem::path& folder);

// The heading of points.csv: the values of a point, then those of the answer.
[[nodiscard]] std::string PointsHeading(std::size_t streams);
[[nodiscard]] std::string PointsLine(const Point& point, const Values& values);

}  // namespace picube::milkyway
