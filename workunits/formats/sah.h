// SETI@home work units (.sah): reading and writing.
//
// The file is text that looks like XML: a header with tagged values, then the recording, one bit
// real and one bit imaginary a sample, six bits a character. The reader takes any bytes without
// harm: it looks at bounded amounts only, and its errors name the file and the line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/error.h"

namespace picube {

// What a work unit may ask for at most; anything beyond is taken for a damaged file.
namespace sah {
inline constexpr std::size_t kFileBytes = 8U << 20;    // a unit has 0.4 MB
inline constexpr std::size_t kHeaderBytes = 1U << 20;  // real headers have 6 .. 25 KB
inline constexpr std::uint64_t kLeastSamples = 1U << 13;
inline constexpr std::uint64_t kMostSamples = 1U << 22;  // four times the usual recording
inline constexpr std::size_t kMostCoordinates = 10'000;
inline constexpr std::size_t kMostChirpEntries = 16;
}  // namespace sah

struct SahHeader {
  struct Coordinate {
    double time_jd = 0;
    double ra_hours = 0;
    double dec_degrees = 0;
  };
  struct ChirpEntry {
    double limit = 0;             // Hz/s
    std::uint32_t fft_flags = 0;  // set bits are FFT lengths
  };

  std::string name;
  std::uint64_t samples = 0;    // a power of two
  double time_recorded_jd = 0;  // of sample 0
  double angle_range = 0;       // degrees of sky swept
  std::vector<Coordinate> coordinates;
  double beam_width = 0;          // degrees
  std::uint32_t ifft_length = 1;  // moves the edge of the band
  double spike_threshold = 0;     // times the mean power
  double pot_min_slew = 0;        // degrees/s
  double pot_max_slew = 0;
  double chirp_resolution = 0;  // bins
  std::uint32_t fft_flags = 0;  // analysis_fft_lengths
  double gauss_pot_length = 0;  // these six shape the table of chirp rates
  double pulse_min = 0;
  double pulse_fft_max = 0;
  double pulse_beams = 1;
  double triplet_min = 0;
  // Thresholds of the other kinds of signals; 0 = the unit does not ask for them.
  double autocorr_threshold = 0;
  std::uint32_t autocorr_length = 0;  // FFT length
  double gauss_chi_sq = 0;            // upper limit
  double gauss_null_chi_sq = 0;       // lower limit
  double gauss_power = 0;             // of a bin of the series, over its mean
  double gauss_peak_power = 0;
  double pulse_threshold = 0;
  double pulse_display = 0.5;
  double pulse_max = 40960;
  std::uint32_t pulse_pot_length = 256;  // longer profiles are not written
  double pot_overlap = 0.5;
  double pot_t_offset = 1;
  double triplet_threshold = 0;
  double triplet_max = 0;
  std::vector<ChirpEntry> chirps;
  std::uint32_t smooth_box = 8192;
  std::uint32_t smooth_chunk = 32768;
  std::uint32_t max_signals = 30;
  double center = 0;       // Hz
  double base = 0;         // Hz, of bin 0
  double sample_rate = 0;  // Hz

  [[nodiscard]] double Seconds() const { return static_cast<double>(samples) / sample_rate; }
};

struct SahUnit {
  SahHeader header;
  std::string header_text;           // <workunit_header> .. </workunit_header>, as in the file
  std::vector<std::uint8_t> packed;  // four samples a byte, lowest two bits first, bytes in order
};

// Parses the whole text of a unit; `name` is the file's name for errors. Errors are kUser.
[[nodiscard]] Result<SahUnit> ParseSah(std::string_view text, const std::string& name);
// Reads at most sah::kFileBytes and parses them.
[[nodiscard]] Result<SahUnit> ReadSah(const std::filesystem::path& path, const std::string& name);
// The bytes of a file, at most sah::kFileBytes; an error if it is larger or cannot be read.
[[nodiscard]] Result<std::string> ReadSahBytes(const std::filesystem::path& path,
                                               const std::string& name);

// Values +1 and -1; real part in bit 1, imaginary part in bit 0.
[[nodiscard]] inline int SahReal(const SahUnit& unit, std::size_t i) {
  return (unit.packed[i / 4] >> (2 * (i % 4)) & 2) != 0 ? 1 : -1;
}
[[nodiscard]] inline int SahImaginary(const SahUnit& unit, std::size_t i) {
  return (unit.packed[i / 4] >> (2 * (i % 4)) & 1) != 0 ? 1 : -1;
}

// The header alone, out of `<workunit_header>` text; `first_line` is the line it starts at.
[[nodiscard]] Result<SahHeader> ParseSahHeader(std::string_view text, const std::string& name,
                                               std::size_t first_line);

// A whole file from a header's text (with its tags) and packed samples.
[[nodiscard]] std::string WriteSah(std::string_view header_text,
                                   const std::vector<std::uint8_t>& packed);

}  // namespace picube
