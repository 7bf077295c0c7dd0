// The node `wishes` of worker.yaml: a profile's settings directly, or `profiles`, a list of them.
// docs/WORKER.md lists the settings. Any thread.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>

#include "protocol/base/error.h"
#include "worker/wishes/wishes.h"

namespace picube {

// kUser: what is wrong, with file, line and column; `wishes` is then unchanged.
[[nodiscard]] Status ReadWishes(const std::filesystem::path& file, const YAML::Node& node,
                                Wishes& wishes);

}  // namespace picube
