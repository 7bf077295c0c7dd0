// One question to the server that runs on a state directory, with its operator's key.
#pragma once

#include <chrono>
#include <filesystem>

#include "protocol/messages.h"

namespace picube {

// Connects, asks, waits for the answer. kLink if no server answers in time; kRefused with the
// server's own words if it says no.
[[nodiscard]] Result<Message> AskServer(const std::filesystem::path& state, const Message& question,
                                        std::chrono::milliseconds patience);

}  // namespace picube
