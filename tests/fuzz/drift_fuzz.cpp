// libFuzzer target: any bytes as a filterbank of either kind, as the task and the result of a drift
// unit. Nothing may crash; what is accepted is written as it was.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "workunits/drift/drift.h"
#include "workunits/drift/search.h"
#include "workunits/formats/filterbank.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picube;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto task = drift::DecodeTask(bytes)) {
    if (drift::EncodeTask(*task) != bytes) std::abort();
  }
  static const drift::Task small = [] {
    drift::Task task;
    task.rows = 16;
    task.channels = 4096;
    task.most_drift = 100;
    task.window = 200;
    return task;
  }();
  if (const auto result = drift::DecodeResult(small, bytes)) {
    if (drift::EncodeResult(small, *result) != bytes) std::abort();
  }
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("drift-fuzz-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  static const auto application = MakeDriftApplication();
  if (const auto source = application->Split({{{"fuzz", path}}}, {{"max-drift", "0.1"}})) {
    if ((*source)->Total() < 100) static_cast<void>((*source)->Next());
  }
  return 0;
}
