// Joins the units of drift to a product.
#pragma once

#include "workunits/drift/plan.h"

namespace picube::drift {

[[nodiscard]] std::unique_ptr<Merger> MakeDriftMerger(Plan plan,
                                                      const std::filesystem::path& folder);

}  // namespace picube::drift
