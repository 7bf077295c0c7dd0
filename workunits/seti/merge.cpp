#include "workunits/seti/merge.h"

#include <algorithm>
#include <fstream>

#include "workunits/parameters.h"
#include "workunits/product.h"
#include "workunits/seti/payload.h"
#include "workunits/seti/picture.h"
#include "workunits/seti/result_xml.h"
#include "workunits/seti/sky.h"

namespace picube::seti {
namespace {

constexpr std::size_t kMostLines = 2000;  // in the picture

void KeepStrongest(std::vector<Signal>& signals, std::size_t most) {
  std::ranges::stable_sort(signals, std::greater{}, &Signal::power);
  if (signals.size() > most) signals.resize(most);
}

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
            "marginal,overflow,kind,period,snr,thresh,sigma,chisqr,null_chisqr,max_power,score\n";
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
    for (const Signal& signal : result->signals) AddSignal(signal);
    spectra_ += result->spectra;
    dropped_ += result->dropped;
    bests_.Join(result->bests);
    return Written();
  }

  Result<std::vector<MergedFile>> Finish(std::uint64_t missing) override;

 private:
  void AddSignal(const Signal& signal);
  void WriteBests();
  [[nodiscard]] Status Written() const {
    if (csv_ && xml_) return {};
    return std::unexpected(UnwrittenProduct(folder_));
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
  std::uint64_t of_kind_[kKinds + 1] = {};  // reported
  std::uint64_t marginal_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t spectra_ = 0;
  Bests bests_;
  std::vector<Signal> lines_;
};

void SetiMerger::AddSignal(const Signal& signal) {
  const SahHeader& header = unit_.header;
  const bool overflow = Overflow();
  const SignalPlace place = PlaceOf(header, table_.Step(), signal);
  const auto number = [](float value) { return NumberText(static_cast<double>(value), 9); };
  csv_ << signal.k << ',' << NumberText(place.chirp, 12) << ',' << signal.length << ',' << signal.at
       << ',' << signal.bin << ',' << NumberText(place.frequency, 14) << ','
       << NumberText(place.detection_frequency, 14) << ',' << NumberText(place.time_jd, 14) << ','
       << NumberText(place.sky.ra_hours, 14) << ',' << NumberText(place.sky.dec_degrees, 14) << ','
       << number(signal.power) << ',' << number(signal.mean) << ',' << (signal.marginal ? 1 : 0)
       << ',' << (overflow ? 1 : 0) << ',' << TagOf(signal.kind) << ','
       << NumberText(static_cast<double>(signal.period) * signal.length / header.sample_rate, 9);
  for (const float value : {signal.snr, signal.threshold, signal.sigma, signal.chi_sq,
                            signal.null_chi_sq, signal.max_power, signal.score}) {
    csv_ << ',' << number(value);
  }
  csv_ << '\n';
  if (signal.marginal) {
    ++marginal_;
  } else {
    if (!overflow) xml_ << SignalXml(header, table_, signal, false);
    ++reported_;
    ++of_kind_[static_cast<std::size_t>(signal.kind)];
  }
  lines_.push_back(signal);
  if (lines_.size() >= 2 * kMostLines) KeepStrongest(lines_, kMostLines);
}

void SetiMerger::WriteBests() {
  const Searches searches(unit_.header, table_, plan_.selection);
  for (const Kind kind :
       {Kind::kSpike, Kind::kAutocorr, Kind::kGaussian, Kind::kPulse, Kind::kTriplet}) {
    if (const auto best = bests_.Of(kind)) {
      xml_ << SignalXml(unit_.header, table_, *best, true);
    } else if (kind == Kind::kGaussian && (plan_.selection.kinds & BitOf(kind)) != 0 &&
               unit_.header.gauss_chi_sq > 0) {
      xml_ << NoGaussianXml();  // the client writes it in any case
    }
  }
}

std::string SetiMerger::Summary(std::uint64_t missing) const {
  std::string text = std::to_string(of_kind_[static_cast<std::size_t>(Kind::kSpike)]) +
                     " spikes above " + NumberText(static_cast<double>(plan_.selection.threshold)) +
                     " x mean, ";
  for (const Kind kind : {Kind::kAutocorr, Kind::kTriplet, Kind::kPulse, Kind::kGaussian}) {
    const std::uint64_t count = of_kind_[static_cast<std::size_t>(kind)];
    if (count == 0) continue;
    text += std::to_string(count) + " " + TagOf(kind) + (count == 1 ? ", " : "s, ");
  }
  text += std::to_string(marginal_) + " marginal, in " + std::to_string(spectra_) + " spectra";
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
    WriteBests();
    xml_ << "</result>\n";
  }
  csv_.close();
  xml_.close();
  if (lines_.size() > kMostLines) KeepStrongest(lines_, kMostLines);
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
      {"result.xml", "the signals in the form of a SETI@home result file" + lack,
       folder_ / "result.xml"},
      {"signals.svg", "time-frequency picture of the signals" + lack, folder_ / "signals.svg"}};
}

}  // namespace

Result<std::unique_ptr<Merger>> StartSetiMerge(SahUnit unit, ChirpTable table, Plan plan,
                                               const std::filesystem::path& folder) {
  return std::make_unique<SetiMerger>(std::move(unit), std::move(table), std::move(plan), folder);
}

}  // namespace picube::seti
