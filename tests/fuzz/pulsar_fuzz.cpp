// libFuzzer target: any bytes as the task, the input and the result of a pulsar unit. Nothing may
// crash; what is accepted must be written back as it was.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workunits/pulsar/payload.h"
#include "workunits/pulsar/series.h"

namespace {

// A task that results are read for: one series, few stages, both searches.
picube::pulsar::Task SmallTask() {
  picube::pulsar::Task task;
  task.search.sample_seconds = 0.001;
  task.search.accelerations = {-100, 100, 2};
  task.search.fold = *picube::pulsar::MakeFoldPlan(0.001, 0.02, 0.1, 16, 18);
  task.search.fourier_plan.length = 4096;
  task.search.fourier_plan.first_bin = 8;
  task.search.fourier_plan.cuts.fill(10);
  task.dms = 1;
  task.end_piece = task.search.Pieces();
  return task;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picube::pulsar;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const Task task = SmallTask();
  if (const auto result = DecodeResult(bytes, task)) {
    if (EncodeResult(*result) != bytes) std::abort();
  }
  if (const auto read = DecodeTask(bytes)) {
    if (EncodeTask(*read) != bytes) std::abort();
  }
  if (const auto pack = DecodePack(bytes)) {
    if (EncodePack(*pack) != bytes) std::abort();
  }
  return 0;
}
