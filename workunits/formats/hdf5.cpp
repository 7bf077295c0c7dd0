#include "workunits/formats/hdf5.h"

#include <algorithm>
#include <utility>

#include "workunits/formats/hdf5_library.h"

namespace picube {
namespace hdf5 {
namespace {

std::recursive_mutex& Lock() {
  static std::recursive_mutex lock;
  return lock;
}

herr_t KeepDeepest(unsigned depth, const H5E_error2_t* error, void* text) {
  if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

int CloseAny(std::int64_t id) { return H5Idec_ref(id); }

}  // namespace

Library::Library() : lock_(Lock()) {
  static const bool once = [] {
    H5open();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLappend(PICUBE_HDF5_PLUGINS);  // where Debian puts them; the library looks elsewhere
    return true;
  }();
  static_cast<void>(once);
}

std::string Reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, KeepDeepest, &text);
  return text.empty() ? "no reason given" : text;
}

Hdf5Handle Own(hid_t id) { return {id, CloseAny}; }

}  // namespace hdf5

namespace {

using hdf5::Library;
using hdf5::Own;

const char* const kFetchAgain = "Check the file with h5dump, or fetch it again.";

std::unexpected<Error> Bad(const std::string& where, const std::string& what,
                           const std::string& next = kFetchAgain) {
  return Fail(ErrorKind::kUser, where + ": " + what + ".", next);
}

// The Debian package that brings a filter; empty if none is known.
std::string PackageOf(H5Z_filter_t filter) {
  switch (filter) {
    case 307:
    case 32004: return "hdf5-filter-plugin";
    case 32000: return "hdf5-plugin-lzf";
    case 32001: return "hdf5-filter-plugin-blosc-serial";
    case hdf5::kBitshuffle: return "bitshuffle";
    case 32013: return "hdf5-filter-plugin-zfp-serial";
    default: return {};
  }
}

std::string Object(const std::string& file, const std::string& path) {
  return file + ", dataset " + path;
}
std::string Attribute(const std::string& file, const std::string& object,
                      const std::string& attribute) {
  return file + ", attribute " + attribute + " of " + object;
}

// The sizes of a dataset's chunks, empty if it has none.
Result<std::vector<std::uint64_t>> ChunksOf(hid_t list, std::size_t value_bytes,
                                            const std::string& where) {
  if (H5Pget_layout(list) != H5D_CHUNKED) return std::vector<std::uint64_t>{};
  hsize_t sizes[hdf5::kMostDimensions] = {};
  const int rank = H5Pget_chunk(list, static_cast<int>(hdf5::kMostDimensions), sizes);
  if (rank < 0) return Bad(where, hdf5::Reason());
  std::uint64_t bytes = value_bytes;
  for (int i = 0; i < rank; ++i) {
    if (sizes[i] == 0 || sizes[i] > hdf5::kMostChunkBytes / bytes) {
      return Bad(where, "its chunks are larger than 64 MiB", "Repack it with h5repack -l CHUNK.");
    }
    bytes *= sizes[i];
  }
  return std::vector<std::uint64_t>(sizes, sizes + rank);
}

Status CheckFilters(hid_t list, const std::string& where) {
  for (int i = 0; i < H5Pget_nfilters(list); ++i) {
    unsigned flags = 0;
    unsigned config = 0;
    std::size_t count = 0;
    const H5Z_filter_t filter = H5Pget_filter2(list, static_cast<unsigned>(i), &flags, &count,
                                               nullptr, 0, nullptr, &config);
    if (filter < 0) return Bad(where, hdf5::Reason());
    if (H5Zfilter_avail(filter) > 0) continue;
    const std::string package = PackageOf(filter);
    return Bad(where,
               "it is packed with filter " + std::to_string(filter) + ", which is not installed",
               package.empty() ? "Repack it with h5repack -f GZIP=1 where that filter is installed."
                               : "Install the Debian package " + package + ".");
  }
  return {};
}

// Its chunks, if everything it needs is in this file and at hand.
Result<std::vector<std::uint64_t>> CheckStorage(hid_t dataset, std::size_t value_bytes,
                                                const std::string& where) {
  const auto list = Own(H5Dget_create_plist(dataset));
  if (!list.Good()) return Bad(where, hdf5::Reason());
  if (H5Pget_external_count(list.Id()) > 0 || H5Pget_layout(list.Id()) == H5D_VIRTUAL) {
    return Bad(where, "its values are in other files", "Repack it with h5repack into one file.");
  }
  if (auto filters = CheckFilters(list.Id(), where); !filters) {
    return std::unexpected(filters.error());
  }
  return ChunksOf(list.Id(), value_bytes, where);
}

// One text of a type; `read` takes the memory type and the place.
template <class Read>
Result<std::string> OneText(hid_t type, const std::string& where, const Read& read) {
  if (type < 0 || H5Tget_class(type) != H5T_STRING) return Bad(where, "it is not a text");
  if (H5Tis_variable_str(type) > 0) {
    char* text = nullptr;
    if (read(type, static_cast<void*>(&text)) < 0) return Bad(where, hdf5::Reason());
    const std::string value = text == nullptr ? "" : text;
    H5free_memory(text);
    return value;
  }
  const std::size_t bytes = H5Tget_size(type);
  if (bytes == 0 || bytes > hdf5::kMostTextBytes) {
    return Bad(where, "it is longer than 65536 bytes");
  }
  std::string value(bytes, '\0');
  if (read(type, value.data()) < 0) return Bad(where, hdf5::Reason());
  value.resize(std::min(value.find('\0'), value.size()));
  return value;
}

}  // namespace

Hdf5Handle::~Hdf5Handle() {
  if (id_ < 0) return;
  const Library library;
  close_(id_);
}
Hdf5Handle::Hdf5Handle(Hdf5Handle&& other) noexcept
    : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
Hdf5Handle& Hdf5Handle::operator=(Hdf5Handle&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(close_, other.close_);
  return *this;
}

Result<Hdf5File> Hdf5File::Open(const std::filesystem::path& path, const std::string& name) {
  const Library library;
  Hdf5File file;
  file.name_ = name;
  file.id_ = Own(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
  if (!file.id_.Good()) return Bad(name, "it cannot be read as HDF5 (" + hdf5::Reason() + ")");
  return file;
}

bool Hdf5File::Has(const std::string& path) const {
  const Library library;
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (part == "/" || part.empty()) continue;
    if (H5Lexists(id_.Id(), part.c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return H5Oexists_by_name(id_.Id(), path.c_str(), H5P_DEFAULT) > 0;
}

Result<Hdf5Dataset> Hdf5File::Dataset(const std::string& path) const {
  const Library library;
  Hdf5Dataset dataset;
  dataset.name_ = Object(name_, path);
  if (!Has(path)) return Bad(dataset.name_, "it is not there");
  const auto access = Own(H5Pcreate(H5P_DATASET_ACCESS));
  H5Pset_chunk_cache(access.Id(), 10007, hdf5::kChunkCacheBytes, 1.0);
  dataset.id_ = Own(H5Dopen2(id_.Id(), path.c_str(), access.Id()));
  if (!dataset.id_.Good()) return Bad(dataset.name_, hdf5::Reason());
  const auto type = Own(H5Dget_type(dataset.id_.Id()));
  const auto space = Own(H5Dget_space(dataset.id_.Id()));
  if (!type.Good() || !space.Good()) return Bad(dataset.name_, hdf5::Reason());
  const H5T_class_t kind = H5Tget_class(type.Id());
  const std::size_t bytes = H5Tget_size(type.Id());
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || bytes == 0 || bytes > 16) {
    return Bad(dataset.name_, "its values are not numbers");
  }
  const int rank = H5Sget_simple_extent_ndims(space.Id());
  if (rank < 0 || rank > static_cast<int>(hdf5::kMostDimensions)) {
    return Bad(dataset.name_, "it has more than 8 dimensions or none that can be read");
  }
  hsize_t sizes[hdf5::kMostDimensions] = {};
  if (H5Sget_simple_extent_dims(space.Id(), sizes, nullptr) < 0) {
    return Bad(dataset.name_, hdf5::Reason());
  }
  dataset.shape_.assign(sizes, sizes + rank);
  auto chunk = CheckStorage(dataset.id_.Id(), bytes, dataset.name_);
  if (!chunk) return std::unexpected(chunk.error());
  dataset.chunk_ = std::move(*chunk);
  return dataset;
}

Result<std::string> Hdf5File::TextDataset(const std::string& path) const {
  const Library library;
  const std::string where = Object(name_, path);
  if (!Has(path)) return Bad(where, "it is not there");
  const auto id = Own(H5Dopen2(id_.Id(), path.c_str(), H5P_DEFAULT));
  if (!id.Good()) return Bad(where, hdf5::Reason());
  const auto space = Own(H5Dget_space(id.Id()));
  if (!space.Good() || H5Sget_simple_extent_npoints(space.Id()) != 1) {
    return Bad(where, "it is not one value");
  }
  if (auto stored = CheckStorage(id.Id(), 1, where); !stored) {
    return std::unexpected(stored.error());
  }
  const auto type = Own(H5Dget_type(id.Id()));
  return OneText(type.Id(), where, [&](hid_t as, void* out) {
    return H5Dread(id.Id(), as, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
  });
}

Status Hdf5Dataset::ReadAs(std::int64_t type, std::span<const std::uint64_t> start,
                           std::span<const std::uint64_t> count, void* out,
                           std::size_t size) const {
  const Library library;
  bool inside = start.size() == shape_.size() && count.size() == shape_.size();
  std::uint64_t values = 1;
  for (std::size_t i = 0; inside && i < shape_.size(); ++i) {
    inside = start[i] <= shape_[i] && count[i] <= shape_[i] - start[i] && count[i] > 0 &&
             values <= size / count[i];
    if (inside) values *= count[i];
  }
  if (!inside || values != size) return Bad(name_, "the part asked for is not inside it");
  const auto space = Own(H5Dget_space(id_.Id()));
  const hsize_t length = size;
  const auto memory = Own(H5Screate_simple(1, &length, nullptr));
  if (!space.Good() || !memory.Good()) return Bad(name_, hdf5::Reason());
  if (!shape_.empty()) {
    std::vector<hsize_t> from(start.begin(), start.end());
    std::vector<hsize_t> extent(count.begin(), count.end());
    if (H5Sselect_hyperslab(space.Id(), H5S_SELECT_SET, from.data(), nullptr, extent.data(),
                            nullptr) < 0) {
      return Bad(name_, hdf5::Reason());
    }
  }
  if (H5Dread(id_.Id(), type, memory.Id(), space.Id(), H5P_DEFAULT, out) < 0) {
    return Bad(name_, "its values cannot be read (" + hdf5::Reason() + ")");
  }
  return {};
}

Status Hdf5Dataset::Read(std::span<const std::uint64_t> start, std::span<const std::uint64_t> count,
                         std::span<double> out) const {
  const Library library;
  return ReadAs(H5T_NATIVE_DOUBLE, start, count, out.data(), out.size());
}
Status Hdf5Dataset::Read(std::span<const std::uint64_t> start, std::span<const std::uint64_t> count,
                         std::span<float> out) const {
  const Library library;
  return ReadAs(H5T_NATIVE_FLOAT, start, count, out.data(), out.size());
}
Status Hdf5Dataset::Read(std::span<const std::uint64_t> start, std::span<const std::uint64_t> count,
                         std::span<std::uint32_t> out) const {
  const Library library;
  return ReadAs(H5T_NATIVE_UINT32, start, count, out.data(), out.size());
}

bool Hdf5File::HasAttribute(const std::string& object, const std::string& attribute) const {
  const Library library;
  return (object == "/" || Has(object)) &&
         H5Aexists_by_name(id_.Id(), object.c_str(), attribute.c_str(), H5P_DEFAULT) > 0;
}

Result<Hdf5Handle> Hdf5File::OpenAttribute(const std::string& object,
                                           const std::string& attribute) const {
  const std::string where = Attribute(name_, object, attribute);
  if (!HasAttribute(object, attribute)) return Bad(where, "it is not there");
  auto id =
      Own(H5Aopen_by_name(id_.Id(), object.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT));
  if (!id.Good()) return Bad(where, hdf5::Reason());
  const auto space = Own(H5Aget_space(id.Id()));
  if (!space.Good() || H5Sget_simple_extent_npoints(space.Id()) != 1) {
    return Bad(where, "it is not one value");
  }
  return id;
}

Result<double> Hdf5File::Number(const std::string& object, const std::string& attribute) const {
  const Library library;
  const auto id = OpenAttribute(object, attribute);
  if (!id) return std::unexpected(id.error());
  const std::string where = Attribute(name_, object, attribute);
  const auto type = Own(H5Aget_type(id->Id()));
  const H5T_class_t kind = type.Good() ? H5Tget_class(type.Id()) : H5T_NO_CLASS;
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || H5Tget_size(type.Id()) > 16) {
    return Bad(where, "it is not a number");
  }
  double value = 0;
  if (H5Aread(id->Id(), H5T_NATIVE_DOUBLE, &value) < 0) return Bad(where, hdf5::Reason());
  return value;
}

Result<std::string> Hdf5File::Text(const std::string& object, const std::string& attribute) const {
  const Library library;
  const auto id = OpenAttribute(object, attribute);
  if (!id) return std::unexpected(id.error());
  const auto type = Own(H5Aget_type(id->Id()));
  return OneText(type.Id(), Attribute(name_, object, attribute),
                 [&](hid_t as, void* out) { return H5Aread(id->Id(), as, out); });
}

}  // namespace picube
