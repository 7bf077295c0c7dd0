// Where and when a spike is: bins and blocks of a recording in hertz, Julian days and degrees.
#pragma once

#include <cstdint>

#include "workunits/formats/sah.h"
#include "workunits/seti/signal.h"

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

// What is said of a signal: when, where, at which frequency.
struct SignalPlace {
  double seconds = 0;  // from the start
  double time_jd = 0;
  SkyPosition sky;
  double frequency = 0;            // Hz
  double detection_frequency = 0;  // of a tone that drifts, at its time
  double chirp = 0;                // Hz/s
};
// `step` is the table's.
[[nodiscard]] SignalPlace PlaceOf(const SahHeader& header, double step, const Signal& signal);

}  // namespace picube::seti
