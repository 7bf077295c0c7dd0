#include <array>
#include <vector>

#include "workunits/hdf5/writer.h"

namespace picube {
namespace {

using hdf5::Library;

std::unexpected<Error> Unwritten(const std::string& name, const std::string& object) {
  return Fail(ErrorKind::kHost,
              name + ", " + object + ": it cannot be written (" + hdf5::Reason() + ").",
              "Check the name and the free space of the disk.");
}

}  // namespace

bool Hdf5HasFilter(Hdf5Filter filter) {
  const Library library;
  switch (filter) {
    case Hdf5Filter::kNone: return true;
    case Hdf5Filter::kGzip: return H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0;
    case Hdf5Filter::kBitshuffleLz4: return H5Zfilter_avail(hdf5::kBitshuffle) > 0;
  }
  return false;
}

Result<Hdf5Writer> Hdf5Writer::Create(const std::filesystem::path& path) {
  const Library library;
  Hdf5Writer writer;
  writer.name_ = path.filename().string();
  writer.id_ = hdf5::Handle(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  if (!writer.id_.Good()) return Unwritten(writer.name_, "the file");
  return writer;
}

Status Hdf5Writer::PutAs(std::int64_t type, const std::string& path,
                         std::span<const std::uint64_t> shape, const void* values, std::size_t size,
                         Hdf5Storage storage) {
  std::vector<hsize_t> sizes(shape.begin(), shape.end());
  std::uint64_t wanted = 1;
  for (const hsize_t one : sizes) wanted *= one;
  if (wanted != size) {
    return Fail(ErrorKind::kProject, name_ + ", " + path + ": shape and values do not fit.", {});
  }
  const auto links = hdf5::Handle(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(links.Id(), 1);
  const auto list = hdf5::Handle(H5Pcreate(H5P_DATASET_CREATE));
  const int rank = static_cast<int>(sizes.size());
  const auto space = hdf5::Handle(H5Screate_simple(rank, sizes.data(), nullptr));
  if (storage.rows > 0 && rank > 0) {
    sizes[0] = storage.rows;
    H5Pset_chunk(list.Id(), rank, sizes.data());
    if (storage.filter == Hdf5Filter::kGzip) H5Pset_deflate(list.Id(), 1);
    constexpr std::array<unsigned, 2> kBlocksAndLz4 = {0, 2};
    if (storage.filter == Hdf5Filter::kBitshuffleLz4) {
      H5Pset_filter(list.Id(), hdf5::kBitshuffle, H5Z_FLAG_MANDATORY, kBlocksAndLz4.size(),
                    kBlocksAndLz4.data());
    }
  }
  const auto set = hdf5::Handle(
      H5Dcreate2(id_.Id(), path.c_str(), type, space.Id(), links.Id(), list.Id(), H5P_DEFAULT));
  if (!set.Good() || H5Dwrite(set.Id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
    return Unwritten(name_, path);
  }
  return {};
}

Status Hdf5Writer::Put(const std::string& path, std::span<const std::uint64_t> shape,
                       std::span<const double> values, Hdf5Storage storage) {
  const Library library;
  return PutAs(H5T_NATIVE_DOUBLE, path, shape, values.data(), values.size(), storage);
}
Status Hdf5Writer::Put(const std::string& path, std::span<const std::uint64_t> shape,
                       std::span<const float> values, Hdf5Storage storage) {
  const Library library;
  return PutAs(H5T_NATIVE_FLOAT, path, shape, values.data(), values.size(), storage);
}
Status Hdf5Writer::Put(const std::string& path, std::span<const std::uint64_t> shape,
                       std::span<const std::uint32_t> values, Hdf5Storage storage) {
  const Library library;
  return PutAs(H5T_NATIVE_UINT32, path, shape, values.data(), values.size(), storage);
}

namespace {

// The object, or a new group of that name.
hdf5::Handle ObjectOrGroup(hid_t file, const std::string& object) {
  auto id = hdf5::Handle(H5Oopen(file, object.c_str(), H5P_DEFAULT));
  if (id.Good()) return id;
  const auto links = hdf5::Handle(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(links.Id(), 1);
  return hdf5::Handle(H5Gcreate2(file, object.c_str(), links.Id(), H5P_DEFAULT, H5P_DEFAULT));
}

}  // namespace

Status Hdf5Writer::PutNumber(const std::string& object, const std::string& name, double value) {
  const Library library;
  const auto owner = ObjectOrGroup(id_.Id(), object);
  const auto space = hdf5::Handle(H5Screate(H5S_SCALAR));
  const auto id = hdf5::Handle(H5Acreate2(owner.Id(), name.c_str(), H5T_NATIVE_DOUBLE, space.Id(),
                                          H5P_DEFAULT, H5P_DEFAULT));
  if (!id.Good() || H5Awrite(id.Id(), H5T_NATIVE_DOUBLE, &value) < 0) {
    return Unwritten(name_, object + "." + name);
  }
  return {};
}

namespace {

hdf5::Handle TextType(std::size_t size) {
  auto type = hdf5::Handle(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.Id(), size);
  return type;
}

}  // namespace

Status Hdf5Writer::PutTextDataset(const std::string& path, const std::string& value) {
  const Library library;
  const auto links = hdf5::Handle(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(links.Id(), 1);
  const auto space = hdf5::Handle(H5Screate(H5S_SCALAR));
  const auto type = TextType(value.size() + 1);
  const auto id = hdf5::Handle(H5Dcreate2(id_.Id(), path.c_str(), type.Id(), space.Id(), links.Id(),
                                          H5P_DEFAULT, H5P_DEFAULT));
  if (!id.Good() ||
      H5Dwrite(id.Id(), type.Id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, value.c_str()) < 0) {
    return Unwritten(name_, path);
  }
  return {};
}

Status Hdf5Writer::PutText(const std::string& object, const std::string& name,
                           const std::string& value, bool variable) {
  const Library library;
  const auto owner = ObjectOrGroup(id_.Id(), object);
  const auto space = hdf5::Handle(H5Screate(H5S_SCALAR));
  const auto type = TextType(variable ? H5T_VARIABLE : value.size() + 1);
  const auto id = hdf5::Handle(
      H5Acreate2(owner.Id(), name.c_str(), type.Id(), space.Id(), H5P_DEFAULT, H5P_DEFAULT));
  const char* text = value.c_str();
  const void* from = variable ? static_cast<const void*>(&text) : text;
  if (!id.Good() || H5Awrite(id.Id(), type.Id(), from) < 0) {
    return Unwritten(name_, object + "." + name);
  }
  return {};
}

}  // namespace picube
