// A unit's result, and its checkpoint: best peaks, counts and digests. Little-endian, fixed order
// of fields. Never renumber; raise ApplicationInfo::version instead.
//
// A part is what was searched of one series at one acceleration. Folding peaks are integers; their
// S/N follows from them, the plan and the series' deviation, and is not sent.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/ids.h"
#include "workunits/pulsar/folding.h"
#include "workunits/pulsar/fourier.h"
#include "workunits/pulsar/task.h"

namespace picube::pulsar {

struct FoldPart {
  std::uint32_t dm_index = 0;
  std::uint32_t acceleration = 0;
  std::uint64_t samples = 0;
  double sigma = 0;  // of the series' quantised samples
  std::uint32_t first_stage = 0;
  std::uint32_t stages = 0;  // searched
  std::uint64_t trials = 0;
  std::uint64_t digest = 0;
  Found best;                   // of all trials
  std::vector<Found> peaks;     // at most kBest, sorted
  std::vector<float> controls;  // [stage][width]

  bool operator==(const FoldPart&) const = default;
  // Appends the next stage.
  void Fold(StageResult stage);
};

struct FourierPart {
  std::uint32_t dm_index = 0;
  std::uint32_t acceleration = 0;
  std::uint64_t samples = 0;
  std::uint64_t digest = 0;
  std::array<std::vector<FourierPeak>, kHarmonicSums> peaks;  // each at most kBest, sorted

  bool operator==(const FourierPart&) const = default;
};

struct UnitResult {
  std::uint32_t first_dm = 0;  // of the task
  std::uint32_t dms = 0;
  std::uint64_t first_piece = 0;
  std::uint64_t end_piece = 0;
  std::vector<FoldPart> folds;  // by series, then acceleration
  std::vector<FourierPart> fourier;
  std::vector<float> cells;  // [stage][bins]: greatest S/N of all parts; 0 where none was searched

  bool operator==(const UnitResult&) const = default;
};

[[nodiscard]] Bytes EncodeResult(const UnitResult& result);

// Nothing unless the bytes are a result of a part of `task`: sizes, order and range of all fields
// are as Compute makes them. A whole result has all parts (`IsWhole`); a checkpoint may lack some.
[[nodiscard]] std::optional<UnitResult> DecodeResult(BytesView bytes, const Task& task);
[[nodiscard]] bool IsWhole(const UnitResult& result, const Task& task);

// The parts that a task has, in order, empty: sizes and stages are filled in, series are not.
[[nodiscard]] std::vector<FoldPart> FoldPartsOf(const Task& task);
[[nodiscard]] std::vector<FourierPart> FourierPartsOf(const Task& task);
// Most bytes that a result may have.
[[nodiscard]] std::uint64_t ResultBytes(const Task& task);

}  // namespace picube::pulsar
