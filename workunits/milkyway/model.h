// What a likelihood is asked of: a stripe of the sky, a smooth background and streams of stars, and
// the volume they are normalised over. Values; read from the parameter files of MilkyWay@home's
// separation program (reader.h), carried by units (task.h).
//
// Angles of the sky are in degrees, theta and phi of a stream in radians, distances in kpc; r of an
// area is an apparent magnitude.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/error.h"

namespace picube::milkyway {

// Bounds that keep a unit's parameters and tables small.
inline constexpr std::size_t kMostStreams = 32;
inline constexpr std::size_t kMostAreas = 16;
inline constexpr std::uint32_t kMostSteps = 20'000;
inline constexpr std::uint32_t kMostNodes = 256;
inline constexpr int kMostWedge = 400;  // stripes are numbered from 0; SDSS has some 86

enum class Profile : std::uint8_t {
  kHernquist = 0,       // fast or slow by its powers
  kBrokenPowerLaw = 1,  // no weight, no disc
};

struct Background {
  double epsilon = 0;  // weight of the halo, 0 .. 1
  double q = 1;        // flattening
  double inner = 1;    // powers
  double outer = 1;
  double a = 0;  // a G^2 + b G + c is added, G a magnitude
  double b = 0;
  double c = 0;
};

struct Stream {
  double epsilon = 0;  // weight: exp(epsilon) beside the background's 1
  double mu = 0;
  double r = 0;
  double theta = 0;
  double phi = 0;
  double sigma = 1;
};

struct Range {
  double low = 0;
  double high = 0;
  std::uint32_t steps = 0;
  [[nodiscard]] double Step() const { return (high - low) / steps; }
};

struct Area {
  Range r, mu, nu;
  [[nodiscard]] std::uint64_t Cells() const { return std::uint64_t{r.steps} * mu.steps * nu.steps; }
};

struct Model {
  int wedge = 0;
  std::uint32_t convolve = 120;  // nodes of the convolution; even
  Profile profile = Profile::kHernquist;
  bool modfit = false;  // distance errors as a function of distance
  Background background;
  std::vector<Stream> streams;
  std::vector<Area> areas;  // the first is the volume, the others are cut out of it
};

// [background epsilon, background q, then epsilon mu r theta phi sigma of each stream].
using Point = std::vector<double>;
[[nodiscard]] Point PointOf(const Model& model);
// The model with the values of a point of the right length.
[[nodiscard]] Model WithPoint(Model model, const Point& point);
// "epsilon", "q", "epsilon_1", "mu_1", ... in the order of a point.
[[nodiscard]] std::vector<std::string> PointNames(std::size_t streams);

// Errors name the value; `where` (a file) begins them. kUser.
[[nodiscard]] Status Check(const Model& model, const std::string& where);

// What the search may change, for each value of a point.
struct Bound {
  double low = 0;
  double high = 0;
  bool free = true;  // else it stays as it is
};
// Those that the fit takes if a file says none.
[[nodiscard]] std::vector<Bound> DefaultBounds(const Model& model);

}  // namespace picube::milkyway
