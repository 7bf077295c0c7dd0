// Application `primes`: count, sum and xor of the primes in [a, b), exactly.
//
// Rules: integers only, so every machine gives the same bytes; sum and xor are taken mod 2^64.
// The payload is 40 bytes: from, to, count, sum, xor, each a little-endian 64-bit number.
#pragma once

#include <memory>

#include "workunits/application.h"

namespace picube {

[[nodiscard]] std::unique_ptr<Application> MakePrimesApplication();

}  // namespace picube
