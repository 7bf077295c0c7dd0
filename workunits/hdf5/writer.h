// Writing small HDF5 files, for makers of example data and for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "protocol/base/error.h"
#include "workunits/formats/filterbank.h"
#include "workunits/formats/strain.h"
#include "workunits/hdf5/library.h"

namespace picube {

enum class Hdf5Filter : std::uint8_t { kNone, kGzip, kBitshuffleLz4 };
// Whether the library finds the filter: kBitshuffleLz4 is in a Debian package of its own.
[[nodiscard]] bool Hdf5HasFilter(Hdf5Filter filter);

// How a dataset is stored: in chunks of so many rows of the first dimension, 0 = in one piece,
// which no filter can pack.
struct Hdf5Storage {
  std::uint64_t rows = 0;
  Hdf5Filter filter = Hdf5Filter::kNone;
};

// Groups on the way to an object are made. An existing file is replaced. The file is whole when the
// writer is gone. Errors are kHost.
class Hdf5Writer {
 public:
  [[nodiscard]] static Result<Hdf5Writer> Create(const std::filesystem::path& path);
  // A dataset of this shape; `values` has the product of its sizes.
  [[nodiscard]] Status Put(const std::string& path, std::span<const std::uint64_t> shape,
                           std::span<const double> values, Hdf5Storage storage = {});
  [[nodiscard]] Status Put(const std::string& path, std::span<const std::uint64_t> shape,
                           std::span<const float> values, Hdf5Storage storage = {});
  [[nodiscard]] Status Put(const std::string& path, std::span<const std::uint64_t> shape,
                           std::span<const std::uint32_t> values, Hdf5Storage storage = {});
  // A dataset of one text, and attributes of an object; a group that is not there yet is made.
  [[nodiscard]] Status PutTextDataset(const std::string& path, const std::string& value);
  [[nodiscard]] Status PutNumber(const std::string& object, const std::string& name, double value);
  [[nodiscard]] Status PutText(const std::string& object, const std::string& name,
                               const std::string& value, bool variable = false);

 private:
  [[nodiscard]] Status PutAs(std::int64_t type, const std::string& path,
                             std::span<const std::uint64_t> shape, const void* values,
                             std::size_t size, Hdf5Storage storage);
  hdf5::Handle id_;
  std::string name_;
};

// Strain and given templates as ReadStrain and ReadGivenTemplate have them.
[[nodiscard]] Status WriteStrain(const std::filesystem::path& path, const Strain& strain);
[[nodiscard]] Status WriteGivenTemplate(const std::filesystem::path& path,
                                        const GivenTemplate& given);
// FBH5: `values` are header.rows x header.channels.
[[nodiscard]] Status WriteFbh5(const std::filesystem::path& path, const FilterbankHeader& header,
                               std::span<const float> values, Hdf5Filter filter);

}  // namespace picube
