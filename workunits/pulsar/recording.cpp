#include "workunits/pulsar/recording.h"

#include <algorithm>
#include <cmath>

#include "workunits/parameters.h"

namespace picube::pulsar {
namespace {

constexpr std::uint64_t kPassBytes = 64U << 20;
constexpr std::uint64_t kBlockValues = 1U << 16;  // of a filterbank, read and turned at once
constexpr std::int32_t kMostChannels = 1U << 15;  // sums of 16-bit values fit in 32 bits

const char* const kGive =
    "Give a PRESTO series (.dat and .inf), a SIGPROC series (.tim) or a filterbank (.fil).";

bool IsInf(const Dataset::File& file) { return file.name.ends_with(".inf"); }

// "3,17-20" into marks of channels.
Status ReadZap(std::string_view text, std::vector<bool>& zapped) {
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::size_t dash = item.find('-');
    const auto first = ParseCount(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : ParseCount(item.substr(dash + 1));
    if (!first || !last || *first > *last || *last >= zapped.size()) {
      return Fail(ErrorKind::kUser,
                  "--zap " + std::string(item.substr(0, 40)) +
                      " is no channel or range of channels from 0 to " +
                      std::to_string(zapped.size() - 1) + ".",
                  "Give a list such as 3,17-20.");
    }
    std::fill(zapped.begin() + static_cast<std::ptrdiff_t>(*first),
              zapped.begin() + static_cast<std::ptrdiff_t>(*last) + 1, true);
  }
  if (std::find(zapped.begin(), zapped.end(), false) == zapped.end()) {
    return Fail(ErrorKind::kUser, "--zap leaves no channel.", "Zap fewer channels.");
  }
  return {};
}

}  // namespace

double Band::Top() const { return *std::max_element(mhz.begin(), mhz.end()); }
double Band::Bottom() const { return *std::min_element(mhz.begin(), mhz.end()); }
double Band::Sweep() const {
  return kDispersion * (1 / (Bottom() * Bottom()) - 1 / (Top() * Top()));
}

std::vector<std::uint64_t> Delays(const Band& band, double dm, double sample_seconds) {
  const double top = band.Top();
  std::vector<std::uint64_t> delays;
  for (const double f : band.mhz) {
    const double seconds = kDispersion * dm * (1 / (f * f) - 1 / (top * top));
    const double samples = std::floor(seconds / sample_seconds + 0.5);
    delays.push_back(static_cast<std::uint64_t>(std::clamp(samples, 0.0, 1e15)));
  }
  return delays;
}

Result<Recording> Recording::OpenPresto(const Dataset& dataset) {
  const bool first = IsInf(dataset.files[0]);
  const Dataset::File& inf_file = dataset.files[first ? 0 : 1];
  const Dataset::File& dat_file = dataset.files[first ? 1 : 0];
  if (!IsInf(inf_file) || IsInf(dat_file)) {
    return Fail(ErrorKind::kUser,
                dat_file.name + " and " + inf_file.name + " are not one series and its .inf.",
                kGive);
  }
  const auto inf = ReadInf(inf_file.path, inf_file.name);
  if (!inf) return std::unexpected(inf.error());
  auto series = PrestoSeries::Open(dat_file.path, dat_file.name, *inf);
  if (!series) return std::unexpected(series.error());
  Recording recording(std::move(*series), dat_file.name);
  recording.source_ = inf->source;
  recording.raw_seconds_ = inf->sample_seconds;
  recording.epoch_mjd_ = inf->epoch_mjd;
  recording.header_dm_ = inf->dispersion;
  recording.raw_samples_ = inf->samples;
  return recording;
}

Result<Recording> Recording::OpenSigproc(const Dataset::File& given) {
  if (IsInf(given) || given.name.ends_with(".dat")) {
    return Fail(ErrorKind::kUser, given.name + " is one half of a PRESTO series.",
                "Give its .dat and its .inf together.");
  }
  auto file = SigprocFile::Open(given.path, given.name);
  if (!file) return std::unexpected(file.error());
  const SigprocHeader header = file->Header();
  if (header.nifs > 2) {
    return Fail(ErrorKind::kUser,
                given.name + ": nifs " + std::to_string(header.nifs) +
                    ": which of these are to be summed is not known.",
                "Give a file of total intensity, or of two polarisations.");
  }
  if (header.nchans > kMostChannels) {
    return Fail(ErrorKind::kUser,
                given.name + ": nchans " + std::to_string(header.nchans) + " is more than " +
                    std::to_string(kMostChannels) + ".",
                "Sum neighbouring channels first.");
  }
  Recording recording(std::move(*file), given.name);
  recording.source_ = header.source_name;
  recording.raw_seconds_ = header.tsamp;
  recording.epoch_mjd_ = header.tstart;
  recording.header_dm_ = header.refdm;
  recording.raw_samples_ = std::get<SigprocFile>(recording.file_).Rows();
  if (header.nchans > 1) {
    Band band;
    for (std::int32_t c = 0; c < header.nchans; ++c) {
      band.mhz.push_back(header.Frequency(static_cast<std::uint64_t>(c)));
    }
    band.zapped.resize(band.mhz.size());
    recording.band_ = std::move(band);
  }
  return recording;
}

Result<Recording> Recording::Open(const Dataset& dataset, std::uint64_t downsample,
                                  std::string_view zap) {
  if (dataset.files.empty() || dataset.files.size() > 2) {
    return Fail(ErrorKind::kUser,
                "Application pulsar takes one or two files, not " +
                    std::to_string(dataset.files.size()) + ".",
                kGive);
  }
  auto recording = dataset.files.size() == 2 ? OpenPresto(dataset) : OpenSigproc(dataset.files[0]);
  if (!recording) return recording;
  recording->downsample_ = downsample;
  recording->sample_seconds_ = recording->raw_seconds_ * static_cast<double>(downsample);
  if (!zap.empty()) {
    if (!recording->band_) {
      return Fail(ErrorKind::kUser, "--zap: " + recording->name_ + " has no channels.",
                  "Leave out --zap, or give a filterbank.");
    }
    if (auto read = ReadZap(zap, recording->band_->zapped); !read) {
      return std::unexpected(read.error());
    }
  }
  return recording;
}

std::uint64_t Recording::Samples(double dm) const {
  std::uint64_t sweep = 0;
  if (band_) {
    const auto delays = Delays(*band_, dm, raw_seconds_);
    sweep = *std::max_element(delays.begin(), delays.end());
  }
  return sweep >= raw_samples_ ? 0 : (raw_samples_ - sweep) / downsample_;
}

std::size_t Recording::TrialsPerPass() const {
  const std::uint64_t each = 8 * raw_samples_;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(kPassBytes / each, 1, 256));
}

std::string Recording::NameOf(double dm) const {
  return band_ ? name_ + " at DM " + NumberText(dm, 8) : name_;
}

Result<std::vector<double>> Recording::ReadSeries() const {
  std::vector<double> all;
  std::vector<float> piece(std::min<std::uint64_t>(raw_samples_, 1U << 18));
  const auto* sigproc = std::get_if<SigprocFile>(&file_);
  const std::uint64_t width = sigproc != nullptr ? sigproc->Header().ValuesPerRow() : 1;
  const std::uint64_t most = piece.size() / width + 1;
  piece.resize(most * width);
  for (std::uint64_t at = 0; at < raw_samples_; at += most) {
    const std::uint64_t count = std::min(most, raw_samples_ - at);
    const Status read = sigproc != nullptr
                            ? sigproc->ReadRows(at, count, 0, width, piece.data())
                            : std::get<PrestoSeries>(file_).Read(at, count, piece.data());
    if (!read) return std::unexpected(read.error());
    for (std::uint64_t i = 0; i < count; ++i) {
      double sum = 0;
      for (std::uint64_t k = 0; k < width; ++k) sum += static_cast<double>(piece[i * width + k]);
      all.push_back(sum);
    }
  }
  return all;
}

// Reads blocks of rows, turns them to [channel][time], and adds each channel to all trials where
// its samples belong.
template <class T>
Result<std::vector<std::vector<double>>> Recording::Dedisperse(
    const std::vector<double>& dms) const {
  using Value = std::conditional_t<std::is_same_v<T, double>, float, std::int32_t>;
  const auto& file = std::get<SigprocFile>(file_);
  const std::uint64_t width = file.Header().ValuesPerRow();
  const std::uint64_t channels = band_->mhz.size();
  std::vector<std::vector<std::uint64_t>> delays;
  std::vector<std::vector<T>> sums;
  for (const double dm : dms) {
    delays.push_back(Delays(*band_, dm, raw_seconds_));
    const std::uint64_t sweep = *std::max_element(delays.back().begin(), delays.back().end());
    sums.emplace_back(sweep >= raw_samples_ ? 0 : raw_samples_ - sweep);
  }
  const std::uint64_t rows = std::max<std::uint64_t>(64, kBlockValues / width);
  std::vector<Value> block(rows * width);
  std::vector<T> turned(rows * channels);
  for (std::uint64_t at = 0; at < raw_samples_; at += rows) {
    const std::uint64_t count = std::min(rows, raw_samples_ - at);
    if (auto read = file.ReadRows(at, count, 0, width, block.data()); !read) {
      return std::unexpected(read.error());
    }
    for (std::uint64_t c = 0; c < channels; ++c) {
      for (std::uint64_t i = 0; i < count; ++i) {
        T sum = 0;
        for (std::uint64_t k = c; k < width; k += channels) {
          sum += static_cast<T>(block[i * width + k]);
        }
        turned[c * rows + i] = sum;
      }
    }
    for (std::size_t d = 0; d < dms.size(); ++d) {
      for (std::uint64_t c = 0; c < channels; ++c) {
        if (band_->zapped[c]) continue;
        const std::uint64_t delay = delays[d][c];  // sample i goes to i - delay
        const std::uint64_t from = std::max(at, delay);
        const std::uint64_t end = std::min(at + count, sums[d].size() + delay);
        if (from >= end) continue;
        const T* source = turned.data() + c * rows + (from - at);
        T* target = sums[d].data() + (from - delay);
        for (std::uint64_t i = 0; i < end - from; ++i) target[i] += source[i];
      }
    }
  }
  std::vector<std::vector<double>> all;
  for (auto& sum : sums) {
    all.emplace_back(sum.begin(), sum.end());
    sum = {};
  }
  return all;
}

Result<std::vector<std::vector<double>>> Recording::Raw(const std::vector<double>& dms) const {
  if (band_) {
    return std::get<SigprocFile>(file_).Header().nbits == 32 ? Dedisperse<double>(dms)
                                                             : Dedisperse<std::int32_t>(dms);
  }
  auto series = ReadSeries();
  if (!series) return std::unexpected(series.error());
  return std::vector<std::vector<double>>(dms.size(), *series);
}

Result<std::vector<std::vector<float>>> Recording::Flat(const std::vector<double>& dms) const {
  auto raw = Raw(dms);
  if (!raw) return std::unexpected(raw.error());
  std::vector<std::vector<float>> all;
  for (std::size_t d = 0; d < dms.size(); ++d) {
    std::vector<double> x = std::move((*raw)[d]);
    if (downsample_ > 1) {
      const std::size_t n = x.size() / downsample_;
      for (std::size_t i = 0; i < n; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < downsample_; ++k) sum += x[i * downsample_ + k];
        x[i] = sum;
      }
      x.resize(n);
    }
    auto flat = Flatten(std::move(x), sample_seconds_, NameOf(dms[d]));
    if (!flat) return std::unexpected(flat.error());
    all.push_back(std::move(*flat));
  }
  return all;
}

Result<std::vector<Series>> Recording::Quantised(const std::vector<double>& dms,
                                                 std::uint32_t first) const {
  std::vector<Series> all;
  const std::size_t most = TrialsPerPass();
  for (std::size_t at = 0; at < dms.size(); at += most) {
    const std::vector<double> some(
        dms.begin() + static_cast<std::ptrdiff_t>(at),
        dms.begin() + static_cast<std::ptrdiff_t>(std::min(at + most, dms.size())));
    auto flat = Flat(some);
    if (!flat) return std::unexpected(flat.error());
    for (std::size_t d = 0; d < some.size(); ++d) {
      auto series =
          Quantise((*flat)[d], first + static_cast<std::uint32_t>(at + d), NameOf(some[d]));
      if (!series) return std::unexpected(series.error());
      (*flat)[d] = {};
      all.push_back(std::move(*series));
    }
  }
  return all;
}

}  // namespace picube::pulsar
