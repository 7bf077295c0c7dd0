// Whether the machine runs on a battery, as the kernel's power supplies say. Any thread.
#pragma once

#include <filesystem>
#include <optional>

namespace picube {

// Reads sys/class/power_supply below `root`. Batteries of devices (a mouse) do not count. Nothing =
// there is no power supply that says anything, as on most boards.
[[nodiscard]] std::optional<bool> OnBattery(const std::filesystem::path& root);

}  // namespace picube
