// libFuzzer target: any bytes as a SIGPROC file. Nothing may crash; what is accepted must be
// written back as a header that reads the same, and every row it claims can be read.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "workunits/formats/sigproc.h"

namespace {

void ReadAll(const std::filesystem::path& path) {
  const auto file = picube::SigprocFile::Open(path, "fuzz.fil");
  if (!file) return;
  const std::uint64_t width = file->Header().ValuesPerRow();
  std::vector<float> row(width);
  for (std::uint64_t r = 0; r < file->Rows(); ++r) {
    if (!file->ReadRows(r, 1, 0, width, row.data())) std::abort();
  }
  if (!file->ReadRows(0, file->Rows(), width - 1, 1, std::vector<float>(file->Rows()).data())) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = picube::ParseSigprocHeader(bytes, "fuzz.fil");
  if (!header) return 0;
  if (header->header_bytes > size) std::abort();
  const auto written = picube::WriteSigprocHeader(*header);
  const auto again = picube::ParseSigprocHeader(written, "again.fil");
  // A header at the limit may be written longer than it may be.
  if (again && picube::WriteSigprocHeader(*again) != written) std::abort();
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("sigproc-fuzz-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ReadAll(path);
  return 0;
}
