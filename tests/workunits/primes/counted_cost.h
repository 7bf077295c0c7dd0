#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "workunits/primes/sieve.h"

namespace picube::test {

// What the sieve counts of its own operations over [from, to), with one thread.
inline double CountedCost(std::uint64_t from, std::uint64_t to) {
  primes::Tally tally;
  primes::Operations operations;
  EXPECT_TRUE(primes::TallyPrimes(
      from, to, tally, [] { return 1; }, [](std::uint64_t, const primes::Tally&) { return true; },
      &operations));
  return operations.Cost();
}

}  // namespace picube::test
