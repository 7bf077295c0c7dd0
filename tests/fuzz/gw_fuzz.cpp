// libFuzzer target: any bytes as strain or a template, as the task, inputs and result of a gw unit.
// Nothing may crash; what is accepted is written as it was.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "workunits/gw/task.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picube::gw;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto task = DecodeTask(bytes)) {
    if (EncodeTask(*task) != bytes) std::abort();
  }
  if (const auto spectra = DecodeSpectra(bytes)) {
    if (EncodeSpectra(*spectra) != bytes) std::abort();
  }
  static const Task small = [] {
    Task task;
    task.bank = {Family::kMerger, 20, 0, 20, 1.1, 5, 0.2, 0.01, 5};
    task.count = 20;
    return task;
  }();
  if (const auto result = DecodeResult(small, bytes, 8192)) {
    if (EncodeResult(small, *result) != bytes) std::abort();
  }
  static_cast<void>(DecodeGiven(bytes, 1024));
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("gw-fuzz-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (const auto strain = picube::ReadStrain(path, "fuzz")) {
    static_cast<void>(MakeSpectra(*strain, "fuzz"));
  }
  static_cast<void>(picube::ReadGivenTemplate(path, "fuzz"));
  return 0;
}
