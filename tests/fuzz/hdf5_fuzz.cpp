// libFuzzer target: any bytes as an HDF5 file. Nothing may crash or allocate what a header claims.
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "workunits/formats/hdf5.h"

namespace {

void ReadCorner(const picube::Hdf5Dataset& dataset) {
  const std::vector<std::uint64_t> start(dataset.Shape().size(), 0);
  const std::vector<std::uint64_t> count(dataset.Shape().size(), 1);
  std::array<float, 1> value{};
  static_cast<void>(dataset.Read(start, count, std::span<float>(value)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("hdf5-fuzz-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  const auto file = picube::Hdf5File::Open(path, "fuzz.h5");
  if (!file) return 0;
  for (const char* name : {"data", "strain/Strain", "quality/simple/DQmask", "template"}) {
    if (const auto dataset = file->Dataset(name)) ReadCorner(*dataset);
    for (const char* attribute : {"nchans", "source_name", "Xstart", "Xunits"}) {
      static_cast<void>(file->Number(name, attribute));
      static_cast<void>(file->Text(name, attribute));
    }
  }
  static_cast<void>(file->TextDataset("meta/Detector"));
  return 0;
}
