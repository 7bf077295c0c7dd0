// Filterbanks of narrow channels, from SIGPROC (.fil) or from HDF5 as Breakthrough Listen writes it
// (FBH5, .h5): one interface, floats by rows and channels.
//
// Errors are kUser and name file and field. Movable; reading is const and may be done by many
// threads (HDF5 by one at a time). Files may be larger than memory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "workunits/formats/hdf5.h"
#include "workunits/formats/sigproc.h"

namespace picube {

struct FilterbankHeader {
  std::string source;           // may be empty
  std::string right_ascension;  // "17h10m03.984s"
  std::string declination;      // "12d10m58.8s"
  double tstart = 0;            // MJD
  double tsamp = 0;             // s, > 0
  double fch1 = 0;              // MHz, of channel 0
  double foff = 0;              // MHz, not 0
  std::uint64_t channels = 0;
  std::uint64_t rows = 0;
  int bits = 32;             // of a value in the file
  std::uint64_t coarse = 0;  // channels of a coarse channel, if the file says so, else 0
};

class Filterbank {
 public:
  [[nodiscard]] static Result<Filterbank> Open(const std::filesystem::path& path,
                                               const std::string& name);

  [[nodiscard]] const FilterbankHeader& Header() const { return header_; }
  [[nodiscard]] const std::string& Name() const { return name_; }

  // Channels first .. first + channels - 1 of a row. The range must lie within the file
  // (PICUBE_CHECK). Errors: the file is shorter than it was, or cannot be read.
  [[nodiscard]] Status ReadRow(std::uint64_t row, std::uint64_t first, std::uint64_t channels,
                               float* out) const;

 private:
  Status TakeSigproc(SigprocFile file);
  Status TakeHdf5(const Hdf5File& file);

  std::string name_;
  FilterbankHeader header_;
  std::variant<std::monostate, SigprocFile, Hdf5Dataset> file_;
};

}  // namespace picube
