// The bytes that travel: parameters of a unit, its result, its checkpoint. Little-endian, fixed
// order of fields, each with a version. Never renumber; raise ApplicationInfo::version instead.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/ids.h"
#include "workunits/seti/chirp_table.h"
#include "workunits/seti/findings.h"

namespace picube::seti {

// A search that finds more has a threshold in the noise; the rest is counted, not kept.
inline constexpr std::size_t kMostSignalsPerUnit = 10'000;

// Pairs first .. first + count - 1 of what `selection` chooses from the recording's table.
struct UnitRange {
  Selection selection;
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  bool operator==(const UnitRange&) const = default;
};

[[nodiscard]] Bytes EncodeRange(const UnitRange& range);
[[nodiscard]] std::optional<UnitRange> DecodeRange(BytesView bytes);

// What was found in a range, or in its first `pairs` pairs while it is being computed.
struct UnitResult {
  std::uint64_t first = 0;    // of the range
  std::uint64_t pairs = 0;    // searched
  std::uint64_t spectra = 0;  // searched
  std::uint64_t digest = 0;   // over all spectra's peaks and bins and all signals, in order
  std::uint64_t dropped = 0;  // signals beyond kMostSignalsPerUnit
  Bests bests;
  std::vector<Signal> signals;  // in the official order, marginal ones included

  bool operator==(const UnitResult&) const = default;

  // Appends the next pair of the range.
  void Fold(Findings&& next);
};

// Results and checkpoints have the same form.
[[nodiscard]] Bytes EncodeResult(const UnitResult& result);
[[nodiscard]] std::optional<UnitResult> DecodeResult(BytesView bytes);

}  // namespace picube::seti
