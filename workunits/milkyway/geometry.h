// Where things are: great-circle coordinates of a stripe, galactic ones, positions in kpc with the
// Sun at (-8.5, 0, 0); magnitudes and distances; the nodes of the convolution. Own elementary
// functions: the same bits everywhere.
#pragma once

#include <vector>

#include "workunits/milkyway/model.h"

namespace picube::milkyway {

inline constexpr double kSun = 8.5;             // kpc; the program's, whatever a file says
inline constexpr double kSpread = 0.6;          // of absolute magnitudes
inline constexpr double kHernquistRadius = 12;  // kpc; a file's r0 is not used either

[[nodiscard]] double Radians(double degrees);

struct Galactic {
  double l = 0;  // degrees
  double b = 0;
};
[[nodiscard]] Galactic GalacticOf(double mu, double nu, int wedge);

struct Vector {
  double x = 0;
  double y = 0;
  double z = 0;
};
// cos b cos l, cos b sin l, sin b.
[[nodiscard]] Vector DirectionOf(Galactic at);

// The middle of a stream and the direction it runs in.
struct Axis {
  Vector centre;
  Vector along;
};
[[nodiscard]] Axis AxisOf(const Stream& stream, int wedge);

// Apparent magnitude of a star at r kpc, and back.
[[nodiscard]] double MagnitudeOf(double r);
[[nodiscard]] double DistanceOf(double g);
// What part of the stars at r, with magnitude g, the survey sees, over r^3.
[[nodiscard]] double SeenOverCube(double r, double g);

// Gauss-Legendre on (-1, 1) as the program has it: the weights come from the derivative before the
// last step of Newton's method, which makes single ones wrong by 1e-9 and is part of the answer.
struct Quadrature {
  std::vector<double> weights;
  std::vector<double> offsets;  // 3 * 0.6 * node: magnitudes
};
[[nodiscard]] Quadrature MakeQuadrature(std::uint32_t nodes);

}  // namespace picube::milkyway
