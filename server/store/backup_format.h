// The tables of a backup file besides those of the journal and of the projection.
#pragma once

#include <array>
#include <string_view>

namespace picube {

inline constexpr std::string_view kBackupSchema = R"sql(
CREATE TABLE blob_file(id INTEGER PRIMARY KEY, hash BLOB NOT NULL, size INTEGER NOT NULL);
CREATE TABLE blob_part(
  blob INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(blob, part));
CREATE TABLE key_file(name TEXT PRIMARY KEY, data BLOB NOT NULL, hash BLOB NOT NULL);
)sql";

inline constexpr std::array<std::string_view, 5> kJournalTables = {"journal", "anchor", "snapshot",
                                                                   "snapshot_end", "payload"};
inline constexpr std::array<std::string_view, 7> kProjectionTables = {
    "cursor", "unit", "extent", "batch", "product", "host", "disagreement"};

}  // namespace picube
