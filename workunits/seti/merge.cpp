#include "workunits/seti/merge.h"

#include <algorithm>
#include <fstream>

#include "workunits/parameters.h"
#include "workunits/seti/payload.h"
#include "workunits/seti/picture.h"
#include "workunits/seti/result_xml.h"
#include "workunits/seti/sky.h"

namespace picube::seti {
namespace {

constexpr std::size_t kMostLines = 2000;  // in the picture

class SetiMerger final : public Merger {
 public:
  SetiMerger(SahUnit unit, ChirpTable table, Plan plan, const std::filesystem::path& folder)
      : unit_(std::move(unit)),
        table_(std::move(table)),
        plan_(std::move(plan)),
        folder_(folder),
        csv_(folder / "signals.csv", std::ios::binary),
        xml_(folder / "result.xml", std::ios::binary) {
    csv_ << "k,chirp,fft_len,block,bin,freq,detection_freq,time,ra,dec,peak_power,mean_power,"
            "marginal,overflow\n";
    xml_ << "<result>\n" << unit_.header_text << "\n";
  }

  Status Add(std::uint64_t index, BytesView payload) override {
    const auto result = DecodeResult(payload);
    if (!result || index + 1 >= plan_.starts.size() || result->first != plan_.starts[index] ||
        result->first + result->pairs != plan_.starts[index + 1]) {
      return Fail(ErrorKind::kProject,
                  "Unit " + std::to_string(index) + " of " + unit_.header.name +
                      " has a result that is not its own.",
                  "Server and workers must run the same version.");
    }
    for (const Spike& spike : result->spikes) AddSpike(spike);
    spectra_ += result->spectra;
    dropped_ += result->dropped;
    if (result->best.power > best_.power) best_ = result->best;
    return Written();
  }

  Result<std::vector<MergedFile>> Finish(std::uint64_t missing) override;

 private:
  void AddSpike(const Spike& spike);
  [[nodiscard]] Status Written() const {
    if (csv_ && xml_) return {};
    return Fail(ErrorKind::kStore, "The product cannot be written to " + folder_.string() + ".",
                "Free space on that disk and merge again.");
  }
  [[nodiscard]] bool Overflow() const { return reported_ >= unit_.header.max_signals; }
  [[nodiscard]] std::string Summary(std::uint64_t missing) const;

  SahUnit unit_;
  ChirpTable table_;
  Plan plan_;
  std::filesystem::path folder_;
  std::ofstream csv_;
  std::ofstream xml_;
  std::uint64_t reported_ = 0;
  std::uint64_t marginal_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t spectra_ = 0;
  Spike best_;
  std::vector<Spike> lines_;
};

void SetiMerger::AddSpike(const Spike& spike) {
  const SahHeader& header = unit_.header;
  const bool marginal = !(spike.power > plan_.selection.threshold);
  const bool overflow = Overflow();
  const double chirp = static_cast<double>(spike.k) * table_.Step();
  const double seconds = BlockSeconds(header, spike.block, spike.length);
  const double time = header.time_recorded_jd + seconds / 86400;
  const double frequency = BinFrequency(header, spike.bin, spike.length);
  const SkyPosition sky = PositionAt(header, time);
  csv_ << spike.k << ',' << NumberText(chirp, 12) << ',' << spike.length << ',' << spike.block
       << ',' << spike.bin << ',' << NumberText(frequency, 14) << ','
       << NumberText(DriftedFrequency(header, frequency, chirp, seconds), 14) << ','
       << NumberText(time, 14) << ',' << NumberText(sky.ra_hours, 14) << ','
       << NumberText(sky.dec_degrees, 14) << ',' << NumberText(static_cast<double>(spike.power), 9)
       << ',' << NumberText(static_cast<double>(spike.mean), 9) << ',' << (marginal ? 1 : 0) << ','
       << (overflow ? 1 : 0) << '\n';
  if (marginal) {
    ++marginal_;
  } else {
    if (!overflow) xml_ << SpikeXml(header, table_, spike, "spike");
    ++reported_;
  }
  lines_.push_back(spike);
  if (lines_.size() >= 2 * kMostLines) {
    std::stable_sort(lines_.begin(), lines_.end(),
                     [](const Spike& a, const Spike& b) { return a.power > b.power; });
    lines_.resize(kMostLines);
  }
}

std::string SetiMerger::Summary(std::uint64_t missing) const {
  std::string text = std::to_string(reported_) + " spikes above " +
                     NumberText(static_cast<double>(plan_.selection.threshold)) + " x mean, " +
                     std::to_string(marginal_) + " marginal, in " + std::to_string(spectra_) +
                     " spectra";
  if (Overflow()) {
    text += "; overflow: result.xml ends at signal " + std::to_string(unit_.header.max_signals) +
            " (max_signals)";
  }
  if (dropped_ > 0) text += "; " + std::to_string(dropped_) + " more not kept";
  return text + MissingText(missing, plan_.starts.size() - 1);
}

Result<std::vector<MergedFile>> SetiMerger::Finish(std::uint64_t missing) {
  // As the official client: the file of a unit that overflows ends with its last signal. So does
  // that of a search with missing units: the best of what is left may not be the best.
  if (!Overflow() && missing == 0) {
    if (best_.power > 0) xml_ << SpikeXml(unit_.header, table_, best_, "best_spike");
    xml_ << "</result>\n";
  }
  csv_.close();
  xml_.close();
  if (lines_.size() > kMostLines) {
    std::stable_sort(lines_.begin(), lines_.end(),
                     [](const Spike& a, const Spike& b) { return a.power > b.power; });
    lines_.resize(kMostLines);
  }
  const std::string lack = MissingText(missing, plan_.starts.size() - 1);
  std::ofstream svg(folder_ / "signals.svg", std::ios::binary);
  svg << DrawSignals(unit_.header, table_, lines_, plan_.selection.threshold, lack);
  svg.close();
  if (auto written = Written(); !written || !svg) {
    return written ? Fail(ErrorKind::kStore, "signals.svg cannot be written.", "Free disk space.")
                   : std::unexpected(written.error());
  }
  return std::vector<MergedFile>{
      {"signals.csv", Summary(missing), folder_ / "signals.csv"},
      {"result.xml", "the spikes in the form of a SETI@home result file" + lack,
       folder_ / "result.xml"},
      {"signals.svg", "time-frequency picture of the signals" + lack, folder_ / "signals.svg"}};
}

}  // namespace

Result<std::unique_ptr<Merger>> StartSetiMerge(SahUnit unit, ChirpTable table, Plan plan,
                                               const std::filesystem::path& folder) {
  return std::make_unique<SetiMerger>(std::move(unit), std::move(table), std::move(plan), folder);
}

}  // namespace picube::seti
