#include "cli/names.h"

#include <fmt/format.h>

namespace picube {

std::string_view Name(BatchState state) {
  switch (state) {
    case BatchState::kSplitting: return "splitting";
    case BatchState::kRunning: return "running";
    case BatchState::kMerging: return "merging";
    case BatchState::kDone: return "done";
    case BatchState::kFailed: return "failed";
    case BatchState::kCancelled: return "cancelled";
  }
  return "unknown";
}

std::string Name(const Replication& policy) {
  if (policy.kind == ReplicationKind::kSingle) return "single";
  return fmt::format("quorum:{}", policy.quorum);
}

std::string_view Name(PrincipalKind kind) {
  return kind == PrincipalKind::kOperator ? "operator" : "host";
}

std::string_view HostState(const HostInfo& host) {
  if (host.retired) return "retired";
  if (!host.connected) return "away";
  if (host.draining) return "draining";
  if (!host.paused_why.empty()) return "paused";
  return host.leases > 0 ? "working" : "idle";
}

}  // namespace picube
