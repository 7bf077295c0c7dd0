#include "workunits/drift/merge.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "workunits/drift/hits_file.h"
#include "workunits/drift/pictures.h"
#include "workunits/parameters.h"
#include "workunits/product.h"

namespace picube::drift {
namespace {

constexpr std::size_t kMostPictures = 50;
constexpr std::uint64_t kMostCutOuts = 1000;
constexpr std::int64_t kAround = 40;  // channels left and right of a cut-out

struct Hit {
  std::uint64_t number = 0;
  std::uint64_t coarse = 0;
  Tone tone;
  double snr = 0;
};

template <class... Values>
std::string Printed(const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

class DriftMerger final : public Merger {
 public:
  DriftMerger(Plan plan, std::filesystem::path folder)
      : plan_(std::move(plan)),
        folder_(std::move(folder)),
        dat_(folder_ / "hits.dat", std::ios::binary),
        csv_(folder_ / "hits.csv", std::ios::binary),
        cut_outs_(folder_ / "cutouts.csv", std::ios::binary),
        saved_(folder_ / "hits.hits", std::ios::binary) {
    dat_ << DatHeader();
    csv_ << "number,coarse_channel,channel,drift_channels,drift_rate,snr,power,frequency_mhz\n";
    cut_outs_ << "number,row,first_channel,values\n";
  }

  Status Add(std::uint64_t index, BytesView payload) override;
  Result<std::vector<MergedFile>> Finish(std::uint64_t missing) override;

 private:
  Status AddHit(const Hit& hit, std::uint64_t total);
  Status AddCutOut(const Hit& hit);
  struct Span {
    std::uint64_t first = 0;
    std::uint64_t channels = 0;
  };
  Status SaveHit(const Hit& hit, const Span& span, const std::vector<float>& cells);
  [[nodiscard]] std::string DatHeader() const;
  [[nodiscard]] double Frequency(std::uint64_t coarse, std::int64_t channel) const {
    const FilterbankHeader& header = plan_.file->Header();
    const auto at = static_cast<double>(coarse * plan_.coarse_size) + static_cast<double>(channel);
    return header.fch1 + at * header.foff;
  }
  // Channels of a hit's cut-out: its path and some around.
  [[nodiscard]] Span SpanOf(const Tone& tone) const {
    const auto start = static_cast<std::int64_t>(tone.channel);
    const std::int64_t low = std::min(start, start + tone.drift);
    const std::int64_t high = std::max(start, start + tone.drift);
    const auto first = std::max<std::int64_t>(low - kAround, 0);
    const auto end = std::min(high + kAround, static_cast<std::int64_t>(plan_.coarse_size) - 1);
    return {static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(end - first)};
  }
  Result<std::string> Picture(const Hit& hit) const;
  [[nodiscard]] std::unexpected<Error> Unwritten(const std::string& name) const {
    return std::unexpected(UnwrittenProduct(folder_ / name));
  }

  Plan plan_;
  std::filesystem::path folder_;
  std::ofstream dat_, csv_, cut_outs_, saved_;
  std::optional<Statistics> statistics_;  // of coarse channel coarse_
  std::uint64_t coarse_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t overflows_ = 0;  // tiles
  std::vector<Hit> loudest_;
  std::vector<MergedFile> files_;
};

std::string DriftMerger::DatHeader() const {
  const FilterbankHeader& header = plan_.file->Header();
  const std::string line = "# -------------------------- o --------------------------\n";
  const std::string dashes = "# --------------------------\n";
  std::string text = line + "# File ID: " + plan_.file->Name() + " \n" + line;
  text += "# Source:" + header.source + "\n";
  text += Printed("# MJD: %18.12f\tRA: %s\tDEC: %s\n", header.tstart,
                  header.right_ascension.c_str(), header.declination.c_str());
  text +=
      Printed("# DELTAT: %10.6f\tDELTAF(Hz): %10.6f\tmax_drift_rate: %10.6f\tobs_length: %10.6f\n",
              header.tsamp, header.foff * 1e6, plan_.most_rate,
              static_cast<double>(header.rows) * header.tsamp);
  text += dashes + "# ";
  for (const char* column : {"Top_Hit_#", "Drift_Rate", "SNR", "Uncorrected_Frequency",
                             "Corrected_Frequency", "Index", "freq_start", "freq_end", "SEFD",
                             "SEFD_freq", "Coarse_Channel_Number", "Full_number_of_hits"}) {
    text += std::string(column) + " \t";
  }
  return text + "\n" + dashes;
}

Status DriftMerger::Add(std::uint64_t index, BytesView payload) {
  std::optional<TileResult> result;
  Task task;
  if (index < plan_.Units()) {
    task = plan_.TaskOf(index);
    task.threshold = -std::numeric_limits<float>::max();  // any sum; the statistics decide below
    result = DecodeResult(task, payload);
  }
  const auto foreign = [&] {
    return Fail(ErrorKind::kProject,
                "Unit " + std::to_string(index) + " of " + plan_.file->Name() +
                    " has a result that is not its own.",
                "Server and workers must run the same version.");
  };
  if (!result) return foreign();
  overflows_ += result->overflow ? 1 : 0;
  if (result->tones.empty()) return {};
  if (!statistics_ || coarse_ != task.coarse) {
    auto fresh = StatisticsOf(plan_, task.coarse);
    if (!fresh) return std::unexpected(fresh.error());
    statistics_ = *fresh;
    coarse_ = task.coarse;
  }
  if (!(statistics_->deviation > 0)) return foreign();
  for (const Tone& tone : result->tones) {
    const double snr = statistics_->SnrOf(tone.sum);
    // A rounding of the threshold aside, workers report nothing weaker.
    if (snr < 0.999 * plan_.least_snr - 0.001) return foreign();
    if (std::fabs(plan_.RateOf(tone.drift)) < plan_.least_rate) continue;
    const Hit hit{++hits_, task.coarse, tone, snr};
    if (auto added = AddHit(hit, result->tones.size()); !added) return added;
  }
  return {};
}

Status DriftMerger::AddHit(const Hit& hit, std::uint64_t total) {
  const auto channel = static_cast<std::int64_t>(hit.tone.channel);
  const double frequency = Frequency(hit.coarse, channel);
  const auto window = static_cast<std::int64_t>(plan_.window);
  const std::int64_t low = std::max<std::int64_t>(channel - window, 0);
  const std::int64_t high =
      std::min(channel + window, static_cast<std::int64_t>(plan_.coarse_size)) - 1;
  const double rate = plan_.RateOf(hit.tone.drift);
  dat_ << Printed(
      "%06llu\t%10.6f\t%10.6f\t%14.6f\t%14.6f\t%lld\t%14.6f\t%14.6f\t%s\t%14.6f\t%llu\t%llu\t\n",
      static_cast<unsigned long long>(hit.number), rate, hit.snr, frequency, frequency,
      static_cast<long long>(channel), Frequency(hit.coarse, low), Frequency(hit.coarse, high),
      "0.0", 0.0, static_cast<unsigned long long>(hit.coarse),
      static_cast<unsigned long long>(total));
  csv_ << hit.number << ',' << hit.coarse << ',' << channel << ',' << hit.tone.drift << ','
       << NumberText(rate, 9) << ',' << NumberText(hit.snr, 9) << ','
       << NumberText(static_cast<double>(hit.tone.sum), 9) << ',' << NumberText(frequency, 14)
       << '\n';
  loudest_.push_back(hit);
  if (loudest_.size() >= 2 * kMostPictures) {
    std::ranges::stable_sort(loudest_, std::greater{}, &Hit::snr);
    loudest_.resize(kMostPictures);
  }
  if (!dat_) return Unwritten("hits.dat");
  if (!csv_) return Unwritten("hits.csv");
  return hit.number <= kMostCutOuts ? AddCutOut(hit) : Status{};
}

Status DriftMerger::AddCutOut(const Hit& hit) {
  const Span span = SpanOf(hit.tone);
  const auto cells = CutOut(plan_, hit.coarse, span.first, span.channels);
  if (!cells) return std::unexpected(cells.error());
  for (std::uint64_t row = 0; row < plan_.file->Header().rows; ++row) {
    cut_outs_ << hit.number << ',' << row << ',' << span.first;
    for (std::uint64_t c = 0; c < span.channels; ++c) {
      cut_outs_ << ',' << NumberText(static_cast<double>((*cells)[row * span.channels + c]), 9);
    }
    cut_outs_ << '\n';
  }
  if (!cut_outs_) return Unwritten("cutouts.csv");
  return SaveHit(hit, span, *cells);
}

Status DriftMerger::SaveHit(const Hit& hit, const Span& span, const std::vector<float>& cells) {
  const FilterbankHeader& header = plan_.file->Header();
  const auto channel = static_cast<std::int64_t>(hit.tone.channel);
  const Bytes bytes =
      EncodeHit({.frequency = Frequency(hit.coarse, channel),
                 .index = static_cast<std::int32_t>(channel),
                 .drift_steps = hit.tone.drift,
                 .drift_rate = plan_.RateOf(hit.tone.drift),
                 .snr = static_cast<float>(hit.snr),
                 .power = hit.tone.sum,
                 .coarse_channel = static_cast<std::int32_t>(hit.coarse),
                 .source = header.source,
                 .fch1 = Frequency(hit.coarse, static_cast<std::int64_t>(span.first)),
                 .foff = header.foff,
                 .tstart = header.tstart,
                 .tsamp = header.tsamp,
                 .ra = DecimalAngle(header.right_ascension),
                 .dec = DecimalAngle(header.declination),
                 .rows = static_cast<std::int32_t>(header.rows),
                 .channels = static_cast<std::int32_t>(span.channels),
                 .start_channel = static_cast<std::int32_t>(span.first),
                 .cells = cells});
  saved_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return saved_ ? Status{} : Status(Unwritten("hits.hits"));
}

Result<std::string> DriftMerger::Picture(const Hit& hit) const {
  const Span span = SpanOf(hit.tone);
  const auto cells = CutOut(plan_, hit.coarse, span.first, span.channels);
  if (!cells) return std::unexpected(cells.error());
  const FilterbankHeader& header = plan_.file->Header();
  const double first = Frequency(hit.coarse, static_cast<std::int64_t>(span.first));
  return DrawWaterfall({"Hit " + std::to_string(hit.number) + ": " +
                            NumberText(plan_.RateOf(hit.tone.drift), 6) + " Hz/s, SNR " +
                            NumberText(hit.snr, 6),
                        (header.source.empty() ? plan_.file->Name() : header.source) + ", from " +
                            NumberText(first, 12) + " MHz",
                        header.rows, span.channels, *cells, first, header.foff, header.tsamp});
}

Result<std::vector<MergedFile>> DriftMerger::Finish(std::uint64_t missing) {
  const std::string lack = MissingText(missing, plan_.Units());
  std::string note = lack;
  if (overflows_ > 0) {
    note += "; " + std::to_string(overflows_) + " tiles had more than " +
            std::to_string(kMostTones) + ": raise --snr";
  }
  std::ranges::stable_sort(loudest_, std::greater{}, &Hit::snr);
  if (loudest_.size() > kMostPictures) loudest_.resize(kMostPictures);
  std::string best;
  if (!loudest_.empty()) {
    best = " (loudest: SNR " + NumberText(loudest_[0].snr, 6) + " at " +
           NumberText(
               Frequency(loudest_[0].coarse, static_cast<std::int64_t>(loudest_[0].tone.channel)),
               12) +
           " MHz, " + NumberText(plan_.RateOf(loudest_[0].tone.drift), 6) + " Hz/s)";
  }
  const std::string cut =
      hits_ > kMostCutOuts ? " (of the first " + std::to_string(kMostCutOuts) + ")" : "";
  for (auto& [name, what, file] : {std::tuple<std::string, std::string, std::ofstream*>{
                                       "hits.dat", std::to_string(hits_) + " tones" + best, &dat_},
                                   {"hits.csv", "the same with channels and powers", &csv_},
                                   {"cutouts.csv", "the cells around each hit" + cut, &cut_outs_},
                                   {"hits.hits", "the same in seticore's format" + cut, &saved_}}) {
    file->close();
    if (!*file) return Unwritten(name);
    files_.push_back({name, what + note, folder_ / name});
  }
  for (const Hit& hit : loudest_) {
    const auto picture = Picture(hit);
    if (!picture) return std::unexpected(picture.error());
    const std::string name = "waterfall-" + std::to_string(hit.number) + ".svg";
    const std::string what = "waterfall of hit " + std::to_string(hit.number) + lack;
    if (auto written = WriteProductFile(folder_, name, what, *picture, files_); !written) {
      return std::unexpected(written.error());
    }
  }
  return std::move(files_);
}

}  // namespace

std::unique_ptr<Merger> MakeDriftMerger(Plan plan, const std::filesystem::path& folder) {
  return std::make_unique<DriftMerger>(std::move(plan), folder);
}

}  // namespace picube::drift
