// Joins the units of gw to a product.
#pragma once

#include "workunits/gw/plan.h"

namespace picube::gw {

[[nodiscard]] std::unique_ptr<Merger> MakeGwMerger(Plan plan, const std::filesystem::path& folder);

}  // namespace picube::gw
