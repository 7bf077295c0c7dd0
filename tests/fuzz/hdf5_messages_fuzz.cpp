// libFuzzer target: any bytes as what the program that reads HDF5 files says, or is asked. What is
// accepted is written as it was.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workunits/formats/hdf5_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace picube::hdf5;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto question = DecodeQuestion(bytes)) {
    if (Encode(*question) != bytes) std::abort();
  }
  if (const auto answer = DecodeAnswer(bytes)) {
    // A reason comes out in printable letters, and stays so.
    const auto again = DecodeAnswer(Encode(*answer));
    if (!again || Encode(*again) != Encode(*answer)) std::abort();
  }
  return 0;
}
