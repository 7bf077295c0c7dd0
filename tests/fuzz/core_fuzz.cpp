// Random lives of a grid, judged by the naive twin, with an invariant check after each step.
#include <cstddef>
#include <cstdint>

#include "tests/server_core/random_run.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  picube::test::RandomRun({data, size}, /*compare_restored=*/size < 400);
  return 0;
}
