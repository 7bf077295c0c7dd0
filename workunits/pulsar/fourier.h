// The Fourier search of one series: spectrum, normalised powers at half bins, harmonic sums. As
// PRESTO's accelsearch does it for z = 0 (Ransom, Eikenberry and Middleditch 2002).
//
// F_k = sum x_i e^(-2 pi i k n/L), k < L/2, the series padded with zeros to L samples, a power of
// two. Blocks of `block_bins` bins are divided by their median power / ln 2, the median being over
// `reach` bins more on either side. Half bins come from 32 neighbours. R counts half bins: the
// power at frequency r bins is Q(2r). With R the highest harmonic, H of them are summed: S_1 =
// Q(R), S_2 = S_1 + Q(round(R/2)), S_4 = S_2 + Q(round(R/4)) + Q(round(3R/4)), and so on for 8 and
// 16, halves rounded up. The frequency is R/(2H) bins of 1/(L dt).
//
// All in float32, each value by the same operations in the same order on every machine.
// A FourierSearch belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "workunits/math/aligned.h"
#include "workunits/math/fft.h"

namespace picube::pulsar {

inline constexpr std::uint32_t kHarmonicSums = 5;  // of 1, 2, 4, 8, 16 harmonics
inline constexpr std::uint64_t kLongestFourier = 2 * math::Fft<float>::kLongest;
inline constexpr std::uint64_t kShortestFourier = 4096;

struct FourierPlan {
  std::uint64_t length = 0;     // L
  std::uint32_t first_bin = 0;  // of the search, >= 8
  std::uint32_t sums = 4;       // how many of the five are made
  std::uint32_t block_bins = 992;
  std::uint32_t reach = 16;
  std::array<float, kHarmonicSums> cuts{};  // least power of a peak, for each sum

  bool operator==(const FourierPlan&) const = default;
  // Bins that are searched end here: a last block that is not whole is left out.
  [[nodiscard]] std::uint32_t EndBin() const;
};
[[nodiscard]] bool IsSound(const FourierPlan& plan);

struct FourierPeak {
  std::uint32_t half_bin = 0;  // R
  std::uint32_t log2_harmonics = 0;
  float power = 0;                // S_H
  std::array<float, 16> parts{};  // Q of harmonic 1 .. H; then 0

  bool operator==(const FourierPeak&) const = default;
};
// The greater power first, then the lower R.
[[nodiscard]] bool Before(const FourierPeak& a, const FourierPeak& b);

struct FourierResult {
  std::uint64_t digest = 0;  // of the greatest sum of every block of 2,048 half bins, for each H
  // Per H at most kBest peaks, by Before; each is the greatest within 8 half bins.
  std::array<std::vector<FourierPeak>, kHarmonicSums> peaks;
};

class FourierSearch {
 public:
  explicit FourierSearch(const FourierPlan& plan);

  // At most `length` samples.
  [[nodiscard]] FourierResult Search(std::span<const std::int8_t> samples);
  [[nodiscard]] FourierResult Search(std::span<const float> samples);

  // Of the last series searched: Q(R), R < length.
  [[nodiscard]] std::span<const float> Powers() const { return {powers_.data(), plan_.length}; }

 private:
  [[nodiscard]] FourierResult Run();
  void Spectrum();
  void Normalise(std::uint32_t first_bin);
  void Sum(FourierResult& result);
  void Collect(std::uint32_t first, std::span<const float> sums, std::uint32_t log2,
               FourierResult& result) const;

  FourierPlan plan_;
  math::Fft<float> fft_;
  math::Fft<float>::Workspace workspace_;
  math::Aligned<float> root_re_, root_im_;  // e^(-2 pi i k/L)
  math::Aligned<float> even_, odd_;         // samples, then their transform
  math::Aligned<float> re_, im_;            // spectrum, with room before and behind
  math::Aligned<float> powers_;
  std::vector<float> block_;
};

// Bytes that one FourierSearch needs.
[[nodiscard]] std::uint64_t FourierMemory(const FourierPlan& plan);
// Operations of one series, about.
[[nodiscard]] double FourierCost(const FourierPlan& plan);

namespace twin {
// Q at one half bin, by the formula in double with the library's functions, for a block that
// begins at `block_first`.
[[nodiscard]] double PowerAt(const std::vector<double>& re, const std::vector<double>& im,
                             const FourierPlan& plan, std::uint32_t block_first,
                             std::uint32_t half_bin);
}  // namespace twin

}  // namespace picube::pulsar
