// The link over ZeroMQ with CURVE. One thread.
//
// What is sent before the connection stands, or while it is lost, waits in a short queue; what was
// on its way when a connection broke is lost. A server that denies our key ends the link with
// kRefused.
#pragma once

#include <memory>

#include "cli/link.h"
#include "cli/profile.h"
#include "protocol/transport/context.h"

namespace picube {

// Begins to connect and returns at once. `context` must outlive the link.
[[nodiscard]] Result<std::unique_ptr<Link>> ConnectZmq(Context& context,
                                                       const ServerAddress& server,
                                                       const TransportKeys& keys);

}  // namespace picube
