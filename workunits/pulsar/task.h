// What is searched, and which part of it is one unit. Travels to workers; values without state.
//
// Pieces of one series, numbered from 0: for each acceleration the stages of the folding search in
// order, then for each acceleration the Fourier search. A unit takes whole series one after
// another, or a range of pieces of one series.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/ids.h"
#include "workunits/pulsar/fourier.h"
#include "workunits/pulsar/trials.h"

namespace picube::pulsar {

struct Accelerations {  // m/s^2; > 0 is a period that grows
  double low = 0;
  double step = 1;
  std::uint32_t count = 1;

  bool operator==(const Accelerations&) const = default;
  [[nodiscard]] double At(std::uint32_t index) const {
    return low + static_cast<double>(index) * step;
  }
};

struct SearchPlan {
  bool folds = true;
  bool fourier = true;
  double sample_seconds = 0;
  double threshold = 6;  // least S/N of a peak of folding
  Accelerations accelerations;
  FoldPlan fold;             // if folds
  FourierPlan fourier_plan;  // if fourier

  bool operator==(const SearchPlan&) const = default;

  [[nodiscard]] std::uint64_t FoldPieces() const {
    return folds ? static_cast<std::uint64_t>(accelerations.count) * fold.stages : 0;
  }
  [[nodiscard]] std::uint64_t Pieces() const {
    return FoldPieces() + (fourier ? accelerations.count : 0);
  }
  // What Resample needs for an acceleration.
  [[nodiscard]] double HalfOf(std::uint32_t acceleration) const;
};

struct Task {
  SearchPlan search;
  std::uint32_t first_dm = 0;
  std::uint32_t dms = 0;
  std::uint64_t first_piece = 0;  // of each series
  std::uint64_t end_piece = 0;

  bool operator==(const Task&) const = default;
};

[[nodiscard]] Bytes EncodeTask(const Task& task);
// Nothing if the bytes are not a task that this version could have made.
[[nodiscard]] std::optional<Task> DecodeTask(BytesView bytes);

}  // namespace picube::pulsar
