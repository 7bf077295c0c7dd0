// Templates of binaries by their masses: TaylorF2 to 3.5 PN, and the closed-form inspiral, merger
// and ringdown of non-spinning binaries (Ajith et al. 2008). Formulas: docs/GW.md.
#pragma once

#include <cstdint>
#include <string_view>

namespace picube::gw {

enum class Family : std::uint8_t { kMerger = 0, kTaylorF2 = 1 };
[[nodiscard]] std::string_view Name(Family family);

inline constexpr double kSunSeconds = 4.925490947641267e-6;  // G M_sun / c^3

struct Masses {
  double chirp = 0;  // solar masses, as seen at the detector
  double eta = 0;    // m1 m2 / (m1 + m2)^2

  [[nodiscard]] double Total() const;
  [[nodiscard]] double First() const;  // the heavier
  [[nodiscard]] double Second() const;
};

// Chirp masses geometric from `chirp_low` by `chirp_ratio`, eta linear. Template i has chirp mass
// i / etas and eta i % etas.
struct Bank {
  Family family = Family::kMerger;
  double low_hertz = 20;
  double high_hertz = 0;  // 0 = where the template ends; TaylorF2 may go on beyond it
  double chirp_low = 0;
  double chirp_ratio = 1;
  std::uint32_t chirps = 0;
  double eta_low = 0;
  double eta_step = 0;
  std::uint32_t etas = 0;

  bool operator==(const Bank&) const = default;
  [[nodiscard]] std::uint64_t Size() const { return std::uint64_t{chirps} * etas; }
  [[nodiscard]] Masses At(std::uint64_t index) const;
};

// What a template is made of at a frequency f, with u = f^(1/3) and ln f:
//   merger:   phase + (p[0] u^-5 + p[1] u^-3 + p[2] u^-2 + p[3] u^-1 + p[4] u + p[5] u^2),
//             amplitude f^(-7/6) a[0] below `merger`, u^-2 a[1] below `ringdown`, then
//             a[2] / ((f - ringdown)^2 + a[3])
//   TaylorF2: phase - (p[0] u^-5 + p[1] u^-3 + p[2] u^-2 + p[3] u^-1 + (p[6] + p[7] ln f)
//             + (p[4] + p[8] ln f) u + p[5] u^2), amplitude f^(-7/6)
// The merger's p[6] .. p[8] are 0.
struct Shape {
  Family family = Family::kMerger;
  double phase[9] = {};
  double amplitude[4] = {};
  double merger = 0;    // Hz
  double ringdown = 0;  // Hz
  double end = 0;       // Hz: the template is 0 above
  double delay = 0;     // s: of the merger (the end of TaylorF2) against the template's origin
};
[[nodiscard]] Shape ShapeOf(const Bank& bank, const Masses& masses);

// The template at one frequency: amplitude times e^(i phase). The scalar twin of the filter's
// kernel.
struct Value {
  double re = 0;
  double im = 0;
};
[[nodiscard]] Value At(const Shape& shape, double hertz);

}  // namespace picube::gw
