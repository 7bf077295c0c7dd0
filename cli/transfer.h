// Files to the server and back: the waiting around the state machines of
// protocol/transport/blob_transfer. A transfer that is cut goes on where it was, also in a later
// run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/client.h"
#include "protocol/messages.h"

namespace picube {

using TransferProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;  // bytes

// Puts the file at `path`, which has the content `blob`, unless the server has it already.
[[nodiscard]] Status Upload(Client& client, const std::string& path, const BlobRef& blob,
                            const TransferProgress& progress);

// Gets `blob` into `path`; until it is whole and checked it has another name beside it.
[[nodiscard]] Status Download(Client& client, const BlobRef& blob, const std::string& path,
                              const TransferProgress& progress);

}  // namespace picube
