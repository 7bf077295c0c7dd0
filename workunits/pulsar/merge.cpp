#include "workunits/pulsar/merge.h"

#include <algorithm>
#include <fstream>

#include "workunits/parameters.h"
#include "workunits/product.h"
#include "workunits/pulsar/candidates.h"
#include "workunits/pulsar/payload.h"
#include "workunits/pulsar/pictures.h"
#include "workunits/pulsar/tables.h"

namespace picube::pulsar {
namespace {

constexpr std::size_t kMostPeaks = 50'000;  // of all series, at once
constexpr std::size_t kMostListed = 1000;   // candidates of one kind
constexpr std::size_t kMostPictured = 3;    // candidates that are folded for pictures
constexpr std::size_t kPictureRows = 64;
constexpr std::size_t kPictureBins = 64;  // of phase against time, and of Fourier candidates

class PulsarMerger final : public Merger {
 public:
  PulsarMerger(Recording recording, Plan plan, std::filesystem::path folder)
      : recording_(std::move(recording)), plan_(std::move(plan)), folder_(std::move(folder)) {
    const FoldPlan& fold = plan_.search.fold;
    if (plan_.search.folds) {
      cells_.resize(static_cast<std::size_t>(fold.stages) * fold.BinCounts());
    }
  }

  Status Add(std::uint64_t index, BytesView payload) override;
  Result<std::vector<MergedFile>> Finish(std::uint64_t missing) override;

 private:
  [[nodiscard]] std::optional<UnitResult> Decoded(std::uint64_t index, BytesView payload) const;
  void AddPart(FoldPart part);
  void EndSeries();
  static void AddPeaks(std::vector<Candidate> found, std::vector<Candidate>& all);
  Status Write(const std::string& name, const std::string& what, const std::string& text);
  Status WriteAll(const std::vector<Candidate>& pictured);
  Status Picture(std::size_t number, const Candidate& candidate);
  [[nodiscard]] std::string Summary() const;
  [[nodiscard]] double Seconds() const {
    return static_cast<double>(plan_.most_samples) * recording_.SampleSeconds();
  }
  [[nodiscard]] double PaddedSeconds() const {
    return static_cast<double>(plan_.search.fourier_plan.length) * recording_.SampleSeconds();
  }

  Recording recording_;
  Plan plan_;
  std::filesystem::path folder_;
  std::optional<FoldPart> open_;  // the stages so far of one series at one acceleration
  std::vector<Candidate> folded_;
  std::vector<Candidate> fourier_;
  std::vector<float> cells_;
  std::uint64_t trials_ = 0;
  std::uint64_t spectra_ = 0;
  double best_snr_ = 0;
  double best_period_ = 0;
  double best_dm_ = 0;
  std::string lack_;
  std::vector<MergedFile> files_;
};

std::optional<UnitResult> PulsarMerger::Decoded(std::uint64_t index, BytesView payload) const {
  if (index >= plan_.units) return std::nullopt;
  const Task task = plan_.TaskOf(index);
  auto result = DecodeResult(payload, task);
  if (!result || !IsWhole(*result, task)) return std::nullopt;
  const auto own = [&](const auto& part) {
    return part.samples == recording_.Samples(plan_.dms[part.dm_index]);
  };
  if (!std::all_of(result->folds.begin(), result->folds.end(), own)) return std::nullopt;
  if (!std::all_of(result->fourier.begin(), result->fourier.end(), own)) return std::nullopt;
  return result;
}

Status PulsarMerger::Add(std::uint64_t index, BytesView payload) {
  auto result = Decoded(index, payload);
  if (!result) {
    return Fail(ErrorKind::kProject,
                "Unit " + std::to_string(index) + " of " + recording_.Name() +
                    " has a result that is not its own.",
                "Server and workers must run the same version.");
  }
  for (FoldPart& part : result->folds) AddPart(std::move(part));
  for (std::size_t i = 0; i < result->cells.size(); ++i) {
    cells_[i] = std::max(cells_[i], result->cells[i]);
  }
  for (const FourierPart& part : result->fourier) {
    ++spectra_;
    AddPeaks(FourierPeaks(plan_.search, plan_.period_low, plan_.period_high, part), fourier_);
  }
  return {};
}

void PulsarMerger::AddPeaks(std::vector<Candidate> found, std::vector<Candidate>& all) {
  std::move(found.begin(), found.end(), std::back_inserter(all));
  if (all.size() >= 2 * kMostPeaks) KeepStrongest(all, kMostPeaks);
}

void PulsarMerger::AddPart(FoldPart part) {
  trials_ += part.trials;
  if (part.best.snr > best_snr_) {
    best_snr_ = part.best.snr;
    best_period_ = PeriodOf(plan_.search.fold, part.samples, part.best.trial);
    best_dm_ = plan_.dms[part.dm_index];
  }
  const bool goes_on = open_ && open_->dm_index == part.dm_index &&
                       open_->acceleration == part.acceleration &&
                       open_->first_stage + open_->stages == part.first_stage;
  if (!goes_on) {
    EndSeries();
    open_ = std::move(part);
    return;
  }
  open_->stages += part.stages;
  open_->peaks.insert(open_->peaks.end(), part.peaks.begin(), part.peaks.end());
  open_->controls.insert(open_->controls.end(), part.controls.begin(), part.controls.end());
  KeepBest(open_->peaks);
}

void PulsarMerger::EndSeries() {
  if (open_) AddPeaks(PassingPeaks(plan_.search, *open_), folded_);
  open_.reset();
}

Status PulsarMerger::Write(const std::string& name, const std::string& what,
                           const std::string& text) {
  return WriteProductFile(folder_, name, what + lack_, text, files_);
}

std::string PulsarMerger::Summary() const {
  const auto own = [](const std::vector<Candidate>& all) {
    return std::to_string(std::count_if(all.begin(), all.end(),
                                        [](const Candidate& c) { return c.harmonic_of == 0; }));
  };
  std::string text;
  if (plan_.search.folds) {
    text = own(folded_) + " candidates in " + std::to_string(trials_) + " trial periods (best: P " +
           NumberText(best_period_, 9) + " s, S/N " + NumberText(best_snr_, 6) + ", DM " +
           NumberText(best_dm_, 7) + ")";
  }
  if (plan_.search.fourier) {
    text += (text.empty() ? "" : "; ") + own(fourier_) + " candidates in " +
            std::to_string(spectra_) + " spectra";
    if (!fourier_.empty()) {
      text += " (best: P " + NumberText(fourier_[0].period, 9) + " s, " +
              NumberText(fourier_[0].strength, 5) + " sigma)";
    }
  }
  return text;
}

// Folds the candidate's series once more, at its period.
Status PulsarMerger::Picture(std::size_t number, const Candidate& candidate) {
  const auto pack = recording_.Quantised({plan_.dms[candidate.dm_index]}, candidate.dm_index);
  if (!pack) return std::unexpected(pack.error());
  const auto samples = Resample((*pack)[0].samples, plan_.search.HalfOf(candidate.acceleration));
  const double dt = recording_.SampleSeconds();
  const double seconds = static_cast<double>(samples.size()) * dt;
  const auto rows = static_cast<std::size_t>(
      std::clamp(seconds / candidate.period, 1.0, static_cast<double>(kPictureRows)));
  const std::string title = recording_.Name() + ": P " + NumberText(candidate.period, 9) + " s";
  const std::string of = "DM " + NumberText(plan_.dms[candidate.dm_index], 7) + ", acceleration " +
                         NumberText(plan_.search.accelerations.At(candidate.acceleration), 6) +
                         " m/s^2, " + (candidate.folded ? "S/N " : "sigma ") +
                         NumberText(candidate.strength, 5) + lack_;
  const std::string n = std::to_string(number);
  const std::size_t bins = candidate.folded ? candidate.trial.bins : kPictureBins;
  auto status = Write("profile-" + n + ".svg", "folded profile of candidate " + n,
                      DrawProfile(title, of, FoldAt(samples, dt, candidate.period, bins, 1)));
  if (!status) return status;
  return Write(
      "phase-" + n + ".svg", "phase against time of candidate " + n,
      DrawPhases(title, of, FoldAt(samples, dt, candidate.period, kPictureBins, rows), seconds));
}

Status PulsarMerger::WriteAll(const std::vector<Candidate>& pictured) {
  Status status = Write("candidates.csv", Summary(), CandidatesCsv(plan_, folded_, fourier_));
  if (status && plan_.search.fourier) {
    status = Write("accelsearch.txt", "the Fourier candidates with the columns of PRESTO",
                   AccelTable(plan_, fourier_));
  }
  const std::string title = recording_.Name() + ": " + recording_.Source();
  if (status && plan_.search.folds) {
    status = Write("periodogram.svg", "S/N against period",
                   DrawPeriodogram(title, plan_.search, cells_, lack_));
  }
  if (status && plan_.dms.size() > 1) {
    status = Write("dm.svg", "strength against dispersion measure",
                   DrawDms(title, plan_.dms, pictured, lack_));
  }
  for (std::size_t i = 0; status && i < pictured.size(); ++i) status = Picture(i + 1, pictured[i]);
  return status;
}

Result<std::vector<MergedFile>> PulsarMerger::Finish(std::uint64_t missing) {
  EndSeries();
  lack_ = MissingText(missing, plan_.units);
  KeepStrongest(folded_, kMostPeaks);
  KeepStrongest(fourier_, kMostPeaks);
  folded_ = Cluster(std::move(folded_), Seconds());
  fourier_ = Sift(std::move(fourier_), PaddedSeconds());
  KeepStrongest(folded_, kMostListed);
  KeepStrongest(fourier_, kMostListed);
  const auto& band = recording_.Channels();
  MarkFolded(folded_, plan_.dms, band ? band->Sweep() : 0, Seconds());
  MarkFourier(fourier_, PaddedSeconds());
  std::vector<Candidate> pictured;
  for (const auto* all : {&folded_, &fourier_}) {
    for (const Candidate& c : *all) {
      if (c.harmonic_of == 0 && pictured.size() < kMostPictured) pictured.push_back(c);
    }
  }
  if (Status written = WriteAll(pictured); !written) return std::unexpected(written.error());
  return std::move(files_);
}

}  // namespace

std::unique_ptr<Merger> MakePulsarMerger(Recording recording, Plan plan,
                                         const std::filesystem::path& folder) {
  return std::make_unique<PulsarMerger>(std::move(recording), std::move(plan), folder);
}

}  // namespace picube::pulsar
