// The grid's words for states and policies, as people and programs read them.
#pragma once

#include <string>
#include <string_view>

#include "protocol/messages.h"

namespace picube {

[[nodiscard]] std::string_view Name(BatchState state);      // "running"
[[nodiscard]] std::string Name(const Replication& policy);  // "single", "quorum:2"
[[nodiscard]] std::string_view Name(PrincipalKind kind);    // "host", "operator"
// What a host does, in one word: retired, away, draining, paused, working, idle.
[[nodiscard]] std::string_view HostState(const HostInfo& host);
[[nodiscard]] inline bool HasEnded(const BatchInfo& batch) {
  return batch.state == BatchState::kDone || batch.state == BatchState::kFailed ||
         batch.state == BatchState::kCancelled;
}

}  // namespace picube
