#include "workunits/seti/folds.h"

#include <algorithm>
#include <cmath>

#include "workunits/seti/findings.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "workunits/seti/folds.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "workunits/seti/offer_fold.h"

HWY_BEFORE_NAMESPACE();
namespace picube::seti::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kFoldLanes>;
constexpr D kD;

// Tests the greatest sums of one profile.
void Test(const FoldJob& job, std::uint32_t p, std::uint32_t level, std::uint32_t bins,
          const float* most, std::array<BinFolds, kFoldLanes>& found) {
  const FoldTables::Limit& limit = job.tables->At(job.adds, level, bins);
  const auto display = hn::Set(kD, limit.display);
  for (std::size_t i = 0; i < kFoldLanes; i += hn::Lanes(kD)) {
    const auto means = hn::LoadU(kD, job.means.data() + i);
    if (hn::AllFalse(kD, hn::Gt(hn::Load(kD, most + i), hn::Mul(display, means)))) continue;
    for (std::size_t l = i; l < i + hn::Lanes(kD); ++l) {
      if (most[l] > limit.display * job.means[l]) {
        OfferFold(job, p, level, bins, most[l], limit, job.means[l], found[l]);
      }
    }
  }
}

template <std::uint32_t kAdds>
void FoldAll(const FoldJob& job, std::array<BinFolds, kFoldLanes>& found) {
  constexpr std::uint32_t kTwelfths = 12 / (kAdds - 1);
  for (std::uint32_t p = job.from; p > job.above; --p) {
    std::uint32_t bins = p / (kAdds - 1);
    std::size_t offsets[kAdds];
    for (std::uint32_t j = 0; j < kAdds; ++j) {
      offsets[j] = (std::size_t{j} * p * kTwelfths + 6) / 12 * kFoldLanes;
    }
    alignas(64) float most[kFoldLanes];
    for (std::size_t lane = 0; lane < kFoldLanes; lane += hn::Lanes(kD)) {
      auto top = hn::Zero(kD);
      for (std::size_t i = lane; i < bins * kFoldLanes; i += kFoldLanes) {
        auto sum = hn::LoadU(kD, job.powers + i + offsets[0]);
        for (std::uint32_t j = 1; j < kAdds; ++j) {
          sum = hn::Add(sum, hn::LoadU(kD, job.powers + i + offsets[j]));
        }
        hn::StoreU(sum, kD, job.scratch + i);
        top = hn::Max(top, sum);
      }
      hn::Store(top, kD, most + lane);
    }
    Test(job, p, 0, bins, most, found);
    for (std::uint32_t level = 1; level < job.tables->Levels(); ++level) {
      const std::size_t half = (bins / 2 + bins % 2) * kFoldLanes;
      bins /= 2;
      for (std::size_t lane = 0; lane < kFoldLanes; lane += hn::Lanes(kD)) {
        auto top = hn::Zero(kD);
        for (std::size_t i = lane; i < bins * kFoldLanes; i += kFoldLanes) {
          const auto sum =
              hn::Add(hn::LoadU(kD, job.scratch + i), hn::LoadU(kD, job.scratch + i + half));
          hn::StoreU(sum, kD, job.scratch + i);
          top = hn::Max(top, sum);
        }
        hn::Store(top, kD, most + lane);
      }
      Test(job, p, level, bins, most, found);
    }
  }
}

void FoldBins(const FoldJob& job, std::array<BinFolds, kFoldLanes>& found) {
  if (job.adds == 3) FoldAll<3>(job, found);
  if (job.adds == 4) FoldAll<4>(job, found);
  if (job.adds == 5) FoldAll<5>(job, found);
}

}  // namespace picube::seti::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace picube::seti {

HWY_EXPORT(FoldBins);

void FoldBins(const FoldJob& job, std::array<BinFolds, kFoldLanes>& found) {
  HWY_DYNAMIC_DISPATCH(FoldBins)(job, found);
}

void OfferFold(const FoldJob& job, std::uint32_t p, std::uint32_t level, std::uint32_t bins,
               float sum, const FoldTables::Limit& limit, float mean, BinFolds& found) {
  Fold fold{job.adds << level, job.adds, p, level, bins, sum, limit.threshold, 0, 0, 0};
  const double a = fold.adds;
  const auto m = static_cast<double>(mean);
  const auto t = static_cast<double>(limit.threshold);
  const auto s = static_cast<double>(sum);
  fold.excess = static_cast<float>(s / a - m * (t / a));
  fold.snr = static_cast<float>((s / (a * m) - 1) * std::sqrt(a));
  fold.limit = static_cast<float>((t / a - 1) * std::sqrt(a));
  BinFolds one;
  one.best = fold;
  if (fold.snr > kMarginal * fold.limit) one.reportable = fold;
  found.Join(one);
}

void BinFolds::Join(const BinFolds& later) {
  if (later.reportable.adds > 0 &&
      (reportable.adds == 0 || later.reportable.excess > reportable.excess)) {
    reportable = later.reportable;
  }
  if (later.best.adds > 0 && (best.adds == 0 || later.best.Merit() > best.Merit())) {
    best = later.best;
  }
}

std::vector<float> ProfileOf(const Fold& fold, const float* powers, std::size_t stride) {
  std::size_t bins = fold.p / (fold.first_adds - 1);
  const std::size_t twelfths = 12 / (fold.first_adds - 1);
  std::vector<float> profile(bins);
  for (std::size_t i = 0; i < bins; ++i) {
    for (std::size_t j = 0; j < fold.first_adds; ++j) {
      const float power = powers[(i + (j * fold.p * twelfths + 6) / 12) * stride];
      profile[i] = j == 0 ? power : profile[i] + power;
    }
  }
  for (std::uint32_t level = 0; level < fold.level; ++level) {
    const std::size_t half = bins / 2 + bins % 2;
    bins /= 2;
    for (std::size_t i = 0; i < bins; ++i) profile[i] += profile[i + half];
  }
  profile.resize(bins);
  return profile;
}

}  // namespace picube::seti
#endif
