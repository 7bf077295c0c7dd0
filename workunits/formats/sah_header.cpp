#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "workunits/formats/sah.h"
#include "workunits/parameters.h"

namespace picube {
namespace {

// Instead of a fallback: the tag must be there.
constexpr double kRequired = std::numeric_limits<double>::quiet_NaN();

// Takes values out of a header; keeps the first error and gives zeros after it.
class TagReader {
 public:
  TagReader(std::string_view text, std::string name, std::size_t first_line)
      : text_(text), name_(std::move(name)), first_line_(first_line) {}

  // The part between <tag> and </tag>, or nothing.
  [[nodiscard]] std::string_view Section(std::string_view tag) const {
    const std::string open = "<" + std::string(tag) + ">";
    const std::string close = "</" + std::string(tag) + ">";
    const std::size_t from = text_.find(open);
    if (from == std::string_view::npos) return {};
    const std::size_t to = text_.find(close, from);
    if (to == std::string_view::npos) return {};
    return text_.substr(from + open.size(), to - from - open.size());
  }

  // The text of the first <tag> of `scope` at or after `from`, which moves behind it.
  [[nodiscard]] std::optional<std::string_view> Text(std::string_view scope, std::string_view tag,
                                                     std::size_t& from) const {
    const std::string open = "<" + std::string(tag) + ">";
    const std::size_t at = scope.find(open, from);
    if (at == std::string_view::npos) return std::nullopt;
    const std::size_t begin = at + open.size();
    const std::size_t end = std::min(scope.find('<', begin), scope.size());
    from = end;
    std::string_view value = scope.substr(begin, end - begin);
    while (!value.empty() && IsBlank(value.front())) value.remove_prefix(1);
    while (!value.empty() && IsBlank(value.back())) value.remove_suffix(1);
    return value;
  }

  // A number in [least, most]; `fallback` if the tag may be absent.
  double Number(std::string_view scope, std::string_view tag, double least, double most,
                double fallback = kRequired) {
    std::size_t from = 0;
    return NumberFrom(scope, tag, least, most, from, fallback);
  }

  double NumberFrom(std::string_view scope, std::string_view tag, double least, double most,
                    std::size_t& from, double fallback = kRequired) {
    const auto text = Text(scope, tag, from);
    if (!text) {
      if (!std::isnan(fallback)) return fallback;
      Error(scope, "the tag <" + std::string(tag) + "> is missing");
      return 0;
    }
    const auto number = ParseNumber(*text);
    if (!number) {
      Error(*text, "<" + std::string(tag) + "> is not a number");
      return 0;
    }
    if (!(*number >= least && *number <= most)) {
      Error(*text, "<" + std::string(tag) + "> is " + std::string(text->substr(0, 40)) +
                       ", outside " + NumberText(least) + " to " + NumberText(most));
      return least;
    }
    return *number;
  }

  std::uint32_t Whole(std::string_view scope, std::string_view tag, std::uint32_t least,
                      std::uint32_t most, double fallback = kRequired) {
    const double value = Number(scope, tag, least, most, fallback);
    const auto whole = static_cast<std::uint32_t>(value);
    if (static_cast<double>(whole) != value) {
      Error(scope, "<" + std::string(tag) + "> is not a whole number");
    }
    return whole;
  }

  // `where` is a part of the header, for the line.
  void Error(std::string_view where, const std::string& what) {
    if (error_) return;
    std::size_t line = first_line_;
    if (where.data() >= text_.data() && where.data() <= text_.data() + text_.size()) {
      line += static_cast<std::size_t>(std::count(text_.data(), where.data(), '\n'));
    }
    error_ = picube::Error{ErrorKind::kUser,
                           name_ + ", line " + std::to_string(line) + ": " + what + ".",
                           "Give a work unit of SETI@home version 7."};
  }

  [[nodiscard]] std::string_view All() const { return text_; }
  [[nodiscard]] const std::optional<picube::Error>& FirstError() const { return error_; }

 private:
  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  std::string_view text_;
  std::string name_;
  std::size_t first_line_;
  std::optional<picube::Error> error_;
};

constexpr double kHuge = 1e15;

void ReadDescription(TagReader& in, SahHeader& header) {
  const std::string_view all = in.All();
  std::size_t from = 0;
  header.name = std::string(in.Text(all, "name", from).value_or(""));
  if (header.name.empty()) in.Error(all, "the tag <name> is missing");
  if (header.name.size() > 256) in.Error(all, "<name> is longer than 256 characters");
  const auto most = static_cast<std::uint32_t>(sah::kMostSamples);
  header.samples = in.Whole(all, "nsamples", static_cast<std::uint32_t>(sah::kLeastSamples), most);
  if (!std::has_single_bit(header.samples)) {
    in.Error(all, "<nsamples> is " + std::to_string(header.samples) + ", not a power of two");
  }
  header.time_recorded_jd = in.Number(all, "time_recorded_jd", 0, 1e8);
  header.angle_range = in.Number(all, "true_angle_range", 0, 360);
  const std::string_view coords = in.Section("coords");
  for (from = 0; coords.find("<time>", from) != std::string_view::npos && !in.FirstError();) {
    SahHeader::Coordinate at;
    at.time_jd = in.NumberFrom(coords, "time", 0, 1e8, from);
    at.ra_hours = in.NumberFrom(coords, "ra", -24, 48, from);
    at.dec_degrees = in.NumberFrom(coords, "dec", -90, 90, from);
    header.coordinates.push_back(at);
    if (header.coordinates.size() > sah::kMostCoordinates) in.Error(coords, "too many <coords>");
  }
  if (header.coordinates.empty()) in.Error(all, "<coords> has no position");
}

void ReadReceiver(TagReader& in, SahHeader& header) {
  const std::string_view receiver = in.Section("receiver_cfg");
  header.beam_width = in.Number(receiver, "beam_width", 1e-9, 360);
  if (in.Whole(in.Section("recorder_cfg"), "bits_per_sample", 1, 64) != 2) {
    in.Error(in.Section("recorder_cfg"), "<bits_per_sample> is not 2 (1+1 bit samples)");
  }
  const std::string_view splitter = in.Section("splitter_cfg");
  std::size_t from = 0;
  const auto type = in.Text(splitter, "data_type", from);
  if (type && *type != "encoded") in.Error(*type, "<data_type> is not `encoded`");
  header.ifft_length = in.Whole(splitter, "ifft_len", 1, 1U << 20);
}

void ReadChirps(TagReader& in, SahHeader& header) {
  const std::string_view chirps = in.Section("chirps");
  const double most = header.sample_rate * header.sample_rate / 8;
  for (std::size_t from = 0;
       chirps.find("<chirp_limit>", from) != std::string_view::npos && !in.FirstError();) {
    SahHeader::ChirpEntry entry;
    entry.limit = in.NumberFrom(chirps, "chirp_limit", 0, most, from);
    const double flags = in.NumberFrom(chirps, "fft_len_flags", 0, 4294967295.0, from);
    entry.fft_flags = static_cast<std::uint32_t>(flags) & header.fft_flags;
    header.chirps.push_back(entry);
    if (header.chirps.size() > sah::kMostChirpEntries) in.Error(chirps, "too many <chirps>");
  }
  if (header.chirps.empty()) in.Error(in.All(), "<chirps> has no <chirp_limit>");
}

// What is missing is not searched.
void ReadOtherKinds(TagReader& in, std::string_view cfg, SahHeader& header) {
  header.autocorr_threshold = in.Number(cfg, "autocorr_thresh", 0, kHuge, 0.0);
  header.autocorr_length = in.Whole(cfg, "autocorr_fftlen", 0, 1U << 20, 131072.0);
  header.gauss_chi_sq = in.Number(cfg, "gauss_chi_sq_thresh", 0, kHuge, 0.0);
  header.gauss_null_chi_sq = in.Number(cfg, "gauss_null_chi_sq_thresh", 0, kHuge, 0.0);
  if (header.gauss_null_chi_sq == 0) header.gauss_null_chi_sq = 1.890;
  header.gauss_power = in.Number(cfg, "gauss_power_thresh", 0, kHuge, 0.0);
  header.gauss_peak_power = in.Number(cfg, "gauss_peak_power_thresh", 0, kHuge, 0.0);
  header.pulse_threshold = in.Number(cfg, "pulse_thresh", 0, 1e6, 0.0);
  header.pulse_display = in.Number(cfg, "pulse_display_thresh", 0, 1, 0.5);
  header.pulse_max = in.Number(cfg, "pulse_max", 1, kHuge, 40960.0);
  header.pulse_pot_length = in.Whole(cfg, "pulse_pot_length", 0, 1U << 20, 256.0);
  header.pot_overlap = in.Number(cfg, "pot_overlap_factor", 0, 0.99, 0.5);
  header.pot_t_offset = in.Number(cfg, "pot_t_offset", 0, 100, 1.0);
  header.triplet_threshold = in.Number(cfg, "triplet_thresh", 0, kHuge, 0.0);
  header.triplet_max = in.Number(cfg, "triplet_max", 0, kHuge, 131072.0);
}

void ReadAnalysis(TagReader& in, SahHeader& header) {
  const std::string_view cfg = in.Section("analysis_cfg");
  if (cfg.empty()) in.Error(in.All(), "the section <analysis_cfg> is missing");
  header.spike_threshold = in.Number(cfg, "spike_thresh", 1, kHuge);
  if (in.Whole(cfg, "spikes_per_spectrum", 1, 1000, 1.0) != 1) {
    in.Error(cfg, "<spikes_per_spectrum> is not 1, which is all this version does");
  }
  header.pot_min_slew = in.Number(cfg, "pot_min_slew", 1e-12, kHuge);
  header.pot_max_slew = in.Number(cfg, "pot_max_slew", 0, kHuge);
  header.chirp_resolution = in.Number(cfg, "chirp_resolution", 1e-6, 1e6);
  header.fft_flags = in.Whole(cfg, "analysis_fft_lengths", 1, 0xffffffffU);
  header.gauss_pot_length = in.Number(cfg, "gauss_pot_length", 1, kHuge);
  header.pulse_min = in.Number(cfg, "pulse_min", 1, kHuge);
  header.pulse_fft_max = in.Number(cfg, "pulse_fft_max", 1, kHuge);
  header.pulse_beams = in.Number(cfg, "pulse_beams", 1e-6, 1e6, 1.0);
  header.triplet_min = in.Number(cfg, "triplet_min", 1, kHuge);
  ReadOtherKinds(in, cfg, header);
  header.smooth_box = in.Whole(cfg, "bsmooth_boxcar_length", 2, 1U << 20, 8192.0);
  header.smooth_chunk = in.Whole(cfg, "bsmooth_chunk_size", 8, 1U << 20, 32768.0);
  header.max_signals = in.Whole(cfg, "max_signals", 1, 1'000'000, 30.0);
}

void CheckLengths(TagReader& in, const SahHeader& header) {
  const std::uint64_t longest = std::min<std::uint64_t>(header.samples, 1U << 20);
  if ((header.fft_flags & 7U) != 0 || std::bit_floor(header.fft_flags) > longest) {
    in.Error(in.Section("analysis_cfg"),
             "<analysis_fft_lengths> has lengths outside 8 to " + std::to_string(longest));
  }
  if (!std::has_single_bit(header.smooth_chunk) || header.smooth_chunk > header.samples ||
      header.smooth_box > header.smooth_chunk || header.smooth_box % 2 != 0) {
    in.Error(in.Section("analysis_cfg"),
             "<bsmooth_boxcar_length> and <bsmooth_chunk_size> do not fit the recording");
  }
}

}  // namespace

Result<SahHeader> ParseSahHeader(std::string_view text, const std::string& name,
                                 std::size_t first_line) {
  TagReader in(text, name, first_line);
  SahHeader header;
  const std::string_view subband = in.Section("subband_desc");
  if (subband.empty()) in.Error(text, "the section <subband_desc> is missing");
  header.center = in.Number(subband, "center", 0, kHuge);
  header.base = in.Number(subband, "base", 0, kHuge);
  header.sample_rate = in.Number(subband, "sample_rate", 1, 1e9);
  ReadDescription(in, header);
  ReadReceiver(in, header);
  ReadAnalysis(in, header);
  if (!in.FirstError()) ReadChirps(in, header);
  if (!in.FirstError()) CheckLengths(in, header);
  if (in.FirstError()) return std::unexpected(*in.FirstError());
  return header;
}

}  // namespace picube
