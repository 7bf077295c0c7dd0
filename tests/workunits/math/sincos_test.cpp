#include "workunits/math/sincos.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "protocol/base/rng.h"
#include "tests/workunits/pinned.h"
#include "workunits/math/aligned.h"
#include "workunits/math/isa.h"
#include "workunits/math/twin.h"

namespace picube::math {
namespace {

TEST(UnitRoot, AgreesWithLongDouble) {
  Rng rng(1);
  double worst = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t n = 1ULL << rng.Below(33);
    const std::uint64_t j = rng.Below(n);
    const long double angle = 6.283185307179586476925286766559L * static_cast<long double>(j) /
                              static_cast<long double>(n);
    const Root root = UnitRoot(j, n);
    worst = std::max(worst, std::fabs(root.re - static_cast<double>(std::cos(angle))));
    worst = std::max(worst, std::fabs(root.im - static_cast<double>(std::sin(angle))));
  }
  EXPECT_LT(worst, 2.5e-16);
}

TEST(UnitRoot, QuartersAreExact) {
  EXPECT_EQ(UnitRoot(0, 8).re, 1.0);
  EXPECT_EQ(UnitRoot(2, 8).im, 1.0);
  EXPECT_EQ(UnitRoot(4, 8).re, -1.0);
  EXPECT_EQ(UnitRoot(6, 8).im, -1.0);
  EXPECT_EQ(UnitRoot(2, 8).re, 0.0);
}

struct Samples {
  Aligned<float> re, im;
};

Samples Dechirped(double drift, std::size_t first, std::size_t count) {
  Samples in{Aligned<float>(count), Aligned<float>(count)};
  for (std::size_t i = 0; i < count; ++i) {
    in.re[i] = static_cast<float>(i % 7) - 3;
    in.im[i] = static_cast<float>(i % 5) - 2;
  }
  Samples out{Aligned<float>(count), Aligned<float>(count)};
  Dechirp(PhaseOfChirp(drift, 9765.625), first, count, in.re.data(), in.im.data(), out.re.data(),
          out.im.data());
  return out;
}

TEST(Dechirp, AgreesWithItsTwinToTheEndOfTheRecording) {
  constexpr std::size_t kCount = 4096;
  for (const double drift : {-11.424786, 0.5, 99.9}) {
    const std::size_t first = (1U << 20) - kCount;
    std::vector<twin::Complex> x;
    for (std::size_t i = 0; i < kCount; ++i) {
      x.emplace_back(static_cast<double>(i % 7) - 3, static_cast<double>(i % 5) - 2);
    }
    const auto judged = twin::Dechirp(x, first, drift, 9765.625);
    const Samples out = Dechirped(drift, first, kCount);
    for (std::size_t i = 0; i < kCount; ++i) {
      ASSERT_NEAR(static_cast<double>(out.re[i]), judged[i].real(), 2e-6);
      ASSERT_NEAR(static_cast<double>(out.im[i]), judged[i].imag(), 2e-6);
    }
  }
}

TEST(Dechirp, ZeroDriftChangesNothing) {
  const Samples out = Dechirped(0, 12345 * 8, 64);
  for (std::size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(out.re[i], static_cast<float>(i % 7) - 3);
    EXPECT_EQ(out.im[i], static_cast<float>(i % 5) - 2);
  }
}

TEST(Dechirp, BitsAreTheSameOnEveryMachineAndForEveryCut) {
  for (const Isa isa : IsasHere()) {
    const WithIsa with(isa);
    const Samples whole = Dechirped(-3.7, 131072, 8192);
    std::uint64_t digest = 0;
    for (std::size_t i = 0; i < 8192; ++i) {
      digest = Mix64(digest ^ std::bit_cast<std::uint32_t>(whole.re[i]));
      digest = Mix64(digest ^ std::bit_cast<std::uint32_t>(whole.im[i]));
    }
    EXPECT_EQ(digest, test::Pinned("chirp"));
    const Samples part = Dechirped(-3.7, 131072, 24);
    for (std::size_t i = 0; i < 24; ++i) {
      EXPECT_EQ(part.re[i], whole.re[i]);
      EXPECT_EQ(part.im[i], whole.im[i]);
    }
  }
}

}  // namespace
}  // namespace picube::math
