// What a unit of drift computes: the tones of one tile. Values and pure functions.
//
// A tile is some start channels of one coarse channel. A tone is a start channel whose best sum
// exceeds the threshold and is the greatest within a window of it (of equal ones the lowest
// channel). So a tile also has the start channels within a window on both sides, and the cells that
// all their paths can reach: its tones do not depend on how a coarse channel is cut.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/ids.h"
#include "workunits/application.h"

namespace picube::drift {

inline constexpr std::size_t kMostTones = 4096;  // of a tile
inline constexpr std::uint32_t kMostRows = 4096;
inline constexpr std::uint32_t kMostTileChannels = 1U << 20;
inline constexpr std::int64_t kMostDrift = 1 << 20;

// A cell beyond this is no measurement, and sums of what is below do not overflow.
inline constexpr float kMostCell = 1e30F;

enum class CellKind : std::uint8_t { kByte = 1, kShort = 2, kFloat = 4 };  // bytes of a cell

// Travels as parameters of a unit.
struct Task {
  std::uint32_t rows = 0;       // in the file; padded with zeros to a power of two
  std::uint32_t channels = 0;   // start channels
  std::uint32_t before = 0;     // channels of the tile before the first start channel
  std::uint32_t after = 0;      // and after the last
  std::uint64_t coarse = 0;     // number of the coarse channel
  std::uint64_t first = 0;      // first start channel in it
  std::int64_t most_drift = 0;  // in channels, both ways
  std::uint32_t window = 1;
  float threshold = 0;       // a sum must be greater
  std::int64_t centre = -1;  // channel of the tile that is replaced by its neighbours; -1 = none
  CellKind kind = CellKind::kFloat;

  bool operator==(const Task&) const = default;
  [[nodiscard]] std::uint64_t Width() const { return std::uint64_t{before} + channels + after; }
  // Neighbours that are searched, too.
  [[nodiscard]] std::uint32_t SearchedBefore() const { return std::min(window, before); }
  [[nodiscard]] std::uint32_t SearchedAfter() const { return std::min(window, after); }
  [[nodiscard]] std::uint64_t Searched() const {
    return std::uint64_t{SearchedBefore()} + channels + SearchedAfter();
  }
  [[nodiscard]] std::uint32_t PaddedRows() const;
  [[nodiscard]] std::uint64_t InputBytes() const {
    return Width() * rows * static_cast<std::uint64_t>(kind);
  }
};
[[nodiscard]] Bytes EncodeTask(const Task& task);
// Nothing if this version cannot have made it.
[[nodiscard]] std::optional<Task> DecodeTask(BytesView bytes);

struct Tone {
  std::uint64_t channel = 0;  // in the coarse channel
  std::int32_t drift = 0;     // channels, > 0 to higher ones
  float sum = 0;
  bool operator==(const Tone&) const = default;
};
struct TileResult {
  bool overflow = false;     // there were more than kMostTones: these are the strongest
  std::uint64_t digest = 0;  // of the best sum of every start channel
  std::vector<Tone> tones;   // by channel
};
[[nodiscard]] Bytes EncodeResult(const Task& task, const TileResult& result);
// Nothing unless it is a result of this task.
[[nodiscard]] std::optional<TileResult> DecodeResult(const Task& task, BytesView bytes);

// Cells as they travel: rows of Width() values. `values` outside of the coarse channel are NaN.
[[nodiscard]] Bytes PackRow(CellKind kind, const std::vector<float>& values);

// Those of `sums` (of channels from `first` on) that exceed the threshold and are the greatest
// within `window`, with ties for the lower channel; by channel.
[[nodiscard]] std::vector<std::size_t> WindowMaxima(const std::vector<float>& sums, float threshold,
                                                    std::uint32_t window);

// Memory that ComputeTile needs, and the operations it does.
[[nodiscard]] std::uint64_t MemoryFor(const Task& task);
[[nodiscard]] double CostOf(const Task& task);

[[nodiscard]] ComputeOutcome ComputeTile(const Task& task, BytesView cells,
                                         ComputeContext& context);

}  // namespace picube::drift
