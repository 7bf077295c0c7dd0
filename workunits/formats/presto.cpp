#include "workunits/formats/presto.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <utility>
#include <vector>

#include "protocol/base/check.h"
#include "workunits/formats/bytes_at.h"
#include "workunits/parameters.h"

namespace picube {
namespace {

constexpr std::size_t kEquals = 40;  // index of '=' in a line

const char* const kWrongFile =
    "Give the .inf and .dat of a PRESTO time series of a radio observation.";

std::unexpected<Error> Bad(const std::string& name, std::size_t line, const std::string& what) {
  return Fail(ErrorKind::kUser, name + ", line " + std::to_string(line) + ": " + what + ".",
              kWrongFile);
}

// What may be shown of a text from outside.
std::string Shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 40)) out.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  return out;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// Takes lines in order. The first error stays; values after it mean nothing.
class Lines {
 public:
  Lines(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  [[nodiscard]] const Status& Good() const { return status_; }
  // The value of the next line, whose key must begin with `key`.
  std::string Text(std::string_view key) {
    const std::string_view line = Next(key);
    return status_ ? std::string(Trimmed(line.substr(kEquals + 1))) : std::string();
  }
  double Number(std::string_view key, double low, double high) {
    const std::string text = Text(key);
    if (!status_) return 0;
    const auto value = ParseNumber(text);
    if (!value || !(*value >= low && *value <= high)) {
      Refuse("'" + Shown(text) + "' is no " + std::string(key) + " (" + NumberText(low) + " to " +
             NumberText(high) + ")");
      return 0;
    }
    return *value;
  }
  // Whether the next line's key begins with `key`.
  [[nodiscard]] bool Comes(std::string_view key) const {
    return Trimmed(text_.substr(0, text_.find('\n'))).starts_with(key);
  }
  void Refuse(const std::string& what) {
    if (status_) status_ = Bad(name_, line_, what);
  }

 private:
  std::string_view Next(std::string_view key) {
    ++line_;
    const std::size_t end = text_.find('\n');
    const std::string_view line = text_.substr(0, end);
    text_ = end == std::string_view::npos ? std::string_view() : text_.substr(end + 1);
    if (line.size() <= kEquals || line[kEquals] != '=' || !Trimmed(line).starts_with(key)) {
      Refuse("'" + std::string(key) + "' with '=' as character 41 is expected, not '" +
             Shown(line) + "'");
    }
    return line;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t line_ = 0;
  Status status_;
};

void TakeObservation(Lines& lines, PrestoInf& inf) {
  inf.name = lines.Text("Data file name");
  inf.telescope = lines.Text("Telescope used");
  if (inf.telescope == "None (Artificial Data Set)") {
    lines.Refuse("artificial data without a telescope have other lines and cannot be read");
  }
  inf.instrument = lines.Text("Instrument used");
  inf.source = lines.Text("Object being observed");
  inf.right_ascension = lines.Text("J2000 Right Ascension");
  inf.declination = lines.Text("J2000 Declination");
  inf.observer = lines.Text("Data observed by");
  inf.epoch_mjd = lines.Number("Epoch of observation", -1e6, 1e6);
  inf.barycentred = lines.Number("Barycentered?", 0, 1) != 0;
  const double samples = lines.Number("Number of bins in the time series", 1,
                                      static_cast<double>(presto::kMostSamples));
  if (samples != std::floor(samples)) lines.Refuse("the number of bins is not whole");
  inf.samples = static_cast<std::uint64_t>(samples);
  inf.sample_seconds = lines.Number("Width of each time series bin", 1e-12, 1e9);
}

void TakeBand(Lines& lines, PrestoInf& inf) {
  if (lines.Number("Any breaks in the data?", 0, 1) != 0) {
    constexpr int kMostBreaks = 10'000;
    for (int i = 0; i < kMostBreaks && lines.Comes("On/Off"); ++i) {
      static_cast<void>(lines.Text("On/Off"));
    }
  }
  const std::string band = lines.Text("Type of observation");
  if (band != "Radio") {
    lines.Refuse("the band '" + Shown(band) + "' is not Radio: other bands have other lines");
  }
  inf.beam_arcsec = lines.Number("Beam diameter", 0, 1e9);
  inf.dispersion = lines.Number("Dispersion measure", -1e6, 1e6);
  inf.low_mhz = lines.Number("Central freq of low channel", 0, 1e9);
  inf.band_mhz = lines.Number("Total bandwidth", 0, 1e9);
  inf.channels = static_cast<std::uint64_t>(lines.Number("Number of channels", 1, 1e9));
  inf.channel_mhz = lines.Number("Channel bandwidth", 0, 1e9);
  inf.analyst = lines.Text("Data analyzed by");
}

}  // namespace

Result<PrestoInf> ParseInf(std::string_view text, const std::string& name) {
  if (text.empty()) return Fail(ErrorKind::kUser, name + " is empty.", kWrongFile);
  Lines lines(text, name);
  PrestoInf inf;
  TakeObservation(lines, inf);
  TakeBand(lines, inf);
  if (!lines.Good()) return std::unexpected(lines.Good().error());
  return inf;
}

Result<PrestoInf> ReadInf(const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Fail(ErrorKind::kUser, name + " cannot be opened.",
                "Check that the file exists and may be read.");
  }
  std::string text(presto::kInfBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Fail(ErrorKind::kHost, name + " cannot be read.", "Check the disk.");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > presto::kInfBytes) {
    return Fail(ErrorKind::kUser, name + " is larger than any .inf (1 MiB).", kWrongFile);
  }
  return ParseInf(text, name);
}

std::string WriteInf(const PrestoInf& inf) {
  std::string text;
  const auto line = [&text](std::string key, const std::string& value) {
    key.insert(0, " ");
    key.resize(kEquals, ' ');
    text += key + "=  " + value + "\n";
  };
  line("Data file name without suffix", inf.name);
  line("Telescope used", inf.telescope);
  line("Instrument used", inf.instrument);
  line("Object being observed", inf.source);
  line("J2000 Right Ascension (hh:mm:ss.ssss)", inf.right_ascension);
  line("J2000 Declination     (dd:mm:ss.ssss)", inf.declination);
  line("Data observed by", inf.observer);
  line("Epoch of observation (MJD)", NumberText(inf.epoch_mjd, 17));
  line("Barycentered?           (1 yes, 0 no)", inf.barycentred ? "1" : "0");
  line("Number of bins in the time series", std::to_string(inf.samples));
  line("Width of each time series bin (sec)", NumberText(inf.sample_seconds));
  line("Any breaks in the data? (1 yes, 0 no)", "0");
  line("Type of observation (EM band)", "Radio");
  line("Beam diameter (arcsec)", NumberText(inf.beam_arcsec));
  line("Dispersion measure (cm-3 pc)", NumberText(inf.dispersion));
  line("Central freq of low channel (MHz)", NumberText(inf.low_mhz));
  line("Total bandwidth (MHz)", NumberText(inf.band_mhz));
  line("Number of channels", std::to_string(inf.channels));
  line("Channel bandwidth (MHz)", NumberText(inf.channel_mhz));
  line("Data analyzed by", inf.analyst);
  return text + " Any additional notes:\n";
}

Result<PrestoSeries> PrestoSeries::Open(const std::filesystem::path& path, const std::string& name,
                                        const PrestoInf& inf) {
  PrestoSeries series(::open(path.c_str(), O_RDONLY | O_CLOEXEC), name);
  struct stat facts = {};
  if (series.file_ < 0 || ::fstat(series.file_, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return Fail(ErrorKind::kUser, name + " cannot be opened.",
                "Check that the file exists and may be read.");
  }
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  if (size != 4 * inf.samples) {
    return Fail(ErrorKind::kUser,
                name + " has " + std::to_string(size) + " bytes; the " +
                    std::to_string(inf.samples) + " bins of its .inf have " +
                    std::to_string(4 * inf.samples) + ".",
                "Fetch or copy both files again.");
  }
  series.samples_ = inf.samples;
  return series;
}

PrestoSeries::PrestoSeries(PrestoSeries&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      name_(std::move(other.name_)),
      samples_(other.samples_) {}

PrestoSeries& PrestoSeries::operator=(PrestoSeries&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(name_, other.name_);
  std::swap(samples_, other.samples_);
  return *this;
}

PrestoSeries::~PrestoSeries() {
  if (file_ >= 0) ::close(file_);
}

Status PrestoSeries::Read(std::uint64_t first, std::uint64_t count, float* out) const {
  static_assert(std::endian::native == std::endian::little);
  PICUBE_CHECK(first <= samples_ && count <= samples_ - first, "samples are within the file");
  return ReadBytesAt(file_, name_, 4 * first, {reinterpret_cast<unsigned char*>(out), 4 * count});
}

}  // namespace picube
