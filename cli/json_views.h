// What `--json` prints: one document for each command, two spaces of indent, keys in alphabetical
// order, a newline at the end. The forms are documented in docs/CLI.md and pinned by golden tests:
// fields are added, never renamed. Times are RFC 3339 in UTC, absent ones null.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/report/report.h"
#include "protocol/messages.h"

namespace picube {

struct SavedFile {  // of a product
  ProductFile file;
  std::string path;
  bool fetched = true;  // false: it was there already
};
struct UploadedFile {  // of a submission
  std::string name;
  BlobRef blob;
};

[[nodiscard]] std::string ErrorJson(const Error& error);
[[nodiscard]] std::string StatusJson(const ServerInfo& server,
                                     const std::vector<BatchInfo>& batches);
[[nodiscard]] std::string BatchJson(const BatchInfo& batch);
[[nodiscard]] std::string HostsJson(const std::vector<HostInfo>& hosts);
[[nodiscard]] std::string ExplainJson(const Answer& answer);
// `plot` = the file that was written, or empty.
[[nodiscard]] std::string ReportJson(const BatchInfo& batch, const report::Report& report,
                                     const std::string& plot);
[[nodiscard]] std::string ProductJson(BatchId batch, const std::vector<SavedFile>& files);
[[nodiscard]] std::string DoneJson(std::string_view done);
[[nodiscard]] std::string InviteJson(std::string_view code, std::string_view command,
                                     PrincipalKind kind);
[[nodiscard]] std::string JoinedJson(const Enrolled& enrolled, std::string_view folder,
                                     std::string_view endpoint);
// `ended` = the batch after --wait, or null.
[[nodiscard]] std::string SubmittedJson(BatchId batch, std::string_view request_key,
                                        const std::vector<UploadedFile>& files,
                                        const BatchInfo* ended);

}  // namespace picube
