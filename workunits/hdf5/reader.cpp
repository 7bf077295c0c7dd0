#include "workunits/hdf5/reader.h"

#include <algorithm>
#include <utility>

#include "workunits/hdf5/descriptor_driver.h"

namespace picube::hdf5 {
namespace {

const char* const kFetchAgain = "Check the file with h5dump, or fetch it again.";

std::unexpected<Error> Bad(const std::string& where, const std::string& what,
                           const std::string& next = kFetchAgain) {
  return Fail(ErrorKind::kUser, where + ": " + what + ".", next);
}

// Filters that the library may find as plugins.
constexpr H5Z_filter_t kFilters[] = {307, 32000, 32001, 32004, kBitshuffle, 32013};

hid_t NativeOf(ValueType type) {
  switch (type) {
    case ValueType::kDouble: return H5T_NATIVE_DOUBLE;
    case ValueType::kFloat: return H5T_NATIVE_FLOAT;
    case ValueType::kU32: return H5T_NATIVE_UINT32;
  }
  return H5T_NATIVE_DOUBLE;
}

// The Debian package that brings a filter; empty if none is known.
std::string PackageOf(H5Z_filter_t filter) {
  switch (filter) {
    case 307:
    case 32004: return "hdf5-filter-plugin";
    case 32000: return "hdf5-plugin-lzf";
    case 32001: return "hdf5-filter-plugin-blosc-serial";
    case kBitshuffle: return "bitshuffle";
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
  hsize_t sizes[kMostDimensions] = {};
  const int rank = H5Pget_chunk(list, static_cast<int>(kMostDimensions), sizes);
  if (rank < 0) return Bad(where, Reason());
  std::uint64_t bytes = value_bytes;
  for (int i = 0; i < rank; ++i) {
    if (sizes[i] == 0 || sizes[i] > kMostChunkBytes / bytes) {
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
    if (filter < 0) return Bad(where, Reason());
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
  const Handle list(H5Dget_create_plist(dataset));
  if (!list.Good()) return Bad(where, Reason());
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
    if (read(type, static_cast<void*>(&text)) < 0) return Bad(where, Reason());
    const std::string value = text == nullptr ? "" : text;
    H5free_memory(text);
    return value;
  }
  const std::size_t bytes = H5Tget_size(type);
  if (bytes == 0 || bytes > kMostTextBytes) {
    return Bad(where, "it is longer than 65536 bytes");
  }
  std::string value(bytes, '\0');
  if (read(type, value.data()) < 0) return Bad(where, Reason());
  value.resize(std::min(value.find('\0'), value.size()));
  return value;
}

}  // namespace

Status Reader::Open(const std::string& name) {
  const Library library;
  name_ = name;
  const Handle access = AccessTo(descriptor_);
  if (!access.Good()) return Bad(name, Reason());
  file_ = Handle(H5Fopen(name.c_str(), H5F_ACC_RDONLY, access.Id()));
  if (!file_.Good()) return Bad(name, "it cannot be read as HDF5 (" + Reason() + ")");
  return {};
}

bool Reader::Has(const std::string& path) const {
  const Library library;
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (part == "/" || part.empty()) continue;
    if (H5Lexists(file_.Id(), part.c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return H5Oexists_by_name(file_.Id(), path.c_str(), H5P_DEFAULT) > 0;
}

Status Reader::OpenDataset(const std::string& path, Answer& answer) {
  const Library library;
  const std::string where = Object(name_, path);
  if (datasets_.size() >= kMostDatasets) return Bad(where, "too many datasets are open", {});
  if (!Has(path)) return Bad(where, "it is not there");
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS));
  H5Pset_chunk_cache(access.Id(), 10007, kChunkCacheBytes, 1.0);
  Dataset dataset{Handle(H5Dopen2(file_.Id(), path.c_str(), access.Id())), where, {}};
  if (!dataset.id.Good()) return Bad(where, Reason());
  const Handle type(H5Dget_type(dataset.id.Id()));
  const Handle space(H5Dget_space(dataset.id.Id()));
  if (!type.Good() || !space.Good()) return Bad(where, Reason());
  const H5T_class_t kind = H5Tget_class(type.Id());
  const std::size_t bytes = H5Tget_size(type.Id());
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || bytes == 0 || bytes > 16) {
    return Bad(where, "its values are not numbers");
  }
  const int rank = H5Sget_simple_extent_ndims(space.Id());
  if (rank < 0 || rank > static_cast<int>(kMostDimensions)) {
    return Bad(where, "it has more than 8 dimensions or none that can be read");
  }
  hsize_t sizes[kMostDimensions] = {};
  if (H5Sget_simple_extent_dims(space.Id(), sizes, nullptr) < 0) return Bad(where, Reason());
  dataset.shape.assign(sizes, sizes + rank);
  auto chunk = CheckStorage(dataset.id.Id(), bytes, where);
  if (!chunk) return std::unexpected(chunk.error());
  answer.number = static_cast<double>(datasets_.size());
  answer.shape = dataset.shape;
  answer.chunk = std::move(*chunk);
  datasets_.push_back(std::move(dataset));
  return {};
}

Result<std::string> Reader::TextDataset(const std::string& path) const {
  const Library library;
  const std::string where = Object(name_, path);
  if (!Has(path)) return Bad(where, "it is not there");
  const Handle id(H5Dopen2(file_.Id(), path.c_str(), H5P_DEFAULT));
  if (!id.Good()) return Bad(where, Reason());
  const Handle space(H5Dget_space(id.Id()));
  if (!space.Good() || H5Sget_simple_extent_npoints(space.Id()) != 1) {
    return Bad(where, "it is not one value");
  }
  if (auto stored = CheckStorage(id.Id(), 1, where); !stored) {
    return std::unexpected(stored.error());
  }
  const Handle type(H5Dget_type(id.Id()));
  return OneText(type.Id(), where, [&](hid_t as, void* out) {
    return H5Dread(id.Id(), as, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
  });
}

Status Reader::Read(const Question& question, std::vector<char>& values) const {
  const Library library;
  if (question.dataset >= datasets_.size()) return Bad(name_, "there is no such dataset open", {});
  const Dataset& dataset = datasets_[question.dataset];
  const std::vector<std::uint64_t>& shape = dataset.shape;
  const std::size_t rank = shape.size();
  bool inside = question.count.size() == rank;
  for (std::size_t i = 0; inside && i < rank; ++i) {
    inside = question.count[i] > 0 && question.start[i] <= shape[i] &&
             question.count[i] <= shape[i] - question.start[i];
  }
  const auto size = ValuesOf(question.count);
  if (!inside || !size || *size > kMostReadBytes / SizeOf(question.type)) {
    return Bad(dataset.name, "the part asked for is not inside it");
  }
  const Handle space(H5Dget_space(dataset.id.Id()));
  const hsize_t values_wanted = *size;
  const Handle memory(H5Screate_simple(1, &values_wanted, nullptr));
  if (!space.Good() || !memory.Good()) return Bad(dataset.name, Reason());
  if (rank > 0) {
    const std::vector<hsize_t> start(question.start.begin(), question.start.end());
    const std::vector<hsize_t> count(question.count.begin(), question.count.end());
    if (H5Sselect_hyperslab(space.Id(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                            nullptr) < 0) {
      return Bad(dataset.name, Reason());
    }
  }
  values.resize(*size * SizeOf(question.type));
  if (H5Dread(dataset.id.Id(), NativeOf(question.type), memory.Id(), space.Id(), H5P_DEFAULT,
              values.data()) < 0) {
    return Bad(dataset.name, "its values cannot be read (" + Reason() + ")");
  }
  return {};
}

bool Reader::HasAttribute(const std::string& object, const std::string& attribute) const {
  const Library library;
  return (object == "/" || Has(object)) &&
         H5Aexists_by_name(file_.Id(), object.c_str(), attribute.c_str(), H5P_DEFAULT) > 0;
}

Result<Handle> Reader::OpenAttribute(const std::string& object,
                                     const std::string& attribute) const {
  const std::string where = Attribute(name_, object, attribute);
  if (!HasAttribute(object, attribute)) return Bad(where, "it is not there");
  Handle id(
      H5Aopen_by_name(file_.Id(), object.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT));
  if (!id.Good()) return Bad(where, Reason());
  const Handle space(H5Aget_space(id.Id()));
  if (!space.Good() || H5Sget_simple_extent_npoints(space.Id()) != 1) {
    return Bad(where, "it is not one value");
  }
  return id;
}

Result<double> Reader::Number(const std::string& object, const std::string& attribute) const {
  const Library library;
  const auto id = OpenAttribute(object, attribute);
  if (!id) return std::unexpected(id.error());
  const std::string where = Attribute(name_, object, attribute);
  const Handle type(H5Aget_type(id->Id()));
  const H5T_class_t kind = type.Good() ? H5Tget_class(type.Id()) : H5T_NO_CLASS;
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || H5Tget_size(type.Id()) > 16) {
    return Bad(where, "it is not a number");
  }
  double value = 0;
  if (H5Aread(id->Id(), H5T_NATIVE_DOUBLE, &value) < 0) return Bad(where, Reason());
  return value;
}

Result<std::string> Reader::Text(const std::string& object, const std::string& attribute) const {
  const Library library;
  const auto id = OpenAttribute(object, attribute);
  if (!id) return std::unexpected(id.error());
  const Handle type(H5Aget_type(id->Id()));
  return OneText(type.Id(), Attribute(name_, object, attribute),
                 [&](hid_t as, void* out) { return H5Aread(id->Id(), as, out); });
}

Answer Reader::AnswerTo(const Question& question, std::vector<char>& values) {
  Answer answer;
  const auto settle = [&answer](const auto& result) {
    answer.good = result.has_value();
    if (answer.good) return true;
    answer = {};
    answer.what = result.error().what;
    answer.next = result.error().next;
    return false;
  };
  values.clear();
  if (question.ask != Ask::kOpen && !file_.Good()) {
    settle(Status(Bad(name_, "it was not opened", {})));
    return answer;
  }
  const std::string& object = question.object;
  switch (question.ask) {
    case Ask::kOpen: settle(Open(object)); break;
    case Ask::kHas:
      answer.good = true;
      answer.yes = Has(object);
      break;
    case Ask::kDataset: settle(OpenDataset(object, answer)); break;
    case Ask::kTextDataset:
      if (auto text = TextDataset(object); settle(text)) answer.text = std::move(*text);
      break;
    case Ask::kHasAttribute:
      answer.good = true;
      answer.yes = HasAttribute(object, question.attribute);
      break;
    case Ask::kNumber:
      if (auto number = Number(object, question.attribute); settle(number)) {
        answer.number = *number;
      }
      break;
    case Ask::kText:
      if (auto text = Text(object, question.attribute); settle(text)) {
        answer.text = std::move(*text);
      }
      break;
    case Ask::kRead:
      if (!settle(Read(question, values))) values.clear();
      break;
  }
  return answer;
}

void LoadFilters() {
  const Library library;
  for (const H5Z_filter_t filter : kFilters) H5Zfilter_avail(filter);
}

}  // namespace picube::hdf5
