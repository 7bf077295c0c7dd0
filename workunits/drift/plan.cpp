#include "workunits/drift/plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "workunits/math/median.h"
#include "workunits/parameters.h"
#include "workunits/unit_count.h"

namespace picube::drift {
namespace {

constexpr std::uint64_t kTileBytes = 12U << 20;   // of cells, about
constexpr std::uint32_t kLeastTile = 1U << 12;    // start channels
constexpr std::uint64_t kMostWhole = 1ULL << 26;  // channels of a coarse channel
constexpr std::uint64_t kRowPiece = 1U << 20;     // channels read at once

// Coarse channels of telescopes: Green Bank and Parkes; Green Bank with few spectra; ATA.
constexpr std::array<std::uint64_t, 4> kKnownCoarse = {1U << 20, 1'033'216, 999'424, 262'144};

std::unexpected<Error> Wrong(const std::string& what, const std::string& next) {
  return Fail(ErrorKind::kUser, what, next);
}

Result<double> ReadNumber(const Parameters& parameters, const std::string& name,
                          const std::string& fallback, double low, double high) {
  const auto text = ParameterOr(parameters, name, fallback);
  const auto value = ParseNumber(text);
  if (value && *value >= low && *value <= high) return *value;
  return Wrong("--" + name + " " + std::string(text.substr(0, 40)) + " is not a number from " +
                   NumberText(low) + " to " + NumberText(high) + ".",
               "Example: --" + name + " " + fallback + ".");
}

Result<std::uint64_t> CoarseSize(const Parameters& parameters, const FilterbankHeader& header,
                                 bool& known) {
  known = true;
  if (const auto text = ParameterOr(parameters, "coarse", ""); !text.empty()) {
    const auto size = ParseCount(text);
    if (size && *size >= 3 && header.channels % *size == 0) return *size;
    return Wrong("--coarse " + std::string(text.substr(0, 40)) + " does not divide the " +
                     std::to_string(header.channels) + " channels of the file.",
                 "Give the channels of a coarse channel, or leave it out.");
  }
  if (header.coarse >= 3 && header.channels % header.coarse == 0) return header.coarse;
  for (const std::uint64_t size : kKnownCoarse) {
    if (header.channels % size == 0 && header.channels >= size) return size;
  }
  known = false;
  if (header.channels <= kMostWhole) return header.channels;
  return Wrong("The file has " + std::to_string(header.channels) +
                   " channels, and no known size of coarse channels divides them.",
               "Give it by --coarse N.");
}

CellKind KindOf(int bits) {
  return bits <= 8 ? CellKind::kByte : bits == 16 ? CellKind::kShort : CellKind::kFloat;
}

// Start channels of a tile: a power of two, so that its cells and guards have kTileBytes at most.
std::uint32_t TileChannels(const Plan& plan) {
  const FilterbankHeader& header = plan.file->Header();
  const std::uint64_t bytes = header.rows * static_cast<std::uint64_t>(KindOf(header.bits));
  const std::uint64_t guards = 2 * (static_cast<std::uint64_t>(plan.most_drift) + plan.window);
  const std::uint64_t fitting = kTileBytes / bytes;
  const std::uint64_t most = fitting > guards ? fitting - guards : 1;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(std::bit_floor(most), kLeastTile, 1U << 18));
}

Status ReadLimits(const Parameters& parameters, Plan& plan) {
  for (const auto& [name, fallback, low, high, value] :
       {std::tuple{"max-drift", "10", 0.0, 1e6, &plan.most_rate},
        {"min-drift", "0", 0.0, 1e6, &plan.least_rate},
        {"snr", "25", 1.0, 1e9, &plan.least_snr}}) {
    const auto number = ReadNumber(parameters, name, fallback, low, high);
    if (!number) return std::unexpected(number.error());
    *value = *number;
  }
  const double drifts = plan.most_rate / plan.Resolution();
  if (drifts > static_cast<double>(kMostDrift) / 4) {
    return Wrong("--max-drift " + NumberText(plan.most_rate) + " is " + NumberText(drifts, 3) +
                     " channels, more than can be searched.",
                 "Give at most --max-drift " +
                     NumberText(std::floor(kMostDrift / 4 * plan.Resolution()), 6) + ".");
  }
  plan.most_drift = static_cast<std::int64_t>(drifts);
  plan.window = std::max(1U, 2 * static_cast<std::uint32_t>(std::ceil(drifts)));
  return {};
}

class Source final : public UnitSource {
 public:
  explicit Source(Plan plan) : plan_(std::move(plan)) {}
  [[nodiscard]] std::uint64_t Total() const override { return plan_.Units(); }
  void Skip(std::uint64_t units) override { next_ += std::min(units, Total() - next_); }
  [[nodiscard]] Status Ended() const override { return ended_; }
  [[nodiscard]] std::optional<UnitPlan> Next() override {
    if (next_ >= Total()) return std::nullopt;
    Task task = plan_.TaskOf(next_);
    if (!statistics_ || coarse_ != task.coarse) {
      auto fresh = StatisticsOf(plan_, task.coarse);
      if (!fresh) return Stop(fresh.error());
      statistics_ = *fresh;
      coarse_ = task.coarse;
    }
    task.threshold =
        static_cast<float>(statistics_->median + plan_.least_snr * statistics_->deviation);
    // Without any deviation nothing is a tone.
    if (!(statistics_->deviation > 0)) task.threshold = std::numeric_limits<float>::max();
    auto cells = CellsOf(task);
    if (!cells) return Stop(cells.error());
    ++next_;
    UnitPlan unit;
    unit.parameters = EncodeTask(task);
    unit.inputs.push_back(std::make_shared<const Bytes>(std::move(*cells)));
    unit.cost_flop = CostOf(task);
    unit.memory_bytes = MemoryFor(task);
    unit.result_bytes = 64 + 16 * kMostTones;
    return unit;
  }

 private:
  std::optional<UnitPlan> Stop(const Error& error) {
    ended_ = std::unexpected(error);
    return std::nullopt;
  }
  [[nodiscard]] Result<Bytes> CellsOf(const Task& task) const {
    std::vector<float> row(task.Width());
    const std::uint64_t first = task.coarse * plan_.coarse_size + task.first - task.before;
    Bytes bytes;
    bytes.reserve(task.InputBytes());
    for (std::uint32_t t = 0; t < task.rows; ++t) {
      if (auto read = plan_.file->ReadRow(t, first, row.size(), row.data()); !read) {
        return std::unexpected(read.error());
      }
      bytes += PackRow(task.kind, row);
    }
    return bytes;
  }

  Plan plan_;
  std::uint64_t next_ = 0;
  Status ended_;
  std::optional<Statistics> statistics_;
  std::uint64_t coarse_ = 0;
};

// A row of a coarse channel with its centre repaired.
void RepairCentre(const Plan& plan, std::vector<float>& row) {
  const std::size_t centre = plan.coarse_size / 2;
  if (plan.repair_centre) row[centre] = (row[centre - 1] + row[centre + 1]) / 2;
}

}  // namespace

std::vector<ParameterSpec> DriftParameters() {
  return {
      {"max-drift", "HZ/S", "10", "greatest drift rate, both ways"},
      {"min-drift", "HZ/S", "0", "least drift rate that is listed; 0 lists tones at rest"},
      {"snr", "SNR", "25", "least signal-to-noise ratio"},
      {"coarse", "N", "", "channels of a coarse channel; default: what the file's size says"},
      {"dc", "auto|yes|no", "auto", "replace the middle of each coarse channel; auto: if known"},
      UnitSecondsSpec()};
}

std::uint32_t Plan::PaddedRows() const {
  return static_cast<std::uint32_t>(std::bit_ceil(file->Header().rows));
}

double Plan::Resolution() const {
  return std::fabs(file->Header().foff) * 1e6 / ((PaddedRows() - 1.0) * file->Header().tsamp);
}

double Plan::RateOf(std::int32_t drift) const {
  const double rate = drift * Resolution();
  return file->Header().foff > 0 || drift == 0 ? rate : -rate;
}

Task Plan::TaskOf(std::uint64_t unit) const {
  Task task;
  task.rows = static_cast<std::uint32_t>(file->Header().rows);
  task.coarse = unit / tiles_each;
  task.first = unit % tiles_each * tile_channels;
  task.channels =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(tile_channels, coarse_size - task.first));
  const std::uint64_t guard = static_cast<std::uint64_t>(most_drift) + window;
  task.before = static_cast<std::uint32_t>(std::min(guard, task.first));
  task.after =
      static_cast<std::uint32_t>(std::min(guard, coarse_size - task.first - task.channels));
  task.most_drift = most_drift;
  task.window = window;
  task.kind = KindOf(file->Header().bits);
  const std::int64_t centre = static_cast<std::int64_t>(coarse_size / 2) -
                              static_cast<std::int64_t>(task.first - task.before);
  const bool inside = centre >= 0 && centre < static_cast<std::int64_t>(task.Width());
  task.centre = repair_centre && inside ? centre : -1;
  return task;
}

Result<Plan> MakePlan(const ApplicationInfo& info, const Dataset& dataset,
                      const Parameters& parameters) {
  if (auto names = CheckNames(info, parameters); !names) return std::unexpected(names.error());
  if (dataset.files.size() != 1) {
    return Wrong(
        "Application drift takes one file, not " + std::to_string(dataset.files.size()) + ".",
        "Give a filterbank (.fil or .h5).");
  }
  auto file = Filterbank::Open(dataset.files[0].path, dataset.files[0].name);
  if (!file) return std::unexpected(file.error());
  Plan plan;
  plan.file = std::make_shared<const Filterbank>(std::move(*file));
  bool known = false;
  const auto coarse = CoarseSize(parameters, plan.file->Header(), known);
  if (!coarse) return std::unexpected(coarse.error());
  plan.coarse_size = *coarse;
  const auto dc = ParameterOr(parameters, "dc", "auto");
  if (dc != "auto" && dc != "yes" && dc != "no") {
    return Wrong("--dc " + std::string(dc.substr(0, 40)) + " is not auto, yes or no.",
                 "Leave it out.");
  }
  plan.repair_centre = plan.coarse_size >= 3 && (dc == "yes" || (dc == "auto" && known));
  if (auto limits = ReadLimits(parameters, plan); !limits) return std::unexpected(limits.error());
  plan.tile_channels = TileChannels(plan);
  // Of --unit-seconds: tiles may be smaller than what fits, not larger.
  const auto seconds = ReadNumber(parameters, "unit-seconds", "60", 0.001, 3600);
  if (!seconds) return std::unexpected(seconds.error());
  const double budget = *seconds * GridFactsOf(parameters).flop_per_second;
  while (plan.tile_channels > kLeastTile && CostOf(plan.TaskOf(0)) > budget) {
    plan.tile_channels /= 2;
  }
  plan.tiles_each = (plan.coarse_size + plan.tile_channels - 1) / plan.tile_channels;
  const Task first = plan.TaskOf(0);
  auto fits = CheckMemory(parameters, MemoryFor(first),
                          "a tile of " + std::to_string(first.channels) + " channels",
                          "Give a smaller --max-drift.");
  if (!fits) return std::unexpected(fits.error());
  return plan;
}

std::unique_ptr<UnitSource> MakeUnitSource(Plan plan) {
  return std::make_unique<Source>(std::move(plan));
}

Result<Statistics> StatisticsOf(const Plan& plan, std::uint64_t coarse) {
  const std::uint64_t size = plan.coarse_size;
  std::vector<float> sums(size);
  std::vector<float> row(std::min(size, kRowPiece));
  for (std::uint64_t t = 0; t < plan.file->Header().rows; ++t) {
    for (std::uint64_t from = 0; from < size; from += row.size()) {
      const std::uint64_t count = std::min<std::uint64_t>(row.size(), size - from);
      auto read = plan.file->ReadRow(t, coarse * size + from, count, row.data());
      if (!read) return std::unexpected(read.error());
      for (std::uint64_t i = 0; i < count; ++i) {
        const bool good = std::fabs(row[i]) <= kMostCell;
        sums[from + i] += good ? row[i] : std::numeric_limits<float>::quiet_NaN();
      }
    }
  }
  // The mean of the sums is the sum of the means.
  RepairCentre(plan, sums);
  std::vector<float> finite = math::FiniteOf(sums);
  Statistics statistics;
  statistics.left_out = size - finite.size();
  if (finite.empty()) return statistics;
  const double low = math::Quantile(finite, 0.05);
  const double high = math::Quantile(finite, 0.95);
  statistics.median = math::Median(finite);
  double sum = 0;
  double count = 0;
  for (const float value : sums) {
    const auto v = static_cast<double>(value);
    if (v >= low && v <= high) sum += v, ++count;
  }
  const double mean = sum / count;
  double squares = 0;
  for (const float value : sums) {
    const auto v = static_cast<double>(value);
    if (v >= low && v <= high) squares += (v - mean) * (v - mean);
  }
  statistics.deviation = std::sqrt(squares / count);
  return statistics;
}

Result<std::vector<float>> CutOut(const Plan& plan, std::uint64_t coarse, std::uint64_t first,
                                  std::uint64_t channels) {
  const std::uint64_t rows = plan.file->Header().rows;
  std::vector<float> cells(rows * channels);
  const std::uint64_t centre = plan.coarse_size / 2;
  for (std::uint64_t t = 0; t < rows; ++t) {
    float* row = cells.data() + t * channels;
    auto read = plan.file->ReadRow(t, coarse * plan.coarse_size + first, channels, row);
    if (!read) return std::unexpected(read.error());
    if (!plan.repair_centre || centre < first || centre >= first + channels) continue;
    std::array<float, 3> around{};
    read = plan.file->ReadRow(t, coarse * plan.coarse_size + centre - 1, 3, around.data());
    if (!read) return std::unexpected(read.error());
    row[centre - first] = (around[0] + around[2]) / 2;
  }
  return cells;
}

}  // namespace picube::drift
