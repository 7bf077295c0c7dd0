// Application `drift`: narrow tones that drift in frequency, as turbo_seti and seticore search
// them. See docs/DRIFT.md.
//
// The payload has the tones of a tile, and a digest of the best sum of every start channel
// (search.h).
#pragma once

#include <memory>

#include "workunits/application.h"

namespace picube {

[[nodiscard]] std::unique_ptr<Application> MakeDriftApplication();

}  // namespace picube
