// What reader and writer of HDF5 share: the lock, the library made silent, its reasons as text.
#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>

#include "workunits/formats/hdf5.h"

namespace picube::hdf5 {

static_assert(sizeof(hid_t) == sizeof(std::int64_t));

inline constexpr H5Z_filter_t kBitshuffle = 32008;  // as registered with the HDF Group

// Holds the library; the first one sets it up.
class Library {
 public:
  Library();

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

// Why the last call failed, in the library's words.
[[nodiscard]] std::string Reason();

// Closes by what the handle is.
[[nodiscard]] Hdf5Handle Own(hid_t id);

}  // namespace picube::hdf5
