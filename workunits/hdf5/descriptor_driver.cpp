#include "workunits/hdf5/descriptor_driver.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace picube::hdf5 {
namespace {

constexpr haddr_t kMostAddress = (haddr_t{1} << 62) - 1;

struct OpenFile {
  H5FD_t base;  // the library's part, first
  int descriptor;
  haddr_t end_of_allocated;
  haddr_t end;  // bytes of the file
};
OpenFile* Of(H5FD_t* file) { return reinterpret_cast<OpenFile*>(file); }
const OpenFile* Of(const H5FD_t* file) { return reinterpret_cast<const OpenFile*>(file); }

H5FD_t* Open(const char*, unsigned flags, hid_t access, haddr_t) {
  const auto* descriptor = static_cast<const int*>(H5Pget_driver_info(access));
  struct stat status{};
  if (descriptor == nullptr || (flags & H5F_ACC_RDWR) != 0) return nullptr;
  if (::fstat(*descriptor, &status) < 0 || status.st_size < 0) return nullptr;
  auto* file = new OpenFile{};
  file->descriptor = *descriptor;
  file->end = static_cast<haddr_t>(status.st_size);
  return &file->base;
}
herr_t Close(H5FD_t* file) {
  delete Of(file);
  return 0;
}
herr_t Query(const H5FD_t*, unsigned long* flags) {
  *flags = H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE;
  return 0;
}
haddr_t EndOfAllocated(const H5FD_t* file, H5FD_mem_t) { return Of(file)->end_of_allocated; }
herr_t SetEndOfAllocated(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  Of(file)->end_of_allocated = address;
  return 0;
}
haddr_t End(const H5FD_t* file, H5FD_mem_t) { return Of(file)->end; }

// What lies beyond the end is zero, as in the library's own driver.
herr_t Read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* buffer) {
  const OpenFile& from = *Of(file);
  if (address > kMostAddress || size > kMostAddress - address) return -1;
  auto* out = static_cast<char*>(buffer);
  while (size > 0) {
    const ssize_t got = ::pread(from.descriptor, out, size, static_cast<off_t>(address));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) {
      std::memset(out, 0, size);
      return 0;
    }
    out += got;
    address += static_cast<haddr_t>(got);
    size -= static_cast<std::size_t>(got);
  }
  return 0;
}
herr_t Write(H5FD_t*, H5FD_mem_t, hid_t, haddr_t, std::size_t, const void*) { return -1; }

hid_t Driver() {
  static const hid_t id = [] {
    static H5FD_class_t driver{};
    driver.name = "descriptor";
    driver.maxaddr = kMostAddress;
    driver.fc_degree = H5F_CLOSE_WEAK;
    driver.fapl_size = sizeof(int);
    driver.open = Open;
    driver.close = Close;
    driver.query = Query;
    driver.get_eoa = EndOfAllocated;
    driver.set_eoa = SetEndOfAllocated;
    driver.get_eof = End;
    driver.read = Read;
    driver.write = Write;
    const H5FD_mem_t map[] = H5FD_FLMAP_DICHOTOMY;
    std::copy(std::begin(map), std::end(map), driver.fl_map);
    return H5FDregister(&driver);
  }();
  return id;
}

}  // namespace

Handle AccessTo(int descriptor) {
  const Library library;
  Handle access(H5Pcreate(H5P_FILE_ACCESS));
  if (access.Good() && H5Pset_driver(access.Id(), Driver(), &descriptor) < 0) return {};
  return access;
}

}  // namespace picube::hdf5
