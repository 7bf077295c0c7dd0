// Recordings for the tests of seti: the two real ones, and a small made one.
#pragma once

#include <string>

#include "workunits/formats/sah.h"

namespace picube::test {

inline constexpr const char* kReal = "setiathome/28my12ac.28765.12080.438086664195.12.177.vlar";
inline constexpr const char* kReference = "setiathome/reference_work_unit.sah";

// A small recording: 65,536 samples at 1000 Hz of seeded noise; FFT lengths 64 .. 16384, chirp
// rates up to 0.2 Hz/s, and a weak tone drifting by 0.05 Hz/s.
std::string SmallHeader();
std::string SmallRecording(std::uint64_t seed);

}  // namespace picube::test
