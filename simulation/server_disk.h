// What a simulated server has on disk: it survives every crash, and nothing else does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "server/core/grid.h"

namespace picube::sim {

struct ServerDisk {
  struct Row {
    std::uint64_t number = 0;
    Instant at;
    Bytes records;
    std::optional<std::uint64_t> state_hash;  // after it, if nothing else was in memory then
  };
  struct Snapshot {
    std::uint64_t row = 0;  // it holds everything up to this row
    Instant at;
    std::vector<Bytes> chunks;
    std::optional<std::uint64_t> state_hash;
  };
  // Tables for people: filled behind the journal, in the same transaction as the cursor.
  struct Projection {
    std::uint64_t cursor = 0;  // the last row whose events are in
    std::map<UnitId, UnitClosed> units;
    std::map<BatchId, BatchInfo> archived;
  };

  std::vector<Row> rows;
  std::optional<Snapshot> snapshot;
  Projection projection;
  std::map<Digest, Bytes> blobs;  // whole ones

  [[nodiscard]] std::uint64_t LastRow() const {
    if (!rows.empty()) return rows.back().number;
    return snapshot ? snapshot->row : 0;
  }
  [[nodiscard]] Instant LastInstant() const {
    if (!rows.empty()) return rows.back().at;
    return snapshot ? snapshot->at : Instant{};
  }
};

}  // namespace picube::sim
