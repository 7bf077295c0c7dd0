#include "workunits/milkyway/geometry.h"

#include <cmath>

#include "workunits/math/elementary.h"

namespace picube::milkyway {
namespace {

constexpr double kPi = 3.14159265358979323846;

double Degrees(double radians) { return radians * 180.0 / kPi; }

}  // namespace

double Radians(double degrees) { return degrees * kPi / 180.0; }

Galactic GalacticOf(double mu, double nu, int wedge) {
  const double eta = 2.5 * wedge - 57.5 - (wedge > 46 ? 180.0 : 0.0);
  const math::Root tilt = math::SinCos(Radians(eta + 32.5));
  const math::Root m = math::SinCos(Radians(mu - 95.0));
  const math::Root n = math::SinCos(Radians(nu));
  const double x = m.re * n.re;
  const double y0 = m.im * n.re;
  const double y = y0 * tilt.re - n.im * tilt.im;
  const double z = y0 * tilt.im + n.im * tilt.re;
  const math::Root ra = math::SinCos(math::Atan2(y, x) + Radians(95.0));
  const math::Root dec = math::SinCos(math::Asin(z));
  const double v[3] = {ra.re * dec.re, ra.im * dec.re, z};
  static constexpr double kToGalactic[3][3] = {{-0.054875539726, -0.873437108010, -0.483834985808},
                                               {0.494109453312, -0.444829589425, 0.746982251810},
                                               {-0.867666135858, -0.198076386122, 0.455983795705}};
  double g[3] = {};
  for (int i = 0; i < 3; ++i) {
    g[i] = kToGalactic[i][0] * v[0] + kToGalactic[i][1] * v[1] + kToGalactic[i][2] * v[2];
  }
  const double across = std::sqrt(g[0] * g[0] + g[1] * g[1]);
  constexpr double kNothing = 1e-15;
  const double l = across < kNothing ? 0 : math::Atan2(g[1], g[0]);
  const double b = std::fabs(g[2]) < kNothing ? 0 : math::Atan2(g[2], across);
  return {Degrees(l), Degrees(b)};
}

Vector DirectionOf(Galactic at) {
  const math::Root l = math::SinCos(Radians(at.l));
  const math::Root b = math::SinCos(Radians(at.b));
  return {b.re * l.re, b.re * l.im, b.im};
}

Axis AxisOf(const Stream& stream, int wedge) {
  const Galactic at = GalacticOf(stream.mu, 0, wedge);
  const math::Root l = math::SinCos(Radians(at.l));
  const math::Root b = math::SinCos(Radians(at.b));
  const double zp = stream.r * b.re;
  const double d = std::sqrt(kSun * kSun + zp * zp - 2 * kSun * zp * l.re);
  const math::Root theta = math::SinCos(stream.theta);
  const math::Root phi = math::SinCos(stream.phi);
  return {{(zp * zp - kSun * kSun - d * d) / (2 * kSun), zp * l.im, stream.r * b.im},
          {theta.im * phi.re, theta.im * phi.im, theta.re}};
}

double MagnitudeOf(double r) { return 5.0 * (math::Log10(1000.0 * r) - 1.0) + 4.2; }
double DistanceOf(double g) { return math::Exp10((g - 14.2) * 0.2); }

double SeenOverCube(double r, double g) {
  return 0.9402 / (math::Exp(1.6171 * (g - 23.5877)) + 1.0) / (r * r * r);
}

Quadrature MakeQuadrature(std::uint32_t nodes) {
  const double n = nodes;
  Quadrature made{std::vector<double>(nodes), std::vector<double>(nodes)};
  for (std::uint32_t k = 1; k <= nodes / 2; ++k) {
    double z = math::SinCos(kPi * (k - 0.25) / (n + 0.5)).re;
    double derivative = 0;
    for (double before = 2; std::fabs(z - before) > 3e-11;) {
      double p = 1;
      double p_before = 0;
      for (std::uint32_t j = 1; j <= nodes; ++j) {
        const double next = ((2.0 * j - 1.0) * z * p - (j - 1.0) * p_before) / j;
        p_before = p;
        p = next;
      }
      derivative = n * (z * p - p_before) / (z * z - 1.0);
      before = z;
      z = before - p / derivative;
    }
    const double weight = 2.0 / ((1.0 - z * z) * derivative * derivative);
    made.weights[k - 1] = made.weights[nodes - k] = weight;
    made.offsets[k - 1] = 3.0 * kSpread * -z;
    made.offsets[nodes - k] = 3.0 * kSpread * z;
  }
  return made;
}

}  // namespace picube::milkyway
