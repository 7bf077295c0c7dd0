// libFuzzer target: any bytes as a work unit, and as the payloads of application seti. Nothing may
// crash, and what is accepted must keep the reader's promises.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workunits/formats/sah.h"
#include "workunits/seti/chirp_table.h"
#include "workunits/seti/payload.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto unit = picube::ParseSah(text, "fuzz.sah");
  if (unit && unit->packed.size() * 4 != unit->header.samples) std::abort();
  // Headers alone get further: few inputs carry a whole recording.
  const auto header = picube::ParseSahHeader(text, "fuzz.sah", 1);
  if (header && header->chirps.size() <= 2) {
    static_cast<void>(picube::seti::ChirpTable::Make(*header));
  }
  if (const auto result = picube::seti::DecodeResult(text)) {
    if (picube::seti::EncodeResult(*result) != text) std::abort();
  }
  if (const auto range = picube::seti::DecodeRange(text)) {
    if (picube::seti::EncodeRange(*range) != text) std::abort();
  }
  return 0;
}
