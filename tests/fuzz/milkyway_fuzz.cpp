// libFuzzer target: any bytes as a file of parameters, a list of stars, points, the task and the
// result of a unit. Nothing may crash; a task that is read is written as it was.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "workunits/milkyway/task.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picube::milkyway;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(ParseModel(bytes, "fuzz"));
  if (const auto task = DecodeTask(bytes)) {
    if (EncodeTask(*task) != bytes) std::abort();
  }
  static const Task small = [] {
    Task task;
    task.model.background.epsilon = 0.5;
    task.model.streams.resize(1);
    task.model.areas = {{{16, 17, 2}, {0, 1, 2}, {0, 1, 2}}};
    task.stars = 3;
    task.count = 3;
    return task;
  }();
  if (const auto result = DecodePayload(small, bytes)) {
    if (!DecodePayload(small, EncodePayload(small, *result))) std::abort();
  }
  static_cast<void>(DecodeCheckpoint(small, bytes));
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("milkyway-fuzz-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  static_cast<void>(ReadStars(path, "fuzz"));
  static_cast<void>(ReadPoints(path, "fuzz", 8));
  return 0;
}
