// Reading HDF5 files: datasets of numbers by hyperslabs, attributes of numbers and texts.
//
// Each file is read by a program of its own (hdf5_process.h), so that a file made to break the
// library that reads it breaks that program alone. Sizes that a header claims are compared with
// bounds and with the caller's buffer before anything is read into it. Any thread may use these
// classes. Errors of reading are kUser; they name the file, the object and the library's reason. A
// dataset outlives its file. Texts are cut at the first zero byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "workunits/formats/hdf5_messages.h"

namespace picube {

namespace hdf5 {
class Process;
}

class Hdf5Dataset {
 public:
  // Sizes, slowest dimension first; empty for a single value.
  [[nodiscard]] const std::vector<std::uint64_t>& Shape() const { return shape_; }
  // Sizes of the pieces in which it is stored, empty if it is stored in one. A reader that takes
  // blocks of whole pieces, or of neighbours within 32 MiB, unpacks each of them once.
  [[nodiscard]] const std::vector<std::uint64_t>& ChunkShape() const { return chunk_; }

  // The block of `count` values from `start` in each dimension, converted to the buffer's type.
  // The buffer has exactly the product of `count` values. On an error its content is undefined.
  [[nodiscard]] Status Read(std::span<const std::uint64_t> start,
                            std::span<const std::uint64_t> count, std::span<double> out) const;
  [[nodiscard]] Status Read(std::span<const std::uint64_t> start,
                            std::span<const std::uint64_t> count, std::span<float> out) const;
  [[nodiscard]] Status Read(std::span<const std::uint64_t> start,
                            std::span<const std::uint64_t> count,
                            std::span<std::uint32_t> out) const;

 private:
  friend class Hdf5File;
  [[nodiscard]] Status ReadAs(hdf5::ValueType type, std::span<const std::uint64_t> start,
                              std::span<const std::uint64_t> count, void* out,
                              std::size_t size) const;
  // In pieces that one answer may have.
  [[nodiscard]] Status ReadPiece(hdf5::Question& piece, std::size_t dimension, char*& out) const;

  std::shared_ptr<hdf5::Process> process_;
  std::uint32_t handle_ = 0;
  std::string name_;  // "file.h5, dataset data"
  std::vector<std::uint64_t> shape_;
  std::vector<std::uint64_t> chunk_;
};

class Hdf5File {
 public:
  // `name` is what the user calls the file, for errors.
  [[nodiscard]] static Result<Hdf5File> Open(const std::filesystem::path& path,
                                             const std::string& name);
  // With the program that was started.
  [[nodiscard]] static Result<Hdf5File> Open(std::shared_ptr<hdf5::Process> process,
                                             const std::string& name);

  // Whether there is an object at the path ("strain/Strain"); not if the file cannot be read.
  [[nodiscard]] bool Has(const std::string& path) const;
  // A dataset of integers or floating-point numbers whose filters are all at hand.
  [[nodiscard]] Result<Hdf5Dataset> Dataset(const std::string& path) const;
  // A dataset that is one text (of fixed or variable length), as LIGO's `meta/Detector`.
  [[nodiscard]] Result<std::string> TextDataset(const std::string& path) const;

  [[nodiscard]] bool HasAttribute(const std::string& object, const std::string& attribute) const;
  // One number, or one text of fixed or variable length. `object` is a group or dataset.
  [[nodiscard]] Result<double> Number(const std::string& object,
                                      const std::string& attribute) const;
  [[nodiscard]] Result<std::string> Text(const std::string& object,
                                         const std::string& attribute) const;

 private:
  std::shared_ptr<hdf5::Process> process_;
  std::string name_;
};

}  // namespace picube
