// Reading HDF5 files: datasets of numbers by hyperslabs, attributes of numbers and texts; and
// writing small ones.
//
// The library is C and not safe for threads: one lock inside this adapter guards every call, so
// these classes may be used by any thread (one object by one thread at a time). Sizes that a header
// claims are compared with bounds and with the caller's buffer before anything is read into it. The
// library itself is not proof against hostile files: hdf5_fuzz makes version 1.10.8 read beyond its
// own buffers (docs/SERVER.md). Errors of reading are kUser; they name the file, the object and the
// library's reason. A dataset outlives its file. Texts are cut at the first zero byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/error.h"

namespace picube {

namespace hdf5 {
inline constexpr std::size_t kMostDimensions = 8;
inline constexpr std::uint64_t kMostTextBytes = 1U << 16;     // of one text
inline constexpr std::uint64_t kMostChunkBytes = 64U << 20;   // the library unpacks one whole
inline constexpr std::uint64_t kChunkCacheBytes = 32U << 20;  // unpacked ones kept by a dataset
}  // namespace hdf5

// An open object of the library; closed with the last copy of it.
class Hdf5Handle {
 public:
  using Close = int (*)(std::int64_t);
  Hdf5Handle() = default;
  Hdf5Handle(std::int64_t id, Close close) : id_(id), close_(close) {}
  ~Hdf5Handle();
  Hdf5Handle(Hdf5Handle&& other) noexcept;
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept;
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  [[nodiscard]] std::int64_t Id() const { return id_; }
  [[nodiscard]] bool Good() const { return id_ >= 0; }

 private:
  std::int64_t id_ = -1;
  Close close_ = nullptr;
};

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
  [[nodiscard]] Status ReadAs(std::int64_t type, std::span<const std::uint64_t> start,
                              std::span<const std::uint64_t> count, void* out,
                              std::size_t size) const;
  Hdf5Handle id_;
  std::string name_;  // "file.h5, dataset data"
  std::vector<std::uint64_t> shape_;
  std::vector<std::uint64_t> chunk_;
};

class Hdf5File {
 public:
  // `name` is what the user calls the file, for errors.
  [[nodiscard]] static Result<Hdf5File> Open(const std::filesystem::path& path,
                                             const std::string& name);

  // Whether there is an object at the path ("strain/Strain").
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
  [[nodiscard]] Result<Hdf5Handle> OpenAttribute(const std::string& object,
                                                 const std::string& attribute) const;
  Hdf5Handle id_;
  std::string name_;
};

enum class Hdf5Filter : std::uint8_t { kNone, kGzip, kBitshuffleLz4 };
// Whether the library finds the filter: kBitshuffleLz4 is in a Debian package of its own.
[[nodiscard]] bool Hdf5HasFilter(Hdf5Filter filter);

// How a dataset is stored: in chunks of so many rows of the first dimension, 0 = in one piece,
// which no filter can pack.
struct Hdf5Storage {
  std::uint64_t rows = 0;
  Hdf5Filter filter = Hdf5Filter::kNone;
};

// Writing small files, for makers of example data and for tests. Groups on the way to an object
// are made. An existing file is replaced. The file is whole when the writer is gone. Errors are
// kHost.
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
  Hdf5Handle id_;
  std::string name_;
};

}  // namespace picube
