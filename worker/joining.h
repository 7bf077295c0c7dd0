// How a state directory passes from one server to the next, in steps of which each may be the last
// before a crash. See joining.cpp. One thread.
#pragma once

#include <filesystem>

#include "protocol/base/error.h"
#include "worker/core/agent.h"
#include "worker/spool/spool.h"
#include "worker/worker.h"

namespace picube {

[[nodiscard]] std::filesystem::path StateOf(const WorkerOptions& options);
// Says the error on standard error, before the log is there. The exit code.
int Stop(WorkerExit code, const Error& error);
// Of a spool that cannot be opened.
[[nodiscard]] WorkerExit ExitFor(const Error& error);

// A join that the server has granted waits to be made whole.
[[nodiscard]] bool JoinIsUnfinished(const std::filesystem::path& state);
// Makes it whole; nothing to do is no error. kStore, kUser.
[[nodiscard]] Status FinishJoin(const std::filesystem::path& state, const Spool& spool);
// Says on standard output what was set aside and what came back.
void SayMoved(const Spool::Moved& moved, const Spool& spool);

}  // namespace picube
