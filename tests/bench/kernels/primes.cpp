// The sieve of application primes, which counts, sums and xors, beside primesieve, which counts.
#include <benchmark/benchmark.h>

#include <cstdio>

#include "tests/bench/kernels/kernels.h"
#include "workunits/primes/sieve.h"

#if defined(PICUBE_PRIMESIEVE)
#include <primesieve.h>
#endif

namespace picube::bench {
namespace {

constexpr std::uint64_t kTo = 1'000'000'000;

void Sieve(int threads, std::uint64_t from = 0) {
  primes::Tally tally;
  const bool done = primes::TallyPrimes(
      from, from + kTo, tally, [threads] { return threads; },
      [](std::uint64_t, const primes::Tally&) { return true; });
  benchmark::DoNotOptimize(done);
  benchmark::DoNotOptimize(tally.sum);
}

}  // namespace

void AddPrimes(std::vector<Case>& cases) {
  Case one{"primes-1e9", [] { Sieve(1); }, "", {}};
  one.each_isa = false;
#if defined(PICUBE_PRIMESIEVE)
  primesieve_set_num_threads(1);
  one.reference = "primesieve, counting";
  one.theirs = [] { benchmark::DoNotOptimize(primesieve_count_primes(0, kTo)); };
#else
  std::fputs("primesieve is not installed (libprimesieve-dev): nothing to compare with\n", stderr);
#endif
  for (const auto& [name, from] : {std::pair{"primes-1e9-at-1e12", 1'000'000'000'000U},
                                   {"primes-1e9-at-1e15", 1'000'000'000'000'000U},
                                   {"primes-1e9-at-1e16", 10'000'000'000'000'000U},
                                   {"primes-1e9-at-1e17", 100'000'000'000'000'000U},
                                   {"primes-1e9-at-1e18", 1'000'000'000'000'000'000U}}) {
    Case high{name, [from] { Sieve(1, from); }, one.reference, {}};
#if defined(PICUBE_PRIMESIEVE)
    high.theirs = [from] { benchmark::DoNotOptimize(primesieve_count_primes(from, from + kTo)); };
#endif
    high.each_isa = false;
    cases.push_back(std::move(high));
  }
  Case two{"primes-1e9", [] { Sieve(2); }, "one thread", [] { Sieve(1); }};
  two.threads = 2;
  two.each_isa = false;
  cases.push_back(std::move(one));
  cases.push_back(std::move(two));
}

}  // namespace picube::bench
