#include "workunits/seti/gaussian.h"

#include <algorithm>
#include <cmath>

#include "workunits/math/elementary.h"
#include "workunits/math/gamma.h"
#include "workunits/seti/series.h"

namespace picube::seti {

GaussianSearch::GaussianSearch(const SahHeader& header)
    : chi_sq_(header.gauss_chi_sq),
      null_chi_sq_(header.gauss_null_chi_sq),
      power_(header.gauss_power),
      peak_power_(header.gauss_peak_power),
      sigma_(GaussianSigma(header)) {
  const auto sigma = static_cast<double>(sigma_);
  half_ = static_cast<int>(std::clamp(std::floor(sigma + 0.5), 1.0, 31.0));
  for (std::size_t j = 0; j < kBins; ++j) {
    const double distance = static_cast<double>(j);
    weights_.push_back(math::Exp(-0.693 * distance * distance / (sigma * sigma)));
  }
  double sum = 1;
  for (int j = 1; j <= half_; ++j) sum += 2 * weights_[static_cast<std::size_t>(j)];
  norm_ = 1 / sum;
  first_ = static_cast<int>(std::clamp(std::floor(header.pot_t_offset * sigma + 0.5), 0.0, 64.0));
  last_ = 63 - first_;
  first_ = std::max(first_, half_);
  last_ = std::min(last_, 63 - half_);
  chi_part_ = math::LogUpperGamma(31, std::max(32 * chi_sq_, 32.0));
  null_part_ = math::LogUpperGamma(31.5, std::max(32 * null_chi_sq_, 32.5));
}

double GaussianSearch::MeanAway(const Series& y, int offset) const {
  const int from = offset - 2 * half_;
  const int to = offset + 2 * half_;
  double sum = 0;
  int count = 0;
  for (int i = 0; i < static_cast<int>(kBins); ++i) {
    if (i >= from && i <= to) continue;
    sum += y[static_cast<std::size_t>(i)];
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

double GaussianSearch::PeakAt(const Series& y, int offset, double mean) const {
  double sum = 0;
  for (int j = -half_; j <= half_; ++j) {
    sum += (y[static_cast<std::size_t>(offset + j)] - mean) *
           weights_[static_cast<std::size_t>(std::abs(j))];
  }
  return sum * norm_;
}

GaussianSearch::Fit GaussianSearch::FitAt(const Series& y, int offset, double mean, double peak,
                                          double spectra) const {
  Fit fit{mean, peak, 0, 0};
  for (int i = 0; i < static_cast<int>(kBins); ++i) {
    const double weight = weights_[static_cast<std::size_t>(std::abs(i - offset))];
    const double model = (mean + peak * weight) / mean;
    const double noise = 1 + 2 * std::sqrt(std::max(model, 1.0) - 1);
    const double value = y[static_cast<std::size_t>(i)] / mean;
    fit.chi_sq += spectra * (value - model) * (value - model) / noise;
    fit.null_chi_sq += spectra * (value - 1) * (value - 1) / noise;
  }
  fit.chi_sq /= kBins;
  fit.null_chi_sq /= kBins;
  return fit;
}

// A bin stands out, and at the greatest running sum there is half of a peak.
bool GaussianSearch::Promises(const Series& y) const {
  if (!(*std::max_element(y.begin(), y.end()) > power_)) return false;
  double best = -1;
  int last = 0;
  for (int i = 0; i < static_cast<int>(kBins); ++i) {
    double sum = 0;
    for (int k = std::max(0, i - half_ + 1); k <= i; ++k) sum += y[static_cast<std::size_t>(k)];
    if (sum > best) {
      best = sum;
      last = i;
    }
  }
  const int offset = std::clamp(last - half_ / 2, first_, last_);
  const double mean = MeanAway(y, offset);
  return !(PeakAt(y, offset, mean) < peak_power_ / 6 * mean);
}

double GaussianSearch::ScoreOf(const Fit& fit) const {
  return null_part_ - chi_part_ + math::LogUpperGamma(31, std::max(32 * fit.chi_sq, 32.0)) -
         math::LogUpperGamma(31.5, std::max(32 * fit.null_chi_sq, 32.5));
}

void GaussianSearch::Search(const float* powers, std::size_t count, std::size_t stride,
                            const Signal& like, Findings& found) const {
  Series y{};
  const std::size_t group = count / kBins;
  double all = 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    for (std::size_t k = 0; k < group; ++k) {
      y[i] += static_cast<double>(powers[(i * group + k) * stride]);
    }
    all += y[i];
  }
  if (!(all > 0) || first_ > last_) return;
  const double scale = kBins / all;
  for (double& value : y) value *= scale;
  if (!Promises(y)) return;
  const double most = *std::max_element(y.begin(), y.end());
  for (int offset = first_; offset <= last_; ++offset) {
    const double mean = MeanAway(y, offset);
    const double peak = PeakAt(y, offset, mean);
    if (!(mean > 0) || peak < peak_power_ / 3 * mean) continue;
    const Fit fit = FitAt(y, offset, mean, peak, static_cast<double>(group));
    const auto passes = [&](double tolerance) {
      return fit.chi_sq <= chi_sq_ * (1 + tolerance) &&
             fit.null_chi_sq >= null_chi_sq_ * (1 - tolerance) &&
             peak >= peak_power_ * mean * (1 - tolerance);
    };
    const bool reported = passes(0);
    const bool good = fit.chi_sq <= chi_sq_;
    if (!good && !passes(1 - static_cast<double>(kMarginal))) continue;
    Signal signal = like;
    signal.kind = Kind::kGaussian;
    signal.at = static_cast<std::uint32_t>(offset);
    signal.power = static_cast<float>(peak);
    signal.mean = static_cast<float>(mean);
    signal.sigma = sigma_;
    signal.chi_sq = static_cast<float>(fit.chi_sq);
    signal.null_chi_sq = static_cast<float>(fit.null_chi_sq);
    signal.max_power = static_cast<float>(most);
    signal.score = good ? static_cast<float>(ScoreOf(fit)) : -12;
    signal.marginal = !reported;
    for (const double value : y) {  // rounded half down
      const double level = std::ceil(value * 255 / most - 0.5);
      signal.pot.push_back(static_cast<std::uint8_t>(std::clamp(level, 0.0, 255.0)));
    }
    if (good) found.bests.OfferGaussian(signal, reported);
    if (passes(1 - static_cast<double>(kMarginal))) found.signals.push_back(std::move(signal));
  }
}

}  // namespace picube::seti
