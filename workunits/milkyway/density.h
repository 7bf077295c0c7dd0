// The kernel: background and stream densities in sixteen directions or distances at once, each
// convolved over the spread of absolute magnitudes.
//
// A lane is a cell or a star and goes through the nodes in order, so the bits do not depend on how
// many lanes an instruction has. Formulas: docs/MILKYWAY.md.
#pragma once

#include <array>
#include <vector>

#include "workunits/math/aligned.h"
#include "workunits/milkyway/geometry.h"

namespace picube::milkyway {

inline constexpr std::size_t kLanes = 16;
using Lanes = std::array<double, kLanes>;

// Sixteen points' nodes: distance and weight of node j and lane i at [16 j + i].
struct Nodes {
  explicit Nodes(std::size_t nodes) : r(kLanes * nodes), q(kLanes * nodes) {}
  math::Aligned<double> r;
  math::Aligned<double> q;
  alignas(64) Lanes g{};  // magnitude of each point
};

// Directions of sixteen points: cos b cos l, cos b sin l, sin b.
struct Directions {
  alignas(64) Lanes x{};
  alignas(64) Lanes y{};
  alignas(64) Lanes z{};
};

class Density {
 public:
  explicit Density(const Model& model);

  [[nodiscard]] std::size_t NodeCount() const { return quadrature_.weights.size(); }
  // 1 + the number of streams.
  [[nodiscard]] std::size_t Kinds() const { return 1 + streams_.size(); }

  // Fills `nodes` for points at these distances (kpc).
  void Prepare(const Lanes& r, Nodes& nodes) const;
  // out[16 k + i]: the background (k = 0) or stream k at point i, without the factor f of the
  // point.
  void At(const Directions& directions, const Nodes& nodes, double* out) const;

  struct StreamShape {
    Axis axis;
    double exponent = 0;  // -1 / (2 sigma^2)
  };
  struct Shape {
    Profile profile = Profile::kHernquist;
    bool slow = false;       // other powers than 1
    bool quadratic = false;  // a, b, c
    Background background;
  };

 private:
  bool modfit_;
  Shape shape_;
  std::vector<StreamShape> streams_;
  Quadrature quadrature_;
};

}  // namespace picube::milkyway
