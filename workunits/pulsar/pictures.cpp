#include "workunits/pulsar/pictures.h"

#include <algorithm>
#include <cmath>

#include "workunits/parameters.h"
#include "workunits/plot/svg.h"
#include "workunits/pulsar/series.h"

namespace picube::pulsar {
namespace {

constexpr std::size_t kMostBars = 2000;
constexpr const char* kColours[] = {"#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd"};

}  // namespace

std::vector<double> FoldedSeries::Profile() const {
  std::vector<double> profile(bins);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t b = 0; b < bins; ++b) {
      profile[b] += means[r * bins + b] / static_cast<double>(rows);
    }
  }
  return profile;
}

FoldedSeries FoldAt(std::span<const std::int8_t> samples, double sample_seconds, double period,
                    std::size_t bins, std::size_t rows) {
  FoldedSeries folded{rows, bins, std::vector<double>(rows * bins)};
  std::vector<double> counts(rows * bins);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double turns = (static_cast<double>(i) + 0.5) * sample_seconds / period;
    const double phase = turns - std::floor(turns);
    const auto bin =
        std::min(static_cast<std::size_t>(phase * static_cast<double>(bins)), bins - 1);
    const std::size_t at = i * rows / samples.size() * bins + bin;
    folded.means[at] += samples[i];
    counts[at] += 1;
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) folded.means[i] /= counts[i];
  }
  return folded;
}

std::string DrawPeriodogram(const std::string& title, const SearchPlan& search,
                            std::span<const float> cells, const std::string& lack) {
  const FoldPlan& plan = search.fold;
  PlotSpec plot;
  plot.title = title;
  plot.subtitle = "greatest S/N of each group of trial periods, over all series" + lack;
  plot.x_label = "log10 of the period (s)";
  plot.y_label = "S/N";
  plot.x_min = std::log10(plan.period_low);
  plot.x_max = std::log10(plan.period_high);
  plot.y_max = 10;
  std::vector<PlotBar> bars;
  for (std::uint32_t j = 0; j < plan.stages; ++j) {
    const double tau = StageFactor(plan, j) * plan.sample_seconds;
    for (std::uint32_t p = plan.bins_low; p <= plan.bins_high; ++p) {
      const auto snr = static_cast<double>(
          cells[static_cast<std::size_t>(j) * plan.BinCounts() + (p - plan.bins_low)]);
      if (!(snr > 0)) continue;
      bars.push_back({std::log10(tau * static_cast<double>(p)),
                      std::log10(tau * static_cast<double>(p + 1)), snr});
      plot.y_max = std::max(plot.y_max, 1.05 * snr);
    }
  }
  const std::size_t each = bars.size() / kMostBars + 1;  // joined to one
  for (std::size_t i = 0; i < bars.size(); i += each) {
    PlotBar bar = bars[i];
    for (std::size_t k = i; k < std::min(i + each, bars.size()); ++k) {
      bar.x1 = bars[k].x1;
      bar.height = std::max(bar.height, bars[k].height);
    }
    plot.bars.push_back(bar);
  }
  return SvgText(plot);
}

std::string DrawProfile(const std::string& title, const std::string& subtitle,
                        const FoldedSeries& folded) {
  const std::vector<double> profile = folded.Profile();
  PlotSpec plot;
  plot.title = title;
  plot.subtitle = subtitle;
  plot.x_label = "phase (two turns)";
  plot.y_label = "mean (deviations of a sample)";
  plot.x_max = 2;
  const auto [low, high] = std::minmax_element(profile.begin(), profile.end());
  const double room = 0.08 * (*high - *low) / kCountsPerSigma;
  plot.y_min = *low / kCountsPerSigma - room;
  plot.y_max = *high / kCountsPerSigma + room;
  const auto bins = static_cast<double>(profile.size());
  for (std::size_t b = 0; b < 2 * profile.size(); ++b) {
    const auto at = static_cast<double>(b);
    plot.bars.push_back(
        {at / bins, (at + 1) / bins, profile[b % profile.size()] / kCountsPerSigma});
  }
  return SvgText(plot);
}

std::string DrawPhases(const std::string& title, const std::string& subtitle,
                       const FoldedSeries& folded, double seconds) {
  PlotSpec plot;
  plot.title = title;
  plot.subtitle = subtitle;
  plot.x_label = "phase (two turns)";
  plot.y_label = "time since the start (s)";
  plot.x_max = 2;
  plot.y_max = seconds;
  const auto [low, high] = std::minmax_element(folded.means.begin(), folded.means.end());
  const double span = std::max(*high - *low, 1e-9);
  const auto bins = static_cast<double>(folded.bins);
  const auto rows = static_cast<double>(folded.rows);
  for (std::size_t r = 0; r < folded.rows; ++r) {
    for (std::size_t b = 0; b < 2 * folded.bins; ++b) {
      const auto x = static_cast<double>(b);
      const auto y = static_cast<double>(r);
      plot.cells.push_back({x / bins, (x + 1) / bins, y / rows * seconds, (y + 1) / rows * seconds,
                            (folded.means[r * folded.bins + b % folded.bins] - *low) / span});
    }
  }
  return SvgText(plot);
}

std::string DrawDms(const std::string& title, const std::vector<double>& dms,
                    std::span<const Candidate> candidates, const std::string& lack) {
  PlotSpec plot;
  plot.title = title;
  plot.subtitle = "strength of the best candidates at each dispersion measure" + lack;
  plot.x_label = "DM (pc/cm^3)";
  plot.y_label = "S/N (folding) or sigma (Fourier)";
  plot.x_min = dms.front();
  plot.x_max = dms.back();
  plot.legend.push_back({"#ffffff", "period"});
  std::size_t colour = 0;
  for (const Candidate& candidate : candidates) {
    const std::string ink = kColours[colour++ % std::size(kColours)];
    plot.legend.push_back({ink, NumberText(candidate.period, 8) + " s"});
    auto before = candidate.by_dm.begin();
    for (auto at = before; at != candidate.by_dm.end(); before = at++) {
      plot.y_max = std::max(plot.y_max, 1.05 * at->second);
      PlotSegment segment;
      segment.x0 = dms[before->first];
      segment.y0 = before->second;
      segment.x1 = dms[at->first];
      segment.y1 = at->second;
      segment.colour = ink;
      segment.width = 2;
      segment.hint = "DM " + NumberText(segment.x1, 6) + ": " + NumberText(segment.y1, 6);
      plot.segments.push_back(std::move(segment));
    }
  }
  return SvgText(plot);
}

}  // namespace picube::pulsar
