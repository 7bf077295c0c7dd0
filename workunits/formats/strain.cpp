#include "workunits/formats/strain.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "workunits/formats/hdf5.h"

namespace picube {
namespace {

std::unexpected<Error> Bad(const std::string& name, const std::string& what) {
  return Fail(ErrorKind::kUser, name + ": " + what + ".",
              "Fetch the file again, or another stretch of data.");
}

// "all" or the first bad one, for what is not a number.
Status CheckFinite(const std::string& name, const Strain& strain) {
  const auto bad = std::ranges::find_if(strain.samples, [](double x) { return !std::isfinite(x); });
  if (bad == strain.samples.end()) return {};
  const auto index = bad - strain.samples.begin();
  return Bad(name, std::string(hdf5::kStrainPath) + " is not a number at sample " +
                       std::to_string(index) + ", " +
                       std::to_string(static_cast<double>(index) / strain.rate) +
                       " s after its start");
}

// A bit 0 that is 0 means that there are no data in this second.
Status CheckMask(const Hdf5File& file, const std::string& name, const Strain& strain) {
  if (!file.Has(hdf5::kMaskPath)) return {};
  const auto mask = file.Dataset(hdf5::kMaskPath);
  if (!mask) return std::unexpected(mask.error());
  const double seconds = static_cast<double>(strain.samples.size()) / strain.rate;
  if (mask->Shape().size() != 1 || static_cast<double>(mask->Shape()[0]) != seconds) {
    return Bad(name, std::string(hdf5::kMaskPath) + " does not have a value for each of the " +
                         std::to_string(seconds) + " seconds");
  }
  std::vector<std::uint32_t> values(mask->Shape()[0]);
  const std::array<std::uint64_t, 1> start{0};
  const std::array<std::uint64_t, 1> count{values.size()};
  if (auto read = mask->Read(start, count, std::span(values)); !read) return read;
  const auto bad = std::ranges::find_if(values, [](std::uint32_t bits) { return bits % 2 == 0; });
  if (bad == values.end()) return {};
  return Bad(name, "there are no data in second " + std::to_string(bad - values.begin()) + " (" +
                       hdf5::kMaskPath + ", bit 0)");
}

Status ReadTimes(const Hdf5File& file, const std::string& name, Strain& strain) {
  const auto start = file.Number(hdf5::kStrainPath, "Xstart");
  if (!start) return std::unexpected(start.error());
  const auto spacing = file.Number(hdf5::kStrainPath, "Xspacing");
  if (!spacing) return std::unexpected(spacing.error());
  strain.start = *start;
  strain.rate = std::round(1 / *spacing);
  if (!(*spacing > 0) || !(strain.rate >= 1 && strain.rate <= 1e6) ||
      std::fabs(strain.rate * *spacing - 1) > 1e-9) {
    return Bad(name, "Xspacing is not the time between samples of a whole rate");
  }
  if (!(std::fabs(*start) < 1e12)) return Bad(name, "Xstart is no GPS time");
  if (file.HasAttribute(hdf5::kStrainPath, "Npoints")) {
    const auto points = file.Number(hdf5::kStrainPath, "Npoints");
    if (!points) return std::unexpected(points.error());
    if (*points != static_cast<double>(strain.samples.size())) {
      return Bad(name, "Npoints does not say how many samples there are");
    }
  }
  return {};
}

}  // namespace

Result<Strain> ReadStrain(const std::filesystem::path& path, const std::string& name) {
  const auto file = Hdf5File::Open(path, name);
  if (!file) return std::unexpected(file.error());
  const auto data = file->Dataset(hdf5::kStrainPath);
  if (!data) return std::unexpected(data.error());
  if (data->Shape().size() != 1 || data->Shape()[0] == 0 || data->Shape()[0] > kMostStrainSamples) {
    return Bad(name, std::string(hdf5::kStrainPath) + " must be a row of 1 to " +
                         std::to_string(kMostStrainSamples) + " samples");
  }
  Strain strain;
  strain.samples.resize(data->Shape()[0]);
  const std::array<std::uint64_t, 1> start{0};
  const std::array<std::uint64_t, 1> count{strain.samples.size()};
  if (auto read = data->Read(start, count, std::span(strain.samples)); !read) {
    return std::unexpected(read.error());
  }
  auto detector = file->TextDataset("meta/Detector");
  if (!detector) return std::unexpected(detector.error());
  strain.detector = std::move(*detector);
  const bool plain =
      !strain.detector.empty() && strain.detector.size() <= 16 &&
      std::ranges::all_of(strain.detector, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      });
  if (!plain) return Bad(name, "meta/Detector is no name of a detector");
  Status sound = ReadTimes(*file, name, strain);
  if (sound) sound = CheckFinite(name, strain);
  if (sound) sound = CheckMask(*file, name, strain);
  if (!sound) return std::unexpected(sound.error());
  return strain;
}

Result<GivenTemplate> ReadGivenTemplate(const std::filesystem::path& path,
                                        const std::string& name) {
  const auto file = Hdf5File::Open(path, name);
  if (!file) return std::unexpected(file.error());
  const auto data = file->Dataset("template");
  if (!data) return std::unexpected(data.error());
  const auto& shape = data->Shape();
  if (shape.size() != 2 || shape[0] != 2 || shape[1] == 0 || shape[1] > kMostStrainSamples) {
    return Bad(name, "template must be two rows, plus and cross, of at most " +
                         std::to_string(kMostStrainSamples) + " samples");
  }
  GivenTemplate given;
  for (const auto& [row, values] : {std::pair{0U, &given.plus}, std::pair{1U, &given.cross}}) {
    values->resize(shape[1]);
    const std::array<std::uint64_t, 2> start{row, 0};
    const std::array<std::uint64_t, 2> count{1, shape[1]};
    if (auto read = data->Read(start, count, std::span(*values)); !read) {
      return std::unexpected(read.error());
    }
    if (!std::ranges::all_of(*values, [](float x) { return std::isfinite(x); })) {
      return Bad(name, "template has values that are not numbers");
    }
  }
  if (file->HasAttribute("meta", "eventname")) {
    if (auto event = file->Text("meta", "eventname")) given.name = std::move(*event);
  }
  return given;
}

Result<StrainFileKind> KindOfStrainFile(const std::filesystem::path& path,
                                        const std::string& name) {
  const auto file = Hdf5File::Open(path, name);
  if (!file) return std::unexpected(file.error());
  if (file->Has(hdf5::kStrainPath)) return StrainFileKind::kStrain;
  if (file->Has("template")) return StrainFileKind::kTemplate;
  return Bad(name, "there is neither strain/Strain nor template in it");
}

}  // namespace picube
