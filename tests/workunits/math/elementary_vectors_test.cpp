// Each lane of elementary-inl.h has the bits of elementary.h, for every instruction set here.
#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "protocol/base/rng.h"
#include "workunits/math/elementary.h"
#include "workunits/math/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/workunits/math/elementary_vectors_test.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "workunits/math/elementary-inl.h"

HWY_BEFORE_NAMESPACE();
namespace picube::math::HWY_NAMESPACE {

constexpr std::size_t kValues = 9;  // functions below

// out: nine values for each x, one after another. A whole number of vectors.
void AllOf(const double* x, std::size_t count, double* out) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::CappedTag<double, 8> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < count; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    auto sine = v;
    auto cosine = v;
    auto sine_turns = v;
    auto cosine_turns = v;
    SinCos(d, v, sine, cosine);
    SinCosTurns(d, v, sine_turns, cosine_turns);
    double* at = out + i * kValues;
    for (const auto& result :
         {Exp(d, v), Exp10(d, v), Log(d, v), Log10(d, v), Pow(d, v, hn::Set(d, -7.0 / 6)), sine,
          cosine, sine_turns, cosine_turns}) {
      hn::StoreU(result, d, at);
      at += lanes;
    }
  }
  // Lanes before functions, so that the order does not depend on the number of lanes.
  std::vector<double> sorted(count * kValues);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < kValues; ++k) {
      sorted[i * kValues + k] = out[i / lanes * lanes * kValues + k * lanes + i % lanes];
    }
  }
  std::copy(sorted.begin(), sorted.end(), out);
}

}  // namespace picube::math::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::math {
namespace {

HWY_EXPORT(AllOf);

TEST(ElementaryVectors, LanesHaveTheBitsOfTheFunctionOfOneNumber) {
  Rng rng(2);
  std::vector<double> x(4096);
  for (double& value : x) value = std::bit_cast<double>(rng.Below(~0ULL));
  for (std::size_t i = 0; i < 3072; ++i) {
    x[i] = (static_cast<double>(rng.Below(1U << 30)) - 0x1p29) * (i % 3 == 0 ? 0x1p-20 : 0x1p-28);
  }
  for (const Isa isa : IsasHere()) {
    const WithIsa with(isa);
    std::vector<double> out(x.size() * 9);
    HWY_DYNAMIC_DISPATCH(AllOf)(x.data(), x.size(), out.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Root radians = SinCos(x[i]);
      const Root turns = SinCosTurns(x[i]);
      const double expected[] = {
          Exp(x[i]),  Exp10(x[i]), Log(x[i]), Log10(x[i]), Pow(x[i], -7.0 / 6),
          radians.im, radians.re,  turns.im,  turns.re};
      for (std::size_t k = 0; k < 9; ++k) {
        const double got = out[i * 9 + k];
        if (got != got && expected[k] != expected[k]) continue;
        ASSERT_EQ(std::bit_cast<std::uint64_t>(got), std::bit_cast<std::uint64_t>(expected[k]))
            << Name(isa) << " function " << k << " of " << x[i];
      }
    }
  }
}

}  // namespace
}  // namespace picube::math
#endif
