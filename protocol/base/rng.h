// The only source of randomness of the cores: a small seeded generator, integers only, the same
// sequence on every machine (xoshiro256**, seeded by splitmix64; Blackman and Vigna 2018).
#pragma once

#include <cstdint>

namespace picube {

class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  // Uniform over all 64-bit values.
  std::uint64_t Next();
  // Uniform in [0, bound); 0 if bound is 0. Without bias (Lemire's rejection).
  std::uint64_t Below(std::uint64_t bound);
  // True once in `one_in` calls on average; never if one_in is 0.
  bool OneIn(std::uint64_t one_in) { return one_in != 0 && Below(one_in) == 0; }
  // A generator of its own, independent of what this one does later.
  Rng Fork() { return Rng(Next()); }

 private:
  std::uint64_t state_[4];
};

// splitmix64's finaliser: a good 64-bit mix of one value.
[[nodiscard]] constexpr std::uint64_t Mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace picube
