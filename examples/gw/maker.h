// Makes the strain of a detector: seeded noise with the colour of a real one, and a merger of two
// black holes in it. The same options give the same samples on every machine.
#pragma once

#include <cstdint>
#include <string>

#include "workunits/formats/strain.h"

namespace picube::examples {

struct StrainOptions {
  std::uint64_t seed = 1;
  std::string detector = "M1";
  double start = 1'000'000'000;  // GPS seconds
  std::uint64_t rate = 4096;     // samples a second
  std::uint64_t seconds = 32;    // a power of two
  double chirp_mass = 30;        // of the merger, in suns
  double eta = 0.24;
  double merger = 16.4;  // s after the start
  double snr = 20;       // 0 = no merger
};

// Errors (kUser) name the option.
[[nodiscard]] Result<Strain> MakeStrain(const StrainOptions& options);

}  // namespace picube::examples
