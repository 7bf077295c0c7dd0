// What one unit computes, its result, and the bytes of both. Values.
//
// A unit has the spectra of one detector, and either a range of the bank's templates or one given
// template, which is its second input.
#pragma once

#include <optional>
#include <vector>

#include "protocol/base/ids.h"
#include "workunits/gw/filter.h"

namespace picube::gw {

inline constexpr std::size_t kMostFound = 1000;  // templates of a unit that are reported
inline constexpr std::uint64_t kMostTemplates = 10'000'000;

struct Task {
  Bank bank;
  double least_snr = 5;
  bool given = false;
  std::uint32_t detector = 0;  // of the submission's strains
  std::uint64_t first = 0;     // template; 0 and 1 of a given one
  std::uint64_t count = 0;

  bool operator==(const Task&) const = default;
};

[[nodiscard]] Bytes EncodeTask(const Task& task);
// Nothing if this version cannot have made it.
[[nodiscard]] std::optional<Task> DecodeTask(BytesView bytes);
// Whether the bank's values are ones that templates can be made of.
[[nodiscard]] bool IsSound(const Bank& bank);

struct Found {
  std::uint64_t index = 0;  // of the template
  Peak peak;
};

struct UnitResult {
  std::uint64_t searched = 0;  // templates
  std::uint64_t digest = 0;    // of every peak in order
  Found loudest;
  std::vector<Found> found;  // at least least_snr, the loudest kMostFound, by index

  void Fold(const Found& one, double least_snr);
};
// Little-endian; of a task, whole or on its way.
[[nodiscard]] Bytes EncodeResult(const Task& task, const UnitResult& result);
// Nothing if it is not a result of this task, or its values cannot be.
[[nodiscard]] std::optional<UnitResult> DecodeResult(const Task& task, BytesView bytes,
                                                     std::uint64_t samples);

// The second input of a unit with a given template: plus, then cross.
[[nodiscard]] Bytes EncodeGiven(const std::vector<float>& plus, const std::vector<float>& cross);
struct GivenSeries {
  std::vector<float> plus, cross;
};
[[nodiscard]] std::optional<GivenSeries> DecodeGiven(BytesView bytes, std::uint64_t samples);

// Estimated operations of one template.
[[nodiscard]] double CostOfTemplate(std::uint64_t samples);

}  // namespace picube::gw
