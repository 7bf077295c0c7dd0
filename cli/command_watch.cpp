// watch, and the waiting part of submit.
#include <fmt/format.h>

#include <memory>

#include "cli/json_views.h"
#include "cli/session.h"
#include "cli/text.h"
#include "cli/views.h"

namespace picube {

Result<BatchInfo> FollowBatch(Session& session, BatchId batch) {
  BatchInfo last;
  const std::unique_ptr<ProgressLine> line = session.MakeProgress();
  bool told = false;
  Client::Watcher watcher;
  watcher.progress = [&](const BatchProgress& progress) {
    last = progress.batch;
    told = false;
    if (line == nullptr) return;
    if (progress.last) {
      line->Finish(ToProgress(progress));
    } else {
      line->Show(ToProgress(progress), session.world().now());
    }
  };
  watcher.silence = [&](Duration silent) {
    if (told) return;  // once for each time that the server is away
    told = true;
    if (line != nullptr) line->Clear();
    session.Note(fmt::format("no word from the server for {}; waiting for it to come back",
                             HumanTime(static_cast<std::uint64_t>(silent.count() / 1000))));
  };
  if (Status ended = session.client().Follow(batch, watcher); !ended) {
    return std::unexpected(ended.error());
  }
  return last;
}

Exit ExitOf(const BatchInfo& batch) {
  if (batch.state == BatchState::kFailed) return Exit::kBatchFailed;
  if (batch.state == BatchState::kCancelled) return Exit::kBatchCancelled;
  return Exit::kOk;
}

Exit Run(Session& session, const WatchCommand& command) {
  if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
  const Result<BatchInfo> batch = FollowBatch(session, command.batch);
  if (!batch) return session.Fail(batch.error());
  session.Show(BatchJson(*batch), EndText(*batch));
  return ExitOf(*batch);
}

}  // namespace picube
