// From the units' results to the product: tables of candidates and plots.
#pragma once

#include <filesystem>
#include <memory>

#include "workunits/application.h"
#include "workunits/pulsar/units.h"

namespace picube::pulsar {

// Holds the strongest peaks of all series, bounded; the rest of memory is a few series at the end,
// when the best candidates are folded once more for their pictures.
[[nodiscard]] std::unique_ptr<Merger> MakePulsarMerger(Recording recording, Plan plan,
                                                       const std::filesystem::path& folder);

}  // namespace picube::pulsar
