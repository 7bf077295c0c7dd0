// Any bytes as a message: refused, or decoded to something that encodes and decodes to itself.
//   codec_fuzz tests/fuzz/corpus/codec
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/base/check.h"
#include "protocol/wire/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = picube::PeekHeader(bytes);
  const auto decoded = picube::Decode(bytes);
  if (!decoded) {
    PICUBE_CHECK(!decoded.error().what.empty(), "a refusal says why");
    return 0;
  }
  PICUBE_CHECK(header && header->request == decoded->request, "the header is that of the message");
  // Fields at their default are left out, so the bytes may differ; the meaning may not.
  const picube::Bytes encoded = picube::Encode(*decoded);
  const auto again = picube::Decode(encoded);
  PICUBE_CHECK(again && *again == *decoded, "a message comes back as it was");
  PICUBE_CHECK(picube::Encode(*again) == encoded, "a message has one encoding");
  return 0;
}
