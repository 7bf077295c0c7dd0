// From settings to a display.
#pragma once

#include <filesystem>
#include <memory>

#include "hardware/display/display.h"
#include "worker/display/settings.h"

namespace picube {

// Devices below `root`. Opens nothing yet. On a machine that is no Raspberry Pi (`is_pi`) `auto`
// does not touch the bus: elsewhere bus 1 may belong to a monitor or to the mainboard.
[[nodiscard]] std::unique_ptr<Display> MakeDisplay(const DisplaySettings& settings,
                                                   const std::filesystem::path& root, bool is_pi);

}  // namespace picube
