// What was given to be searched: a PRESTO series (.dat and .inf), a SIGPROC series (.tim), or a
// SIGPROC filterbank (.fil), which is summed over its channels for a trial dispersion measure.
//
// The delay of a frequency f (MHz) against the highest one is 4148.808 DM (f^-2 - f_top^-2) s; a
// channel is moved by as many whole samples, rounded half up. Sums of integers are exact. Files are
// read as streams; memory is that of the series asked for. A value that holds open files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "workunits/application.h"
#include "workunits/formats/presto.h"
#include "workunits/formats/sigproc.h"
#include "workunits/pulsar/series.h"

namespace picube::pulsar {

inline constexpr double kDispersion = 4148.808;  // s MHz^2 cm^3/pc

struct Band {               // of a filterbank
  std::vector<double> mhz;  // centre of each channel
  std::vector<bool> zapped;

  [[nodiscard]] double Top() const;  // of all channels
  [[nodiscard]] double Bottom() const;
  // Delay of the lowest frequency against the highest for a DM of 1, s.
  [[nodiscard]] double Sweep() const;
};

// Samples by which each channel is late.
[[nodiscard]] std::vector<std::uint64_t> Delays(const Band& band, double dm, double sample_seconds);

class Recording {
 public:
  // `downsample` samples are summed to one. `zap` is a list of channels, "3,17-20". Errors (kUser)
  // name the file or the parameter.
  [[nodiscard]] static Result<Recording> Open(const Dataset& dataset, std::uint64_t downsample,
                                              std::string_view zap);

  [[nodiscard]] const std::string& Name() const { return name_; }         // of the file
  [[nodiscard]] const std::string& Source() const { return source_; }     // what was observed
  [[nodiscard]] double SampleSeconds() const { return sample_seconds_; }  // after downsampling
  [[nodiscard]] double EpochMjd() const { return epoch_mjd_; }
  // Nothing for a series.
  [[nodiscard]] const std::optional<Band>& Channels() const { return band_; }
  // Of a series: its own; of a filterbank: refdm of its header.
  [[nodiscard]] double HeaderDm() const { return header_dm_; }
  // Samples of the series for a DM; 0 if the sweep is longer than the recording.
  [[nodiscard]] std::uint64_t Samples(double dm) const;

  // The series for each DM, flattened. One pass over the file. Errors: the file cannot be read, or
  // has nothing to search.
  [[nodiscard]] Result<std::vector<std::vector<float>>> Flat(const std::vector<double>& dms) const;
  // Quantised; the first is DM number `first`.
  [[nodiscard]] Result<std::vector<Series>> Quantised(const std::vector<double>& dms,
                                                      std::uint32_t first) const;
  // Trials that one pass should make at once, so that their sums fit in 64 MiB.
  [[nodiscard]] std::size_t TrialsPerPass() const;

 private:
  Recording(std::variant<PrestoSeries, SigprocFile> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}
  static Result<Recording> OpenPresto(const Dataset& dataset);
  static Result<Recording> OpenSigproc(const Dataset::File& file);
  [[nodiscard]] std::string NameOf(double dm) const;
  [[nodiscard]] Result<std::vector<double>> ReadSeries() const;
  template <class T>
  [[nodiscard]] Result<std::vector<std::vector<double>>> Dedisperse(
      const std::vector<double>& dms) const;
  [[nodiscard]] Result<std::vector<std::vector<double>>> Raw(const std::vector<double>& dms) const;

  std::variant<PrestoSeries, SigprocFile> file_;
  std::string name_;
  std::string source_;
  double raw_seconds_ = 0;
  double sample_seconds_ = 0;
  double epoch_mjd_ = 0;
  double header_dm_ = 0;
  std::uint64_t raw_samples_ = 0;
  std::uint64_t downsample_ = 1;
  std::optional<Band> band_;
};

}  // namespace picube::pulsar
