// The projection's tables, and how values become their columns. Shared by writer, readers, backup.
#pragma once

#include <string>
#include <string_view>

#include "protocol/messages.h"
#include "server/store/sqlite.h"

namespace picube {

inline constexpr std::int64_t kProjectionFileId = 0x50694350;  // "PiCP"; never change
inline constexpr std::int64_t kProjectionFormat = 1;

extern const std::string_view kProjectionSchema;

// Statements whose parameters or columns the functions below know.
extern const std::string_view kUpsertBatch;
extern const std::string_view kUpsertHost;
extern const std::string_view kBatchColumns;  // for SELECT

void BindBatch(Statement& statement, const BatchInfo& info, std::string_view submission,
               bool archived);
void BindHost(Statement& statement, const HostInfo& info, std::string_view facts);
[[nodiscard]] BatchInfo ReadBatch(const Statement& row);

// The submission and a host's facts as JSON, for people and to read back.
[[nodiscard]] std::string SubmissionText(const Submit& submit);
[[nodiscard]] Submit ParseSubmission(std::string_view text);  // what cannot be read stays empty
[[nodiscard]] std::string FactsText(const HostInfo& info);

}  // namespace picube
