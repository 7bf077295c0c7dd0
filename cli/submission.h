// The steps that every way to submit has: check, upload, hand in. See command_submit.cpp.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/json_views.h"
#include "cli/session.h"

namespace picube {

// Files on this machine, each with a name of its own.
[[nodiscard]] Result<Dataset> MakeDataset(const std::vector<std::string>& files);
// Their hashes and sizes.
[[nodiscard]] Result<std::vector<UploadedFile>> HashFiles(const Dataset& dataset);
// Checks everything that can be checked without a server.
[[nodiscard]] Result<std::pair<Dataset, std::vector<UploadedFile>>> Prepare(
    Session& session, const SubmitCommand& command);
[[nodiscard]] Status UploadFile(Session& session, const std::string& path,
                                const UploadedFile& file);
[[nodiscard]] Submit MakeSubmit(Session& session, const SubmitCommand& command,
                                const std::vector<UploadedFile>& files);

// Points of a step of a search, so that every core of the hosts that are connected has two; 24 if
// none is.
[[nodiscard]] std::uint64_t PointsForHosts(const std::vector<HostInfo>& hosts);

// `picube submit APP --fit`: a search that submits batch after batch (command_fit.cpp).
Exit RunFit(Session& session, const SubmitCommand& command);

}  // namespace picube
