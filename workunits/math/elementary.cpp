#include "workunits/math/elementary.h"

#include <array>
#include <cmath>

#include "workunits/math/elementary-inl.h"

// One lane of the instructions that every machine of the architecture has.
HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::CappedTag<double, 1>;

double ExpOfOne(double x) { return hn::GetLane(Exp(Tag(), hn::Set(Tag(), x))); }
double Exp10OfOne(double x) { return hn::GetLane(Exp10(Tag(), hn::Set(Tag(), x))); }
double LogOfOne(double x) { return hn::GetLane(Log(Tag(), hn::Set(Tag(), x))); }
double Log10OfOne(double x) { return hn::GetLane(Log10(Tag(), hn::Set(Tag(), x))); }
double PowOfOne(double x, double y) {
  return hn::GetLane(Pow(Tag(), hn::Set(Tag(), x), hn::Set(Tag(), y)));
}

Root SinCosOfOne(double x) {
  auto sine = hn::Zero(Tag());
  auto cosine = hn::Zero(Tag());
  SinCos(Tag(), hn::Set(Tag(), x), sine, cosine);
  return {hn::GetLane(cosine), hn::GetLane(sine)};
}

Root SinCosTurnsOfOne(double turns) {
  auto sine = hn::Zero(Tag());
  auto cosine = hn::Zero(Tag());
  SinCosTurns(Tag(), hn::Set(Tag(), turns), sine, cosine);
  return {hn::GetLane(cosine), hn::GetLane(sine)};
}

}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace picube::math {

double Exp(double x) { return HWY_STATIC_DISPATCH(ExpOfOne)(x); }
double Exp10(double x) { return HWY_STATIC_DISPATCH(Exp10OfOne)(x); }
double Log(double x) { return HWY_STATIC_DISPATCH(LogOfOne)(x); }
double Log10(double x) { return HWY_STATIC_DISPATCH(Log10OfOne)(x); }
double Pow(double x, double y) { return HWY_STATIC_DISPATCH(PowOfOne)(x, y); }
Root SinCos(double x) { return HWY_STATIC_DISPATCH(SinCosOfOne)(x); }
Root SinCosTurns(double turns) { return HWY_STATIC_DISPATCH(SinCosTurnsOfOne)(turns); }

namespace {

constexpr double kPi = 0x1.921fb54442d18p+1;
constexpr double kPiRest = 0x1.1a62633145c07p-53;  // pi = kPi + kPiRest

// The angle whose tangent is t, 0 <= t <= 1, as the sum of two numbers: with c = k/8 next to t,
// atan t = atan c + atan((t - c)/(1 + t c)).
struct Angle {
  double high;
  double low;
};
Angle SmallAngle(double t) {
  struct Known {
    double high;
    double low;
  };
  static constexpr std::array<Known, 9> kAtan = {{{0.0, 0.0},
                                                  {0x1.fd5ba9aac2f6ep-4, -0x1.cd37686760c17p-59},
                                                  {0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57},
                                                  {0x1.6f61941e4def1p-2, -0x1.c63aae6f6e918p-56},
                                                  {0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56},
                                                  {0x1.1e00babdefeb4p-1, -0x1.928df287a668fp-58},
                                                  {0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56},
                                                  {0x1.700a7c5784634p-1, -0x1.8c34d25aadef6p-56},
                                                  {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55}}};
  const auto k = static_cast<std::size_t>(t * 8.0 + 0.5);
  const double c = static_cast<double>(k) / 8.0;
  const double u = k == 0 ? t : (t - c) / (1.0 + t * c);
  const double y = u * u;
  double sum = 0x1.37ddac1314120p-4;
  for (const double next : {-0x1.74597338ba1c7p-4, 0x1.c71c6fdf79977p-4, -0x1.2492492458997p-3,
                            0x1.999999999994ap-3, -0x1.5555555555555p-2}) {
    sum = next + y * sum;
  }
  return {kAtan[k].high, kAtan[k].low + u * y * sum + u};
}

}  // namespace

double Atan2(double y, double x) {
  if (std::isnan(x) || std::isnan(y)) return x + y;
  const double across = std::fabs(x);
  const double up = std::fabs(y);
  const bool steep = up > across;
  double t = 0;
  if (std::isinf(across) && std::isinf(up)) {
    t = 1;
  } else if (up != 0 || across != 0) {
    t = steep ? across / up : up / across;
  }
  Angle angle = SmallAngle(t);
  if (steep) angle = {kPi / 2 - angle.high, kPiRest / 2 - angle.low};
  if (std::signbit(x)) angle = {kPi - angle.high, kPiRest - angle.low};
  return std::copysign(angle.high + angle.low, y);
}

double Asin(double x) {
  // (1 - x) (1 + x) is not negative as long as |x| <= 1.
  return Atan2(x, std::sqrt((1.0 - x) * (1.0 + x)));
}

}  // namespace picube::math
