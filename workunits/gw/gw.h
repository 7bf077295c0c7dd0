// Application `gw`: gravitational waves in the strain of LIGO-like detectors, by matched filters: a
// bank of templates by masses, or a given one. See docs/GW.md.
//
// The payload has the loudest templates and a digest of all (task.h).
#pragma once

#include <memory>

#include "workunits/application.h"

namespace picube {

[[nodiscard]] std::unique_ptr<Application> MakeGwApplication();

}  // namespace picube
