// The text form of the separation program's parameters: lines "key: values" in a fixed order.
#pragma once

#include <string>
#include <string_view>

#include "workunits/milkyway/reader.h"

namespace picube::milkyway {

// Not yet checked by Check(). Errors are kUser and name the line.
[[nodiscard]] Result<ModelFile> ParseTextForm(std::string_view text, const std::string& name);

}  // namespace picube::milkyway
