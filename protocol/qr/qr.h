// A QR code for a terminal, so that a join code can be photographed instead of typed.
#pragma once

#include <string>
#include <string_view>

namespace picube {

// UTF-8 half blocks, dark on light, lines ended by '\n', with the quiet zone. Empty if the text is
// too long for a QR code (about 2900 bytes). Any thread.
[[nodiscard]] std::string QrText(std::string_view text);

}  // namespace picube
