// What reader and writer of HDF5 share: the lock, the library made silent, its reasons as text. The
// library is C and not safe for threads: one lock guards every call.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <mutex>
#include <string>

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

// An open object of the library; closed at its end.
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) : id_(id) {}
  ~Handle();
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] hid_t Id() const { return id_; }
  [[nodiscard]] bool Good() const { return id_ >= 0; }

 private:
  hid_t id_ = -1;
};

// Why the last call failed, in the library's words.
[[nodiscard]] std::string Reason();

}  // namespace picube::hdf5
