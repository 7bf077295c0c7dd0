// What text may travel and be shown to people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace picube {

// UTF-8 without control characters other than tab and line feed.
[[nodiscard]] bool IsCleanText(std::string_view text);
// At most `most` bytes of it, with '?' for what is not clean.
[[nodiscard]] std::string CleanText(std::string_view text, std::size_t most);

}  // namespace picube
