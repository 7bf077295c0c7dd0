// A small model and stars for it, made from a seed.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "protocol/base/rng.h"
#include "workunits/milkyway/reader.h"
#include "workunits/parameters.h"

namespace picube::test {

inline constexpr const char* kSmallLua = R"(
-- two streams in stripe 82
wedge = 82
background = { epsilon = 0.9, q = 0.5, r0 = 12 }
streams = {
  { epsilon = -1.8, mu = 31.4, r = 29.2, theta = 1.7, phi = 0.04, sigma = 2.9 },
  { epsilon = -1.1, mu = 350, r = 12.5, theta = 0.7, phi = 2.2, sigma = 1.4 },
}
area = {
  { r_min = 16, r_max = 22.5, r_steps = 20, mu_min = 310, mu_max = 419, mu_steps = 20,
    nu_min = -1.25, nu_max = 1.25, nu_steps = 4 };
  { r_min = 16, r_max = 18, r_steps = 10, mu_min = 330, mu_max = 340, mu_steps = 10,
    nu_min = -1.25, nu_max = 0.25, nu_steps = 3 }
}
convolve = 30
)";

inline std::string MadeStars(std::size_t count) {
  Rng rng(9);
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(rng.Below(1U << 20)) / 1048576.0;
  };
  std::string text = std::to_string(count) + "\n";
  for (std::size_t i = 0; i < count; ++i) {
    const double l = uniform(100, 220);
    const double b = uniform(-70, -30);
    const double r = uniform(8, 40);
    text += NumberText(l) + " " + NumberText(b) + " " + NumberText(r) + "\n";
  }
  return text;
}

}  // namespace picube::test
