#include "server/gateway/collector.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <set>
#include <utility>

namespace picube {

bool Collector::Collect() {
  if (!decider_.AllPosted() || !decider_.Trouble().empty()) return false;
  DropOldPayloads();
  auto used = std::make_shared<std::set<Digest>>();
  decider_.State().ReferencedBlobs([&](const Digest& blob) { used->insert(blob); });
  const std::uint64_t durable = decider_.DurableSeq();
  pool_.Post(0, [this, used, durable](std::stop_token) -> Pool::Completion {
    const Status read =
        projection_.ReferencedBlobs([&](const Digest& blob) { used->insert(blob); });
    if (!read) return [] {};
    auto garbage = blobs_.CollectGarbage([&](const Digest& blob) { return used->contains(blob); },
                                         options_.blob_grace, durable);
    if (!garbage) return [] {};
    return [this, durable, garbage = std::move(*garbage)] {
      for (const Digest& payload : garbage.small) journal_.DropSmall(payload, durable);
      if (garbage.files > 0) {
        spdlog::info("removed {} blobs that nothing names any more ({} bytes)", garbage.files,
                     garbage.bytes);
      }
    };
  });
  return true;
}

// The projection does it a little at a time; what was a blob is collected afterwards.
void Collector::DropOldPayloads() {
  if (options_.keep_payloads == std::chrono::days(0)) return;
  const std::int64_t kept_ms = std::chrono::milliseconds(options_.keep_payloads).count();
  projection_.DropPayloads(WallTime{decider_.Now().wall.ms - kept_ms});
}

}  // namespace picube
