// What people read: tables and paragraphs of at most 80 columns. Pure functions of the answers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "cli/report/report.h"
#include "protocol/messages.h"

namespace picube {

[[nodiscard]] std::string ServerText(const ServerInfo& server);
// `more`: there are older ones that are not in `batches`.
[[nodiscard]] std::string BatchesText(const std::vector<BatchInfo>& batches, bool more);
[[nodiscard]] std::string BatchText(const BatchInfo& batch);
[[nodiscard]] std::string HostsText(const std::vector<HostInfo>& hosts);
[[nodiscard]] std::string ExplainText(const Answer& answer);

[[nodiscard]] std::string ReportText(const BatchInfo& batch, const report::Report& report);

// A batch as a bar.
[[nodiscard]] Progress ToProgress(const BatchProgress& progress);
// Why there is nothing to download.
[[nodiscard]] std::string NoProductText(const BatchInfo& batch);
// How it ended, and what to do next.
[[nodiscard]] std::string EndText(const BatchInfo& batch);

}  // namespace picube
