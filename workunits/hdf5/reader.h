// Answers questions about one HDF5 file with the library: the part of picube-hdf5-reader that
// hostile files may break. Sizes that a header claims are compared with bounds before anything is
// read.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "workunits/formats/hdf5_messages.h"
#include "workunits/hdf5/library.h"

namespace picube::hdf5 {

inline constexpr std::uint64_t kMostChunkBytes = 64U << 20;   // the library unpacks one whole
inline constexpr std::uint64_t kChunkCacheBytes = 32U << 20;  // unpacked ones kept by a dataset

class Reader {
 public:
  // Of a descriptor that is open for reading; it stays open.
  explicit Reader(int descriptor) : descriptor_(descriptor) {}

  // The values of a kRead come in `values`.
  [[nodiscard]] Answer AnswerTo(const Question& question, std::vector<char>& values);

 private:
  struct Dataset {
    Handle id;
    std::string name;  // "file.h5, dataset data"
    std::vector<std::uint64_t> shape;
  };
  [[nodiscard]] Status Open(const std::string& name);
  [[nodiscard]] bool Has(const std::string& path) const;
  [[nodiscard]] Status OpenDataset(const std::string& path, Answer& answer);
  [[nodiscard]] Result<std::string> TextDataset(const std::string& path) const;
  [[nodiscard]] Status Read(const Question& question, std::vector<char>& values) const;
  [[nodiscard]] bool HasAttribute(const std::string& object, const std::string& attribute) const;
  [[nodiscard]] Result<Handle> OpenAttribute(const std::string& object,
                                             const std::string& attribute) const;
  [[nodiscard]] Result<double> Number(const std::string& object,
                                      const std::string& attribute) const;
  [[nodiscard]] Result<std::string> Text(const std::string& object,
                                         const std::string& attribute) const;

  int descriptor_;
  Handle file_;
  std::string name_;
  std::vector<Dataset> datasets_;
};

// Loads the filters that files may be packed with, while files can still be opened.
void LoadFilters();

}  // namespace picube::hdf5
