// Changes single settings in the text of worker.yaml and leaves all else, comments too, as people
// wrote it. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/error.h"

namespace picube {

// Each line is "name: value", "wishes.name: value", or "name:" to remove the setting; of those that
// an operator may set. The text may come out as YAML that means nothing: parse it before it is
// kept. kUser: a line is no such line, or the setting stands in a form that only a person can
// change.
[[nodiscard]] Result<std::string> EditSettings(std::string_view text,
                                               const std::vector<std::string>& lines);

}  // namespace picube
