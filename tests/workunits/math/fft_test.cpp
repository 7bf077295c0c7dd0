#include "workunits/math/fft.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "protocol/base/rng.h"
#include "tests/workunits/pinned.h"
#include "workunits/math/isa.h"
#include "workunits/math/sums.h"
#include "workunits/math/twin.h"

namespace picube::math {
namespace {

template <class T>
struct Data {
  Aligned<T> re, im;
};

template <class T>
Data<T> Random(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  Data<T> data{Aligned<T>(n), Aligned<T>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    data.re[i] = static_cast<T>(static_cast<double>(rng.Below(2001)) - 1000) / 512;
    data.im[i] = static_cast<T>(static_cast<double>(rng.Below(2001)) - 1000) / 512;
  }
  return data;
}

template <class T>
std::uint64_t DigestOf(const Aligned<T>& values) {
  std::uint64_t digest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if constexpr (sizeof(T) == 4) {
      digest = Mix64(digest ^ std::bit_cast<std::uint32_t>(values[i]));
    } else {
      digest = Mix64(digest ^ std::bit_cast<std::uint64_t>(values[i]));
    }
  }
  return digest;
}

// Largest error over the root mean square of the output.
template <class T>
double ErrorAgainstTwin(std::size_t n, std::size_t count) {
  const Fft<T> fft(n);
  auto workspace = fft.MakeWorkspace();
  const auto in = Random<T>(n * count, n);
  Data<T> out{Aligned<T>(n * count), Aligned<T>(n * count)};
  fft.Transform(in.re.data(), in.im.data(), count, out.re.data(), out.im.data(), workspace);
  double worst = 0;
  double power = 0;
  for (std::size_t t = 0; t < count; ++t) {
    std::vector<twin::Complex> x;
    for (std::size_t i = t * n; i < (t + 1) * n; ++i) x.emplace_back(in.re[i], in.im[i]);
    x = twin::Fft(std::move(x));
    for (std::size_t k = 0; k < n; ++k) {
      worst = std::max(worst, std::abs(x[k] - twin::Complex(out.re[t * n + k], out.im[t * n + k])));
      power += std::norm(x[k]);
    }
  }
  return worst / std::sqrt(power / static_cast<double>(n * count));
}

TEST(FftTwin, FastTwinIsTheDefinition) {
  std::vector<twin::Complex> x;
  Rng rng(5);
  for (int i = 0; i < 64; ++i) {
    x.emplace_back(static_cast<double>(rng.Below(100)), static_cast<double>(rng.Below(100)));
  }
  const auto slow = twin::Dft(x);
  const auto fast = twin::Fft(x);
  for (std::size_t k = 0; k < x.size(); ++k) EXPECT_LT(std::abs(slow[k] - fast[k]), 1e-10);
}

TEST(Fft, AgreesWithItsTwinAtEveryLength) {
  for (std::size_t n = 8; n <= 16384; n *= 2) {
    EXPECT_LT(ErrorAgainstTwin<float>(n, n <= 512 ? 19 : 1), 3e-6) << n;
    EXPECT_LT(ErrorAgainstTwin<double>(n, n <= 512 ? 3 : 1), 1e-14) << n;
  }
}

TEST(Fft, LongestLengthsPutAToneWhereItBelongs) {
  for (const std::size_t n : {std::size_t{1} << 17, std::size_t{1} << 20}) {
    const Fft<float> fft(n);
    auto workspace = fft.MakeWorkspace();
    Data<float> in{Aligned<float>(n), Aligned<float>(n)};
    in.re[3] = 1;  // becomes a wave of three turns
    Data<float> out{Aligned<float>(n), Aligned<float>(n)};
    fft.Transform(in.re.data(), in.im.data(), 1, out.re.data(), out.im.data(), workspace);
    for (const std::size_t k : {std::size_t{0}, n / 12, n / 4, n - 1}) {
      const double angle = 6.283185307179586 * 3 * static_cast<double>(k) / static_cast<double>(n);
      EXPECT_NEAR(static_cast<double>(out.re[k]), std::cos(angle), 1e-6);
      EXPECT_NEAR(static_cast<double>(out.im[k]), std::sin(angle), 1e-6);
    }
  }
}

TEST(Fft, ExchangedPartsTransformBack) {
  const Fft<double> fft(4096);
  auto workspace = fft.MakeWorkspace();
  const auto in = Random<double>(4096, 9);
  Data<double> there{Aligned<double>(4096), Aligned<double>(4096)};
  Data<double> back{Aligned<double>(4096), Aligned<double>(4096)};
  fft.Transform(in.re.data(), in.im.data(), 1, there.re.data(), there.im.data(), workspace);
  fft.Transform(there.im.data(), there.re.data(), 1, back.im.data(), back.re.data(), workspace);
  for (std::size_t i = 0; i < 4096; ++i) {
    ASSERT_NEAR(back.re[i] / 4096, in.re[i], 1e-13);
    ASSERT_NEAR(back.im[i] / 4096, in.im[i], 1e-13);
  }
}

TEST(Fft, PowerIsTheSquaredTransform) {
  for (const std::size_t n : {std::size_t{64}, std::size_t{2048}}) {
    const Fft<float> fft(n);
    auto workspace = fft.MakeWorkspace();
    const auto in = Random<float>(n, 4);
    Data<float> out{Aligned<float>(n), Aligned<float>(n)};
    Aligned<float> power(n);
    fft.Transform(in.re.data(), in.im.data(), 1, out.re.data(), out.im.data(), workspace);
    fft.Power(in.re.data(), in.im.data(), 1, power.data(), workspace);
    for (std::size_t k = 0; k < n; ++k) {
      const float squares = out.re[k] * out.re[k] + out.im[k] * out.im[k];
      ASSERT_EQ(power[k], squares);
    }
  }
}

template <class T>
std::uint64_t TransformDigest(std::size_t n) {
  const Fft<T> fft(n);
  auto workspace = fft.MakeWorkspace();
  const std::size_t count = fft.Batch();
  const auto in = Random<T>(n * count, 77);
  Data<T> out{Aligned<T>(n * count), Aligned<T>(n * count)};
  fft.Transform(in.re.data(), in.im.data(), count, out.re.data(), out.im.data(), workspace);
  return Mix64(DigestOf(out.re) ^ DigestOf(out.im));
}

// The same numbers must come out of every build: x86-64 and arm64, wide registers and narrow.
// Of every length.
template <class T>
std::uint64_t TransformDigests() {
  std::uint64_t digest = 0;
  for (std::size_t n = Fft<T>::kShortest; n <= Fft<T>::kLongest; n *= 2) {
    digest = Mix64(digest ^ TransformDigest<T>(n));
  }
  return digest;
}

TEST(Fft, BitsAreTheSameOnEveryMachine) {
  for (const Isa isa : IsasHere()) {
    const WithIsa with(isa);
    EXPECT_EQ(TransformDigest<float>(8), test::Pinned("fft float 8")) << Name(isa);
    EXPECT_EQ(TransformDigest<float>(512), test::Pinned("fft float 512")) << Name(isa);
    EXPECT_EQ(TransformDigest<float>(8192), test::Pinned("fft float 8192")) << Name(isa);
    EXPECT_EQ(TransformDigest<double>(32768), test::Pinned("fft double 32768")) << Name(isa);
    EXPECT_EQ(TransformDigests<float>(), test::Pinned("fft float 8 to 2^20")) << Name(isa);
    EXPECT_EQ(TransformDigests<double>(), test::Pinned("fft double 8 to 2^20")) << Name(isa);
  }
}

TEST(Fft, OutputInPlaceOfTheInputHasTheSameBits) {
  for (const std::size_t n : {std::size_t{64}, std::size_t{4096}}) {
    const Fft<float> fft(n);
    auto workspace = fft.MakeWorkspace();
    const std::size_t count = fft.Batch() + 1;
    const auto in = Random<float>(n * count, 5);
    Data<float> apart{Aligned<float>(n * count), Aligned<float>(n * count)};
    fft.Transform(in.re.data(), in.im.data(), count, apart.re.data(), apart.im.data(), workspace);
    auto over = Random<float>(n * count, 5);
    fft.Transform(over.re.data(), over.im.data(), count, over.re.data(), over.im.data(), workspace);
    EXPECT_EQ(DigestOf(over.re), DigestOf(apart.re)) << n;
    EXPECT_EQ(DigestOf(over.im), DigestOf(apart.im)) << n;
    auto power = Random<float>(n * count, 5);
    fft.Power(power.re.data(), power.im.data(), count, power.re.data(), workspace);
    for (std::size_t k = 0; k < n * count; ++k) {
      ASSERT_EQ(power.re[k], apart.re[k] * apart.re[k] + apart.im[k] * apart.im[k]);
    }
  }
}

TEST(Sums, MeanAndPeakAgreeWithThePlainOnes) {
  for (std::size_t n = 8; n <= 8192; n *= 2) {
    const auto data = Random<float>(n, n + 1);
    Aligned<float> power(n);
    double sum = 0;
    std::size_t best = 1;
    for (std::size_t i = 0; i < n; ++i) {
      power[i] = data.re[i] * data.re[i];
      sum += static_cast<double>(power[i]);
      if (i > 1 && power[i] > power[best]) best = i;
    }
    const Peak peak = SumAndPeak(power.data(), n);
    EXPECT_NEAR(peak.sum, sum, 1e-6 * sum);
    EXPECT_EQ(peak.bin, best);
    EXPECT_EQ(peak.peak, power[best]);
  }
}

TEST(Sums, BinZeroIsSummedButNeverThePeakAndTiesGoToTheLowestBin) {
  Aligned<float> power(2048);
  power[0] = 100;
  power[700] = 5;
  power[1500] = 5;
  const Peak peak = SumAndPeak(power.data(), 2048);
  EXPECT_EQ(peak.bin, 700U);
  EXPECT_EQ(peak.sum, 110.0);
}

TEST(Sums, BitsAreTheSameOnEveryMachine) {
  const auto data = Random<float>(16384, 3);
  for (const Isa isa : IsasHere()) {
    const WithIsa with(isa);
    Aligned<float> power(16384);
    for (std::size_t i = 0; i < 16384; ++i) power[i] = data.re[i] * data.re[i] + data.im[i] * 2 + 9;
    const Peak peak = SumAndPeak(power.data(), 16384);
    std::uint64_t digest = Mix64(std::bit_cast<std::uint64_t>(peak.sum));
    digest = Mix64(digest ^ std::bit_cast<std::uint32_t>(peak.peak));
    EXPECT_EQ(Mix64(digest ^ peak.bin), test::Pinned("sum and peak of a spectrum")) << Name(isa);
  }
}

}  // namespace
}  // namespace picube::math
