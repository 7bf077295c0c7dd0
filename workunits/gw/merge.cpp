#include "workunits/gw/merge.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "workunits/gw/candidates.h"
#include "workunits/parameters.h"
#include "workunits/plot/svg.h"
#include "workunits/product.h"

namespace picube::gw {
namespace {

constexpr std::size_t kMostKept = 200'000;  // templates of all units at once
constexpr std::size_t kMostListed = 1000;   // candidates
constexpr std::size_t kMostTested = 20;     // by chi-square
constexpr double kPlottedSeconds = 0.5;     // around the loudest

// GPS seconds to a tenth of a millisecond and finer.
std::string TimeText(double time) {
  char text[48];
  std::snprintf(text, sizeof text, "%.5f", time);
  return text;
}

class GwMerger final : public Merger {
 public:
  GwMerger(Plan plan, std::filesystem::path folder)
      : plan_(std::move(plan)), folder_(std::move(folder)), loudest_(plan_.detectors.size()) {}

  Status Add(std::uint64_t index, BytesView payload) override;
  Result<std::vector<MergedFile>> Finish(std::uint64_t missing) override;

 private:
  [[nodiscard]] double TimeOf(std::uint32_t detector, const Found& found) const;
  Status Write(const std::string& name, const std::string& what, const std::string& text);
  [[nodiscard]] std::string CandidatesText(const std::vector<Candidate>& all) const;
  [[nodiscard]] std::string PairsText(const std::vector<Coincidence>& pairs) const;
  [[nodiscard]] std::string Summary() const;
  [[nodiscard]] std::string TemplateText(std::uint64_t index) const;
  // rho by the sample of the data that a lag belongs to.
  [[nodiscard]] std::vector<double> SeriesOf(std::uint32_t detector, std::uint64_t index) const;
  [[nodiscard]] std::string DrawSnr(std::uint32_t detector) const;
  [[nodiscard]] std::string DrawNoise(std::uint32_t detector) const;

  Plan plan_;
  std::filesystem::path folder_;
  std::vector<Candidate> found_;
  std::vector<std::optional<Found>> loudest_;  // of each detector, also below the threshold
  std::uint64_t searched_ = 0;
  std::string lack_;
  std::vector<MergedFile> files_;
};

double GwMerger::TimeOf(std::uint32_t detector, const Found& found) const {
  const Spectra& spectra = plan_.detectors[detector];
  std::uint64_t sample = (found.peak.lag + spectra.samples / 2) % spectra.samples;
  if (!plan_.given) {
    const Shape shape = ShapeOf(plan_.bank, plan_.bank.At(found.index));
    const auto n = static_cast<double>(spectra.samples);
    const double at = static_cast<double>(found.peak.lag) + shape.delay * spectra.rate;
    return spectra.start + (at - std::floor(at / n) * n) / spectra.rate;
  }
  return spectra.start + static_cast<double>(sample) / spectra.rate;
}

Status GwMerger::Add(std::uint64_t index, BytesView payload) {
  std::optional<UnitResult> result;
  Task task;
  if (index < plan_.Units()) {
    task = plan_.TaskOf(index);
    result = DecodeResult(task, payload, plan_.detectors[task.detector].samples);
  }
  if (!result || result->searched != task.count) {
    return Fail(ErrorKind::kProject,
                "Unit " + std::to_string(index) + " of gw has a result that is not its own.",
                "Server and workers must run the same version.");
  }
  searched_ += result->searched;
  auto& loudest = loudest_[task.detector];
  if (!loudest || result->loudest.peak.snr > loudest->peak.snr) loudest = result->loudest;
  for (const Found& one : result->found) {
    found_.push_back({task.detector, one.index, one.peak, TimeOf(task.detector, one)});
  }
  if (found_.size() > kMostKept) found_ = Cluster(std::move(found_));
  return {};
}

Status GwMerger::Write(const std::string& name, const std::string& what, const std::string& text) {
  return WriteProductFile(folder_, name, what + lack_, text, files_);
}

std::string GwMerger::CandidatesText(const std::vector<Candidate>& all) const {
  std::string text = "detector,gps,snr,chi2,new_snr,chirp_mass,eta,m1,m2,template,lag\n";
  std::size_t tested = 0;
  std::optional<Filter> filter;
  std::optional<std::uint32_t> filtered;
  for (const Candidate& c : all) {
    text += plan_.detectors[c.detector].detector + "," + TimeText(c.time) + "," +
            NumberText(c.peak.snr, 8) + ",";
    if (plan_.given) {
      text += ",,,,,,0," + std::to_string(c.peak.lag) + "\n";
      continue;
    }
    const Masses masses = plan_.bank.At(c.index);
    if (tested < kMostTested) {
      if (filtered != c.detector) filter.emplace(plan_.detectors[c.detector], plan_.bank.low_hertz);
      filtered = c.detector;
      auto workspace = filter->MakeWorkspace();
      const double chi2 = filter->ChiSquare(ShapeOf(plan_.bank, masses), c.peak.lag, workspace);
      const double part = chi2 / 30;
      const double less = std::pow((1 + part * part * part) / 2, 1.0 / 6);
      text += NumberText(chi2, 5) + "," + NumberText(c.peak.snr / (chi2 <= 30 ? 1 : less), 6);
      ++tested;
    } else {
      text += ",";
    }
    text += "," + NumberText(masses.chirp, 7) + "," + NumberText(masses.eta, 6) + "," +
            NumberText(masses.First(), 6) + "," + NumberText(masses.Second(), 6) + "," +
            std::to_string(c.index) + "," + std::to_string(c.peak.lag) + "\n";
  }
  return text;
}

std::string GwMerger::PairsText(const std::vector<Coincidence>& pairs) const {
  std::string text = "snr,detector_1,gps_1,snr_1,detector_2,gps_2,snr_2,apart_ms,chirp_mass,eta\n";
  for (const Coincidence& pair : pairs) {
    const bool first = pair.first.peak.snr >= pair.second.peak.snr;
    text += NumberText(pair.Snr(), 7);
    for (const Candidate* c : {&pair.first, &pair.second}) {
      text += "," + plan_.detectors[c->detector].detector + "," + TimeText(c->time) + "," +
              NumberText(c->peak.snr, 7);
    }
    text += "," + NumberText(1000 * (pair.second.time - pair.first.time), 4);
    if (plan_.given) {
      text += ",,\n";
    } else {
      const Masses masses = plan_.bank.At(first ? pair.first.index : pair.second.index);
      text += "," + NumberText(masses.chirp, 7) + "," + NumberText(masses.eta, 6) + "\n";
    }
  }
  return text;
}

std::string GwMerger::TemplateText(std::uint64_t index) const {
  if (plan_.given) return plan_.given->name.empty() ? "the given template" : plan_.given->name;
  const Masses masses = plan_.bank.At(index);
  return std::string(Name(plan_.bank.family)) + ", chirp mass " + NumberText(masses.chirp, 5) +
         ", eta " + NumberText(masses.eta, 4);
}

std::string GwMerger::Summary() const {
  std::string text = std::to_string(searched_) + " templates";
  for (std::size_t d = 0; d < loudest_.size(); ++d) {
    if (!loudest_[d]) continue;
    text += "; " + plan_.detectors[d].detector + ": SNR " + NumberText(loudest_[d]->peak.snr, 6) +
            " at GPS " + TimeText(TimeOf(static_cast<std::uint32_t>(d), *loudest_[d]));
  }
  return text;
}

std::vector<double> GwMerger::SeriesOf(std::uint32_t detector, std::uint64_t index) const {
  const Spectra& spectra = plan_.detectors[detector];
  std::vector<double> by_lag;
  std::uint64_t shift = spectra.samples / 2;
  if (plan_.given) {
    if (auto found = FilterGiven(spectra, plan_.given->plus, plan_.given->cross)) {
      by_lag = std::move(found->series);
    }
  } else {
    const Filter filter(spectra, plan_.bank.low_hertz);
    auto workspace = filter.MakeWorkspace();
    const Shape shape = ShapeOf(plan_.bank, plan_.bank.At(index));
    by_lag = filter.Series(shape, workspace);
    shift = filter.SampleOf(shape, 0);
  }
  std::vector<double> series(by_lag.size());
  for (std::size_t k = 0; k < by_lag.size(); ++k) {
    series[(k + shift) % series.size()] = by_lag[k];
  }
  return series;
}

std::string GwMerger::DrawSnr(std::uint32_t detector) const {
  const Spectra& spectra = plan_.detectors[detector];
  const Found& loudest = *loudest_[detector];
  const std::vector<double> series = SeriesOf(detector, loudest.index);
  const double time = TimeOf(detector, loudest);
  const double middle = std::round((time - spectra.start) * spectra.rate);
  const double half = kPlottedSeconds * spectra.rate;
  PlotSpec plot;
  plot.title =
      spectra.detector + ": SNR " + NumberText(loudest.peak.snr, 5) + " at GPS " + TimeText(time);
  plot.subtitle = TemplateText(loudest.index) + lack_;
  plot.x_label = "seconds from GPS " + TimeText(time);
  plot.y_label = "signal-to-noise ratio";
  plot.x_min = -kPlottedSeconds;
  plot.x_max = kPlottedSeconds;
  plot.y_max = std::max(8.0, 1.1 * loudest.peak.snr);
  const auto from = static_cast<std::int64_t>(std::max(0.0, middle - half));
  const auto to =
      static_cast<std::int64_t>(std::min(static_cast<double>(series.size()) - 1, middle + half));
  const auto x = [&](std::int64_t k) { return (static_cast<double>(k) - middle) / spectra.rate; };
  // Steps of a few samples, each as high as its highest.
  const std::int64_t each = std::max<std::int64_t>(1, (to - from) / 2048);
  double before = -1;
  for (std::int64_t k = from; k + each <= to; k += each) {
    const double top = *std::max_element(series.begin() + k, series.begin() + k + each);
    if (before >= 0) plot.segments.push_back({x(k - each), before, x(k), top, "#1f77b4", 1, {}});
    before = top;
  }
  return SvgText(plot);
}

std::string GwMerger::DrawNoise(std::uint32_t detector) const {
  constexpr std::size_t kSteps = 1000;
  const Spectra& spectra = plan_.detectors[detector];
  PlotSpec plot;
  plot.title = spectra.detector + ": noise";
  plot.subtitle = "amplitude density, segments of 4 s" + lack_;
  plot.x_label = "log10 of the frequency (Hz)";
  plot.y_label = "log10 of the strain (1/sqrt Hz)";
  const double low = std::log10(10.0);
  const double high = std::log10(spectra.rate / 2);
  plot.x_min = low;
  plot.x_max = high;
  plot.y_min = 0;
  plot.y_max = -100;
  double before_x = low;
  double before_y = 0;
  for (std::size_t i = 0; i <= kSteps; ++i) {
    const double x = low + (high - low) * static_cast<double>(i) / kSteps;
    const auto bin = static_cast<std::size_t>(std::pow(10, x) / spectra.Frequency(1));
    const double y = std::log10(spectra.noise[std::min(bin, spectra.noise.size() - 1)]) / 2;
    if (i > 0) plot.segments.push_back({before_x, before_y, x, y, "#444444", 1, {}});
    before_x = x;
    before_y = y;
    plot.y_min = std::min(plot.y_min, y - 0.2);
    plot.y_max = std::max(plot.y_max, y + 0.2);
  }
  return SvgText(plot);
}

Result<std::vector<MergedFile>> GwMerger::Finish(std::uint64_t missing) {
  lack_ = MissingText(missing, plan_.Units());
  std::vector<Candidate> candidates = Cluster(std::move(found_));
  const auto pairs = Coincidences(plan_.bank, candidates);
  if (candidates.size() > kMostListed) candidates.resize(kMostListed);
  Status done = Write("candidates.csv", Summary(), CandidatesText(candidates));
  if (done && plan_.detectors.size() > 1) {
    done = Write("coincident.csv", std::to_string(pairs.size()) + " pairs of detectors that agree",
                 PairsText(pairs));
  }
  for (std::uint32_t d = 0; done && d < plan_.detectors.size(); ++d) {
    const std::string& name = plan_.detectors[d].detector;
    if (loudest_[d]) {
      done = Write("snr-" + name + ".svg", "picture of the loudest of " + name, DrawSnr(d));
    }
    if (done)
      done = Write("noise-" + name + ".svg", "picture of the noise of " + name, DrawNoise(d));
  }
  if (!done) return std::unexpected(done.error());
  return std::move(files_);
}

}  // namespace

std::unique_ptr<Merger> MakeGwMerger(Plan plan, const std::filesystem::path& folder) {
  return std::make_unique<GwMerger>(std::move(plan), folder);
}

}  // namespace picube::gw
