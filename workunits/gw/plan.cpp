#include "workunits/gw/plan.h"

#include <algorithm>
#include <cmath>

#include "workunits/math/elementary.h"
#include "workunits/parameters.h"
#include "workunits/unit_count.h"

namespace picube::gw {
namespace {

constexpr std::size_t kMostDetectors = 8;

std::unexpected<Error> Wrong(const Parameters& parameters, const std::string& name,
                             const std::string& rule, const std::string& example) {
  return Fail(ErrorKind::kUser,
              "--" + name + " " + std::string(ParameterOr(parameters, name, "").substr(0, 40)) +
                  " cannot be: " + rule + ".",
              "Example: --" + name + " " + example + ".");
}

struct Pair {
  double low = 0;
  double high = 0;
};
// "LO:HI", or one value for both.
std::optional<Pair> ParsePair(std::string_view text) {
  const auto colon = text.find(':');
  const auto low = ParseNumber(text.substr(0, colon));
  const auto high = colon == std::string_view::npos ? low : ParseNumber(text.substr(colon + 1));
  if (!low || !high || *low > *high) return std::nullopt;
  return Pair{*low, *high};
}

Result<double> ReadNumber(const Parameters& parameters, const std::string& name,
                          const std::string& fallback, double low, double high) {
  const auto value = ParseNumber(ParameterOr(parameters, name, fallback));
  if (value && *value >= low && *value <= high) return *value;
  return Wrong(parameters, name,
               "it must be a number from " + NumberText(low) + " to " + NumberText(high),
               fallback.empty() ? NumberText(low) : fallback);
}

Result<Bank> ReadBank(const Parameters& parameters) {
  Bank bank;
  const auto family = ParameterOr(parameters, "bank", "merger");
  if (family != "merger" && family != "taylorf2") {
    return Wrong(parameters, "bank", "it is neither merger nor taylorf2", "merger");
  }
  bank.family = family == "merger" ? Family::kMerger : Family::kTaylorF2;
  const auto low = ReadNumber(parameters, "f-low", "20", 1, 1e5);
  if (!low) return std::unexpected(low.error());
  bank.low_hertz = *low;
  if (parameters.contains("f-high")) {
    const auto high = ReadNumber(parameters, "f-high", "300", *low, 1e5);
    if (!high) return std::unexpected(high.error());
    bank.high_hertz = *high;
  }
  const auto chirp = ParsePair(ParameterOr(parameters, "chirp-mass", "8:60"));
  if (!chirp || !(chirp->low >= 0.1 && chirp->high <= 1000)) {
    return Wrong(parameters, "chirp-mass", "it must be LO:HI within 0.1 to 1000 solar masses",
                 "24:36");
  }
  const auto eta = ParsePair(ParameterOr(parameters, "eta", "0.1:0.25"));
  if (!eta || !(eta->low >= 0.01 && eta->high <= 0.25)) {
    return Wrong(parameters, "eta", "it must be LO:HI within 0.01 to 0.25 (equal masses)",
                 "0.16:0.25");
  }
  const auto step = ReadNumber(parameters, "chirp-step", "1", 0.0001, 100);
  if (!step) return std::unexpected(step.error());
  const auto eta_step = ReadNumber(parameters, "eta-step", "0.01", 0.0001, 0.25);
  if (!eta_step) return std::unexpected(eta_step.error());
  // Whole steps, at most as wide as asked for, from one end to the other.
  const double chirps =
      std::ceil(math::Log(chirp->high / chirp->low) / math::Log(1 + *step / 100) - 1e-9);
  const double etas = std::ceil((eta->high - eta->low) / *eta_step - 1e-9);
  if ((chirps + 1) * (etas + 1) > static_cast<double>(kMostTemplates)) {
    return Wrong(parameters, "chirp-step",
                 "the bank would have more than " + std::to_string(kMostTemplates) + " templates",
                 "1");
  }
  bank.chirp_low = chirp->low;
  bank.chirps = static_cast<std::uint32_t>(chirps) + 1;
  bank.chirp_ratio = chirps > 0 ? math::Pow(chirp->high / chirp->low, 1 / chirps) : 1;
  bank.eta_low = eta->low;
  bank.etas = static_cast<std::uint32_t>(etas) + 1;
  bank.eta_step = etas > 0 ? (eta->high - eta->low) / etas : 0;
  return bank;
}

Status ReadFiles(const Dataset& dataset, Plan& plan) {
  std::string template_name;
  for (const Dataset::File& file : dataset.files) {
    const auto kind = KindOfStrainFile(file.path, file.name);
    if (!kind) return std::unexpected(kind.error());
    if (*kind == StrainFileKind::kTemplate) {
      if (plan.given) {
        return Fail(ErrorKind::kUser, file.name + ": a second template.", "Give one of them.");
      }
      auto given = ReadGivenTemplate(file.path, file.name);
      if (!given) return std::unexpected(given.error());
      plan.given = std::move(*given);
      template_name = file.name;
      continue;
    }
    const auto strain = ReadStrain(file.path, file.name);
    if (!strain) return std::unexpected(strain.error());
    for (const Spectra& other : plan.detectors) {
      if (other.detector == strain->detector) {
        return Fail(ErrorKind::kUser, file.name + ": a second strain of " + strain->detector + ".",
                    "Give one file of each detector.");
      }
    }
    auto spectra = MakeSpectra(*strain, file.name);
    if (!spectra) return std::unexpected(spectra.error());
    plan.detectors.push_back(std::move(*spectra));
  }
  if (plan.detectors.empty()) {
    return Fail(ErrorKind::kUser, "There is no strain among the files.",
                "Give the strain of one detector or more (.hdf5).");
  }
  for (const Spectra& detector : plan.detectors) {
    if (plan.given && plan.given->plus.size() != detector.samples) {
      return Fail(ErrorKind::kUser,
                  template_name + ": the template has " + std::to_string(plan.given->plus.size()) +
                      " samples, the strain of " + detector.detector + " has " +
                      std::to_string(detector.samples) + ".",
                  "They must have equally many at the same rate.");
    }
  }
  return {};
}

class Source final : public UnitSource {
 public:
  explicit Source(Plan plan) : plan_(std::move(plan)), inputs_(plan_.detectors.size()) {
    if (plan_.given) {
      given_ = std::make_shared<const Bytes>(EncodeGiven(plan_.given->plus, plan_.given->cross));
    }
  }
  [[nodiscard]] std::uint64_t Total() const override { return plan_.Units(); }
  void Skip(std::uint64_t units) override { next_ += std::min(units, Total() - next_); }
  [[nodiscard]] std::optional<UnitPlan> Next() override {
    if (next_ >= Total()) return std::nullopt;
    const Task task = plan_.TaskOf(next_++);
    const Spectra& spectra = plan_.detectors[task.detector];
    auto& input = inputs_[task.detector];
    if (!input) input = std::make_shared<const Bytes>(EncodeSpectra(spectra));
    UnitPlan unit;
    unit.parameters = EncodeTask(task);
    unit.inputs = {input};
    if (task.given) unit.inputs.push_back(given_);
    unit.cost_flop =
        (task.given ? 8 : 1) * static_cast<double>(task.count) * CostOfTemplate(spectra.samples);
    // Input, spectra, tables and what each of eight threads has for itself.
    unit.memory_bytes =
        (16ULL << 20) + spectra.samples * 128 + 8 * Filter::WorkspaceBytes(spectra.samples);
    unit.result_bytes = 64 + 24 * (1 + std::min<std::uint64_t>(kMostFound, task.count));
    return unit;
  }

 private:
  Plan plan_;
  std::uint64_t next_ = 0;
  std::vector<std::shared_ptr<const Bytes>> inputs_;
  std::shared_ptr<const Bytes> given_;
};

}  // namespace

std::vector<ParameterSpec> GwParameters() {
  return {{"bank", "NAME", "merger", "family of the templates: merger or taylorf2"},
          {"chirp-mass", "LO:HI", "8:60", "chirp masses of the bank, in suns, at the detector"},
          {"chirp-step", "PERCENT", "1", "between neighbouring chirp masses, at most"},
          {"eta", "LO:HI", "0.1:0.25", "symmetric mass ratios; 0.25 are equal masses"},
          {"eta-step", "STEP", "0.01", "between neighbouring ratios, at most"},
          {"f-low", "HZ", "20", "lowest frequency of the bank"},
          {"f-high", "HZ", "", "highest frequency; default: where a template ends"},
          {"min-snr", "SNR", "5", "least signal-to-noise ratio that is reported"},
          UnitsSpec(),
          UnitSecondsSpec()};
}

Task Plan::TaskOf(std::uint64_t unit) const {
  Task task;
  task.bank = bank;
  task.least_snr = least_snr;
  task.given = given.has_value();
  task.detector = static_cast<std::uint32_t>(unit / units_each);
  const std::uint64_t part = unit % units_each;
  task.first = Templates() * part / units_each;
  task.count = Templates() * (part + 1) / units_each - task.first;
  return task;
}

Result<Plan> MakePlan(const ApplicationInfo& info, const Dataset& dataset,
                      const Parameters& parameters) {
  if (auto names = CheckNames(info, parameters); !names) return std::unexpected(names.error());
  if (dataset.files.empty() || dataset.files.size() > kMostDetectors + 1) {
    return Fail(
        ErrorKind::kUser,
        "Application gw takes one to nine files, not " + std::to_string(dataset.files.size()) + ".",
        "Give a strain of each detector, and perhaps a template.");
  }
  Plan plan;
  const auto bank = ReadBank(parameters);
  if (!bank) return std::unexpected(bank.error());
  plan.bank = *bank;
  const auto least = ReadNumber(parameters, "min-snr", "5", 3, 1000);
  if (!least) return std::unexpected(least.error());
  plan.least_snr = *least;
  if (auto read = ReadFiles(dataset, plan); !read) return std::unexpected(read.error());
  double cost = 0;
  for (const Spectra& detector : plan.detectors) {
    if (plan.bank.low_hertz >= detector.rate / 2) {
      return Wrong(parameters, "f-low",
                   "the strain of " + detector.detector + " ends at " +
                       NumberText(detector.rate / 2) + " Hz",
                   "20");
    }
    cost += static_cast<double>(plan.Templates()) * CostOfTemplate(detector.samples);
  }
  const std::uint64_t detectors = plan.detectors.size();
  const auto units = ReadUnitCount(parameters, cost, plan.Templates() * detectors);
  if (!units) return std::unexpected(units.error());
  plan.units_each =
      std::clamp<std::uint64_t>((*units + detectors - 1) / detectors, 1, plan.Templates());
  return plan;
}

std::unique_ptr<UnitSource> MakeUnitSource(Plan plan) {
  return std::make_unique<Source>(std::move(plan));
}

}  // namespace picube::gw
