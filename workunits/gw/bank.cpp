#include "workunits/gw/bank.h"

#include <algorithm>
#include <cmath>

#include "workunits/math/elementary.h"

namespace picube::gw {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kEulerGamma = 0.5772156649015329;

double Cube(double x) { return x * x * x; }

// d(phase)/df at f of the sum in Shape, without its sign.
double SlopeAt(const double (&p)[9], double f) {
  const double u = math::Pow(f, 1.0 / 3);
  const double log = math::Log(f);
  const double sum = -5 * p[0] / (u * u * u * u * u) - 3 * p[1] / f - 2 * p[2] / (u * u) -
                     p[3] / u + 3 * p[7] + (p[4] + p[8] * log) * u + 3 * p[8] * u +
                     2 * p[5] * u * u;
  return sum / (3 * f);
}

Shape Merger(const Masses& masses) {
  const double eta = masses.eta;
  const double m = masses.Total() * kSunSeconds;
  const auto at = [&](double a, double b, double c) {
    return (a * eta * eta + b * eta + c) / (kPi * m);
  };
  Shape shape;
  shape.merger = at(0.29740, 0.044810, 0.095560);
  shape.ringdown = at(0.59411, 0.089794, 0.19111);
  const double width = at(0.50801, 0.077515, 0.022369);
  shape.end = at(0.84845, 0.12848, 0.27299);
  // Powers of f in cubic roots: k = 0, 2, 3, 4, 6, 7.
  static constexpr double kTerms[6][4] = {
      {0, 0.17516, 0.079483, -0.072390}, {2, -51.571, -17.595, 13.253},
      {3, 658.66, 178.03, -159.72},      {4, -3903.1, -774.93, 881.95},
      {6, -24874, -1489.2, 4458.8},      {7, 25196, 339.70, -3957.3}};
  const double root = math::Pow(kPi * m, 1.0 / 3);
  for (int i = 0; i < 6; ++i) {
    const double* t = kTerms[i];
    double power = 1;  // (pi M)^((k - 5) / 3)
    for (int k = 5; k < static_cast<int>(t[0]); ++k) power *= root;
    for (int k = static_cast<int>(t[0]); k < 5; ++k) power /= root;
    shape.phase[i] = (t[1] * eta * eta + t[2] * eta + t[3]) / eta * power;
  }
  shape.amplitude[0] = math::Pow(shape.merger, 7.0 / 6);
  shape.amplitude[1] = math::Pow(shape.merger, 2.0 / 3);
  const double falling = math::Pow(shape.ringdown / shape.merger, -2.0 / 3);
  shape.amplitude[2] = kPi * width / 2 * falling * width / (2 * kPi);
  shape.amplitude[3] = width * width / 4;
  shape.delay = -SlopeAt(shape.phase, shape.ringdown) / (2 * kPi);
  return shape;
}

Shape TaylorF2(const Masses& masses) {
  const double eta = masses.eta;
  const double m = masses.Total() * kSunSeconds;
  const double root = math::Pow(kPi * m, 1.0 / 3);  // v = root u
  const double log_root = math::Log(kPi * m) / 3;   // ln v = log_root + ln f / 3
  const double front = 3 / (128 * eta);
  const double c2 = 3715.0 / 756 + 55.0 / 9 * eta;
  const double c3 = -16 * kPi;
  const double c4 = 15293365.0 / 508032 + 27145.0 / 504 * eta + 3085.0 / 72 * eta * eta;
  const double c5 = kPi * (38645.0 / 756 - 65.0 / 9 * eta);  // times 1 + 3 ln v
  const double c6 = 11583231236531.0 / 4694215680.0 - 640.0 / 3 * kPi * kPi -
                    6848.0 / 21 * (kEulerGamma + math::Log(4)) +
                    (-15737765635.0 / 3048192 + 2255.0 / 12 * kPi * kPi) * eta +
                    76055.0 / 1728 * eta * eta - 127825.0 / 1296 * Cube(eta);
  const double c6_log = -6848.0 / 21;  // times ln v
  const double c7 = kPi * (77096675.0 / 254016 + 378515.0 / 1512 * eta - 74045.0 / 756 * eta * eta);
  Shape shape;
  shape.family = Family::kTaylorF2;
  double* p = shape.phase;
  const double r2 = root * root;
  p[0] = front / (r2 * r2 * root);
  p[1] = front * c2 / (r2 * root);
  p[2] = front * c3 / r2;
  p[3] = front * c4 / root;
  p[6] = front * c5 * (1 + 3 * log_root);
  p[7] = front * c5;
  p[4] = front * (c6 + c6_log * log_root) * root;
  p[8] = front * c6_log / 3 * root;
  p[5] = front * c7 * r2;
  shape.end = 1 / (6 * std::sqrt(6.0) * kPi * m);
  shape.merger = shape.ringdown = shape.end;
  shape.delay = SlopeAt(shape.phase, shape.end) / (2 * kPi);
  return shape;
}

}  // namespace

std::string_view Name(Family family) { return family == Family::kMerger ? "merger" : "taylorf2"; }

double Masses::Total() const { return chirp / math::Pow(eta, 0.6); }
double Masses::First() const { return Total() * (1 + std::sqrt(std::max(0.0, 1 - 4 * eta))) / 2; }
double Masses::Second() const { return Total() * (1 - std::sqrt(std::max(0.0, 1 - 4 * eta))) / 2; }

Masses Bank::At(std::uint64_t index) const {
  const auto chirp = static_cast<double>(index / etas);
  const auto eta = static_cast<double>(index % etas);
  return {chirp_low * math::Exp(chirp * math::Log(chirp_ratio)), eta_low + eta * eta_step};
}

Shape ShapeOf(const Bank& bank, const Masses& masses) {
  Shape shape = bank.family == Family::kMerger ? Merger(masses) : TaylorF2(masses);
  // An inspiral may be drawn out beyond its last stable orbit; a merger ends where it ends.
  const bool inspiral = bank.family == Family::kTaylorF2;
  if (bank.high_hertz > 0) {
    shape.end = inspiral ? bank.high_hertz : std::min(shape.end, bank.high_hertz);
  }
  return shape;
}

Value At(const Shape& shape, double hertz) {
  const double u = math::Pow(hertz, 1.0 / 3);
  const double log = math::Log(hertz);
  const double* p = shape.phase;
  double phase = p[0] / (u * u * u * u * u) + p[1] / hertz + p[2] / (u * u) + p[3] / u +
                 (p[6] + p[7] * log) + (p[4] + p[8] * log) * u + p[5] * u * u;
  const double power = math::Pow(hertz, -7.0 / 6);
  double amplitude = power;
  if (shape.family == Family::kTaylorF2) {
    phase = -phase;
  } else if (hertz >= shape.ringdown) {
    const double late = hertz - shape.ringdown;
    amplitude = shape.amplitude[2] / (late * late + shape.amplitude[3]);
  } else {
    amplitude = hertz < shape.merger ? shape.amplitude[0] * power : shape.amplitude[1] / (u * u);
  }
  const math::Root turn = math::SinCos(phase);
  return hertz <= shape.end ? Value{amplitude * turn.re, amplitude * turn.im} : Value{};
}

}  // namespace picube::gw
