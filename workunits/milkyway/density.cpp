#include "workunits/milkyway/density.h"

#include <cmath>
#include <span>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/milkyway/density.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "workunits/math/elementary-inl.h"

HWY_BEFORE_NAMESPACE();
namespace picube::milkyway::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
namespace em = picube::math::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using V = hn::VFromD<D>;
constexpr D kD;

HWY_INLINE V Of(double x) { return hn::Set(kD, x); }

constexpr double kRootTwoPi = 2.50662827463100050242;

// Polynomial of the survey's completeness in the distance (modfit).
HWY_INLINE V Completeness(V t) {
  constexpr double kU[8] = {561.945007,     -16.7343282, 0.109325822, 1.34993610e-3,
                            -1.42044161e-5, 0,           0,           0};
  constexpr double kV[8] = {8.55878159,    -10.4891551,    3.51630757,    -0.229741062,
                            6.72278105e-3, -1.01910181e-4, 7.82787167e-7, -2.41452056e-9};
  V sum = Of(0);
  for (int k = 7; k >= 0; --k) sum = hn::Add(Of(kU[k] + kV[k]), hn::Mul(t, sum));
  return sum;
}

void Prepare(const Quadrature& quadrature, bool modfit, const Lanes& r, Nodes& nodes) {
  const std::size_t lanes = hn::Lanes(kD);
  const std::size_t count = quadrature.weights.size();
  for (std::size_t i = 0; i < kLanes; i += lanes) {
    const V distance = hn::LoadU(kD, r.data() + i);
    const V g = hn::Add(
        hn::Mul(Of(5.0), hn::Sub(em::Log10(kD, hn::Mul(Of(1000.0), distance)), Of(1.0))), Of(4.2));
    hn::StoreU(g, kD, nodes.g.data() + i);
    const V t = em::Exp10(kD, hn::Mul(hn::Sub(g, Of(14.2)), Of(0.2)));
    const V right =
        hn::Add(hn::Div(Of(0.52), hn::Add(Of(1.0), em::Exp(kD, hn::Sub(Of(12.0), t)))), Of(0.76));
    const V divisor = modfit ? hn::Mul(hn::Div(hn::Add(Of(0.36), right), Of(2.0)), Of(kRootTwoPi))
                             : Of(kSpread * kRootTwoPi);
    const V seen = modfit ? hn::Div(Completeness(t), Of(532.0)) : Of(1.0);
    for (std::size_t j = 0; j < count; ++j) {
      const double offset = quadrature.offsets[j];
      const V node = hn::Sub(g, Of(offset));
      const V rj = em::Exp10(kD, hn::Mul(hn::Sub(node, Of(14.2)), Of(0.2)));
      const V away = hn::Sub(node, g);
      const V spread = modfit ? (offset <= 0 ? Of(0.36) : right) : Of(kSpread);
      const V exponent =
          hn::Neg(hn::Div(hn::Mul(away, away), hn::Mul(Of(2.0), hn::Mul(spread, spread))));
      const V normal = hn::Div(em::Exp(kD, exponent), divisor);
      const V cube = hn::Mul(hn::Mul(rj, rj), rj);
      const V weight = hn::Mul(hn::Mul(Of(quadrature.weights[j]), cube), normal);
      hn::StoreU(rj, kD, nodes.r.data() + kLanes * j + i);
      hn::StoreU(modfit ? hn::Mul(weight, seen) : weight, kD, nodes.q.data() + kLanes * j + i);
    }
  }
}

struct Place {
  V x, y, z;
};
HWY_INLINE Place At(const Place& direction, V r) {
  return {hn::Sub(hn::Mul(r, direction.x), Of(kSun)), hn::Mul(r, direction.y),
          hn::Mul(r, direction.z)};
}

// What the profile of one node has, for its position and the magnitude g' + dx.
template <Profile kProfile, bool kSlow, bool kQuadratic>
HWY_INLINE V BackgroundOf(const Background& form, const Place& at, V magnitude) {
  const V flat = hn::Add(hn::Mul(at.x, at.x), hn::Mul(at.y, at.y));
  const V up = hn::Mul(at.z, Of(1.0 / form.q));
  const V radius = hn::Sqrt(hn::Add(flat, hn::Mul(up, up)));
  if constexpr (kProfile == Profile::kBrokenPowerLaw) {
    const V power =
        hn::IfThenElse(hn::Lt(radius, Of(kHernquistRadius)), Of(form.inner), Of(form.outer));
    return em::Pow(kD, hn::Div(Of(kSun), radius), power);
  } else {
    const V wide = hn::Add(radius, Of(kHernquistRadius));
    V under = hn::Mul(radius, hn::Mul(hn::Mul(wide, wide), wide));
    if constexpr (kSlow) {
      under = hn::Mul(em::Pow(kD, radius, Of(form.inner)),
                      em::Pow(kD, wide, Of(3.0 - form.inner + form.outer)));
    }
    const V disc = em::Exp(kD, hn::Sub(hn::Mul(Of(-0.285714286), hn::Sqrt(flat)),
                                       hn::Mul(Of(1.428571429), hn::Abs(at.z))));
    V sum = hn::Add(hn::Div(Of(form.epsilon), under), hn::Mul(Of(1.0 - form.epsilon), disc));
    if constexpr (kQuadratic) {
      const V inner = hn::Add(hn::Mul(Of(form.a), magnitude), Of(form.b));
      sum = hn::Add(sum, hn::Mul(Of(form.epsilon), hn::Add(hn::Mul(inner, magnitude), Of(form.c))));
    }
    return sum;
  }
}

// Each lane's q_j h_j, added in the order of j. `term(j, i)` is h_j of the lanes from i on.
template <class Term>
HWY_INLINE void SumOverNodes(const Nodes& nodes, std::size_t count, double* out, const Term& term) {
  for (std::size_t i = 0; i < kLanes; i += hn::Lanes(kD)) {
    V sum = Of(0);
    for (std::size_t j = 0; j < count; ++j) {
      sum = hn::Add(sum, hn::Mul(hn::LoadU(kD, nodes.q.data() + kLanes * j + i), term(j, i)));
    }
    hn::StoreU(sum, kD, out + i);
  }
}

HWY_INLINE Place DirectionAt(const Directions& directions, std::size_t i) {
  return {hn::LoadU(kD, directions.x.data() + i), hn::LoadU(kD, directions.y.data() + i),
          hn::LoadU(kD, directions.z.data() + i)};
}

template <Profile kProfile, bool kSlow, bool kQuadratic>
void SumBackground(const Background& form, const Directions& directions, const Nodes& nodes,
                   const Quadrature& quadrature, double* out) {
  SumOverNodes(nodes, quadrature.weights.size(), out, [&](std::size_t j, std::size_t i) HWY_ATTR {
    const V r = hn::LoadU(kD, nodes.r.data() + kLanes * j + i);
    const V magnitude = hn::Add(hn::LoadU(kD, nodes.g.data() + i), Of(quadrature.offsets[j]));
    return BackgroundOf<kProfile, kSlow, kQuadratic>(form, At(DirectionAt(directions, i), r),
                                                     magnitude);
  });
}

void SumStream(const Density::StreamShape& stream, const Directions& directions, const Nodes& nodes,
               std::size_t count, double* out) {
  const Vector& c = stream.axis.centre;
  const Vector& a = stream.axis.along;
  SumOverNodes(nodes, count, out, [&](std::size_t j, std::size_t i) HWY_ATTR {
    const Place at = At(DirectionAt(directions, i), hn::LoadU(kD, nodes.r.data() + kLanes * j + i));
    const V ux = hn::Sub(at.x, Of(c.x));
    const V uy = hn::Sub(at.y, Of(c.y));
    const V uz = hn::Sub(at.z, Of(c.z));
    const V along =
        hn::Add(hn::Add(hn::Mul(Of(a.x), ux), hn::Mul(Of(a.y), uy)), hn::Mul(Of(a.z), uz));
    const V px = hn::Sub(ux, hn::Mul(along, Of(a.x)));
    const V py = hn::Sub(uy, hn::Mul(along, Of(a.y)));
    const V pz = hn::Sub(uz, hn::Mul(along, Of(a.z)));
    const V square = hn::Add(hn::Add(hn::Mul(px, px), hn::Mul(py, py)), hn::Mul(pz, pz));
    return em::Exp(kD, hn::Mul(square, Of(stream.exponent)));
  });
}

void Densities(const Density::Shape& shape, std::span<const Density::StreamShape> streams,
               const Quadrature& quadrature, const Directions& directions, const Nodes& nodes,
               double* out) {
  const auto background = [&]<Profile kProfile, bool kSlow, bool kQuadratic>() {
    SumBackground<kProfile, kSlow, kQuadratic>(shape.background, directions, nodes, quadrature,
                                               out);
  };
  if (shape.profile == Profile::kBrokenPowerLaw) {
    background.template operator()<Profile::kBrokenPowerLaw, false, false>();
  } else if (shape.slow && shape.quadratic) {
    background.template operator()<Profile::kHernquist, true, true>();
  } else if (shape.slow) {
    background.template operator()<Profile::kHernquist, true, false>();
  } else if (shape.quadratic) {
    background.template operator()<Profile::kHernquist, false, true>();
  } else {
    background.template operator()<Profile::kHernquist, false, false>();
  }
  for (std::size_t k = 0; k < streams.size(); ++k) {
    SumStream(streams[k], directions, nodes, quadrature.weights.size(), out + kLanes * (k + 1));
  }
}

}  // namespace picube::milkyway::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::milkyway {

HWY_EXPORT(Prepare);
HWY_EXPORT(Densities);

Density::Density(const Model& model)
    : modfit_(model.modfit), quadrature_(MakeQuadrature(model.convolve)) {
  const Background& form = model.background;
  shape_ = {model.profile, form.inner != 1 || form.outer != 1,
            form.a != 0 || form.b != 0 || form.c != 0, form};
  for (const Stream& stream : model.streams) {
    streams_.push_back({AxisOf(stream, model.wedge), -1.0 / (2 * stream.sigma * stream.sigma)});
  }
}

void Density::Prepare(const Lanes& r, Nodes& nodes) const {
  HWY_DYNAMIC_DISPATCH(Prepare)(quadrature_, modfit_, r, nodes);
}

void Density::At(const Directions& directions, const Nodes& nodes, double* out) const {
  HWY_DYNAMIC_DISPATCH(Densities)(shape_, streams_, quadrature_, directions, nodes, out);
}

}  // namespace picube::milkyway
#endif
