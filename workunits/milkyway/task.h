// What one unit computes of a model, and the bytes of it that travel. Values.
//
// Pieces of a batch, in order: the rows of the integral, then the blocks of stars; or, when points
// are given, the points. A unit takes a range of them.
#pragma once

#include <optional>

#include "protocol/base/ids.h"
#include "workunits/milkyway/likelihood.h"

namespace picube::milkyway {

struct Task {
  Model model;
  bool points = false;
  std::uint64_t stars = 0;
  std::uint64_t first = 0;  // piece
  std::uint64_t count = 0;

  [[nodiscard]] std::uint64_t Blocks() const { return (stars + kBlock - 1) / kBlock; }
  // Rows and blocks of this unit, if it has no points.
  [[nodiscard]] std::uint64_t FirstRow() const { return std::min(first, RowsOf(model)); }
  [[nodiscard]] std::uint64_t EndRow() const { return std::min(first + count, RowsOf(model)); }
  [[nodiscard]] std::uint64_t FirstStar() const { return StarAt(first); }
  [[nodiscard]] std::uint64_t EndStar() const { return StarAt(first + count); }

 private:
  [[nodiscard]] std::uint64_t StarAt(std::uint64_t piece) const {
    const std::uint64_t rows = RowsOf(model);
    return piece <= rows ? 0 : std::min(stars, (piece - rows) * kBlock);
  }
};

[[nodiscard]] Bytes EncodeTask(const Task& task);
// Nothing if this version cannot have made it.
[[nodiscard]] std::optional<Task> DecodeTask(BytesView bytes);

// What is there of a result; also the checkpoint. `points` or the others are used.
struct Progress {
  std::vector<Values> points;
  std::vector<Sums> rows;         // whole ones: of the task, or of the point at hand
  Sums row;                       // of the row at hand
  std::uint32_t mu = 0;           // its next step
  std::vector<double> densities;  // of the task's stars, Kinds() each
};

// Little-endian doubles; what is not a number has one form. A payload has nothing half done.
[[nodiscard]] Bytes EncodePayload(const Task& task, const Progress& progress);
// Nothing unless it is the whole result of this task.
[[nodiscard]] std::optional<Progress> DecodePayload(const Task& task, BytesView bytes);
[[nodiscard]] Bytes EncodeCheckpoint(const Task& task, const Progress& progress);
// Nothing if it is damaged or of another task.
[[nodiscard]] std::optional<Progress> DecodeCheckpoint(const Task& task, BytesView bytes);

// Estimated operations.
[[nodiscard]] double CostOfRow(const Model& model, const Area& area);
[[nodiscard]] double CostOfStars(const Model& model, std::uint64_t stars);
[[nodiscard]] double CostOf(const Model& model, std::uint64_t stars);  // a whole point
[[nodiscard]] std::uint64_t MemoryFor(const Model& model, std::uint64_t stars);

}  // namespace picube::milkyway
