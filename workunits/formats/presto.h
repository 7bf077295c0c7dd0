// PRESTO time series: a text header (.inf) and float32 samples, little-endian (.dat).
//
// An .inf has one value a line in a fixed order; the key is padded so that '=' is the character
// with index 40. Only radio observations are read: data without a telescope and those of other
// bands have other lines. Readers take any bytes without harm; errors (kUser) name file and line.
// A PrestoSeries holds one open file, is moved, not copied, and may be read by many threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "protocol/base/error.h"

namespace picube {

struct PrestoInf {
  std::string name;  // of the data file without suffix
  std::string telescope;
  std::string instrument;
  std::string source;
  std::string right_ascension;  // hh:mm:ss.ssss
  std::string declination;      // dd:mm:ss.ssss
  std::string observer;
  double epoch_mjd = 0;
  bool barycentred = false;
  std::uint64_t samples = 0;
  double sample_seconds = 0;
  double beam_arcsec = 0;
  double dispersion = 0;  // pc/cm^3
  double low_mhz = 0;     // centre of the lowest channel
  double band_mhz = 0;
  std::uint64_t channels = 1;
  double channel_mhz = 0;
  std::string analyst;
};

namespace presto {
inline constexpr std::size_t kInfBytes = 1U << 20;
inline constexpr std::uint64_t kMostSamples = 1ULL << 40;
}  // namespace presto

[[nodiscard]] Result<PrestoInf> ParseInf(std::string_view text, const std::string& name);
[[nodiscard]] Result<PrestoInf> ReadInf(const std::filesystem::path& path, const std::string& name);
[[nodiscard]] std::string WriteInf(const PrestoInf& inf);

class PrestoSeries {
 public:
  // Errors: the file does not have the size that `inf` says.
  [[nodiscard]] static Result<PrestoSeries> Open(const std::filesystem::path& path,
                                                 const std::string& name, const PrestoInf& inf);
  PrestoSeries(PrestoSeries&& other) noexcept;
  PrestoSeries& operator=(PrestoSeries&& other) noexcept;
  ~PrestoSeries();

  [[nodiscard]] std::uint64_t Samples() const { return samples_; }
  // The range must lie within the series (PICUBE_CHECK). Errors: the file has become shorter since
  // it was opened, or cannot be read.
  [[nodiscard]] Status Read(std::uint64_t first, std::uint64_t count, float* out) const;

 private:
  PrestoSeries(int file, std::string name) : file_(file), name_(std::move(name)) {}
  int file_ = -1;
  std::string name_;
  std::uint64_t samples_ = 0;
};

}  // namespace picube
