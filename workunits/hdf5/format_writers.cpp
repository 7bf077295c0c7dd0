#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "workunits/hdf5/writer.h"

namespace picube {
namespace {

constexpr std::uint64_t kGzipRows = 2048;

}  // namespace

Status WriteStrain(const std::filesystem::path& path, const Strain& strain) {
  auto writer = Hdf5Writer::Create(path);
  if (!writer) return std::unexpected(writer.error());
  const std::array<std::uint64_t, 1> size{strain.samples.size()};
  const double seconds = static_cast<double>(strain.samples.size()) / strain.rate;
  const std::vector<std::uint32_t> mask(static_cast<std::size_t>(seconds), 127);
  const std::array<std::uint64_t, 1> mask_size{mask.size()};
  const std::uint64_t rows = std::min<std::uint64_t>(kGzipRows, strain.samples.size());
  Status written =
      writer->Put(hdf5::kStrainPath, size, std::span(strain.samples), {rows, Hdf5Filter::kGzip});
  const auto number = [&](const char* name, double value) {
    if (written) written = writer->PutNumber(hdf5::kStrainPath, name, value);
  };
  number("Npoints", static_cast<double>(strain.samples.size()));
  number("Xstart", strain.start);
  number("Xspacing", 1 / strain.rate);
  if (written) written = writer->Put(hdf5::kMaskPath, mask_size, std::span(mask));
  if (written) written = writer->PutTextDataset("meta/Detector", strain.detector);
  return written;
}

Status WriteGivenTemplate(const std::filesystem::path& path, const GivenTemplate& given) {
  auto writer = Hdf5Writer::Create(path);
  if (!writer) return std::unexpected(writer.error());
  std::vector<float> both = given.plus;
  both.insert(both.end(), given.cross.begin(), given.cross.end());
  const std::array<std::uint64_t, 2> size{2, given.plus.size()};
  Status written = writer->Put("template", size, std::span<const float>(both));
  if (written) written = writer->PutText("meta", "eventname", given.name);
  return written;
}

Status WriteFbh5(const std::filesystem::path& path, const FilterbankHeader& header,
                 std::span<const float> values, Hdf5Filter filter) {
  auto writer = Hdf5Writer::Create(path);
  if (!writer) return std::unexpected(writer.error());
  const std::array<std::uint64_t, 3> shape{header.rows, 1, header.channels};
  Status written = writer->Put("data", shape, values, {1, filter});
  if (written) written = writer->PutText("/", "CLASS", "FILTERBANK");
  if (written) written = writer->PutText("/", "VERSION", "1.0");
  if (written) written = writer->PutText("data", "source_name", header.source, true);
  for (const auto& [name, value] : {std::pair{"fch1", header.fch1},
                                    {"foff", header.foff},
                                    {"tsamp", header.tsamp},
                                    {"tstart", header.tstart},
                                    {"nchans", static_cast<double>(header.channels)},
                                    {"nbits", 32.0},
                                    {"nifs", 1.0},
                                    {"nfpc", static_cast<double>(header.coarse)}}) {
    if (written) written = writer->PutNumber("data", name, value);
  }
  return written;
}

}  // namespace picube
