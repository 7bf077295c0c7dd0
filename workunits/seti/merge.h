// From the units' results to the product: signals.csv, result.xml and signals.svg.
#pragma once

#include <filesystem>
#include <memory>

#include "workunits/application.h"
#include "workunits/formats/sah.h"
#include "workunits/seti/units.h"

namespace picube::seti {

// Rows go to disk as they come; in memory stay fewer than 4,000 lines, of which the
// picture shows the 2,000 strongest.
[[nodiscard]] Result<std::unique_ptr<Merger>> StartSetiMerge(SahUnit unit, ChirpTable table,
                                                             Plan plan,
                                                             const std::filesystem::path& folder);

}  // namespace picube::seti
