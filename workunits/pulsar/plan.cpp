#include "workunits/pulsar/units.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "workunits/parameters.h"
#include "workunits/pulsar/compute.h"
#include "workunits/pulsar/significance.h"
#include "workunits/unit_count.h"

namespace picube::pulsar {
namespace {

constexpr std::uint64_t kPackBytes = 8U << 20;  // of a unit of many series
constexpr double kMostTrialDms = 1e6;
constexpr double kMostAccelerations = 1e6;

std::unexpected<Error> Wrong(const std::string& what, std::string next) {
  return Fail(ErrorKind::kUser, what, std::move(next));
}

struct Range {
  double low = 0;
  double high = 0;
  std::optional<double> step;
};

// "X", "LO:HI" or "LO:HI:STEP".
Result<Range> ReadRange(std::string_view name, std::string_view text, std::string next) {
  std::vector<double> values;
  for (std::string_view rest = text;;) {
    const std::size_t colon = rest.find(':');
    const auto value = ParseNumber(rest.substr(0, colon));
    if (!value || values.size() == 3) break;
    values.push_back(*value);
    if (colon == std::string_view::npos) {
      Range range{values[0], values.size() > 1 ? values[1] : values[0], {}};
      if (values.size() == 3) range.step = values[2];
      if (range.high >= range.low && !(range.step && !(*range.step > 0))) return range;
      break;
    }
    rest.remove_prefix(colon + 1);
  }
  return Wrong(
      "--" + std::string(name) + " " + std::string(text.substr(0, 60)) + " is not a range LO:HI.",
      std::move(next));
}

// Number of values LO, LO + STEP, .. up to HI, with room for rounding.
double CountOf(const Range& range, double step) {
  return std::floor((range.high - range.low) / step + 1e-9) + 1;
}

Result<std::vector<double>> ReadDms(const Recording& recording, const Parameters& parameters) {
  const std::string_view text = ParameterOr(parameters, "dm", "");
  const auto& band = recording.Channels();
  if (!band) {
    if (!text.empty()) {
      return Wrong("--dm: " + recording.Name() + " is a series, of DM " +
                       NumberText(recording.HeaderDm()) + " already.",
                   "Leave out --dm, or give a filterbank (.fil).");
    }
    return std::vector<double>{recording.HeaderDm()};
  }
  const std::string next = "Give dispersion measures in pc/cm^3, such as 0:100 or 10:20:0.5.";
  const auto range = ReadRange("dm", text.empty() ? "0:100" : text, next);
  if (!range) return std::unexpected(range.error());
  if (range->low < 0) return Wrong("--dm " + std::string(text) + " goes below 0.", next);
  const double step =
      range->step.value_or(std::max(0.05, 2 * recording.SampleSeconds() / band->Sweep()));
  const double count = CountOf(*range, step);
  if (!(count <= kMostTrialDms)) {
    return Wrong("--dm " + std::string(text) + " makes more than 1000000 trials.", next);
  }
  std::vector<double> dms;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(count); ++i) {
    dms.push_back(range->low + static_cast<double>(i) * step);
  }
  return dms;
}

Result<std::vector<std::uint32_t>> ReadBins(const Parameters& parameters) {
  const auto text = ParameterOr(parameters, "bins", "240:260");
  const std::string next = "Give a range of numbers of bins such as 240:260.";
  const auto range = ReadRange("bins", text, next);
  if (!range) return std::unexpected(range.error());
  const auto whole = [](double v) { return v >= 0 && v <= 1e6 && v == std::floor(v); };
  if (range->step || !whole(range->low) || !whole(range->high)) {
    return Wrong("--bins " + std::string(text.substr(0, 40)) + " is no range of whole numbers.",
                 next);
  }
  return std::vector{static_cast<std::uint32_t>(range->low),
                     static_cast<std::uint32_t>(range->high)};
}

Status ReadPeriods(const Recording& recording, const Parameters& parameters, double least,
                   Plan& plan) {
  const std::string_view text = ParameterOr(parameters, "period", "");
  const std::string next = "Give periods in seconds, such as 0.1:2.";
  const double seconds = static_cast<double>(plan.most_samples) * recording.SampleSeconds();
  if (text.empty()) {
    plan.period_low = std::max(0.1, least);
    plan.period_high = std::max(plan.period_low, std::min(2.0, seconds / 2));
    return {};
  }
  const auto range = ReadRange("period", text, next);
  if (!range) return std::unexpected(range.error());
  if (!(range->low > 0) || range->step) {
    return Wrong("--period " + std::string(text.substr(0, 40)) + " is no range of periods.", next);
  }
  if (!(range->high <= seconds)) {
    return Wrong("--period up to " + NumberText(range->high) + " s: the series is " +
                     NumberText(seconds, 6) + " s long.",
                 "Give periods that fit into it, best ten times and more.");
  }
  plan.period_low = range->low;
  plan.period_high = range->high;
  return {};
}

Status ReadSearches(const Parameters& parameters, SearchPlan& search) {
  const std::string_view text = ParameterOr(parameters, "search", "fold,fft");
  search.folds = text == "fold" || text == "fold,fft" || text == "fft,fold";
  search.fourier = text == "fft" || text == "fold,fft" || text == "fft,fold";
  if (search.folds || search.fourier) return {};
  return Wrong("--search " + std::string(text.substr(0, 40)) + " is not fold, fft or fold,fft.",
               "Give which searches are made.");
}

// The default step moves the ends of the series against its middle by one bin of the shortest
// period at most: 16 c t/T^2 for a tolerance of t seconds.
Status ReadAccelerations(const Parameters& parameters, double tolerance, double seconds,
                         Accelerations& grid) {
  const std::string_view text = ParameterOr(parameters, "acceleration", "0");
  const std::string next = "Give accelerations in m/s^2, such as -50:50 or -50:50:5.";
  const auto range = ReadRange("acceleration", text, next);
  if (!range) return std::unexpected(range.error());
  if (std::max(std::fabs(range->low), std::fabs(range->high)) > 1e5) {
    return Wrong("--acceleration " + std::string(text.substr(0, 40)) +
                     " goes beyond 100000 m/s^2: the series would be stretched out of its length.",
                 next);
  }
  const double largest = std::max(std::fabs(range->low), std::fabs(range->high));
  if (largest * seconds >= kLightSpeed) {
    return Wrong("--acceleration " + std::string(text.substr(0, 40)) + " over " +
                     NumberText(seconds, 6) + " s reaches the speed of light.",
                 "Give smaller accelerations or a shorter series.");
  }
  const double step = range->step.value_or(16 * kLightSpeed * tolerance / (seconds * seconds));
  const double count = CountOf(*range, step);
  if (!(count <= kMostAccelerations)) {
    return Wrong("--acceleration makes more than 1000000 trials.", next);
  }
  grid = {range->low, step, static_cast<std::uint32_t>(count)};
  return {};
}

Status ReadThresholds(const Parameters& parameters, Plan& plan) {
  const auto text = ParameterOr(parameters, "threshold", "6");
  const auto threshold = ParseNumber(text);
  if (!threshold || !(*threshold >= 1 && *threshold <= 1e6)) {
    return Wrong("--threshold " + std::string(text.substr(0, 40)) + " is not a number from 1.",
                 "Give the least S/N (folding) and significance (Fourier), such as 6.");
  }
  plan.search.threshold = *threshold;
  const auto harmonics = ParseCount(ParameterOr(parameters, "harmonics", "8"));
  if (!harmonics || !std::has_single_bit(*harmonics) || *harmonics > 16) {
    return Wrong("--harmonics is not 1, 2, 4, 8 or 16.", "Give how many are summed at most.");
  }
  plan.harmonics = static_cast<std::uint32_t>(*harmonics);
  return {};
}

Status PlanFourier(const Recording& recording, Plan& plan) {
  FourierPlan& fourier = plan.search.fourier_plan;
  fourier.length = std::max(kShortestFourier, std::bit_ceil(plan.most_samples));
  if (fourier.length > kLongestFourier) {
    return Wrong("The series has " + std::to_string(plan.most_samples) +
                     " samples; a Fourier search takes " + std::to_string(kLongestFourier) + ".",
                 "Give --downsample " + std::to_string(plan.most_samples / kLongestFourier + 1) +
                     " times what it is, or --search fold.");
  }
  const double seconds = static_cast<double>(fourier.length) * recording.SampleSeconds();
  const double most =
      static_cast<double>(fourier.length / 2 - fourier.block_bins - 2 * fourier.reach);
  const double first = std::clamp(std::floor(seconds / plan.period_high), 8.0, most);
  fourier.first_bin = static_cast<std::uint32_t>(first);
  fourier.sums = static_cast<std::uint32_t>(std::bit_width(plan.harmonics));
  const double bins = static_cast<double>(fourier.EndBin()) - first;
  for (std::uint32_t log2 = 0; log2 < kHarmonicSums; ++log2) {
    const double trials = bins / static_cast<double>(1U << log2) *
                          static_cast<double>(plan.search.accelerations.count);
    fourier.cuts[log2] =
        static_cast<float>(PowerForSigma(plan.search.threshold, 1U << log2, trials));
  }
  return {};
}

Status CheckSamples(const Recording& recording, const Plan& plan) {
  if (plan.most_samples < kLeastSamples) {
    return Wrong(recording.Name() + " leaves " + std::to_string(plan.most_samples) +
                     " samples to search; at least " + std::to_string(kLeastSamples) +
                     " are needed.",
                 "Give a longer recording, a smaller --downsample or smaller dispersion measures.");
  }
  if (recording.Samples(plan.dms.back()) < kLeastSamples) {
    return Wrong("--dm up to " + NumberText(plan.dms.back()) +
                     ": the sweep over the band is longer than " + recording.Name() + ".",
                 "Give smaller dispersion measures.");
  }
  if (plan.most_samples > kMostSamples) {
    return Wrong(recording.Name() + " has " + std::to_string(plan.most_samples) +
                     " samples; a series may have " + std::to_string(kMostSamples) + ".",
                 "Give --downsample " + std::to_string(plan.most_samples / kMostSamples + 1) +
                     " times what it is.");
  }
  return {};
}

Status PlanFolds(const Recording& recording, std::uint32_t low, std::uint32_t high, Plan& plan) {
  auto fold = MakeFoldPlan(recording.SampleSeconds(), plan.period_low, plan.period_high, low, high);
  if (!fold) return std::unexpected(fold.error());
  plan.search.fold = *fold;
  if (!BinsFit(*fold, plan.most_samples)) {
    return Wrong("--bins from " + std::to_string(low) +
                     ": a bin would have more than 66000 of the " +
                     std::to_string(plan.most_samples) + " samples.",
                 "Give more bins or --downsample.");
  }
  for (std::uint32_t j = 0; j < fold->stages; ++j) {
    plan.stage_costs.push_back(StageCost(*fold, plan.most_samples, j));
  }
  return {};
}

Status CutUnits(const Parameters& parameters, Plan& plan) {
  double acceleration = plan.search.fourier ? FourierCost(plan.search.fourier_plan) : 0;
  for (const double cost : plan.stage_costs) acceleration += cost;
  plan.series_cost = acceleration * static_cast<double>(plan.search.accelerations.count);
  const std::uint64_t series = plan.dms.size();
  const auto units = ReadUnitCount(parameters, plan.series_cost * static_cast<double>(series),
                                   series * plan.search.Pieces());
  if (!units) return std::unexpected(units.error());
  // No pack of more than kPackBytes.
  const std::uint64_t each = std::max<std::uint64_t>(1, kPackBytes / plan.most_samples);
  plan.units = std::max(*units, (series + each - 1) / each);
  const std::uint64_t memory =
      MemoryFor(plan.search, plan.most_samples, std::max(kPackBytes, plan.most_samples));
  return CheckMemory(parameters, memory,
                     "A series of " + std::to_string(plan.most_samples) + " samples",
                     "Give --downsample, or longer periods (--period).");
}

}  // namespace

std::vector<ParameterSpec> PulsarParameters() {
  return {{"search", "KIND", "fold,fft", "fast folding, Fourier search, or both"},
          {"period", "LO:HI", "0.1:2", "periods in seconds"},
          {"dm", "LO:HI[:STEP]", "0:100", "dispersion measures in pc/cm^3, of a filterbank"},
          {"acceleration", "LO:HI[:STEP]", "0", "accelerations in m/s^2; > 0: the period grows"},
          {"bins", "LO:HI", "240:260", "bins of folded profiles"},
          {"harmonics", "N", "8", "harmonics summed by the Fourier search: 1, 2, 4, 8, 16"},
          {"threshold", "S", "6", "least S/N (fold) and significance in sigma (fft)"},
          {"downsample", "N", "1", "samples summed to one before all else"},
          {"zap", "LIST", "", "channels of a filterbank left out, such as 3,17-20"},
          UnitsSpec(),
          UnitSecondsSpec()};
}

Result<Recording> OpenRecording(const Dataset& dataset, const Parameters& parameters) {
  const auto text = ParameterOr(parameters, "downsample", "1");
  const auto downsample = ParseCount(text);
  if (!downsample || *downsample < 1 || *downsample > 1'000'000) {
    return Wrong(
        "--downsample " + std::string(text.substr(0, 40)) + " is not a number from 1 to 1000000.",
        "Give how many samples are summed to one.");
  }
  return Recording::Open(dataset, *downsample, ParameterOr(parameters, "zap", ""));
}

Result<Plan> MakePlan(const Recording& recording, const Parameters& parameters) {
  Plan plan;
  auto dms = ReadDms(recording, parameters);
  if (!dms) return std::unexpected(dms.error());
  plan.dms = std::move(*dms);
  plan.most_samples = recording.Samples(plan.dms.front());
  if (auto good = CheckSamples(recording, plan); !good) return std::unexpected(good.error());
  const auto bins = ReadBins(parameters);
  if (!bins) return std::unexpected(bins.error());
  plan.search.sample_seconds = recording.SampleSeconds();
  const double shortest = recording.SampleSeconds() * static_cast<double>((*bins)[0]);
  if (auto s = ReadSearches(parameters, plan.search); !s) return std::unexpected(s.error());
  const double least = plan.search.folds ? shortest : 2 * recording.SampleSeconds();
  if (auto s = ReadPeriods(recording, parameters, least, plan); !s) {
    return std::unexpected(s.error());
  }
  if (auto s = ReadThresholds(parameters, plan); !s) return std::unexpected(s.error());
  const double tolerance =
      std::max(recording.SampleSeconds(), plan.period_low / static_cast<double>((*bins)[0]));
  const double seconds = static_cast<double>(plan.most_samples) * recording.SampleSeconds();
  if (auto s = ReadAccelerations(parameters, tolerance, seconds, plan.search.accelerations); !s) {
    return std::unexpected(s.error());
  }
  if (plan.search.folds) {
    if (auto s = PlanFolds(recording, (*bins)[0], (*bins)[1], plan); !s) {
      return std::unexpected(s.error());
    }
  }
  if (plan.search.fourier) {
    if (auto s = PlanFourier(recording, plan); !s) return std::unexpected(s.error());
  }
  if (auto s = CutUnits(parameters, plan); !s) return std::unexpected(s.error());
  return plan;
}

}  // namespace picube::pulsar
