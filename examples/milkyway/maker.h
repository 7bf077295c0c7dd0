// Draws stars from a model: each falls into a cell of the model's own grid with the probability
// that the model gives it, and lies anywhere in it. A seed gives the same list on every machine.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/error.h"
#include "workunits/milkyway/model.h"

namespace picube::examples {

struct StarsOptions {
  std::uint64_t seed = 1;
  std::uint64_t stars = 5000;
};

// The text of a list of stars. Only the model's first area is filled. Errors: no star has a place,
// the grid is too large to be drawn from.
[[nodiscard]] Result<std::string> MakeStars(const milkyway::Model& model,
                                            const StarsOptions& options);

}  // namespace picube::examples
