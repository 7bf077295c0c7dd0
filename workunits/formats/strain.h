// Strain of a gravitational-wave detector as LIGO publishes it (HDF5): samples, when they begin,
// which seconds may be used; and given templates, plus and cross, as its tutorials have them.
//
// Errors are kUser and name file and dataset. Nothing is allocated by what a file merely claims
// beyond kMostSamples.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "protocol/base/error.h"

namespace picube {

inline constexpr std::uint64_t kMostStrainSamples = 1U << 20;

namespace hdf5 {
inline constexpr const char* kStrainPath = "strain/Strain";
inline constexpr const char* kMaskPath = "quality/simple/DQmask";
}  // namespace hdf5

struct Strain {
  std::string detector;         // "H1"
  double start = 0;             // GPS seconds of the first sample
  double rate = 0;              // samples a second
  std::vector<double> samples;  // dimensionless, finite
};

// Datasets strain/Strain (with Xstart, Xspacing), meta/Detector and quality/simple/DQmask. Refused
// are: samples that are not finite, seconds without data, a mask or attributes that do not fit.
[[nodiscard]] Result<Strain> ReadStrain(const std::filesystem::path& path, const std::string& name);

struct GivenTemplate {
  std::string name;  // of its event, may be empty
  std::vector<float> plus;
  std::vector<float> cross;
};
// Dataset `template`, 2 x N.
[[nodiscard]] Result<GivenTemplate> ReadGivenTemplate(const std::filesystem::path& path,
                                                      const std::string& name);
// Whether a file is one or the other: by the datasets it has.
enum class StrainFileKind : std::uint8_t { kStrain, kTemplate };
[[nodiscard]] Result<StrainFileKind> KindOfStrainFile(const std::filesystem::path& path,
                                                      const std::string& name);

}  // namespace picube
