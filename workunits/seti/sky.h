// Where and when a spike is: bins and blocks of a recording in hertz, Julian days and degrees.
#pragma once

#include <cstdint>

#include "workunits/formats/sah.h"

namespace picube::seti {

// Right ascension (hours, 0..24) and declination (degrees) at a time (JD), by linear interpolation
// between neighbouring coordinates, or extrapolation beyond the last.
struct SkyPosition {
  double ra_hours = 0;
  double dec_degrees = 0;
};
[[nodiscard]] SkyPosition PositionAt(const SahHeader& header, double time_jd);

// Frequency (Hz) of a bin at the start of the recording.
[[nodiscard]] double BinFrequency(const SahHeader& header, std::uint32_t bin, std::uint32_t length);
// Frequency (Hz) at `seconds` of something that drifts, moved into the recorded band.
[[nodiscard]] double DriftedFrequency(const SahHeader& header, double frequency,
                                      double hertz_per_second, double seconds);
// Lower edge of the recorded band (Hz); it is sample_rate wide.
[[nodiscard]] double BandLow(const SahHeader& header);
// Middle of block `block` (seconds from the start).
[[nodiscard]] double BlockSeconds(const SahHeader& header, std::uint32_t block,
                                  std::uint32_t length);

}  // namespace picube::seti
