// libFuzzer target: any text as a PRESTO .inf. Nothing may crash; what is accepted is written back
// as a text that reads the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workunits/formats/presto.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto inf = picube::ParseInf(text, "fuzz.inf");
  if (!inf) return 0;
  if (inf->samples == 0 || !(inf->sample_seconds > 0)) std::abort();
  const auto written = picube::WriteInf(*inf);
  const auto again = picube::ParseInf(written, "again.inf");
  if (!again || picube::WriteInf(*again) != written) std::abort();
  return 0;
}
