#include "workunits/pulsar/payload.h"

#include <algorithm>
#include <cmath>

#include "protocol/base/rng.h"
#include "workunits/bytes.h"
#include "workunits/pulsar/series.h"

namespace picube::pulsar {
namespace {

constexpr std::uint32_t kResultVersion = 1;
constexpr std::size_t kTrialBytes = 32;
constexpr std::size_t kPeakBytes = 8;  // and 4 for each harmonic
constexpr std::size_t kPartBytes = 128;

void Put(ByteWriter& out, const Trial& trial) {
  out.U32(trial.stage);
  out.U32(trial.bins);
  out.U32(trial.row);
  out.U32(trial.width);
  out.I64(trial.peak);
  out.I64(trial.total);
}

Trial GetTrial(ByteReader& in) {
  Trial trial;
  trial.stage = in.U32();
  trial.bins = in.U32();
  trial.row = in.U32();
  trial.width = in.U32();
  trial.peak = in.I64();
  trial.total = in.I64();
  return trial;
}

// Reads what Put wrote, and checks that it could be a result of `task`.
class Reader {
 public:
  Reader(BytesView bytes, const Task& task) : in_(bytes), task_(task) {
    if (task.search.folds) widths_ = WidthsOf(task.search.fold);
  }

  std::optional<UnitResult> Get();

 private:
  bool GetPart(FoldPart& part);
  bool GetPart(FourierPart& part);
  bool IsTrial(const FoldPart& part, const Trial& trial) const;

  ByteReader in_;
  const Task& task_;
  std::vector<std::uint32_t> widths_;
};

bool Reader::IsTrial(const FoldPart& part, const Trial& trial) const {
  const FoldPlan& plan = task_.search.fold;
  if (trial.stage < part.first_stage || trial.stage - part.first_stage >= part.stages) return false;
  if (trial.bins < plan.bins_low || trial.bins > plan.bins_high) return false;
  if (std::find(widths_.begin(), widths_.end(), trial.width) == widths_.end()) return false;
  return trial.row < BlockOf(plan, part.samples, trial.stage, trial.bins).kept;
}

bool Reader::GetPart(FoldPart& part) {
  const FoldPlan& plan = task_.search.fold;
  part.samples = in_.U64();
  part.sigma = in_.F64();
  const std::uint32_t stages = in_.U32();
  part.trials = in_.U64();
  part.digest = in_.U64();
  if (!in_.Good() || stages > part.stages || part.samples == 0 || part.samples > kMostSamples ||
      !(part.sigma > 0) || !std::isfinite(part.sigma)) {
    return false;
  }
  part.stages = stages;
  std::uint64_t trials = 0;
  for (std::uint32_t j = 0; j < stages; ++j) {
    trials += TrialsOf(plan, part.samples, part.first_stage + j);
  }
  if (trials != part.trials) return false;
  const auto found = [&](Found& out) {
    out.trial = GetTrial(in_);
    if (!in_.Good() || !IsTrial(part, out.trial)) return false;
    out.snr = SnrOf(plan, part.samples, part.sigma, out.trial);
    return std::isfinite(out.snr);
  };
  const std::uint8_t has_best = in_.U8();
  if (has_best > 1 || (has_best == 1 && (!found(part.best) || !(part.best.snr > 0)))) return false;
  const std::uint32_t peaks = in_.U32();
  if (peaks > kBest) return false;
  for (std::uint32_t i = 0; i < peaks; ++i) {
    Found peak;
    if (!found(peak) || !(peak.snr >= task_.search.threshold)) return false;
    if (!part.peaks.empty() && !Before(part.peaks.back(), peak)) return false;
    part.peaks.push_back(peak);
  }
  if (!part.peaks.empty() && part.peaks.front() != part.best) return false;
  for (std::size_t i = 0; i < widths_.size() * stages; ++i) {
    part.controls.push_back(in_.F32());
    if (!in_.Good() || !std::isfinite(part.controls.back())) return false;
  }
  return in_.Good();
}

bool Reader::GetPart(FourierPart& part) {
  const FourierPlan& plan = task_.search.fourier_plan;
  part.samples = in_.U64();
  part.digest = in_.U64();
  if (part.samples == 0 || part.samples > plan.length) return false;
  for (std::uint32_t log2 = 0; log2 < kHarmonicSums; ++log2) {
    const std::uint32_t count = in_.U32();
    if (count > (log2 < plan.sums ? kBest : 0)) return false;
    auto& peaks = part.peaks[log2];
    for (std::uint32_t i = 0; i < count; ++i) {
      FourierPeak peak;
      peak.log2_harmonics = log2;
      peak.half_bin = in_.U32();
      peak.power = in_.F32();
      bool good = std::isfinite(peak.power) && peak.power >= plan.cuts[log2];
      for (std::size_t h = 0; h < std::size_t{1} << log2; ++h) {
        peak.parts[h] = in_.F32();
        good = good && std::isfinite(peak.parts[h]) && peak.parts[h] >= 0;
      }
      good = good && in_.Good() && peak.half_bin >= 2 * plan.first_bin &&
             peak.half_bin < 2 * plan.EndBin();
      if (!good || (!peaks.empty() && !Before(peaks.back(), peak))) return false;
      peaks.push_back(peak);
    }
  }
  return in_.Good();
}

std::optional<UnitResult> Reader::Get() {
  UnitResult result;
  if (in_.U32() != kResultVersion) return std::nullopt;
  result.first_dm = in_.U32();
  result.dms = in_.U32();
  result.first_piece = in_.U64();
  result.end_piece = in_.U64();
  if (result.first_dm != task_.first_dm || result.dms != task_.dms ||
      result.first_piece != task_.first_piece || result.end_piece != task_.end_piece) {
    return std::nullopt;
  }
  const std::uint32_t folds = in_.U32();
  const std::uint32_t fourier = in_.U32();
  std::vector<FoldPart> fold_parts = FoldPartsOf(task_);
  std::vector<FourierPart> fourier_parts = FourierPartsOf(task_);
  if (!in_.Good() || folds > fold_parts.size() || fourier > fourier_parts.size()) {
    return std::nullopt;
  }
  for (std::uint32_t i = 0; i < folds; ++i) {
    const std::uint32_t whole = fold_parts[i].stages;
    if (!GetPart(fold_parts[i])) return std::nullopt;
    if (i + 1 < folds && fold_parts[i].stages != whole) return std::nullopt;
    result.folds.push_back(std::move(fold_parts[i]));
  }
  for (std::uint32_t i = 0; i < fourier; ++i) {
    if (!GetPart(fourier_parts[i])) return std::nullopt;
    result.fourier.push_back(std::move(fourier_parts[i]));
  }
  const FoldPlan& plan = task_.search.fold;
  const std::size_t cells =
      task_.search.folds ? static_cast<std::size_t>(plan.stages) * plan.BinCounts() : 0;
  for (std::size_t i = 0; i < cells; ++i) {
    result.cells.push_back(in_.F32());
    if (!in_.Good() || !std::isfinite(result.cells.back()) || result.cells.back() < 0) {
      return std::nullopt;
    }
  }
  if (!in_.Done()) return std::nullopt;
  return result;
}

}  // namespace

void FoldPart::Fold(StageResult stage) {
  ++stages;
  trials += stage.trials;
  digest = Mix64(digest ^ stage.digest);
  if (Before(stage.best, best)) best = stage.best;
  peaks.insert(peaks.end(), stage.peaks.begin(), stage.peaks.end());
  KeepBest(peaks);
  controls.insert(controls.end(), stage.controls.begin(), stage.controls.end());
}

std::vector<FoldPart> FoldPartsOf(const Task& task) {
  std::vector<FoldPart> parts;
  const std::uint64_t stages = task.search.fold.stages;
  const std::uint64_t end = std::min(task.end_piece, task.search.FoldPieces());
  for (std::uint32_t d = 0; d < task.dms; ++d) {
    for (std::uint64_t piece = task.first_piece; piece < end;) {
      FoldPart part;
      part.dm_index = task.first_dm + d;
      part.acceleration = static_cast<std::uint32_t>(piece / stages);
      part.first_stage = static_cast<std::uint32_t>(piece % stages);
      part.stages = static_cast<std::uint32_t>(std::min(end - piece, stages - piece % stages));
      piece += part.stages;
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

std::vector<FourierPart> FourierPartsOf(const Task& task) {
  std::vector<FourierPart> parts;
  const std::uint64_t folds = task.search.FoldPieces();
  for (std::uint32_t d = 0; d < task.dms; ++d) {
    for (std::uint64_t piece = std::max(task.first_piece, folds); piece < task.end_piece; ++piece) {
      FourierPart part;
      part.dm_index = task.first_dm + d;
      part.acceleration = static_cast<std::uint32_t>(piece - folds);
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

std::uint64_t ResultBytes(const Task& task) {
  const FoldPlan& plan = task.search.fold;
  std::uint64_t bytes = 64;
  if (task.search.folds) {
    const std::uint64_t widths = WidthsOf(plan).size();
    bytes += 4ULL * plan.stages * plan.BinCounts();
    for (const FoldPart& part : FoldPartsOf(task)) {
      bytes += kPartBytes + kBest * kTrialBytes + 4 * widths * part.stages;
    }
  }
  std::uint64_t peaks = 0;
  for (std::uint32_t log2 = 0; log2 < task.search.fourier_plan.sums; ++log2) {
    peaks += kBest * (kPeakBytes + (4ULL << log2));
  }
  return bytes + FourierPartsOf(task).size() * (kPartBytes + peaks);
}

Bytes EncodeResult(const UnitResult& result) {
  ByteWriter out;
  out.U32(kResultVersion);
  out.U32(result.first_dm);
  out.U32(result.dms);
  out.U64(result.first_piece);
  out.U64(result.end_piece);
  out.U32(static_cast<std::uint32_t>(result.folds.size()));
  out.U32(static_cast<std::uint32_t>(result.fourier.size()));
  for (const FoldPart& part : result.folds) {
    out.U64(part.samples);
    out.F64(part.sigma);
    out.U32(part.stages);
    out.U64(part.trials);
    out.U64(part.digest);
    const bool has_best = part.best.snr > 0;
    out.U8(has_best ? 1 : 0);
    if (has_best) Put(out, part.best.trial);
    out.U32(static_cast<std::uint32_t>(part.peaks.size()));
    for (const Found& peak : part.peaks) Put(out, peak.trial);
    for (const float control : part.controls) out.F32(control);
  }
  for (const FourierPart& part : result.fourier) {
    out.U64(part.samples);
    out.U64(part.digest);
    for (std::uint32_t log2 = 0; log2 < kHarmonicSums; ++log2) {
      const auto& peaks = part.peaks[log2];
      out.U32(static_cast<std::uint32_t>(peaks.size()));
      for (const FourierPeak& peak : peaks) {
        out.U32(peak.half_bin);
        out.F32(peak.power);
        for (std::size_t h = 0; h < std::size_t{1} << log2; ++h) out.F32(peak.parts[h]);
      }
    }
  }
  for (const float cell : result.cells) out.F32(cell);
  return out.Take();
}

std::optional<UnitResult> DecodeResult(BytesView bytes, const Task& task) {
  return Reader(bytes, task).Get();
}

bool IsWhole(const UnitResult& result, const Task& task) {
  const std::vector<FoldPart> folds = FoldPartsOf(task);
  return result.folds.size() == folds.size() &&
         result.fourier.size() == FourierPartsOf(task).size() &&
         (folds.empty() || result.folds.back().stages == folds.back().stages);
}

}  // namespace picube::pulsar
