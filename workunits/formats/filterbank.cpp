#include "workunits/formats/filterbank.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "protocol/base/check.h"

namespace picube {
namespace {

constexpr std::uint64_t kMostRows = 4096;
constexpr std::uint64_t kMostChannels = 1ULL << 36;

std::unexpected<Error> Bad(const std::string& name, const std::string& what) {
  return Fail(ErrorKind::kUser, name + ": " + what + ".", "Check the file, or fetch it again.");
}

// "17h10m03.984s" of a packed hhmmss.s, "12d10m58.8s" of ddmmss.s.
std::string Sexagesimal(double packed, char unit) {
  const double size = std::fabs(packed);
  if (!(size < 1e7)) return "0";
  const double whole = std::floor(size / 10000);
  const double minutes = std::floor((size - whole * 10000) / 100);
  const double seconds = size - whole * 10000 - minutes * 100;
  char text[64];
  std::snprintf(text, sizeof text,
                unit == 'h' ? "%s%02.0f%c%02.0fm%06.3fs" : "%s%02.0f%c%02.0fm%04.1fs",
                packed < 0 ? "-" : "", whole, unit, minutes, seconds);
  return text;
}

// Hours or degrees as a packed number.
double Packed(double value) {
  const double size = std::fabs(value);
  const double whole = std::floor(size);
  const double minutes = std::floor((size - whole) * 60);
  const double seconds = ((size - whole) * 60 - minutes) * 60;
  return std::copysign(whole * 10000 + minutes * 100 + seconds, value);
}

Status CheckHeader(const FilterbankHeader& header, const std::string& name) {
  if (!(header.tsamp > 0 && header.tsamp < 1e6)) return Bad(name, "tsamp is no time of a spectrum");
  if (!(std::fabs(header.foff) > 1e-15 && std::fabs(header.foff) < 1e6)) {
    return Bad(name, "foff is no width of a channel");
  }
  if (!(std::fabs(header.fch1) < 1e9) || !(std::fabs(header.tstart) < 1e9)) {
    return Bad(name, "fch1 or tstart is not a value that can be");
  }
  if (header.channels == 0 || header.channels > kMostChannels) {
    return Bad(name, "there are " + std::to_string(header.channels) + " channels");
  }
  if (header.rows < 2 || header.rows > kMostRows) {
    return Bad(name, std::to_string(header.rows) + " spectra are not from 2 to " +
                         std::to_string(kMostRows));
  }
  return {};
}

bool IsHdf5(const std::filesystem::path& path) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  std::array<char, 8> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  return std::string_view(head.data(), head.size()) == kSignature;
}

// An attribute of the dataset that may be missing.
Result<double> NumberOr(const Hdf5File& file, const char* name, double fallback) {
  if (!file.HasAttribute("data", name)) return fallback;
  return file.Number("data", name);
}

}  // namespace

Status Filterbank::TakeSigproc(SigprocFile file) {
  const SigprocHeader& from = file.Header();
  if (from.nifs != 1) {
    return Bad(name_, "it has " + std::to_string(from.nifs) + " interfaces, one is searched");
  }
  header_ = {from.source_name,
             Sexagesimal(from.src_raj, 'h'),
             Sexagesimal(from.src_dej, 'd'),
             from.tstart,
             from.tsamp,
             from.fch1,
             from.foff,
             static_cast<std::uint64_t>(from.nchans),
             file.Rows(),
             from.nbits,
             0};
  file_ = std::move(file);
  return {};
}

Status Filterbank::TakeHdf5(const Hdf5File& file) {
  auto data = file.Dataset("data");
  if (!data) return std::unexpected(data.error());
  const auto& shape = data->Shape();
  if (shape.size() != 3 || shape[1] != 1) {
    return Bad(name_, "dataset data is not [time][1][channel]");
  }
  header_.rows = shape[0];
  header_.channels = shape[2];
  for (const auto& [name, value] :
       {std::pair{"fch1", &header_.fch1}, {"foff", &header_.foff}, {"tsamp", &header_.tsamp}}) {
    const auto number = file.Number("data", name);
    if (!number) return std::unexpected(number.error());
    *value = *number;
  }
  const auto nchans = NumberOr(file, "nchans", static_cast<double>(shape[2]));
  if (!nchans) return std::unexpected(nchans.error());
  if (*nchans != static_cast<double>(shape[2])) {
    return Bad(name_, "nchans does not say how many channels there are");
  }
  double ra = 0;
  double dec = 0;
  double coarse = 0;
  for (const auto& [name, value] : {std::pair{"tstart", &header_.tstart},
                                    {"src_raj", &ra},
                                    {"src_dej", &dec},
                                    {"nfpc", &coarse}}) {
    const auto number = NumberOr(file, name, 0);
    if (!number) return std::unexpected(number.error());
    *value = *number;
  }
  if (!(std::fabs(ra) < 1e4) || !(std::fabs(dec) < 1e4)) {
    return Bad(name_, "src_raj or src_dej is no direction");
  }
  header_.right_ascension = Sexagesimal(Packed(ra), 'h');
  header_.declination = Sexagesimal(Packed(dec), 'd');
  header_.coarse = coarse >= 1 && coarse <= static_cast<double>(kMostChannels)
                       ? static_cast<std::uint64_t>(coarse)
                       : 0;
  if (auto source = file.Text("data", "source_name")) header_.source = std::move(*source);
  file_ = std::move(*data);
  return {};
}

Result<Filterbank> Filterbank::Open(const std::filesystem::path& path, const std::string& name) {
  Filterbank bank;
  bank.name_ = name;
  Status taken;
  if (IsHdf5(path)) {
    const auto file = Hdf5File::Open(path, name);
    if (!file) return std::unexpected(file.error());
    taken = bank.TakeHdf5(*file);
  } else {
    auto file = SigprocFile::Open(path, name);
    if (!file) return std::unexpected(file.error());
    taken = bank.TakeSigproc(std::move(*file));
  }
  if (taken) taken = CheckHeader(bank.header_, name);
  if (!taken) return std::unexpected(taken.error());
  for (char& c : bank.header_.source) {
    if (static_cast<unsigned char>(c) < 0x20) c = '?';
  }
  return bank;
}

Status Filterbank::ReadRow(std::uint64_t row, std::uint64_t first, std::uint64_t channels,
                           float* out) const {
  PICUBE_CHECK(
      row < header_.rows && first <= header_.channels && channels <= header_.channels - first,
      "what is read lies within the file");
  if (const auto* file = std::get_if<SigprocFile>(&file_)) {
    return file->ReadRows(row, 1, first, channels, out);
  }
  const std::array<std::uint64_t, 3> start{row, 0, first};
  const std::array<std::uint64_t, 3> count{1, 1, channels};
  return std::get<Hdf5Dataset>(file_).Read(start, count, std::span(out, channels));
}

}  // namespace picube
